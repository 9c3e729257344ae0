"""Rules for operations on single elements: which of them give values a bound, keep it or break it."""

from __future__ import annotations

import dataclasses
from typing import Any

from torch import Tensor

from attnviz.gates import ops, ranges
from attnviz.gates.flow import COMPARED, NONE, Kernel, Mark, Origin, Part, kernels_of, without_repeats
from attnviz.gates.ranges import ANY, FINITE, Range
from attnviz.gates.step import TracedOperation


def _earned(step: TracedOperation, limits: Range, before: Origin | None) -> tuple[Origin | None, Range]:
    """What bounds a result: what did before, or this operation; a limit that makes no weight is left out."""
    if before is not None and ranges.is_finite(limits):
        return before, limits
    low, high = (
        v if abs(v) <= ranges.LARGEST_WEIGHT else s * float("inf") for v, s in zip(limits, (-1, 1), strict=True)
    )
    bounded = ranges.is_finite((low, high)) and low < high
    return (step.origin(step.name) if bounded else None), (low, high)


def _learned(step: TracedOperation) -> Origin | None:
    origin = step.mark.origin
    return origin if step.alone and origin is not None and origin.name == "learned" else None


def pointwise(step: TracedOperation) -> Mark:
    """A function of single elements; a continuous one keeps bounds, whichever it is."""
    roots = {m.root for _, m in step.operands}
    root = next(iter(roots)) if len(roots) == 1 else None
    if not step.alone:
        return step.new(root)
    mark = step.mark
    numbers = tuple(a for a in step.args if isinstance(a, (int, float, str)))
    limits = ranges.of_function(step.name, mark.limits, step.args)
    if mark.gate and (limits is None or not ranges.is_finite(limits)):
        limits = ANY if step.name in ops.BREAKING else FINITE
    again = step.name in ops.SATURATING
    origin, limits = _earned(step, limits or ANY, None if again else mark.gate)
    kept: dict[str, Any] = (
        {"total_of": mark.total_of, "covers": mark.covers} if step.name in ("clamp", "clamp_min") else {}
    )
    if step.name.startswith("clamp"):
        kept["straight"] = step.straight()  # the other limit may come in a step of its own
    if step.name == "abs":
        kept = {"covers": mark.covers | {mark.like}}
    if len(numbers) + 1 == len(step.args):
        kept["value"] = step.marks.value(step.name, mark.value, *numbers)
    if step.name == "neg":
        kept["like"] = mark.like
    return step.new(
        root,
        origin=origin or _learned(step),
        limits=limits,
        flat=step.flat(),
        moves=() if origin is not None and origin is not mark.gate else None,
        sampled=mark.sampled,
        compared=mark.compared,
        logarithm=_is_logarithm(step.name, mark),
        **kept,
    )


def _is_logarithm(name: str, mark: Mark) -> bool:
    """Whether a function of a value is the logarithm of a share, or of what is hardly more, or still one."""
    if name in ops.LOGARITHMS:
        return mark.gate is not None and mark.limits[0] >= 0 and mark.limits[1] < 1.1
    return name == "log_sigmoid_forward" or (
        mark.logarithm and name in ("neg", "abs", "clamp", "clamp_min", "clamp_max")
    )


def inverted(step: TracedOperation) -> Mark:
    """1 over a value: a product with it is a division."""
    return pointwise(step)._replace(inverse=step.mark)


def softmax(step: TracedOperation) -> Mark:
    """Weights that sum to 1 along an axis."""
    origin = step.origin(step.name, axis=int(step.args[1]) % max(1, step.tensor.ndim))
    return step.new(origin=origin, limits=(0.0, 1.0), moves=(), sampled=step.mark.sampled)


def log_softmax(step: TracedOperation) -> Mark:
    """Logarithms of such weights."""
    origin = step.origin(step.name, axis=int(step.args[1]) % max(1, step.tensor.ndim))
    return step.new(origin=origin, limits=(-float("inf"), 0.0), logarithm=True)


def exponential(step: TracedOperation) -> Mark:
    """Of logarithms of weights it gives the weights."""
    before = step.mark.origin
    if before is not None and before.name == "_log_softmax":
        return step.new(origin=step.origin("normalised", axis=before.axis), limits=(0.0, 1.0), moves=())
    return pointwise(step)


