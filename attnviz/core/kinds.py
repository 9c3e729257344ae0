"""What kind of gate it is, by shape alone."""

from __future__ import annotations

from collections.abc import Sequence


def kind_of(
    gate: Sequence[int],
    features: Sequence[int],
    softmax: int = 0,
    axis: int | None = None,
    channels: int | None = None,
) -> str:
    """Kind of a gate that multiplies features of the same number of axes, batch in front.

    Args:
        gate: Shape of the gate, size 1 where it is repeated.
        features: Shape of the features.
        softmax: Over how many values the softmax behind the gate sums to 1; 0 where there is none.
        axis: Along which axis of the gate, where that is known.
        channels: Along which axis of the features channels lie, where that is known.

    Returns:
        ``channel``, ``spatial``, ``strip``, ``branch`` or ``full``.
    """
    rank = len(features)
    varies = [axis for axis in range(1, rank) if gate[axis] > 1]
    repeats = [axis for axis in range(1, rank) if gate[axis] == 1 and features[axis] > 1]
    if rank <= 3:
        return _of_sequence(rank, varies, repeats, channels)
    trailing = [axis for axis in (rank - 2, rank - 1) if axis in repeats]
    if len(trailing) == 2:
        return "branch" if softmax and (rank > 4 or (softmax != gate[1] if axis is None else axis != 1)) else "channel"
    if varies == [rank - 1] and rank - 2 in repeats and 1 in repeats:
        return "channel"  # (N, 1, 1, C) against channels-last features (N, H, W, C)
    if trailing == [rank - 1] == [channels] and len(varies) == rank - 2:
        return "spatial"  # (N, H, W, 1) against channels-last features (N, H, W, C)
    if len(trailing) == 1:
        return "strip"
    leading = [axis for axis in repeats if axis < rank - 2]
    positions = (gate[-1], gate[-2], gate[-1] * gate[-2])
    if softmax and (softmax not in positions if axis is None else axis < rank - 2):
        return "branch"  # one mask a branch
    if leading:
        return "spatial"
    return "channel" if features[-1] == features[-2] == 1 else "full"


def _of_sequence(rank: int, varies: list[int], repeats: list[int], channels: int | None) -> str:
    """Kinds for vectors (N, C) and sequences (N, C, L)."""
    if rank < 3 or not varies:
        return "channel"
    if not repeats:
        return "full"
    return "channel" if varies == [1 if channels is None else channels] else "spatial"
