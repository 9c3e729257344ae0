"""How each kind of gate is drawn small, in a tile; one line a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from attnviz.core.types import Floats, GateRecord
from attnviz.render.colour import number


@dataclass(frozen=True)
class View:
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


def _channel_tile(values: Floats) -> View:
    return View("profile", values.ravel(), str(values.size))


def _spatial_tile(values: Floats) -> View:
    # 3-D maps carry depth in front of height: their tile is the mean over depth
    plane = values.reshape(-1, *values.shape[-2:]).mean(0)
    return View("mask", plane, _times(values.shape[2:]))


def _strip_tile(values: Floats) -> View:
    inner = values[0]
    return View("matrix", inner.reshape(inner.shape[0], -1), _times(inner.shape))


def _branch_tile(values: Floats) -> View:
    inner = values[0]
    return View("matrix", inner.reshape(inner.shape[0], -1), _times(inner.shape[:2]))


def _full_tile(values: Floats) -> View:
    plane = values.reshape(-1, *values.shape[-2:]).mean(0)
    return View("mask", plane, _times(values.shape[1:]))


def _pairwise_tile(values: Floats) -> View:
    # softmax weights of hundreds of positions are far below 1: a fixed scale would be one colour
    plane = values.reshape(-1, *values.shape[-2:]).mean(0)
    return View("matrix", plane, _times(values.shape[-2:]), mode="stretch")


def _added_tile(values: Floats) -> View:
    return View("profile", values.ravel(), str(values.size), mode="features")


def _geometric_tile(values: Floats) -> View:
    rows = values.reshape(-1, values.shape[-1])
    text = "\n".join("  ".join(number(float(v)) for v in row) for row in rows)
    return View("words", rows, _times(rows.shape), text=text)


DRAWINGS: Mapping[str, Callable[[Floats], View]] = MappingProxyType(
    {
        "channel": _channel_tile,
        "spatial": _spatial_tile,
        "full": _full_tile,
        "strip": _strip_tile,
        "pairwise": _pairwise_tile,
        "branch": _branch_tile,
        "added": _added_tile,
        "geometric": _geometric_tile,
    }
)
"""What stands in a tile, for each of ``attnviz.core.kinds.KINDS``; maps are in ``attnviz.core.gate_map``."""


def view(record: GateRecord) -> View:
    """What to draw for a gate; one that was not captured or holds no finite value says so in words.

    Raises:
        UserError: The kind of the gate is unknown.
    """
    kind = record.site.traits.name
    values = np.asarray(record.values, dtype=np.float32)
    if values.size == 0:
        return View("words", values, _times(record.site.shape[1:]), text="not captured")
    if not np.isfinite(values).any():
        return View("words", values, _times(values.shape[1:]), text="no finite value")
    return DRAWINGS[kind](values)
