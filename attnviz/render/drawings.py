"""How each kind of gate is drawn small, in a tile; one line a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from attnviz.core.registry import Registry
from attnviz.core.types import Floats, GateRecord
from attnviz.render.colour import number


@dataclass(frozen=True)
class Drawn:
    """One gate, ready to be drawn in a tile.

    Attributes:
        style: ``"profile"`` (scores from highest to lowest), ``"mask"`` (over the photograph), ``"matrix"`` (on its
            own) or ``"words"``.
        values: (C,) for a profile, (h, w) for a mask or matrix; float32.
        shape: The gate's size in a few characters: ``"128"``, ``"8×8"``.
        mode: Name of the scale to draw it on, a key of ``colour.MODES``.
        text: What to print instead, for words.
    """

    style: str
    values: Floats
    shape: str
    mode: str = "fixed"
    text: str = ""


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(str(n) for n in shape)


def channel(values: Floats) -> Drawn:
    """Scores of channels, highest first."""
    return Drawn("profile", values.ravel(), str(values.size))


def spatial(values: Floats) -> Drawn:
    """A mask; of a volume its mean over depth."""
    # 3-D maps carry depth in front of height: their tile is the mean over depth
    plane = values.reshape(-1, *values.shape[-2:]).mean(0)
    return Drawn("mask", plane, _times(values.shape[2:]))


def strip(values: Floats) -> Drawn:
    """Rows of channels."""
    inner = values[0]
    return Drawn("matrix", inner.reshape(inner.shape[0], -1), _times(inner.shape))


def branch(values: Floats) -> Drawn:
    """Weights of branches by channel."""
    inner = values[0]
    return Drawn("matrix", inner.reshape(inner.shape[0], -1), _times(inner.shape[:2]))


def full(values: Floats) -> Drawn:
    """The mean over channels, as a mask."""
    plane = values.reshape(-1, *values.shape[-2:]).mean(0)
    return Drawn("mask", plane, _times(values.shape[1:]))


def pairwise(values: Floats) -> Drawn:
    """The mean over heads, as a matrix."""
    # softmax weights of hundreds of positions are far below 1: a fixed scale would be one colour
    plane = values.reshape(-1, *values.shape[-2:]).mean(0)
    return Drawn("matrix", plane, _times(values.shape[-2:]), mode="stretch")


def added(values: Floats) -> Drawn:
    """What is added to each channel, highest first."""
    return Drawn("profile", values.ravel(), str(values.size), mode="features")


def geometric(values: Floats) -> Drawn:
    """The numbers themselves."""
    rows = values.reshape(-1, values.shape[-1])
    text = "\n".join("  ".join(number(float(v)) for v in row) for row in rows)
    return Drawn("words", rows, _times(rows.shape), text=text)


DRAWINGS: Registry[Callable[[Floats], Drawn]] = Registry(
    "drawing of a kind of gate",
    (
        ("channel", "attnviz.render.drawings:channel"),
        ("spatial", "attnviz.render.drawings:spatial"),
        ("full", "attnviz.render.drawings:full"),
        ("strip", "attnviz.render.drawings:strip"),
        ("pairwise", "attnviz.render.drawings:pairwise"),
        ("branch", "attnviz.render.drawings:branch"),
        ("added", "attnviz.render.drawings:added"),
        ("geometric", "attnviz.render.drawings:geometric"),
    ),
)
"""What stands in a tile, for each of ``attnviz.core.kinds.KINDS``; maps are in ``attnviz.core.gate_map``."""


def view(record: GateRecord) -> Drawn:
    """What to draw for a gate; one that was not captured or holds no finite value says so in words.

    Raises:
        UserError: The kind of the gate is unknown.
    """
    kind = record.site.traits.name
    values = np.asarray(record.values, dtype=np.float32)
    if values.size == 0:
        return Drawn("words", values, _times(record.site.shape[1:]), text="not captured")
    if not np.isfinite(values).any():
        return Drawn("words", values, _times(values.shape[1:]), text="no finite value")
    return DRAWINGS[kind](values)
