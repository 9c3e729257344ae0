"""What of a network's gates stands in a comparison: one mask and one row of bars, whatever its mechanism."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from attnviz.core.errors import UserError, nearest
from attnviz.core.types import Floats, GateRecord, GateSite

FINE = 7
"""A mask of fewer rows or columns says little about where the network looks."""


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

    def scale(self, wanted: str) -> str:
        """The mode of scale to draw it on, alone: softmax weights of many places would be one colour on a fixed one."""
        return "stretch" if self.how in ("query", "pooled") else wanted


@dataclass(frozen=True)
class Scores:
    """A gate as bars: (C,) float32, its name and its kind, ``channel`` or ``added``."""

    values: Floats
    gate: str
    kind: str


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


def _grid(count: int, aspect: float) -> tuple[int, int] | None:
    """Rows and columns of so many places in a picture of height / width ``aspect``; ``None`` where they form none."""
    rows = max(round(math.sqrt(count * aspect)), 1)
    return (rows, count // rows) if rows * (count // rows) == count and (rows > 1 or count == 1) else None


def _spatial(record: GateRecord, gates: Sequence[GateRecord], query: tuple[float, float], aspect: float) -> Mask | None:
    values = record.values
    return Mask(values[0, 0], record.site.name) if values.ndim == 4 else None


def _full(record: GateRecord, gates: Sequence[GateRecord], query: tuple[float, float], aspect: float) -> Mask | None:
    values = record.values
    return Mask(values[0].mean(0), record.site.name, "full") if values.ndim == 4 else None


def _strip(record: GateRecord, gates: Sequence[GateRecord], query: tuple[float, float], aspect: float) -> Mask | None:
    if record.values.ndim != 4:
        return None
    for other in gates if record.site.owner else ():
        turned = other.values.shape[2:] != record.values.shape[2:] and 1 in other.values.shape[2:]
        if other.site.kind == "strip" and other.site.owner == record.site.owner and turned:
            return Mask((record.values * other.values)[0].mean(0), record.site.name, "strips")
    return Mask(record.values[0].mean(0), record.site.name, "strip")


def _looks_at_places(site: GateSite) -> bool:
    """Whether pairwise weights are one map per asking place, or one for all: not channels, windows or axes unknown."""
    *front, asking, keys = site.over or ("", "")
    return keys == "place" and (asking == "place" or site.shape[-2] == 1) and not {"place", "mixed"} & {*front}


def _pairwise(
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


KINDS: Mapping[str, Callable[[GateRecord, Sequence[GateRecord], tuple[float, float], float], Mask | None]] = (
    MappingProxyType({"spatial": _spatial, "full": _full, "strip": _strip, "pairwise": _pairwise})
)
"""How a gate of each kind becomes a map; the first kind that a network has is the one shown."""

BARS = ("channel", "added")


def _fine(masks: Sequence[Mask]) -> Mask:
    return next((m for m in reversed(masks) if min(m.values.shape) >= FINE), masks[-1])


DEPTHS: Mapping[str, Callable[[Sequence[Mask]], Mask]] = MappingProxyType(
    {"fine": _fine, "first": lambda m: m[0], "middle": lambda m: m[len(m) // 2], "last": lambda m: m[-1]}
)
"""Which of a network's masks is shown; ``fine`` is the last with at least 7×7 cells."""

_BARS_AT = MappingProxyType({"first": lambda n: 0, "middle": lambda n: n // 2})


def _check_depth(depth: str) -> None:
    if depth not in DEPTHS:
        raise UserError(f"unknown depth {depth!r}; {nearest(depth, DEPTHS)}")


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
    make = KINDS.get(record.site.kind)
    return None if make is None else make(record, gates, query, aspect)


def mask_of(
    gates: Sequence[GateRecord],
    depth: str = "fine",
    query: tuple[float, float] = (0.5, 0.5),
    aspect: float = 1.0,
) -> Mask | None:
    """The map that stands for a network's gates, or ``None`` where no gate has one weight per place.

    Args:
        gates: All gates, first layer to last.
        depth: A key of ``DEPTHS``.
        query: Which place asks, for pairwise gates: down and across, each in [0, 1].
        aspect: Height / width of the network's input.

    Raises:
        UserError: An unknown depth, or a query outside its range.
    """
    _check_depth(depth)
    for kind in KINDS:
        own = [g for g in gates if g.site.kind == kind and g.values.size and np.isfinite(g.values).any()]
        masks = [mask for mask in (mask_for(record, gates, query, aspect) for record in own) if mask is not None]
        if masks:
            return DEPTHS[depth](masks)
    return None


def scores_of(gates: Sequence[GateRecord], depth: str = "fine") -> Scores | None:
    """The bars that stand for a network's gates, or ``None`` where no gate has one weight per channel; see above."""
    _check_depth(depth)
    for kind in BARS:
        own = [g for g in gates if g.site.kind == kind and g.values.size and np.isfinite(g.values).any()]
        if own:
            record = own[_BARS_AT.get(depth, lambda n: n - 1)(len(own))]
            return Scores(record.values.ravel(), record.site.name, kind)
    return None
