"""Where axes of a tensor go when its values are moved."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from attnviz.gates.flow import Move, Origin, Sizes


def labels_of(origin: Origin, moves: Sequence[Move]) -> Tensor | None:
    """For every weight of a softmax, after moves, its position along the softmax axis; ``None`` if they fail."""
    shape = [1] * len(origin.shape)
    shape[origin.axis] = origin.count
    labels = torch.arange(origin.count).view(shape).expand(origin.shape)
    try:
        for move in moves:
            keywords = {k: v for k, v in move.keywords if k not in ("device", "dtype", "memory_format")}
            if move.func._schema.name.removeprefix("aten::") in ("view", "_unsafe_view"):
                labels = labels.reshape(*move.args)
            elif not move.func._schema.name.endswith("_to_copy"):
                labels = move.func(labels, *move.args, **keywords)
            if move.output is not None:
                labels = labels[move.output]
    except (RuntimeError, IndexError, TypeError, NotImplementedError):
        return None
    return labels


def axis_of_labels(labels: Tensor) -> int | None:
    """The only axis along which labels differ; ``None`` if there is none or several, -1 if all are the same."""
    varying = [
        i
        for i, n in enumerate(labels.shape)
        if n > 1 and bool((labels.narrow(i, 0, n - 1) != labels.narrow(i, 1, n - 1)).any())
    ]
    if not varying:
        return -1
    return varying[0] if len(varying) == 1 else None


def _permuted(axis: int, before: Sizes, args: Sequence[Any]) -> int | None:
    order = [int(a) % len(before) for a in args[1]]
    return order.index(axis) if axis in order else None


def _transposed(axis: int, before: Sizes, args: Sequence[Any]) -> int | None:
    a, b = (int(v) % len(before) for v in args[1:3])
    return {a: b, b: a}.get(axis, axis)


MOVED: Mapping[str, Callable[[int, Sizes, Sequence[Any]], int | None]] = {
    "permute": _permuted,
    "transpose": _transposed,
    "t": lambda axis, before, args: len(before) - 1 - axis,
}
"""From an operation that reorders axes to where one of them goes."""


def moved_axis(name: str, axis: int | None, before: Sizes, after: Sizes, args: Sequence[Any]) -> int | None:
    """Where an axis is after an operation that moves values; ``None`` where it is gone, merged or cut up."""
    if axis is None or axis >= len(before):
        return None
    if name in MOVED:
        return MOVED[name](axis, before, args)
    if len(before) == len(after) and before[axis] == after[axis] and name not in ("view", "_unsafe_view", "reshape"):
        return axis
    if name in ("select", "unbind"):
        gone = (int(args[1]) if len(args) > 1 else 0) % len(before)
        return None if gone == axis else axis - (gone < axis)
    if name == "stack":
        return axis + ((int(args[1]) if len(args) > 1 else 0) % len(after) <= axis)
    if len(before) == len(after) and name in ("slice", "split", "split_with_sizes", "cat", "narrow", "chunk"):
        return axis
    ahead = math.prod(before[:axis])
    return next((i for i, n in enumerate(after) if n == before[axis] and math.prod(after[:i]) == ahead), None)
