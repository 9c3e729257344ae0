"""What is inside one attention module, step by step: frozen values, only numpy and plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from attnviz.core.checks import choice, number, whole
from attnviz.core.types import Floats

AXES: Mapping[str, str] = {"C": "channel", "D": "slice", "H": "row", "W": "column"}
"""Axes along which one number is followed through all steps, and the attribute of ``Follow`` that says where."""

KINDS: tuple[str, ...] = ("features", "maps", "planes", "mask", "bars", "gate", "theta", "grid")
"""How the values of a step are looked at: features beside what they were, many maps, a few large ones, a mask in 0..1,
numbers of any range, weights in 0..1, the six numbers of an affine map, and the places where it reads."""

Rectangle = tuple[float, float, float, float]
"""top, left, bottom, right as fractions of height and width."""

REGIONS: Mapping[str, Rectangle | None] = {
    "none": None,
    "left": (0.0, 0.0, 1.0, 0.5),
    "right": (0.0, 0.5, 1.0, 1.0),
    "top": (0.0, 0.0, 0.5, 1.0),
    "bottom": (0.5, 0.0, 1.0, 1.0),
    "middle": (0.25, 0.25, 0.75, 0.75),
}
"""Parts of a map that can be set to zero."""

MOST_FACTOR = 10.0


@dataclass(frozen=True)
class Weight:
    """Learned numbers that a step uses.

    Attributes:
        name: As the formula writes it, e.g. ``"W₁"``.
        values: The numbers, any shape.
        axes: Name of each axis, e.g. ``("h", "C")``.
    """

    name: str
    values: Floats
    axes: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One step of an attention module on one input.

    Attributes:
        key: What it is, the same for the same operation in every module; texts are found by it.
        formula: How its values come from those of earlier steps, in symbols; ``_{…}`` is written below the line.
        values: The numbers, float32, for a batch of one without its axis.
        axes: Name of each axis of ``values``: C, D, H, W and what the module adds, e.g. ``("C", "H", "W")``.
        kind: One of ``KINDS``.
        rows: What the entries of a first axis named ``"·"`` are, e.g. ``("mean", "max")``.
        weights: Learned numbers used in this step.
        worked: The formula for the followed number, e.g. ``"σ({scores}) = {here}"``: names are keys of steps.
        part: Which of several branches it belongs to: ``""``, ``"channel"`` or ``"spatial"`` …
        does: What is done, in a few words.
    """

    key: str
    formula: str
    values: Floats
    axes: tuple[str, ...]
    kind: str
    rows: tuple[str, ...] = ()
    weights: tuple[Weight, ...] = ()
    worked: str = ""
    part: str = ""
    does: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of ``values``."""
        return tuple(self.values.shape)


@dataclass(frozen=True)
class Change:
    """A simple change of the features that a module is given.

    Attributes:
        channel: The channel that is scaled; ``None`` for no channel.
        factor: What it is multiplied by, 0..``MOST_FACTOR``.
        region: A key of ``REGIONS``: where all channels are set to zero.
    """

    channel: int | None = None
    factor: float = 1.0
    region: str = "none"

    def __post_init__(self) -> None:
        choice("region", self.region, REGIONS)
        number("factor", self.factor, MOST_FACTOR)
        if self.channel is not None:
            whole("channel", self.channel, 0)

    @property
    def nothing(self) -> bool:
        """Whether the features stay as they are."""
        return self.region == "none" and (self.channel is None or self.factor == 1)


@dataclass(frozen=True)
class Walk:
    """A module step by step, from its real input to its real output.

    Attributes:
        attention: Key of ``attnviz.attention.ATTENTION``.
        steps: First the features that come in, last those that go out.
        difference: Largest distance between the last step and what the module itself gave, 0 if they are the same.
        place: Path of the module in its network, or of the module whose features were used; ``""`` for the pixels.
        trained: Whether the module is part of the network; else it was made for the occasion.
        change: What was done to the features before.
    """

    attention: str
    steps: tuple[Step, ...]
    difference: float
    place: str = ""
    trained: bool = True
    change: Change = Change()

    @property
    def sizes(self) -> dict[str, int]:
        """Sizes of the axes of the features: C, H and W, and D in volumes."""
        first = self.steps[0]
        return dict(zip(first.axes, first.shape, strict=True))


@dataclass(frozen=True)
class Follow:
    """Which number is followed through the steps.

    Attributes:
        channel: Index along C.
        row: Index along H.
        column: Index along W.
        slice: Index along D.
    """

    channel: int = 0
    row: int = 0
    column: int = 0
    slice: int = 0

    def at(self, step: Step, axes: str = "CDHW") -> Floats:
        """The values of a step at this place: followed axes named in ``axes`` are gone, others stay."""
        place = tuple(
            min(getattr(self, AXES[name]), size - 1) if name in axes and name in AXES else slice(None)
            for name, size in zip(step.axes, step.shape, strict=True)
        )
        return step.values[place]
