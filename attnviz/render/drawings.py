"""How each kind of gate is drawn: small, in a tile, and as a map over what the network saw; one line a kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from attnviz.core.errors import UserError
from attnviz.core.registry import Registry
from attnviz.core.types import Floats, GateRecord, GateSite
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


@dataclass(frozen=True)
class Mask:
    """A gate as a map over what the network saw.

    Attributes:
        values: (h, w) float32.
        gate: Name of the gate.
        how: How the map came out of the gate, a key of ``HOW``.
        grid: Rows and columns of places that can ask, for ``how = "query"``.
        query: Row and column of the one that asks.
    """

    values: Floats
    gate: str
    how: str = "spatial"
    grid: tuple[int, int] | None = None
    query: tuple[int, int] | None = None

    @property
    def is_gate(self) -> bool:
        """Whether its values are the gate itself, and not made of several weights a place."""
        return self.how == "spatial"

    def scale(self, wanted: str) -> str:
        """The mode of scale to draw it on, alone: softmax weights of many places would be one colour on a fixed one."""
        return "stretch" if self.how in ("query", "pooled") else wanted


HOW: Mapping[str, str] = MappingProxyType(
    {
        "spatial": "spatial gate",
        "full": "full gate, mean over channels",
        "strip": "strip gate, mean over channels",
        "strips": "row gate × column gate, mean over channels",
        "query": "pairwise gate, one place asks",
        "pooled": "pairwise gate, one question for all places",
        "strength": "not a mask: mean |feature × channel gate|",
    }
)
"""How a map came out of a gate, in a few words for figures."""


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


def _grid(count: int, aspect: float) -> tuple[int, int] | None:
    """Rows and columns of so many places in a picture of height / width ``aspect``; ``None`` where they form none."""
    rows = max(round(math.sqrt(count * aspect)), 1)
    return (rows, count // rows) if rows * (count // rows) == count and (rows > 1 or count == 1) else None


def _spatial_map(record: GateRecord, *_: object) -> Mask | None:
    values = record.values
    return Mask(values[0, 0], record.site.name) if values.ndim == 4 else None


def _full_map(record: GateRecord, *_: object) -> Mask | None:
    values = record.values
    return Mask(values[0].mean(0), record.site.name, "full") if values.ndim == 4 else None


def _strip_map(
    record: GateRecord, gates: Sequence[GateRecord], query: tuple[float, float], aspect: float
) -> Mask | None:
    if record.values.ndim != 4:
        return None
    for other in gates if record.site.owner else ():
        turned = other.values.shape[2:] != record.values.shape[2:] and 1 in other.values.shape[2:]
        if other.site.kind == record.site.kind and other.site.owner == record.site.owner and turned:
            return Mask((record.values * other.values)[0].mean(0), record.site.name, "strips")
    return Mask(record.values[0].mean(0), record.site.name, "strip")


def _looks_at_places(site: GateSite) -> bool:
    """Whether pairwise weights are one map per asking place, or one for all: not channels, windows or axes unknown."""
    *front, asking, keys = site.over or ("", "")
    return keys == "place" and (asking == "place" or site.shape[-2] == 1) and not {"place", "mixed"} & {*front}


def _pairwise_map(
    record: GateRecord, gates: Sequence[GateRecord], query: tuple[float, float], aspect: float
) -> Mask | None:
    values = record.values
    if values.ndim < 3 or not _looks_at_places(record.site):
        return None
    weights = values.reshape(-1, *values.shape[-2:]).mean(0)  # over heads
    asking, keys = _grid(weights.shape[0], aspect), _grid(weights.shape[1], aspect)
    if asking is None or keys is None:
        return None
    if weights.shape[0] == 1:
        return Mask(weights[0].reshape(keys), record.site.name, "pooled")
    row, column = (min(int(share * n), n - 1) for share, n in zip(query, asking, strict=True))
    map_ = weights[row * asking[1] + column].reshape(keys)
    return Mask(map_, record.site.name, "query", asking, (row, column))


MapOf = Callable[[GateRecord, Sequence[GateRecord], tuple[float, float], float], Mask | None]


@dataclass(frozen=True)
class Drawing:
    """How one kind of gate is drawn.

    Attributes:
        tile: From the gate's values to what stands in a tile.
        map: From the gate, all gates, the place that asks and height / width of the input to a map over what the
            network saw, ``None`` where there is none; absent for kinds that have no weight per place.
    """

    tile: Callable[[Floats], View]
    map: MapOf | None = None


CHANNEL = Drawing(_channel_tile)
SPATIAL = Drawing(_spatial_tile, _spatial_map)
FULL = Drawing(_full_tile, _full_map)
STRIP = Drawing(_strip_tile, _strip_map)
PAIRWISE = Drawing(_pairwise_tile, _pairwise_map)
BRANCH = Drawing(_branch_tile)
ADDED = Drawing(_added_tile)
GEOMETRIC = Drawing(_geometric_tile)

DRAWINGS: Registry[Drawing] = Registry(
    "drawing of a kind of gate",
    (
        ("channel", "attnviz.render.drawings:CHANNEL"),
        ("spatial", "attnviz.render.drawings:SPATIAL"),
        ("full", "attnviz.render.drawings:FULL"),
        ("strip", "attnviz.render.drawings:STRIP"),
        ("pairwise", "attnviz.render.drawings:PAIRWISE"),
        ("branch", "attnviz.render.drawings:BRANCH"),
        ("added", "attnviz.render.drawings:ADDED"),
        ("geometric", "attnviz.render.drawings:GEOMETRIC"),
    ),
)
"""A drawing for each of ``attnviz.core.kinds.KINDS``; the first map that a network has stands for it."""


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
    return DRAWINGS[kind].tile(values)


def mask_for(
    record: GateRecord,
    gates: Sequence[GateRecord] = (),
    query: tuple[float, float] = (0.5, 0.5),
    aspect: float = 1.0,
) -> Mask | None:
    """One gate as a map, or ``None`` where it has no weight per place.

    Args:
        record: The gate.
        gates: All gates of the network: a row gate is shown with the column gate of its module.
        query: Which place asks, for a pairwise gate: down and across, each in [0, 1].
        aspect: Height / width of the network's input.

    Raises:
        UserError: A query outside its range.
    """
    if not all(0 <= share <= 1 for share in query):
        raise UserError(f"the place that asks must be in 0..1 down and across, got {query}")
    map_of = DRAWINGS[record.site.traits.name].map
    return None if map_of is None else map_of(record, gates, query, aspect)
