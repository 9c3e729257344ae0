"""Whether a product of two values weighs one by the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor

from attnviz.core.kinds import kind_of
from attnviz.gates import ops, ranges
from attnviz.gates.flow import COMPARED, NONE, Mark, Origin, Sizes, without_repeats
from attnviz.gates.ledger import Finding, Source
from attnviz.gates.meeting import Meeting, Verdict
from attnviz.gates.moved_axes import axis_of_labels, labels_of

V = TypeVar("V")


@dataclass(frozen=True)
class Pair:
    """A gate that may be one, and what it meets; shapes without repeats, of the same number of axes.

    Attributes:
        raw: Shape of the gate as it came; in ``shape`` and ``full`` the examples are in front.
        raw_full: Shape of the features as they came.
        batch: Axis of these along which the examples lie.
    """

    meeting: Meeting
    index: int
    mark: Mark
    other: int
    features: Mark
    raw: Sizes
    raw_full: Sizes
    batch: int

    @property
    def shape(self) -> Sizes:
        """Of the gate, with the examples in front."""
        return self.in_front(self.raw)

    @property
    def full(self) -> Sizes:
        """Of the features, with the examples in front."""
        return self.in_front(self.raw_full)

    def in_front(self, values: tuple[V, ...]) -> tuple[V, ...]:
        """What is known of every axis, with that of the examples in front."""
        return (values[self.batch], *values[: self.batch], *values[self.batch + 1 :])

    def behind(self, axis: int | None) -> int | None:
        """Number of an axis where the examples are in front."""
        return axis if axis is None or axis > self.batch else 0 if axis == self.batch else axis + 1

    @property
    def gate(self) -> Any:
        """The tensor."""
        return self.meeting.args[self.index]

    @property
    def repeats(self) -> bool:
        """Whether the gate is repeated where the features are not."""
        return any(g == 1 and f > 1 for g, f in zip(self.shape[1:], self.full[1:], strict=True))

    @property
    def backwards(self) -> bool:
        """Whether the features are repeated where the gate is not."""
        return any(g > 1 and f == 1 for g, f in zip(self.shape[1:], self.full[1:], strict=True))

    @property
    def over(self) -> tuple[str, ...]:
        """What each axis of the features runs over, as far as is known."""
        return self._over(self.meeting.args[self.other])

    @property
    def channels(self) -> int | None:
        """Axis of the product along which channels lie, where the features know, or the gate does."""
        axis, over = self.lifted(self.features.channels, self.meeting.args[self.other]), self.over
        if axis is not None and over[axis] != "place":
            return axis  # else a layer that mixes places of a row or column gave it
        known = [i for i, kinds in enumerate(zip(over, self._over(self.gate), strict=True)) if "channel" in kinds]
        return known[0] if len(known) == 1 else None

    def _over(self, tensor: Any) -> tuple[str, ...]:
        return ("",) * (len(self.raw) - tensor.ndim) + self.meeting.axes.kinds(tensor)

    def lifted(self, axis: int | None, tensor: Any) -> int | None:
        """An axis of an operand among those of the product."""
        return None if axis is None else axis + len(self.raw) - tensor.ndim


def multiplied(meeting: Meeting, first: int = 0, second: int = 1) -> Verdict:
    """A gate that multiplies features: repeated where they are not, and bounded."""
    reasons = []
    for index, mark, other, features in meeting.pair(first, second):
        gate, target = meeting.args[index], meeting.args[other]
        rank = max(gate.ndim, target.ndim)
        shape, full = without_repeats(gate, mark, rank), without_repeats(target, features, rank)
        pair = Pair(meeting, index, mark, other, features, shape, full, _batch_of(meeting, gate, target))
        reason = _why_not(pair) or _why_no_branch(pair)
        if not reason:
            origins = [part.origin for part in mark.origin.parts] or [mark.origin] if mark.origin else []
            meeting.ledger.take_back_sums(NONE.union(*(origin.sums for origin in origins)))
            return _parts(pair) if mark.origin and mark.origin.name == "product" else [_finding(pair)]
        reasons.append(reason)
    return "; ".join(dict.fromkeys(reasons)) or "one factor does not depend on the input"


def _batch_of(meeting: Meeting, gate: Tensor, features: Tensor) -> int:
    """Axis of a product along which the examples lie: in front, where nothing else is known."""
    return (meeting.axes.batch(features) or 0) if gate.ndim == features.ndim else 0


def _why_not(pair: Pair) -> str:
    """Why the first of two factors is no gate of the second; empty if it is one."""
    mark, features, origin = pair.mark, pair.features, pair.mark.gate
    open_ended = pair.meeting.unbounded and mark.origin is not None and mark.origin.name == "learned" and pair.repeats
    if origin is None and not open_ended:
        return _unbounded(pair)
    if len(pair.full) < 3:
        return "it meets a vector, no feature map"
    if features.compared:
        return "it meets the result of a comparison, no features"
    if features.logarithm and not pair.repeats:
        return "it meets logarithms of shares, no features: an entropy or a loss"
    if origin is not None and features.gate is not None and features.gate.uid == origin.uid:
        return "both factors come from one activation"
    if pair.backwards and origin is not None and origin.sums_to_one and features.sampled:
        return ""  # finer places are means of coarse ones (convex upsampling)
    if pair.backwards:
        return f"{_sized(pair.shape)} varies where {_sized(pair.full)} does not"
    if pair.repeats or (origin is not None and origin.name == "product"):
        return ""
    if origin is not None and origin.name in (COMPARED, "scatter"):
        return "which values are chosen, as large as what it meets: an activation"
    if set(pair.full[2:]) == {1} and max((1, *pair.gate.shape[2:], *pair.meeting.args[pair.other].shape[2:])) > 1:
        return "both factors are the same at every place: a product of two vectors"
    if pair.mark.root == features.root:
        return "both factors are functions of the same value: an activation"
    if not _weighs_all(pair):
        low, high = mark.limits
        return f"as large as what it meets and between {low:.3g} and {high:.3g}, no share of it"
    return ""


def _why_no_branch(pair: Pair) -> str:
    """``einsum`` multiplies by weights over a single key, which are no branches of anything."""
    origin = pair.mark.gate
    if origin is None or origin.count != 1:
        return ""
    alone = math.prod(pair.shape[1:]) == 1 or _finding(pair).kind == "branch"
    return "a softmax over one value is always 1" if alone else ""


def _unbounded(pair: Pair) -> str:
    name = pair.mark.origin.name if pair.mark.origin else ""
    if name == "tap":
        return "a Gate has reported it already"
    if pair.mark.compared:
        return f"{_sized(pair.shape)} is a comparison of values that are neither bounded nor learned"
    low, high = pair.mark.limits
    limits = (
        "no limits" if math.isinf(low) and math.isinf(high) else f"no {'lower' if math.isinf(low) else 'upper'} limit"
    )
    return f"{_sized(pair.shape)} has {limits}"


def _sized(shape: Sizes) -> str:
    return "×".join(map(str, shape))


def _weighs_all(pair: Pair) -> bool:
    """Whether a bounded tensor as large as the features is a gate and not half of an activation like SiLU."""
    origin = pair.mark.gate
    if pair.shape != pair.full or origin is None:
        return False
    return (
        ranges.is_weight(pair.mark.limits)
        or _is_centred(pair.mark)
        or (origin.name == "bounded" and pair.mark.limits[0] >= 0)
    )


def _is_centred(mark: Mark) -> bool:
    """Whether it is a sigmoid less one half, as in SPAN."""
    named = mark.origin is not None and mark.origin.name in ("sigmoid", "hardsigmoid")
    return named and ranges.is_shifted_share(mark.limits)


def _finding(pair: Pair) -> Finding:
    origin, meeting, mark = pair.mark.origin, pair.meeting, pair.mark
    meets = meeting.operand(pair.other)
    if origin is None:
        raise ValueError("a gate without an origin")
    axis = _softmax_axis(pair, origin)
    if axis == -1 and origin.place is not None:
        # One softmax was cut into its branches: it is one gate, read where it was made.
        batch = 1 if origin.axis == 0 else 0
        return Finding(
            "branch", origin.shape, pair.full, origin.place, meets, uid=origin.uid, axis=origin.axis, batch=batch
        )
    cut = math.prod(origin.shape) != math.prod(pair.shape)
    changed = mark.moves is None and cut  # a part of weights that are others now: nothing sums to 1 any more
    count, over = 0 if changed else origin.count, pair.in_front(pair.over)
    kind = kind_of(pair.shape, pair.full, count, pair.behind(axis), pair.behind(pair.channels), over)
    if kind == "branch" and axis is None and origin.place is not None and cut:
        return Finding(kind, origin.shape, pair.full, origin.place, meets, uid=origin.uid, axis=origin.axis)
    return Finding(
        kind,
        pair.raw,
        pair.raw_full,
        meeting.operand(pair.index),
        meets,
        None if pair.gate.is_quantized else mark.output,
        axis=axis,
        along=axis,
        value=(mark.complement or mark).value,
        source=_source(pair, origin),
        sampled=pair.features.sampled,
        doubtful=_doubt(pair),
        channels=pair.channels,
        batch=pair.batch,
        features_batch=pair.batch,
    )


def _softmax_axis(pair: Pair, origin: Origin) -> int | None:
    """Axis of the product along which weights sum to 1; -1 if only a slice of them is here."""
    if not origin.sums_to_one:
        return None
    if origin.count > 1 and pair.mark.moves is not None:
        labels = labels_of(origin, pair.mark.moves)
        if labels is not None and labels.shape == pair.gate.shape:
            axis = axis_of_labels(labels)
            return axis if axis == -1 else pair.lifted(axis, pair.gate)
    if origin.shape == pair.raw:
        return origin.axis
    axes = [i for i, size in enumerate(pair.raw) if i != pair.batch and size == origin.count]
    return axes[0] if len(axes) == 1 else None


def _source(pair: Pair, origin: Origin) -> Source | None:
    """See ``Finding.source``: of a whole gate, or of a slice that meets a slice."""
    if pair.gate.is_quantized:
        return None
    if origin.sums_to_one:
        return whole_source(pair.mark, pair.raw)
    if _is_sliced(pair.mark):
        cut = pair.features.cut_of
        if origin.place is None or cut is None or cut[1] < len(origin.shape):
            return None
        return Source((origin.uid, cut[0]), origin.place, origin.shape + (1,) * (cut[1] - len(origin.shape)))
    return whole_source(pair.mark.complement or pair.mark, pair.raw)  # g and 1 - g are one gate


def _is_sliced(mark: Mark) -> bool:
    names = {ops.name_of(move.func) for move in mark.moves or ()}
    return bool(names & ops.CUTS) and not names - ops.VIEWS - ops.CUTS


def whole_source(mark: Mark, shape: Sizes) -> Source | None:
    """Where a gate was made, if it still holds the same values in the same order."""
    origin, names = mark.gate, {ops.name_of(move.func) for move in mark.moves or ()}
    if origin is None:
        return None
    if mark.moves is None or origin.place is None or names - ops.VIEWS:
        place, made = mark.made or (None, ())  # the values have changed since
    else:
        place, made = origin.place, origin.shape
    return Source((-mark.value, 0), place, shape) if place is not None and math.prod(made) == math.prod(shape) else None


def _doubt(pair: Pair) -> str:
    """Two shares of nothing are a score, unless something goes on with it."""
    features = pair.features
    if features.gate is not None and ranges.is_share(features.limits):
        return "two numbers between 0 and 1 are multiplied and no learned weights follow: a score"
    if not pair.repeats and _is_centred(pair.mark):
        return "a sigmoid less one half is multiplied and no learned weights follow: a coordinate"
    return ""


def _parts(pair: Pair) -> Verdict:
    """The gates of ``x*(c*s)``, each by its own shape."""
    meets, findings = pair.meeting.operand(pair.other), []
    for part in pair.mark.origin.parts if pair.mark.origin else ():
        shape = (1,) * (len(pair.raw_full) - len(part.tensor)) + part.tensor
        if len(shape) == len(pair.raw_full):
            kind = kind_of(shape, pair.raw_full, part.origin.count, channels=pair.channels, over=pair.over)
            findings.append(Finding(kind, shape, pair.raw_full, part.exact, meets, part.output, channels=pair.channels))
    return findings
