"""Kinds of gate: what each of them means, and which one a gate is by its shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from attnviz.core.checks import choice
from attnviz.core.errors import UserError


@dataclass(frozen=True)
class Kind:
    """What a kind of gate means; whatever differs from kind to kind is asked here, never by comparing names.

    Attributes:
        name: As ``GateSite.kind`` and files have it.
        meaning: In a few words, with the shape against features (N, C, H, W); 3-D maps carry depth D before H.
        axes: What the weight varies over: ``channel``, ``place``, ``line`` (a row or a column), ``branch``, ``query``
            and ``key`` (who asks and who answers); none for what are no weights.
        words: What it is called in English and in Chinese.
        neutral: The value that does nothing; ``None`` where that is no one number.
        range: Smallest and largest value; ``None`` without bounds.
        multiplies: Whether every weight multiplies features of its own, so that any number may stand in its place.
        residual: Whether features are multiplied by 1 + the weight, so that 0 does nothing; no kind is, gates can be.
        even: Whether weights sum to 1: the neutral gate gives every one the same share. Gates of any kind can be.
    """

    name: str
    meaning: str
    axes: tuple[str, ...]
    words: tuple[str, str]
    neutral: float | None = 1.0
    range: tuple[float, float] | None = (0.0, 1.0)
    multiplies: bool = True
    residual: bool = False
    even: bool = False

    def acting(self, residual: bool, even: bool) -> Kind:
        """What the kind means for a gate that is residual or even; ``UserError`` where it cannot be that."""
        if (residual and (even or not self.multiplies)) or (even and self.range is None):
            raise UserError(f"a {self.name} gate cannot be residual={residual} and even={even}")
        return replace(
            self,
            neutral=0.0 if residual else None if even else self.neutral,
            residual=residual,
            even=even or self.even,
        )

    @property
    def ends(self) -> str:
        """What its lowest and highest weight do, in a few words."""
        return "1 adds as much again, 0 adds nothing" if self.residual else "1 keeps, 0 shuts"

    @property
    def moves(self) -> bool:
        """Whether it says where features are read, and weighs none of them."""
        return not self.axes

    @property
    def has_channels(self) -> bool:
        """Whether channels have numbers of their own."""
        return "channel" in self.axes

    @property
    def has_places(self) -> bool:
        """Whether places, or lines of them, have weights of their own."""
        return "place" in self.axes or "line" in self.axes

    @property
    def has_branches(self) -> bool:
        """Whether parallel branches share each channel."""
        return "branch" in self.axes

    @property
    def has_pairs(self) -> bool:
        """Whether there is one weight for each that asks and each that answers."""
        return "key" in self.axes

    @property
    def per_channel(self) -> bool:
        """Whether it is one number for each channel and nothing else, which bars show."""
        return self.axes == ("channel",)

    @property
    def has_scores(self) -> bool:
        """Whether it is one weight for each channel and nothing else: the channel's score."""
        return self.per_channel and self.multiplies

    @property
    def per_place(self) -> bool:
        """Whether it is one weight for each place and nothing else, which a mask shows."""
        return self.axes == ("place",)

    @property
    def per_element(self) -> bool:
        """Whether there are as many weights as features."""
        return self.axes == ("channel", "place")


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind("channel", "one weight per channel, (N, C, 1, 1)", ("channel",), ("channel", "通道")),
            Kind("spatial", "one weight per position, (N, 1, H, W)", ("place",), ("spatial", "空间")),
            Kind(
                "strip",
                "one weight per channel and row or column, (N, C, H, 1) or (N, C, 1, W)",
                ("channel", "line"),
                ("strip", "条带"),
            ),
            Kind(
                "branch",
                "a softmax over parallel branches, (N, B, C, 1, 1)",
                ("branch", "channel"),
                ("branch", "分支"),
                neutral=None,
                multiplies=False,
                even=True,
            ),
            Kind("full", "one weight per element, (N, C, H, W)", ("channel", "place"), ("full", "逐元素")),
            Kind(
                "pairwise",
                "softmax weights that meet values in a matrix product, (…, HW, HW) or (…, C, C)",
                ("query", "key"),
                ("pairwise", "成对"),
                neutral=None,
                multiplies=False,
                even=True,
            ),
            Kind(
                "added",
                "a broadcast context term that is added, (N, C, 1, 1)",
                ("channel",),
                ("added", "相加"),
                neutral=0.0,
                range=None,
                multiplies=False,
            ),
            Kind(
                "geometric",
                "θ of a spatial transformer, (N, 2, 3)",
                (),
                ("geometric", "几何"),
                neutral=None,
                range=None,
                multiplies=False,
            ),
        )
    }
)
"""Kinds of gate by name."""


def kind_named(name: str) -> Kind:
    """A kind by its name; an unknown one raises ``UserError`` naming the nearest ones."""
    choice("kind of gate", name, KINDS)
    return KINDS[name]


def kind_of(
    gate: Sequence[int],
    features: Sequence[int],
    softmax: int = 0,
    axis: int | None = None,
    channels: int | None = None,
    over: Sequence[str] = (),
) -> str:
    """Kind of a gate that multiplies features of the same number of axes, batch in front.

    Args:
        gate: Shape of the gate, size 1 where it is repeated.
        features: Shape of the features.
        softmax: Over how many values the softmax behind the gate sums to 1; 0 where there is none.
        axis: Along which axis of the gate, where that is known.
        channels: Along which axis of the features channels lie, where that is known.
        over: What each axis of the features runs over, where that is known: ``"channel"``, ``"place"`` or ``""``.

    Returns:
        ``channel``, ``spatial``, ``strip``, ``branch`` or ``full``.
    """
    rank = len(features)
    varies = [axis for axis in range(1, rank) if gate[axis] > 1]
    repeats = [axis for axis in range(1, rank) if gate[axis] == 1 and features[axis] > 1]
    if rank <= 3:
        return _of_sequence(rank, varies, repeats, channels)
    last = len(over) == 4 and channels == 3 and all(over[place] == "place" or features[place] == 1 for place in (1, 2))
    if last and not softmax:
        return _of_channels_last(varies, repeats)
    trailing = [axis for axis in (rank - 2, rank - 1) if axis in repeats]
    if softmax and over and axis is not None and gate[axis] > 1 and channels not in (None, axis) and not over[axis]:
        return "branch"  # of what is neither a channel nor a place: clusters, experts
    if trailing and rank - 2 not in varies and rank - 1 not in varies:
        if any(place in varies and over[place] == "place" for place in range(1, len(over))):
            return "strip"  # (N, 1, T, 1, 1) against frames (N, C, T, H, W)
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


def _of_channels_last(varies: list[int], repeats: list[int]) -> str:
    """Kinds for maps (N, H, W, C)."""
    if 3 in varies and repeats == [1]:
        return "spatial"  # a mask over rows or columns and channels, on a map that was turned (triplet attention)
    if 3 in varies:
        return "channel" if varies == [3] else "strip" if repeats else "full"
    return "spatial" if repeats == [3] else "strip"