def compared(step: TracedOperation) -> Mark:
    """Whether a bounded or learned value passes a limit is a weight of 0 or 1; other comparisons are none."""
    roots = {mark.root for _, mark in step.operands}
    root = next(iter(roots)) if len(roots) == 1 else None
    gates = {mark.gate.uid: mark.gate for _, mark in step.operands if mark.gate}
    origin = next(iter(gates.values())) if len(gates) == 1 else None
    if origin is None and (gates or any(m.origin and m.origin.name == "learned" for _, m in step.operands)):
        origin = step.origin(step.name if step.alone else COMPARED)
    return step.new(root, origin=origin, limits=ranges.SHARE, compared=True)


def written(step: TracedOperation) -> Mark:
    """``fill_`` and ``copy_``: other values in the place of those that were there."""
    value = step.args[1]
    mark, before = step.marks.get(value), step.marks.get(step.args[0])
    origin = mark.origin if mark is not None else (before.gate if before is not None else None)
    return step.new(origin=origin, limits=step.limits(value))


def scattered(step: TracedOperation) -> Mark:
    """Values are put into others at places that may be chosen by the input: those of the largest weights."""
    if len(step.args) != 4:
        return step.new()  # they are added or multiplied there
    target, index, value = step.args[0], step.args[2], step.args[3]
    limits = ranges.union((step.limits(target), step.limits(value)))
    gates = [m.gate for part in (value, target) if (m := step.marks.get(part)) is not None and m.gate]
    if not ranges.is_finite(limits):
        return step.new()
    origin = gates[0] if gates else (step.origin(step.name) if step.marks.get(index) is not None else None)
    if origin is not None and origin.sums_to_one:  # zeros beside the largest weights: they still sum to 1
        axis = int(step.args[1]) % target.ndim
        return step.new(origin=step.origin("normalised", axis=axis), limits=limits, moves=())
    return step.new(origin=origin, limits=limits)


def ordered(step: TracedOperation) -> Mark:
    """Some or all of the values in another order."""
    origin = step.mark.gate
    if origin is None or not origin.sums_to_one or step.result.numel() == step.tensor.numel():
        return step.new(origin=origin, limits=step.mark.limits)
    if step.result.numel() * origin.count == step.tensor.numel() and step.result[0].numel() > 1:  # as by a maximum
        return step.new(origin=step.origin(step.name), limits=step.mark.limits)
    return step.new(origin=origin, limits=step.mark.limits, moves=())  # which they are the softmax decides itself


def chosen(step: TracedOperation) -> Mark:
    """``where``: a value from either side."""
    sides = step.args[1:3]
    limits = ranges.union([step.limits(side) for side in sides])
    gates = [m.gate for side in (*sides, step.args[0]) if (m := step.marks.get(side)) and m.gate]
    if len(sides) < 2 or not gates or not ranges.is_finite(limits):
        return step.new()
    same = {m.root for _, m in step.operands}
    return step.new(next(iter(same)) if len(same) == 1 else None, origin=gates[0], limits=limits)


def combined(step: TracedOperation) -> Mark:
    """Arithmetic with a constant or between two values."""
    marks = [step.marks.get(a) for a in step.args[:2]]
    marked = [m for m in marks if m is not None]
    if len(marks) < 2 or not marked:
        return step.new()
    first, second = marks
    if first is not None and second is not None:
        return _of_two(step, first, second)
    mark = marked[0]
    keeps = step.name != "div" or first is not None
    origin, limits = _earned(step, _limits(step), mark.gate)
    number = step.limits(step.args[1 if second is None else 0])
    return step.new(
        mark.root,
        origin=origin or (_learned(step) if keeps else None),
        limits=limits,
        flat=step.flat() if keeps else NONE,
        total_of=mark.total_of if step.name == "add" and number[0] >= 0 else None,
        covers=_covers(step, first, second),
        sampled=mark.sampled,
        compared=mark.compared,
        logarithm=mark.logarithm,
        straight=step.straight(),
        inverse=mark.inverse if step.name == "mul" and number == (1.0, 1.0) else None,
        complement=mark if number == (1.0, 1.0) and step.name == ("rsub" if second is None else "sub") else None,
        kernels=(kernels(step, (0, 1)) if step.name == "mul" and step.tensor.ndim > 2 else ()) or mark.kernels,
        **({"like": mark.like} if step.name in ("mul", "div") and keeps and number[0] == number[1] else {}),
    )


