"""What is known of living tensors, kept without keeping the tensors alive."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from torch import Tensor, nn
from torch.utils.weak import TensorWeakRef

V = TypeVar("V")


class TensorTable(Generic[V]):
    """A value for each of some tensors.

    Args:
        subclasses: Whether tensors may be of a subclass, of which torch makes a new object of every result: these are
            known by the memory that they lie in.
    """

    def __init__(self, subclasses: bool = False) -> None:
        # by id, with what tells whether it is still that tensor: a search asks several times an operation
        self._values: dict[int, tuple[TensorWeakRef, V]] = {}
        self._in_memory: dict[Any, V] | None = {} if subclasses else None

    def get(self, tensor: Any) -> V | None:
        """The value of a tensor; ``None`` for one without, and for anything else."""
        if not isinstance(tensor, Tensor):
            return None
        entry = self._values.get(id(tensor))
        value = entry[1] if entry is not None and entry[0]() is tensor else None
        if value is None and self._in_memory is not None and type(tensor) not in (Tensor, nn.Parameter):
            value = self._in_memory.get(_memory_of(tensor))
        return value

    def set(self, tensor: Tensor, value: V) -> None:
        """Give a tensor a value."""
        self._values[id(tensor)] = (TensorWeakRef(tensor), value)
        if self._in_memory is not None:
            self._in_memory[_memory_of(tensor)] = value


def storage_of(tensor: Tensor) -> int:
    """Number of the memory that holds a tensor; 0 where it has none of its own."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):
        return 0


def _memory_of(tensor: Tensor) -> tuple[Any, ...]:
    return storage_of(tensor), tensor.storage_offset(), tuple(tensor.shape), tensor.stride()
