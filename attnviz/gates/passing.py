"""How what is known about tensors passes through operations: one rule an operation, in the table at the end.

A rule says what the operation does to bounds and to dependence, whoever calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attnviz.core.checks import is_whole
from attnviz.gates import bounding, ops, ranges
from attnviz.gates.flow import NONE, Kernel, Mark, Move, Origin, flat_axes
from attnviz.gates.moved_axes import moved_axis
from attnviz.gates.ranges import ANY, POSITIVE
from attnviz.gates.step import TracedOperation


def follow(step: TracedOperation) -> Mark | None:
    """Mark of the result of an operation from the marks of its operands; ``None`` if only its shape depends on them."""
    if step.name in ops.VALUE_FREE:
        return None
    rule = PASSING.get(step.name)
    if rule is None:
        rule = bounding.pointwise if ops.is_pointwise(step.func) else TracedOperation.new
    return rule(step)


def _moves(step: TracedOperation) -> tuple[Move, ...] | None:
    """The moves since the values were bounded, with this one."""
    moves = step.mark.moves
    if moves is None or step.positional[0] is not step.tensor:
        return None
    return (*moves, Move(step.func, tuple(step.positional[1:]), tuple(step.keywords.items())))


def _channels(step: TracedOperation) -> int | None:
    return moved_axis(step.name, step.mark.channels, tuple(step.tensor.shape), tuple(step.result.shape), step.args)


def viewed(step: TracedOperation) -> Mark:
    """The same values in the same order."""
    flat = flat_axes(step.tensor, step.mark) if step.name in ("clone", "contiguous") else NONE
    uid, moves = step.marks.uid(), _moves(step)
    return step.mark._replace(uid=uid, flat=flat, moves=moves, channels=_channels(step), weighs=None)


def moved(step: TracedOperation) -> Mark:
    """Values are moved, repeated or left out; a constant may stand beside them."""
    values = ops.tensors_in(step.args[0])
    marks = [m for t in values if (m := step.marks.get(t)) is not None]
    if not marks:  # only what chooses depends on the input
        return step.new()
    first, together = marks[0], len(marks) == len(values)
    limits = [m.limits for m in marks] if together else [ANY]
    if step.name in ("masked_fill", "constant_pad_nd"):
        limits.append(step.limits(step.args[2]) if len(step.args) > 2 else (0.0, 0.0))
    origin = first.origin if together and all(m.origin is not None for m in marks) else None
    whole = len(marks) == 1 and step.name != "masked_fill"
    roots = {m.root for _, m in step.operands}
    stays = step.name in ("masked_fill", "_to_copy") and len(roots) == 1  # no value leaves its place
    return step.new(
        next(iter(roots)) if stays else None,
        origin=origin,
        limits=ranges.union(limits),
        moves=_moves(step) if whole else None,
        cut_of=(first.cut_of or (first.value, values[0].ndim)) if step.name in ops.CUTS else None,
        channels=_channels(step),
        sampled=first.sampled or step.name in ops.SAMPLES,
        compared=all(m.compared for m in marks),
        logarithm=all(m.logarithm for m in marks),
        straight=step.straight(),
        kernels=first.kernels,
        flat=_repeated(step) if step.name == "repeat" else NONE,
    )


def _repeated(step: TracedOperation) -> frozenset[int]:
    """Axes along which ``repeat`` gives the same values."""
    ahead = step.result.ndim - step.tensor.ndim
    own = {axis + ahead for axis, size in enumerate(step.tensor.shape) if size == 1}
    flat = {axis + ahead for axis in flat_axes(step.tensor, step.mark)}
    return frozenset(own | flat | set(range(ahead)))


def resized(step: TracedOperation) -> Mark:
    """Every value lies between those beside it; the only place of a map is the same at all places afterwards."""
    mark, alike = step.mark, set(step.tensor.shape[2:]) == {1}
    flat = frozenset(range(2, step.tensor.ndim)) if alike else NONE
    pooled = alike and mark.pooled
    return step.new(origin=mark.origin, limits=mark.limits, flat=flat, pooled=pooled, straight=step.straight())


def reduced_axes(step: TracedOperation) -> set[int]:
    """Along which axes a mean, sum or maximum runs."""
    rank = step.tensor.ndim
    given = step.args[1] if len(step.args) > 1 else None
    if step.name == "linalg_vector_norm":
        given = step.args[2] if len(step.args) > 2 else None
    axes = given if isinstance(given, (list, tuple)) else (given,)
    if not all(map(is_whole, axes)) or not axes:
        return set(range(rank))
    return {int(a) % max(1, rank) for a in axes}


def _is_pooled(step: TracedOperation) -> bool:
    """Whether an operation takes all places together, whatever the size of the map."""
    places = set(range(2, step.tensor.ndim)) or {1}
    if step.tensor.ndim == 3 and step.mark.channels == 2:
        places = {1}
    if step.name in ops.POOLS:
        window = step.args[1] if isinstance(step.args[1], (list, tuple)) else [step.args[1]]
        if step.name.startswith("adaptive") or step.name.startswith("_adaptive"):
            return set(window) == {1}
        # a small window is a stride, and covers the map only at some sizes
        return set(step.result.shape[2:]) == {1} and max(window) > 3
    return step.mark.pooled or places <= reduced_axes(step)


def reduced(step: TracedOperation) -> Mark:
    """A mean, a least or a largest value lies between those that it comes from."""
    mark = step.mark
    extreme = {"amax": 1, "max": 1, "amin": -1, "min": -1}.get(step.name)
    covers = frozenset((mark.like,)) if extreme == 1 and mark.limits[0] >= 0 else NONE
    origin = mark.gate
    whole = origin is not None and origin.sums_to_one and origin.shape == tuple(step.tensor.shape)
    if origin is not None and whole and extreme and origin.axis % step.tensor.ndim in reduced_axes(step):
        origin = step.origin(step.name)  # the largest of weights that sum to 1 is one weight, not one of them
    return step.new(
        origin=origin,
        limits=mark.limits,
        pooled=_is_pooled(step),
        covers=covers,
        extreme_of=(mark.value, extreme) if extreme else None,
        compared=mark.compared,
        channels=mark.channels if step.tensor.ndim == step.result.ndim else None,
    )


def summed(step: TracedOperation) -> Mark:
    """A sum is no less than any of its parts, if none is below 0."""
    mark, count = step.mark, step.tensor.numel() // max(1, step.result.numel())
    sign = mark.limits[0] >= 0
    return step.new(
        origin=mark.gate,
        limits=ranges.product(mark.limits, (float(count), float(count))),
        pooled=_is_pooled(step),
        total_of=mark.value,
        covers=frozenset((mark.like,)) if sign else NONE,
        kernels=mark.kernels,
    )


def normed(step: TracedOperation) -> Mark:
    """Of norms, the sum of magnitudes covers its parts as a sum does."""
    mark = step.mark
    one = len(step.args) > 1 and step.args[1] == 1
    total = mark.value if one and mark.limits[0] >= 0 else None
    return step.new(limits=POSITIVE, total_of=total, covers=frozenset((mark.like,)) if one else NONE)


def learned(step: TracedOperation) -> Mark:
    """A mixture by learned weights, or of two marked values, has no bound."""
    name = step.name
    origin = Origin("learned", step.marks.uid()) if step.alone else None
    pooled = all(m.pooled for _, m in step.operands)
    channels: int | None = 1
    kernels: tuple[Kernel, ...] = ()
    if name in ops.PRODUCTS:
        channels = step.result.ndim - 1 if step.alone else None
        pooled = pooled or _is_weighted_mean(step)
        kernels = bounding.kernels(step, ops.PRODUCTS[name])
    elif name in ("linear", "mkldnn_linear"):
        channels = step.result.ndim - 1
    elif "convolution" not in name:
        channels = None
    carries = NONE if step.alone or "convolution" in name else step.carries
    return step.new(origin=origin, pooled=pooled, channels=channels, carries=carries, kernels=kernels)


def _is_weighted_mean(step: TracedOperation) -> bool:
    """Whether bounded weights over places meet values in a matrix product, for one query."""
    return any(m.gate is not None and 1 in t.shape[-2:] for t, m in step.operands) and not step.alone


def normalised(step: TracedOperation) -> Mark:
    """A norm shifts and scales by constants or by means: what is bounded stays so."""
    mark = step.mark
    limits = mark.limits if mark.gate else ANY
    last = step.name == "native_layer_norm" and len(step.args[1]) == 1
    channels = step.tensor.ndim - 1 if last else (mark.channels if last or mark.channels is not None else 1)
    origin = mark.origin if mark.gate or (mark.origin and mark.origin.name == "learned") else None
    by_itself = "no_" in step.name or (step.name == "native_batch_norm" and step.args[5] is False)
    return step.new(
        mark.root if by_itself else None, origin=origin, limits=limits, channels=channels, straight=step.straight()
    )


def sampled(step: TracedOperation) -> Mark:
    """Places of a map are set side by side, with zeros around it."""
    mark = step.mark
    return step.new(origin=mark.gate, limits=ranges.union([mark.limits, (0.0, 0.0)]), sampled=True, channels=None)


def on_grid(step: TracedOperation) -> Mark:
    """Places of an affine grid."""
    return step.new(origin=Origin("affine grid", step.marks.uid()))


PASSING: Mapping[str, Callable[[TracedOperation], Mark]] = {
    **dict.fromkeys(ops.SHAPES, moved),
    **dict.fromkeys(ops.VIEWS, viewed),
    **dict.fromkeys(ops.RESIZES, resized),
    **dict.fromkeys(ops.REDUCTIONS | ops.POOLS, reduced),
    **dict.fromkeys(ops.LEARNED, learned),
    **dict.fromkeys(ops.NORMS, normalised),
    **dict.fromkeys((*ops.COMPARISONS, "bernoulli"), bounding.compared),
    **dict.fromkeys(ops.SOFTMAX, bounding.softmax),
    **dict.fromkeys(ranges.ARITHMETIC, bounding.combined),
    **dict.fromkeys(("fill", "copy"), bounding.written),
    **dict.fromkeys(("im2col", "grid_sampler_2d", "grid_sampler_3d", "cudnn_grid_sampler"), sampled),
    "_log_softmax": bounding.log_softmax,
    "affine_grid_generator": on_grid,
    "exp": bounding.exponential,
    "linalg_vector_norm": normed,
    "log_sigmoid_forward": bounding.pointwise,
    "reciprocal": bounding.inverted,
    **dict.fromkeys(("sort", "topk"), bounding.ordered),
    "scatter": bounding.scattered,
    "sum": summed,
    "where": bounding.chosen,
}
"""From an operation to its rule; other functions of single elements are ``bounding.pointwise``, others unknown."""
