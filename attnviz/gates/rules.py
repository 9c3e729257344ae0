"""What counts as a gate: one rule an operation, in the table at the end.

A rule sees an operation before it runs, with the marks of its operands (``attnviz.gates.flow``), and returns what
it recognises. Operands that passed a ``Gate`` are left out: a tap has reported them already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from attnviz.core.kinds import kind_of
from attnviz.core.types import Place
from attnviz.gates import fused as fusion
from attnviz.gates import ops
from attnviz.gates.flow import Mark, Marks, Origin, Output, Sizes, without_repeats

SELF_GATED = frozenset(("sigmoid", "hardsigmoid", *ops.SOFTMAX, "normalised"))
"""Activations with values in [0, 1], so that a product with them over the whole map weighs it."""


@dataclass(frozen=True)
class Finding:
    """One gate, not named yet.

    Attributes:
        kind: A key of ``KINDS``.
        shape: Shape of the gate as it came, without repeats.
        features: Shape of what it meets.
        exact: Where the gate is.
        meets: Where the features are.
        output: The module's output that the gate is, where there is one.
        uid: Set for gates that are used in several operations but are one site.
        axis: Axis along which the weights sum to 1.
        over: For ``pairwise``: what each axis of ``shape`` runs over.
    """

    kind: str
    shape: Sizes
    features: Sizes
    exact: Place
    meets: Place
    output: Output | None = None
    uid: int | None = None
    axis: int | None = None
    over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meeting:
    """An operation with what is known about its operands."""

    marks: Marks
    name: str
    args: tuple[Any, ...]
    place: Place

    def operand(self, index: int) -> Place:
        """Where the operand is."""
        return dataclasses.replace(self.place, operand=index)

    def pair(self, first: int, second: int) -> Iterator[tuple[int, Mark, int, Mark]]:
        """Both orders of two operands that are marked: (index, mark, other index, other mark)."""
        a, b = self.marks.get(self.args[first]), self.marks.get(self.args[second])
        if a is not None and b is not None:
            yield first, a, second, b
            yield second, b, first, a


def multiplied(meeting: Meeting, first: int = 0, second: int = 1) -> list[Finding]:
    """A gate that multiplies features: repeated where they are not, and bounded."""
    for index, mark, other, features in meeting.pair(first, second):
        if mark.origin is None or not mark.origin.is_gate:
            continue
        gate, target = meeting.args[index], meeting.args[other]
        rank = max(gate.ndim, target.ndim)
        shape, full = without_repeats(gate, mark, rank), without_repeats(target, features, rank)
        repeats = any(g == 1 and f > 1 for g, f in zip(shape[1:], full[1:], strict=True))
        backwards = any(g > 1 and f == 1 for g, f in zip(shape[1:], full[1:], strict=True))
        if mark.origin.name == "product":
            return [] if backwards else _parts(meeting, mark.origin, other, full)
        if backwards or not (repeats or _weighs_all(mark, features, shape, full)):
            continue
        return [_gate(meeting, (index, mark), other, shape, full)]
    return []


def _weighs_all(mark: Mark, features: Mark, shape: Sizes, full: Sizes) -> bool:
    """Whether a bounded tensor as large as the features is a gate and not half of an activation like SiLU."""
    if shape != full or mark.root == features.root or mark.origin is None:
        return False
    limited = mark.origin.name in ("clamp", "hardtanh") and 0 < mark.origin.high <= 1.001
    return limited or mark.origin.name in SELF_GATED or mark.origin.name == "bounded"


def _gate(meeting: Meeting, gate: tuple[int, Mark], other: int, shape: Sizes, full: Sizes) -> Finding:
    index, mark = gate
    origin = mark.origin
    if origin is None:
        raise ValueError("a gate without an origin")
    known = origin.axis if origin.shape == shape else None
    kind, meets = kind_of(shape, full, origin.count, known), meeting.operand(other)
    sliced = origin.sums_to_one and _numel(origin.shape) != _numel(shape)
    if kind == "branch" and sliced and origin.place is not None:
        # One softmax was cut into its branches: it is one gate, read where it was made.
        return Finding(kind, origin.shape, full, origin.place, meets, uid=origin.uid, axis=origin.axis)
    axis = next((i for i in range(1, len(shape)) if origin.count > 1 and shape[i] == origin.count), None)
    axis = axis if known is None else known
    return Finding(kind, shape, full, meeting.operand(index), meets, mark.output, axis=axis)


def _parts(meeting: Meeting, origin: Origin, other: int, full: Sizes) -> list[Finding]:
    """The gates of ``x*(c*s)``, each by its own shape."""
    meets, found = meeting.operand(other), []
    for part in origin.parts:
        shape = (1,) * (len(full) - len(part.tensor)) + part.tensor
        if len(shape) == len(full):
            kind = kind_of(shape, full, part.origin.count)
            found.append(Finding(kind, shape, full, part.exact, meets, part.output))
    return found


def added(meeting: Meeting) -> list[Finding]:
    """A context term that is the same at every position and comes from learned layers, as in GCNet."""
    for index, mark, other, features in meeting.pair(0, 1):
        gate, target = meeting.args[index], meeting.args[other]
        if mark.origin is None or mark.origin.name not in ("learned", *ops.BOUNDED) or gate.ndim != target.ndim:
            continue
        shape, full = without_repeats(gate, mark, gate.ndim), without_repeats(target, features, gate.ndim)
        trailing = shape[2:] if len(shape) > 3 else (2,)
        backwards = any(g > 1 and f == 1 for g, f in zip(shape[1:], full[1:], strict=True))
        if not backwards and set(trailing[-2:]) == {1} and min(full[-2:]) > 1:
            return [Finding("added", shape, full, meeting.operand(index), meeting.operand(other), mark.output)]
    return []


def met_values(meeting: Meeting) -> list[Finding]:
    """Softmax weights that meet values in a matrix product."""
    for index, mark, other, _ in meeting.pair(*ops.PRODUCTS[meeting.name]):
        origin = mark.origin
        if origin is not None and origin.sums_to_one and origin.place is not None:
            features = tuple(meeting.args[other].shape)
            output = mark.output if mark.output and _numel(origin.shape) == meeting.args[index].numel() else None
            place, meets = origin.place, meeting.operand(other)
            return [Finding("pairwise", origin.shape, features, place, meets, output, origin.uid, origin.axis)]
    return []


def fused(meeting: Meeting) -> list[Finding]:
    """Fused attention: the weights are computed again from query and key."""
    given = meeting.args[:3]
    if any(meeting.marks.get(t) is None or t.is_nested for t in given):
        return []
    shape, features = fusion.shapes(meeting.name, meeting.args)
    return [Finding("pairwise", shape, features, meeting.place, meeting.operand(2), axis=len(shape) - 1)]


def transformed(meeting: Meeting) -> list[Finding]:
    """θ of a spatial transformer, where the sampling grid is made from it."""
    theta = meeting.marks.get(meeting.args[0])
    if theta is None or _is(theta, "tap"):
        return []
    place = meeting.operand(0)
    shape = tuple(meeting.args[0].shape)
    return [Finding("geometric", shape, tuple(meeting.args[1]), place, place, theta.output)]


def sampled(meeting: Meeting) -> list[Finding]:
    """A sampling grid that is computed from the input in another way than from θ."""
    grid = meeting.marks.get(meeting.args[1])
    if grid is None or _is(grid, "tap") or _is(grid, "affine grid"):
        return []
    shape, features = tuple(meeting.args[1].shape), tuple(meeting.args[0].shape)
    return [Finding("geometric", shape, features, meeting.operand(1), meeting.operand(0), grid.output)]


def _is(mark: Mark, name: str) -> bool:
    return mark.origin is not None and mark.origin.name == name


def _numel(shape: Sizes) -> int:
    return int(torch.Size(shape).numel())


RULES: Mapping[str, Callable[[Meeting], list[Finding]]] = MappingProxyType(
    {
        "mul": multiplied,
        "addcmul": partial(multiplied, first=1, second=2),
        "lerp": partial(multiplied, first=1, second=2),
        "add": added,
        **dict.fromkeys(ops.PRODUCTS, met_values),
        **dict.fromkeys(ops.ATTENTION_OPS, fused),
        "affine_grid_generator": transformed,
        "grid_sampler_2d": sampled,
        "grid_sampler_3d": sampled,
        "cudnn_grid_sampler": sampled,
    }
)
"""From an operation to its rule."""


def judge(marks: Marks, name: str, args: tuple[Any, ...], place: Place | None) -> list[Finding]:
    """What an operation reveals; empty for operations without a rule."""
    rule = RULES.get(name)
    if rule is None or place is None or not any(isinstance(a, Tensor) for a in args):
        return []
    return rule(Meeting(marks, name, args, place))
