"""The marks of all living tensors while a model is searched, and what a write in place does to them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor
from torch.utils.weak import TensorWeakRef

from attnviz.gates.flow import NONE, Mark
from attnviz.gates.ranges import ANY, is_finite, union
from attnviz.gates.tensor_table import TensorTable, storage_of

MANY = 32
"""Whenever so many more tensors were marked in one memory, it is looked through for those that are gone."""


class Marks(TensorTable[Mark]):
    """Marks of all living tensors; a tensor without one does not depend on the input.

    Args:
        parameters: Storages of the model's parameters.
        subclasses: As in ``TensorTable``.
    """

    def __init__(self, parameters: frozenset[int] = NONE, subclasses: bool = False) -> None:
        super().__init__(subclasses)
        self._uids: Iterator[int] = itertools.count(1)
        self._numbers: dict[tuple[Any, ...], int] = {}
        self.parameters = parameters
        self._computed: TensorTable[bool] = TensorTable()
        self._in_storage: dict[int, dict[int, TensorWeakRef]] = {}

    def uid(self) -> int:
        """A new number."""
        return next(self._uids)

    def new(self, root: int | None = None, **traits: Any) -> Mark:
        """A mark with a new uid; without ``root`` it is its own root."""
        uid = self.uid()
        value = traits.pop("value", uid)
        return Mark(uid, uid if root is None else root, value, traits.pop("like", value), **traits)

    def value(self, *computed: Any) -> int:
        """The number of a value that is computed so; the same for the same computation."""
        return self._numbers.setdefault(computed, next(self._uids))

    def get(self, tensor: Any) -> Mark | None:
        """The mark of a tensor; a view that was taken before something was written to its base has that of the base."""
        mark = super().get(tensor)
        if mark is None and isinstance(tensor, Tensor) and tensor._base is not None:
            base = super().get(tensor._base)
            if base is not None:
                mark = _of_view(base) if _extent(tensor) == _extent(tensor._base) else self.new(carries=base.carries)
        return mark

    def set(self, tensor: Tensor, value: Mark) -> None:
        """Give a tensor a mark."""
        super().set(tensor, value)
        storage = storage_of(tensor)
        if not storage:
            return
        memory = self._in_storage.setdefault(storage, {})
        if len(memory) % MANY == MANY - 1:  # most are gone, and others may lie where they lay
            for number in [number for number, reference in memory.items() if reference() is None]:
                del memory[number]
        memory[id(tensor)] = TensorWeakRef(tensor)  # once, however often it is marked: a write marks all that lie there

    def touch(self, tensor: Tensor) -> None:
        """Mark all other tensors that lie where one lies that was written to: they are as written now.

        Of one that it is a view of, and of other views of all of that, values are as they were, or as written.
        """
        written, base = super().get(tensor), tensor._base
        storage = storage_of(tensor)
        others = [t for reference in self._in_storage.get(storage, {}).values() if (t := reference()) is not None]
        if base is not None and not any(t is base for t in others):
            others.append(base)
        whole = _extent(tensor if base is None else base)
        for other in others:
            if other is tensor or storage_of(other) != storage:
                continue
            if written is not None and _extent(other) == _extent(tensor):
                before = super().get(other)
                self.set(other, _of_view(written)._replace(channels=before.channels if before else None))
            elif other is base or _extent(other) == whole:
                self.set(other, self._partly(super().get(other), written))

    def _partly(self, before: Mark | None, written: Mark | None) -> Mark:
        """The mark of what was written to in part."""
        origin, limits = None, ANY
        if before is not None and before.gate and written is not None and is_finite(written.limits):
            origin, limits = before.gate, union((before.limits, written.limits))
        return self.new(carries=written.carries if written else NONE, origin=origin, limits=limits)

    def is_parameter(self, tensor: Any) -> bool:
        """Whether a tensor is a parameter of the model, a view of one, or computed from such alone."""
        return self.is_stored(tensor) or bool(self._computed.get(tensor))

    def is_stored(self, tensor: Any) -> bool:
        """Whether a tensor is a parameter of the model, or a view of one."""
        return isinstance(tensor, Tensor) and storage_of(tensor) in self.parameters

    def note_computed(self, given: Iterable[Tensor], results: Iterable[Tensor]) -> None:
        """Results that do not depend on the input: of parameters they are a learned memory (``linear(memory)``)."""
        if any(map(self.is_parameter, given)):
            for result in results:
                self._computed.set(result, True)


def _extent(tensor: Tensor) -> tuple[int, int]:
    """Where the values of a tensor begin in its memory, and how many there are; repeated ones count once."""
    counts = (n for n, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride)
    return int(tensor.storage_offset()), math.prod(counts)


def _of_view(mark: Mark) -> Mark:
    """The mark of a view of all values of a tensor, of which nobody knows how it was made."""
    return mark._replace(output=None, moves=None, flat=NONE, cut_of=None, channels=None, weighs=None, made=None)
