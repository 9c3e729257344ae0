"""What counts as a gate: one rule an operation, in the table at the end.

A rule sees an operation before it runs, with the marks of its operands (``attnviz.gates.flow``), and returns what
it recognises, or why it recognises nothing. Operands that passed a ``Gate`` are left out: a tap has reported them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor

from attnviz.gates import fused as fusion
from attnviz.gates import ops, ranges, unserved
from attnviz.gates.flow import Mark, Origin, Sizes, without_repeats
from attnviz.gates.ledger import Finding
from attnviz.gates.meeting import Meeting, Verdict
from attnviz.gates.moved_axes import axis_of_labels, labels_of
from attnviz.gates.products import multiplied, whole_source


def added(meeting: Meeting) -> Verdict:
    """A context term that is the same at every position and comes from learned layers, as in GCNet."""
    for index, mark, other, features in meeting.pair(0, 1):
        gate, target = meeting.args[index], meeting.args[other]
        if gate.ndim != target.ndim or gate.ndim < 4 or not (mark.gate or _is(mark, "learned")):
            continue
        shape, full = without_repeats(gate, mark, gate.ndim), without_repeats(target, features, gate.ndim)
        backwards = any(g > 1 and f == 1 for g, f in zip(shape[1:], full[1:], strict=True))
        if backwards or set(shape[-2:]) != {1} or min(full[-2:]) < 2:
            continue
        if not mark.pooled:
            return "what is added is no mean or maximum over places"
        if set(gate.shape[-2:]) != {1} and 0 not in gate.stride()[-2:] and _is(features, "learned"):
            return "what is added is the coarsest level of a pyramid, resized to another level"
        if meeting.ledger.used_again(mark, whole_source(mark, shape)):
            return "what is added is a gate that was found before"
        return [Finding("added", shape, full, meeting.operand(index), meeting.operand(other), mark.output)]
    return ""


def met_values(meeting: Meeting) -> Verdict:
    """Weights that meet values in a matrix product."""
    first, second = ops.PRODUCTS[meeting.name]
    for index, mark, other, features in meeting.pair(first, second):
        if mark.gate and mark.gate.sums_to_one and mark.gate.place is not None:
            return [_pairwise(meeting, mark, mark.gate, index, other)]
        if mark.gate and ranges.is_share(mark.limits) and _is_one_query(meeting, index, first):
            return [_pooling(meeting, mark, index, other, features)]
    for index, other in ((first, second), (second, first)):
        weights = meeting.marks.get(meeting.args[index])
        if weights and weights.gate and weights.gate.sums_to_one and meeting.marks.is_parameter(meeting.args[other]):
            contracted = meeting.args[index].ndim - 1 if index == first else meeting.args[index].ndim - 2
            return _remembered(meeting, weights, index, other, contracted)
    both = meeting.marks.get(meeting.args[first]) and meeting.marks.get(meeting.args[second])
    return "neither factor sums to 1 (weights on a diagonal are not served: multiply by them instead)" if both else ""


def _pairwise(meeting: Meeting, mark: Mark, origin: Origin, index: int, other: int, shared: bool = False) -> Finding:
    features = tuple(meeting.args[other].shape)
    output = mark.output if mark.output and math.prod(origin.shape) == meeting.args[index].numel() else None
    if origin.place is None:
        raise ValueError("weights without a place")
    shape, place, axis, uid = origin.shape, origin.place, origin.axis, origin.uid
    if mark.moves is None:  # changed since, by a mask or a power: what the values meet is read
        output, uid = None, -mark.value
        if mark.made is not None and mark.made[1] == shape:
            place = mark.made[0]
        else:
            place = meeting.operand(index)
            shape, axis = _unfolded(meeting.args[index], shape, index < other)
            uid = -meeting.marks.uid()  # every product is edited by itself
    return Finding("pairwise", shape, features, place, meeting.operand(other), output, uid, axis, shared=shared)


def _unfolded(factor: Tensor, made: Sizes, first: bool) -> tuple[Sizes, int]:
    """Shape of a factor (N·h, L, K) with the axes that were folded for the product, and the axis that it sums over."""
    folded = len(made) > 2 and math.prod(made[:-2]) == math.prod(factor.shape[:-2])
    shape = (*(made[:-2] if folded else factor.shape[:-2]), *factor.shape[-2:])
    return shape, len(shape) - (1 if first else 2)


def _is_one_query(meeting: Meeting, index: int, first: int) -> bool:
    """Whether a factor (N, 1, L) or (N, L, 1) gives one mean over L places."""
    shape = meeting.args[index].shape
    free, places = (-2, -1) if index == first else (-1, -2)
    return len(shape) == 3 and shape[free] == 1 and shape[places] > 1


def _pooling(meeting: Meeting, mark: Mark, index: int, other: int, features: Mark) -> Finding:
    """A mask that is multiplied in and summed over, in one operation."""
    gate, target = meeting.args[index], meeting.args[other]
    places = 2 if index else 1  # the axis of the values that is summed over
    shape, exact, output = tuple(gate.shape), meeting.operand(index), mark.output
    # which operand is which depends on the batch: einsum treats a single example as none
    if mark.gate and mark.gate.place and mark.moves is not None and math.prod(mark.gate.shape) == gate.numel():
        shape, exact, output = mark.gate.shape, mark.gate.place, None
    kind = "channel" if features.channels == places else "spatial"
    return Finding(kind, shape, tuple(target.shape), exact, meeting.operand(other), output, value=mark.value)


def _remembered(meeting: Meeting, mark: Mark, index: int, other: int, contracted: int) -> Verdict:
    """Weights over the rows of a learned memory."""
    origin, memory = mark.gate, meeting.args[other]
    if origin is None or origin.place is None or memory.numel() == meeting.args[index].shape[contracted]:
        return "softmax weights times numbers: an expectation, nothing is looked up"
    labels = labels_of(origin, mark.moves) if mark.moves is not None else None
    if labels is None or labels.shape != meeting.args[index].shape or axis_of_labels(labels) != contracted:
        return "the parameters are not summed over the axis along which the weights sum to 1"
    return [_pairwise(meeting, mark, origin, index, other, shared=True)]


def convolved(meeting: Meeting) -> Verdict:
    """Weights of experts, where their kernels were mixed; or weights over a memory that is stored as a kernel."""
    kernel = meeting.marks.get(meeting.args[1])
    if kernel is not None:
        found = _mixed(meeting, kernel)
        return "a gate that is used as a kernel is not served: multiply by it" if kernel.gate and not found else found
    mark = meeting.marks.get(meeting.args[0])
    if mark is None or mark.gate is None or not mark.gate.sums_to_one or mark.moves is None:
        return ""
    point = set(meeting.args[1].shape[2:]) == {1} and meeting.args[8] == 1
    if not point or not meeting.marks.is_parameter(meeting.args[1]):
        return ""
    return _remembered(meeting, mark, 0, 1, 1)


def _mixed(meeting: Meeting, kernel: Mark) -> Verdict:
    features, meets, findings = (1, *meeting.args[1].shape[1:]), meeting.operand(0), []
    for k in kernel.kernels:
        finding = Finding("branch", k.shape, features, k.exact, meets, k.output, k.uid, k.axis, shared=True)
        if k.mark is not None:  # one routing may serve several convolutions
            finding = replace(finding, value=k.mark.value, source=whole_source(k.mark, k.shape))
        findings.append(finding)
    return findings


def deformed(meeting: Meeting) -> Verdict:
    """Offsets of the points at which a deformable convolution samples, and their weights."""
    features, findings = tuple(meeting.args[0].shape), []
    for index, kind in ((2, "geometric"), (3, "full")):
        mark = meeting.marks.get(meeting.args[index])
        if mark is not None and meeting.args[index].numel() and (kind == "geometric" or mark.gate):
            shape = tuple(meeting.args[index].shape)
            findings.append(Finding(kind, shape, features, meeting.operand(index), meeting.operand(0), mark.output))
    return findings or "neither offsets nor a bounded mask depend on the input"


def fused(meeting: Meeting) -> Verdict:
    """Fused attention: the weights are computed again from query and key; one of these may be learned (latents)."""
    query, key, value = (meeting.marks.get(t) for t in meeting.args[:3])
    if any(t.is_nested for t in meeting.args[:3]) or (query is None and key is None):
        return "neither query nor key depends on the input"
    shared = value is None
    if shared and not meeting.marks.is_parameter(meeting.args[2]):
        return "the values do not depend on the input, and are no learned memory"
    shape, features = fusion.shapes(meeting.name, meeting.args)
    meets, features = meeting.operand(2), (1, *features[1:]) if shared else features
    return [Finding("pairwise", shape, features, meeting.place, meets, axis=len(shape) - 1, shared=shared)]


def transformed(meeting: Meeting) -> Verdict:
    """θ of a spatial transformer, where the sampling grid is made from it."""
    theta = meeting.marks.get(meeting.args[0])
    if theta is None or _is(theta, "tap"):
        return ""
    place = meeting.operand(0)
    shape = tuple(meeting.args[0].shape)
    return [Finding("geometric", shape, tuple(meeting.args[1]), place, place, theta.output)]


def sampled(meeting: Meeting) -> Verdict:
    """A sampling grid that is computed from the input in another way than from θ."""
    grid = meeting.marks.get(meeting.args[1])
    if grid is None or _is(grid, "tap") or _is(grid, "affine grid"):
        return ""
    shape, features = tuple(meeting.args[1].shape), tuple(meeting.args[0].shape)
    return [Finding("geometric", shape, features, meeting.operand(1), meeting.operand(0), grid.output)]


def _is(mark: Mark, name: str) -> bool:
    return mark.origin is not None and mark.origin.name == name


RULES: Mapping[str, Callable[[Meeting], Verdict]] = {
    **unserved.RULES,
    "mul": multiplied,
    "quantized::mul": multiplied,
    "addcmul": partial(multiplied, first=1, second=2),
    "lerp": partial(multiplied, first=1, second=2),
    "add": added,
    "convolution": convolved,
    "torchvision::deform_conv2d": deformed,
    **dict.fromkeys(ops.PRODUCTS, met_values),
    **dict.fromkeys(ops.ATTENTION_OPS, fused),
    "affine_grid_generator": transformed,
    "grid_sampler_2d": sampled,
    "grid_sampler_3d": sampled,
    "cudnn_grid_sampler": sampled,
}
"""From an operation to its rule."""


def shapes_in(args: tuple[Any, ...]) -> tuple[tuple[int, ...], ...]:
    """Shapes of the tensors among the arguments."""
    return tuple(tuple(a.shape) for a in args if isinstance(a, Tensor))
