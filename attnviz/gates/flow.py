"""What is known about a tensor while a model is searched, and how it passes through operations."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from attnviz.core.types import Place
from attnviz.gates import ops

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """One of the gates that were multiplied with each other before they met features: ``x*(c*s)``."""

    tensor: Sizes
    origin: Origin
    output: Output | None
    exact: Place


@dataclass(frozen=True)
class Origin:
    """From what a tensor descends through shape, resize and constant scale-or-shift operations only.

    Attributes:
        name: A bounded activation, ``normalised`` (divided by its own sum), ``bounded`` (a sum or product of
            bounded tensors), ``product`` (of gates), ``learned`` (a convolution or linear map of marked values),
            ``exponential``, ``1 + exponential``, ``affine grid``, or ``tap`` (passed a ``Gate``).
        uid: Tells origins apart.
        high: Upper limit of the values, 0 if not known.
        place: Result of the operation.
        shape: Of that result.
        axis: For softmax and ``normalised``: the axis along which the values sum to 1.
        parts: For ``product``.
    """

    name: str
    uid: int
    high: float = 0.0
    place: Place | None = None
    shape: Sizes = ()
    axis: int = -1
    parts: tuple[Part, ...] = ()

    @property
    def is_gate(self) -> bool:
        """Whether values are bounded, so that a broadcast product with them is a gate."""
        return self.name not in ("learned", "exponential", "1 + exponential", "affine grid", "tap")

    @property
    def sums_to_one(self) -> bool:
        """Whether it is a softmax."""
        return self.name in (*ops.SOFTMAX, "normalised")

    @property
    def count(self) -> int:
        """Over how many values a softmax runs, else 0."""
        return self.shape[self.axis] if self.sums_to_one else 0


@dataclass(frozen=True)
class Output:
    """A call of a module whose only output is the tensor."""

    module: str
    call: int


@dataclass(frozen=True)
class Mark:
    """A tensor that depends on the model's input.

    Attributes:
        uid: Of this value.
        root: The value of which this one is an element-by-element function; ``uid`` where it is none.
        origin: See ``Origin``.
        output: The module's output that this tensor is, up to views.
        total_of: Uid of the value that was summed up to give this one.
        flat: Axes along which all values are the same although they are stored one by one.
    """

    uid: int
    root: int
    origin: Origin | None = None
    output: Output | None = None
    total_of: int | None = None
    flat: frozenset[int] = frozenset()


class Marks:
    """Marks of all living tensors; a tensor without one does not depend on the input."""

    def __init__(self) -> None:
        self._marks: Any = WeakTensorKeyDictionary()
        self._uids: Iterator[int] = itertools.count(1)

    def uid(self) -> int:
        """A new number."""
        return next(self._uids)

    def get(self, tensor: Any) -> Mark | None:
        """Mark of a tensor, ``None`` for anything else."""
        return self._marks.get(tensor) if isinstance(tensor, Tensor) else None

    def new(self, root: int | None = None, **known: Any) -> Mark:
        """A mark with a new uid; without ``root`` it is its own root."""
        uid = self.uid()
        return Mark(uid, uid if root is None else root, **known)

    def set(self, tensor: Tensor, mark: Mark) -> None:
        """Mark a tensor, and the tensor of which it is a view."""
        self._marks[tensor] = mark

    def touch(self, tensor: Tensor) -> None:
        """Mark the tensor of which one that was written to is a view."""
        base = tensor._base
        if base is not None:
            self._marks[base] = self.new()


def flat_axes(tensor: Tensor, mark: Mark | None) -> frozenset[int]:
    """Axes along which a tensor is repeated: stride 0, or known from how it was made."""
    strided = {i for i, (n, s) in enumerate(zip(tensor.shape, tensor.stride(), strict=True)) if n > 1 and s == 0}
    return frozenset(strided) | (mark.flat if mark else frozenset())


def without_repeats(tensor: Tensor, mark: Mark | None, rank: int) -> Sizes:
    """Shape with size 1 along repeated axes and with ones in front up to ``rank`` axes."""
    flat = flat_axes(tensor, mark)
    return (1,) * (rank - tensor.ndim) + tuple(1 if i in flat else n for i, n in enumerate(tensor.shape))


def follow(marks: Marks, func: ops.Operation, args: Sequence[Any], place: Place | None) -> Mark | None:
    """Mark of the result of an operation from the marks of its arguments; ``None`` where nothing is marked."""
    name = ops.name_of(func)
    tensors = ops.tensors_in(args)
    found = [(t, m) for t in tensors if (m := marks.get(t)) is not None]
    if not found or name in ops.VALUE_FREE:
        return None
    tensor, first = found[0]
    alone = len(found) == 1
    if name in ops.VIEWS:
        keep = flat_axes(tensor, first) if name in ("clone", "contiguous") else frozenset()
        return marks.new(first.root, origin=first.origin, output=first.output, total_of=first.total_of, flat=keep)
    if name in ops.SHAPES:
        bounded = all(m.origin is not None for _, m in found) and len(found) == len(tensors)
        return marks.new(origin=first.origin if bounded else None)
    if name in ops.RESIZES:
        flat = frozenset(range(2, tensor.ndim)) if set(tensor.shape[2:]) == {1} else frozenset()
        return marks.new(origin=first.origin, flat=flat)
    if name == "sum":
        return marks.new(total_of=first.uid)
    if name in ops.BOUNDED:
        return _bounded(marks, name, args, tensor, first, place)
    if name == "exp":
        return marks.new(first.root, origin=Origin("exponential", marks.uid()))
    if name == "reciprocal" and first.origin and first.origin.name == "1 + exponential":
        return marks.new(first.root, origin=Origin("sigmoid", marks.uid(), 1.0))  # written out: 1 / (1 + exp(-z))
    if name in ops.LEARNED:
        return marks.new(origin=Origin("learned", marks.uid()) if alone else None)
    if name == "affine_grid_generator":
        return marks.new(origin=Origin("affine grid", marks.uid()))
    if name in ops.SCALES or name in ("minimum", "maximum"):
        return _combined(marks, name, args, found, place)
    kept = first.origin if first.origin and first.origin.name == "learned" else None
    if name in ops.NORMS:
        return marks.new(origin=kept)
    if ops.is_pointwise(func):
        same = len({m.root for _, m in found}) == 1
        return marks.new(first.root if same else None, origin=kept if alone else None)
    return marks.new()


def _bounded(marks: Marks, name: str, args: Sequence[Any], tensor: Tensor, mark: Mark, place: Place | None) -> Mark:
    """Result of an activation that has an upper and a lower limit."""
    if name in ops.SOFTMAX:
        origin = Origin(name, marks.uid(), 1.0, place, tuple(tensor.shape), int(args[1]) % max(1, tensor.ndim))
        return marks.new(origin=origin)
    high = 1.0
    if name in ("clamp", "hardtanh"):
        limits = [v for v in args[1:3] if isinstance(v, (int, float))]
        if name == "clamp" and len(limits) < 2:
            return marks.new(mark.root)
        high = float(limits[1]) if len(limits) == 2 else 1.0
    return marks.new(mark.root, origin=Origin(name, marks.uid(), high), flat=flat_axes(tensor, mark))


def _combined(
    marks: Marks, name: str, args: Sequence[Any], found: list[tuple[Tensor, Mark]], place: Place | None
) -> Mark:
    """Result of arithmetic: a constant scale or shift, a sum or product of gates, or something else."""
    tensor, mark = found[0]
    if len(found) == 1:
        keeps = mark.origin is not None and (name != "div" or args[0] is tensor)
        origin = _rescaled(mark.origin, name, args) if keeps and mark.origin else None
        return marks.new(mark.root, origin=origin, flat=flat_axes(tensor, mark) if keeps else frozenset())
    other_tensor, other = found[1]
    root = mark.root if mark.root == other.root else None
    if name == "div":
        positive = mark.origin is not None and (mark.origin.is_gate or mark.origin.name == "exponential")
        if positive and other.total_of == mark.uid and place is not None:
            axis = summed_axis(tensor, other_tensor)
            origin = Origin("normalised", marks.uid(), 1.0, place, tuple(tensor.shape), axis)
            return marks.new(origin=origin)
        return marks.new(root)
    origins = [m.origin for m in (mark, other) if m.origin is not None and m.origin.is_gate]
    if len(origins) < 2:
        return marks.new(root)
    if name == "mul" and place is not None and len(set(place.op.split()[-1]) & {"1", "2"}) == 2:
        parts = tuple(
            Part(without_repeats(t, m, t.ndim), o, m.output, dataclasses.replace(place, operand=i))
            for i, ((t, m), o) in enumerate(zip(found[:2], origins, strict=True))
        )
        return marks.new(origin=Origin("product", marks.uid(), parts=parts))
    return marks.new(root, origin=Origin("bounded", marks.uid()))


def _rescaled(origin: Origin, name: str, args: Sequence[Any]) -> Origin:
    """The same origin with the upper limit of its values after a multiplication with a number."""
    number = next((a for a in args[:2] if isinstance(a, (int, float))), None)
    if origin.name == "exponential" and name == "add" and number == 1:
        return dataclasses.replace(origin, name="1 + exponential")
    if number and name == "mul":
        return dataclasses.replace(origin, high=origin.high * abs(number))
    if number and name == "div":
        return dataclasses.replace(origin, high=origin.high / abs(number))
    return origin


def summed_axis(values: Tensor, total: Tensor) -> int:
    """The last axis that has size 1 in ``total`` but more in ``values``."""
    if values.ndim != total.ndim:
        return values.ndim - 1
    axes = [i for i in range(values.ndim) if total.shape[i] == 1 and values.shape[i] > 1]
    return axes[-1] if axes else values.ndim - 1