def _limits(step: TracedOperation) -> Range:
    limits = ranges.ARITHMETIC[step.name](step.limits(step.args[0]), step.limits(step.args[1]))
    if len(step.args) > 2 and isinstance(step.args[2], (int, float)):  # alpha
        return ranges.SHARE if ranges.is_finite(limits) else ANY
    return limits


def _covers(step: TracedOperation, first: Mark | None, second: Mark | None) -> frozenset[int]:
    """What a sum of values that are not below 0 is never smaller than."""
    marks = [m for m in (first, second) if m is not None]
    if step.name == "maximum":
        return NONE.union(*(m.covers for m in marks))
    if step.name != "add" or any(step.limits(a)[0] < 0 for a in step.args[:2]):
        return NONE
    return NONE.union(*(m.covers | {m.like} for m in marks))


def kernels(step: TracedOperation, pair: tuple[int, ...]) -> tuple[Kernel, ...]:
    """Bounded weights that meet parameters; ``pair``: the positions of the two factors."""
    for index, other in (pair, pair[::-1]):
        mark = step.marks.get(step.args[index])
        if mark and step.place and step.marks.is_parameter(step.args[other]):
            return kernels_of(step.args[index], mark, dataclasses.replace(step.place, operand=index), step.args[other])
    return ()


def _of_two(step: TracedOperation, first: Mark, second: Mark) -> Mark:
    root = first.root if first.root == second.root else None
    share = _share(step, first, second)
    if share is not None:
        return step.new(root, **share)
    limits = _limits(step)
    traits: dict[str, Any] = {}
    if step.name == "sub" and first.extreme_of and second.extreme_of == (first.extreme_of[0], -1):
        limits, traits["covers"] = (0.0, ANY[1]), frozenset((-first.extreme_of[0],))  # the range of a value
    elif step.name == "sub" and second.extreme_of == (first.value, -1):
        limits, traits["above"] = (0.0, ANY[1]), first.value
    elif step.name == "sub" and second.extreme_of == (first.value, 1):
        limits = (ANY[0], 0.0)
    else:
        traits["covers"] = _covers(step, first, second)
    if step.name in ("add", "sub", "rsub"):
        traits["logarithm"] = first.logarithm and second.logarithm
    gates = [m.gate for m in (first, second) if m.gate is not None]
    origin = gates[0] if gates else None
    if not ranges.is_finite(limits):
        origin = None
    elif len(gates) == 2 and gates[0] is not gates[1]:
        origin = _product(step, (first, second), gates)
    kernels = first.kernels + second.kernels
    return step.new(root, origin=origin, limits=limits, straight=step.straight(), kernels=kernels, **traits)


def _product(step: TracedOperation, marks: tuple[Mark, Mark], gates: list[Origin]) -> Origin:
    """Two bounded values together; both are gates if each is repeated where the other is not."""
    place = step.place
    if step.name != "mul" or place is None or len(set(place.op.split()[-1]) & {"1", "2"}) < 2:
        return Origin("bounded", step.marks.uid())
    parts = tuple(
        Part(without_repeats(t, m, t.ndim), o, m.output, dataclasses.replace(place, operand=i))
        for i, (t, m, o) in enumerate(zip(step.args[:2], marks, gates, strict=True))
    )
    return Origin("product", step.marks.uid(), parts=parts)


def _share(step: TracedOperation, value: Mark, total: Mark) -> dict[str, Any] | None:
    """Traits of a value over something that it never exceeds: its sum, its range, or 1 more than itself."""
    tensors = step.args[:2]
    if step.name == "mul":
        if value.inverse is not None:
            value, total, tensors = total, value, tensors[::-1]
        if total.inverse is None:
            return None
        total = total.inverse
    elif step.name != "div":
        return None
    ranged = value.above is not None and -value.above in total.covers
    if value.like not in total.covers and not ranged:
        return None
    positive = value.limits[0] >= 0
    limits = (0.0 if positive else -1.0, 1.0)
    if positive and total.total_of == value.value:
        origin = step.origin("normalised", axis=summed_axis(*tensors))
    else:
        origin = step.origin(step.name)
    return {"origin": origin, "limits": limits, "moves": ()}


def summed_axis(values: Tensor, total: Tensor) -> int:
    """The last axis that has size 1 in ``total`` but more in ``values``, repeats left out."""
    if values.ndim != total.ndim:
        return values.ndim - 1
    shape = without_repeats(total, None, total.ndim)
    axes = [i for i in range(values.ndim) if shape[i] == 1 and values.shape[i] > 1]
    return axes[-1] if axes else values.ndim - 1
