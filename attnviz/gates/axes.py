"""What each axis of a tensor runs over: followed from the input through a model, so that no shape has to be guessed.

64 × 64 softmax weights may be places that look at places or channels that look at channels; only the way on which
they came about can tell. A map (N, C, H, W) has known axes, and operations permute, split, merge or contract them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from attnviz.gates import fused as fusion
from attnviz.gates import ops
from attnviz.gates.tensor_table import TensorTable

Axis = tuple[tuple[str, int], ...]
"""What one axis runs over: factors (what, how many), of which the last runs fastest. What is ``batch``, ``channel``,
``place`` or ``""`` (unknown)."""
Labels = tuple[Axis, ...]

CONVOLUTIONS = frozenset(name for name in ops.LEARNED if name.endswith("convolution"))
RESHAPES = frozenset(("view", "_unsafe_view", "_reshape_alias", "reshape", "squeeze"))
REDUCTIONS = frozenset(("sum", "mean", "amax", "amin", "max", "min", "std", "var", "logsumexp", "select", "unbind"))
"""The second argument names axes that the result has no more, where it has fewer axes."""


def labelled(kinds: Sequence[str], sizes: Sequence[int]) -> Labels:
    """Axes that run over one thing each."""
    return tuple(((kind, size),) for kind, size in zip(kinds, sizes, strict=True))


def unknown(sizes: Sequence[int]) -> Labels:
    """Axes of which nothing is known."""
    return labelled([""] * len(sizes), sizes)


def of_map(sizes: Sequence[int]) -> Labels:
    """Axes of a map (N, C, H, W) or (N, C, D, H, W); unknown for what has fewer than four."""
    rank = len(sizes)
    return labelled(("batch", "channel", *["place"] * (rank - 2)), sizes) if rank > 3 else unknown(sizes)


def kind_of_axis(axis: Axis) -> str:
    """What an axis runs over within one example; ``mixed`` if over different things, ``""`` where nobody knows."""
    kinds = {kind for kind, size in axis if size > 1}
    kinds = kinds - {"batch"} or kinds  # heads are often folded into the batch
    return next(iter(kinds)) if len(kinds) == 1 else "mixed" if kinds else ""


def reshaped(labels: Labels, sizes: Sequence[int]) -> Labels:
    """Axes after the same elements were given another shape: factors are regrouped, and cut where they must be."""
    left = [factor for axis in labels for factor in axis if factor[1] != 1 or factor[0] == "batch"][::-1]
    axes: list[Axis] = []
    for size in sizes:
        axis: list[tuple[str, int]] = []
        if left and left[-1] == ("batch", 1):  # a single example: its axis, or folded with the one that follows
            axis.append(left.pop())
        while size > 1 and left:
            kind, count = left.pop()
            share = math.gcd(count, size)
            if share == 1 or (share < count and share < size):
                return unknown(sizes)  # the new axes cross the old ones
            if share < count:  # the outer part of a factor; the rest of it is the next axis
                left.append((kind, count // share))
            axis.append((kind, share))
            size //= share
        axes.append(tuple(axis))
    return tuple(axes)


class Axes(TensorTable[Labels]):
    """Axes of all living tensors that depend on the input.

    Args:
        subclasses: As in ``TensorTable``.
        examples: How many the input has.
    """

    def __init__(self, subclasses: bool = False, examples: int = 1) -> None:
        super().__init__(subclasses)
        self._examples = examples

    def batch(self, tensor: Tensor) -> int | None:
        """The axis along which the examples lie and nothing else, where that is known."""
        axes = [
            place
            for place, axis in enumerate(self.of(tensor))
            if tensor.shape[place] == self._examples and any(kind == "batch" for kind, _ in axis)
        ]
        return axes[0] if len(axes) == 1 else None

    def of(self, tensor: Tensor) -> Labels:
        """Axes of a tensor, all unknown where nothing is known of it."""
        labels = self.get(tensor)
        return unknown(tensor.shape) if labels is None or len(labels) != tensor.ndim else labels

    def kinds(self, tensor: Tensor) -> tuple[str, ...]:
        """What each axis of a tensor runs over; see ``kind_of_axis``."""
        return tuple(map(kind_of_axis, self.of(tensor)))

    def follow(self, name: str, args: Sequence[Any], result: Any) -> None:
        """Say what the axes are of what an operation gave.

        Args:
            name: Of the operation, as ``ops.name_of`` gives it.
            args: What it was given, keywords at the end.
            result: A tensor or several.
        """
        first = next((t for t in ops.tensors_in(args) if self.get(t) is not None), None)
        if first is None:
            return
        for tensor in ops.tensors_in(result):
            labels = RULES.get(name, _kept)(self, args, first, tensor)
            if len(labels) == tensor.ndim:
                self.set(tensor, labels)

    def of_weights(self, name: str, args: Sequence[Any]) -> tuple[str, ...]:
        """What the axes of weights (N, h, Lq, Lk) run over that fused attention computes and never stores."""
        query, key = self.kinds(args[0]), self.kinds(args[1])
        if name == fusion.WHOLE:  # heads are made inside
            return (query[0], "channel", query[1], key[1])
        return (*query[:-1], key[-2])


def _kept(axes: Axes, args: Sequence[Any], first: Tensor, result: Tensor) -> Labels:
    """Operations that keep the order of axes, broadcast included: the first operand that knows an axis names it."""
    labels = list(unknown(result.shape))
    for tensor in (t for t in ops.tensors_in(args) if t.ndim <= result.ndim):
        for place, axis in enumerate(axes.of(tensor), result.ndim - tensor.ndim):
            size, before = result.shape[place], tensor.shape[place - result.ndim]
            if not kind_of_axis(labels[place]) and (before > 1 or size == 1):
                labels[place] = axis if before == size else ((kind_of_axis(axis), size),)
    return tuple(labels)


def _convolved(axes: Axes, args: Sequence[Any], first: Tensor, result: Tensor) -> Labels:
    kept = _kept(axes, args[:1], first, result)
    # over what a convolution with one axis slides only its operand knows: over channels in ECA
    rest = kept if result.ndim < 4 or any(map(kind_of_axis, kept[2:])) else of_map(result.shape)
    front = kept[0] if any(kind for kind, _ in kept[0]) else rest[0]
    return (front, (("channel", result.shape[1]),), *rest[2:])


def _reshaped(axes: Axes, args: Sequence[Any], first: Tensor, result: Tensor) -> Labels:
    return reshaped(axes.of(first), result.shape)


def _permuted(axes: Axes, args: Sequence[Any], first: Tensor, result: Tensor) -> Labels:
    return tuple(axes.of(first)[axis] for axis in args[1])


def _transposed(axes: Axes, args: Sequence[Any], first: Tensor, result: Tensor) -> Labels:
    labels = list(axes.of(first))
    a, b = args[1:3] if len(args) > 2 else (0, -1)
    labels[a], labels[b] = labels[b], labels[a]
    return tuple(labels)


def _reduced(axes: Axes, args: Sequence[Any], first: Tensor, result: Tensor) -> Labels:
    if result.ndim == first.ndim:
        return _kept(axes, args, first, result)
    chosen = args[1] if len(args) > 1 else 0  # ``unbind`` leaves its default out
    gone = {axis % first.ndim for axis in (chosen if isinstance(chosen, (list, tuple)) else [chosen])}
    return tuple(axis for place, axis in enumerate(axes.of(first)) if place not in gone)


def _along(args: Sequence[Any]) -> int:
    """The axis that ``stack`` or ``cat`` is told; the first where it is told none."""
    return next((arg for arg in args[1:2] if isinstance(arg, int)), 0)


def _stacked(axes: Axes, args: Sequence[Any], first: Tensor, result: Tensor) -> Labels:
    labels, place = list(axes.of(first)), _along(args) % result.ndim
    labels.insert(place, (("", result.shape[place]),))
    return tuple(labels)


def _joined(axes: Axes, args: Sequence[Any], first: Tensor, result: Tensor) -> Labels:
    """Along the axis that grows lies one tensor behind the other, however long each was."""
    labels, place = list(axes.of(first)), _along(args) % result.ndim
    if result.shape[place] != first.shape[place]:
        kinds = {kind for kind, _ in labels[place]}
        labels[place] = ((kinds.pop() if len(kinds) == 1 else "", result.shape[place]),)
    return tuple(labels)


def _unfolded(axes: Axes, args: Sequence[Any], first: Tensor, result: Tensor) -> Labels:
    """Windows along one axis; their places are behind all others."""
    sizes = zip(axes.of(first), first.shape, result.shape, strict=False)
    return (*(axis if a == b else ((kind_of_axis(axis), b),) for axis, a, b in sizes), (("", result.shape[-1]),))


def _unsqueezed(axes: Axes, args: Sequence[Any], first: Tensor, result: Tensor) -> Labels:
    labels, place = list(axes.of(first)), args[1] % result.ndim
    labels.insert(place, ())
    return tuple(labels)


def _multiplied(axes: Axes, args: Sequence[Any], result: Tensor) -> Labels:
    """(…, i, k) @ (…, k, j): what is contracted goes; an axis that parameters make is of the kind they contract."""
    left, right = args
    a, b = axes.of(left), axes.of(right)
    front = tuple(x if kind_of_axis(x) else y for x, y in zip(a[:-2], b[:-2], strict=True))
    row = a[-2] if axes.get(left) is not None else _learned(b[-2], result.shape[-2])
    column = b[-1] if axes.get(right) is not None else _learned(a[-1], result.shape[-1])
    return (*front, row, column)


def _learned(contracted: Axis, size: int) -> Axis:
    kind = kind_of_axis(contracted)
    return (("channel" if kind == "mixed" else kind, size),)  # places merged into channels are features from here on


def _product(start: int) -> Callable[[Axes, Sequence[Any], Tensor, Tensor], Labels]:
    return lambda axes, args, first, result: _multiplied(axes, args[start : start + 2], result)


RULES: Mapping[str, Callable[[Axes, Sequence[Any], Tensor, Tensor], Labels]] = {
    **dict.fromkeys(CONVOLUTIONS, _convolved),
    **dict.fromkeys(RESHAPES, _reshaped),
    **dict.fromkeys(REDUCTIONS, _reduced),
    "permute": _permuted,
    "transpose": _transposed,
    "t": _transposed,
    "stack": _stacked,
    "cat": _joined,
    "unfold": _unfolded,
    "unsqueeze": _unsqueezed,
    **{name: _product(places[0]) for name, places in ops.PRODUCTS.items()},
}
"""From an operation to what becomes of the axes; every other one keeps them."""
