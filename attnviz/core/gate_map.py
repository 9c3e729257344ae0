"""A gate as a map over what the network saw: whatever has a weight per place, alone or beside other axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from attnviz.core.errors import UserError
from attnviz.core.kinds import Kind
from attnviz.core.sites import GateSite
from attnviz.core.types import Floats, GateRecord


@dataclass(frozen=True)
class Mask:
    """A gate as a map over what the network saw.

    Attributes:
        values: (h, w) float32.
        gate: Name of the gate.
        how: How the map came out of the gate, a key of ``HOW``.
        grid: Rows and columns of places that can ask, for ``how = "query"``.
        query: Row and column of the one that asks.
        residual: Whether features are multiplied by 1 + the value, so that 0 adds nothing.
    """

    values: Floats
    gate: str
    how: str = "spatial"
    grid: tuple[int, int] | None = None
    query: tuple[int, int] | None = None
    residual: bool = False

    @property
    def is_gate(self) -> bool:
        """Whether its values are the gate itself, and not made of several weights a place."""
        return self.how == "spatial"

    @property
    def asks(self) -> bool:
        """Whether it is the map of one place that asks; another one may be chosen."""
        return self.how == "query"

    @property
    def is_mask(self) -> bool:
        """Whether features are multiplied by it; what only shows how strong they are is none."""
        return self.how != "strength"

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
        "pooled": "pooling gate, one question for all places",
        "strength": "not a mask: mean |feature × channel gate|",
    }
)
"""How a map came out of a gate, in a few words for figures."""


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


def words_of(site: GateSite) -> tuple[str, str]:
    """What a gate is called in English and Chinese: by its kind, but pooling where one question is for all places."""
    pools = site.traits.has_pairs and site.shape[-2] == 1 and _looks_at_places(site)
    return ("pooling", "池化") if pools else site.traits.words


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


def place_masks(site: GateSite, values: Floats, aspect: float = 1.0) -> Floats | None:
    """A batch of gates as maps that are the same for whoever asks: of a spatial gate, or of pooling over places.

    Args:
        site: The gate.
        values: (N, ...), as a pass gives them.
        aspect: Height / width of the network's input.

    Returns:
        (N, h, w), of pooling the mean over heads; ``None`` for another gate, or where the places form no grid.
    """
    if site.has_mask:
        return values[:, 0]
    if not (site.traits.has_pairs and site.shape[-2] == 1 and _looks_at_places(site)):
        return None
    weights = values.reshape(len(values), -1, values.shape[-1]).mean(1)
    grid = _grid(weights.shape[1], aspect)
    return None if grid is None else weights.reshape(-1, *grid)


MapOf = Callable[[GateRecord, Sequence[GateRecord], tuple[float, float], float], "Mask | None"]

_MAPS: tuple[tuple[Callable[[Kind], bool], MapOf], ...] = (
    (lambda kind: kind.per_place, _spatial_map),
    (lambda kind: kind.per_element, _full_map),
    (lambda kind: "line" in kind.axes, _strip_map),
    (lambda kind: kind.has_pairs, _pairwise_map),
)
"""What a kind must be, and the map that it then has."""


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
    map_of = next((make for fits, make in _MAPS if fits(record.site.traits)), None)
    mask = None if map_of is None else map_of(record, gates, query, aspect)
    return None if mask is None else replace(mask, residual=record.site.traits.residual)
