"""Random tensors, such as the masks of dropout and of drop path: products with them are not counted."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch

from attnviz.gates import ops
from attnviz.gates.tensor_table import storage_of

DRAWN = frozenset(("rand", "randn", "rand_like", "randn_like", "uniform", "normal"))


class Noise:
    """Which living tensors are random and depend on nothing.

    They exist in train mode only, and may be as large as a gate (``F.dropout2d``): counted along, they would shift the
    number of every product behind them.
    """

    def __init__(self) -> None:
        self._storages: dict[int, Any] = {}  # kept, so that no other one gets their address

    def is_in(self, args: Sequence[Any]) -> bool:
        """Whether an operation uses a random tensor."""
        return bool(self._storages) and any(storage_of(tensor) in self._storages for tensor in ops.tensors_in(args))

    def note(self, func: ops.Operation, args: Sequence[Any], result: Any) -> None:
        """See an operation that has run."""
        if _draws(func):
            drawn = True
        elif not self._storages or not ops.is_pointwise(func):
            return  # views lie in the memory of what they are views of
        else:
            operands = ops.tensors_in(args)
            drawn = bool(operands) and all(storage_of(tensor) in self._storages for tensor in operands)
        for tensor in ops.tensors_in(result) if drawn else ():
            storage = tensor.untyped_storage()
            self._storages[storage._cdata] = storage


@functools.cache
def _draws(func: ops.Operation) -> bool:
    """Whether an operation draws numbers at probabilities that are no tensors: those may be a gate."""
    name = ops.name_of(func)
    tensors = sum(isinstance(a.type, torch.TensorType) for a in func._schema.arguments)
    return name in DRAWN or (name == "bernoulli" and bool(ops.writes(func)) and tensors == 1)
