"""What a gate is replaced by, for each photograph of a batch; one entry a replacement in the table at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from attnviz.audit.network import elements
from attnviz.audit.reading import GateReading
from attnviz.audit.statistics.base import Array, Whole
from attnviz.audit.statistics.hashing import key_of
from attnviz.core.sites import GateSite
from attnviz.core.types import Edit
from attnviz.gates.capture import Captured
from attnviz.gates.edit import neutral

LARGEST_DONOR = 2**17
"""Most weights of a gate that is replaced by values from elsewhere."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Clean gates of some photographs, each recorded in the photograph's own pass without edits.

    Attributes:
        numbers: (P,) int64, which photographs.
        groups: (P,) int64, their classes.
        gates: Name of the gate -> (P, E) float32.
    """

    numbers: Whole
    groups: Whole
    gates: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Batch:
    """Photographs whose gates are to be replaced.

    Attributes:
        names: N names.
        numbers: (N,) int64.
        groups: (N,) int64, their classes.
        clean: What their own gates are.
    """

    names: tuple[str, ...]
    numbers: Whole
    groups: Whole
    clean: Mapping[str, Captured]


class Sources:
    """Where replacements are taken from.

    Args:
        sites: The gates.
        readings: What was seen of them over the whole data.
        pool: Clean gates of donors.
    """

    def __init__(self, sites: Sequence[GateSite], readings: Sequence[GateReading], pool: Pool) -> None:
        self.readings = {site.name: reading for site, reading in zip(sites, readings, strict=True)}
        self.pool = pool
        self.classes = np.unique(pool.groups)

    def holds(self, site: GateSite) -> bool:
        """Whether a gate can be replaced: its mean was kept, and it is not too large to be kept of each donor."""
        size = int(np.prod(site.shape))
        return size <= LARGEST_DONOR and self.readings[site.name].values.means.shape[1] == size

    def other_classes(self, batch: Batch) -> Whole:
        """(N,) for each photograph a class that it is not of, decided by its name."""
        chosen = []
        for name, group in zip(batch.names, batch.groups, strict=True):
            others = self.classes[self.classes != group]
            chosen.append(others[key_of(name, "class") % len(others)])
        return np.array(chosen, np.int64)

    def donors(self, batch: Batch, groups: Whole) -> Whole:
        """(N,) places in the pool: for each photograph another one of the class asked for, decided by its name."""
        chosen = []
        for name, number, group in zip(batch.names, batch.numbers, groups, strict=True):
            others = np.flatnonzero((self.pool.groups == group) & (self.pool.numbers != number))
            chosen.append(others[key_of(name, "donor") % len(others)])
        return np.array(chosen, np.int64)

    def class_means(self, gate: str, groups: Whole) -> Array:
        """(N, E), the mean of a gate over the photographs of each class asked for."""
        values = self.readings[gate].values
        return values.means[np.searchsorted(values.classes, groups)]


Rows = Callable[[Sources, Batch, str], Array]
"""Values (N, E), or (1, E) for all, of a gate by its name."""


@dataclass(frozen=True)
class Replacement:
    """One thing that gates are replaced by.

    Attributes:
        classes: Whether photographs need classes for it; ``None`` where it makes no difference.
        rows: The values; ``None`` for what does nothing.
        alone: Whether each gate is replaced alone too.
    """

    classes: bool | None
    rows: Rows | None
    alone: bool = True


def _own(sources: Sources, batch: Batch, gate: str) -> Array:
    return elements(batch.clean[gate])


def _mean(sources: Sources, batch: Batch, gate: str) -> Array:
    return sources.readings[gate].values.mean[None]


def _class_mean(sources: Sources, batch: Batch, gate: str) -> Array:
    return sources.class_means(gate, batch.groups)


def _other_class_mean(sources: Sources, batch: Batch, gate: str) -> Array:
    return sources.class_means(gate, sources.other_classes(batch))


def _same_class(sources: Sources, batch: Batch, gate: str) -> Array:
    return sources.pool.gates[gate][sources.donors(batch, batch.groups)]


def _other_class(sources: Sources, batch: Batch, gate: str) -> Array:
    return sources.pool.gates[gate][sources.donors(batch, sources.other_classes(batch))]


REPLACEMENTS: Mapping[str, Replacement] = MappingProxyType(
    {
        "own": Replacement(None, _own, alone=False),
        "mean": Replacement(None, _mean),
        "class_mean": Replacement(True, _class_mean),
        "other_class_mean": Replacement(True, _other_class_mean),
        "same_class": Replacement(True, _same_class),
        "other_class": Replacement(True, _other_class),
        "other": Replacement(False, _same_class),
        "neutral": Replacement(None, None),
    }
)
"""Without classes every photograph is of one group, so that ``other`` is any other photograph."""


def offered(labelled: bool) -> tuple[str, ...]:
    """Names of the replacements that fit photographs with or without classes."""
    return tuple(name for name, one in REPLACEMENTS.items() if one.classes in (None, labelled))


def can(name: str, sources: Sources, site: GateSite) -> bool:
    """Whether a gate can be replaced so: what does nothing takes no values, all else those that were kept."""
    return REPLACEMENTS[name].rows is None or sources.holds(site)


def edit_of(name: str, sources: Sources, batch: Batch, site: GateSite) -> Edit:
    """The edit that replaces one gate for a batch."""
    rows = REPLACEMENTS[name].rows
    if rows is None:
        return neutral()
    values = np.asarray(rows(sources, batch, site.name), np.float32)
    return Edit("set_to", values.reshape(-1, *site.shape[1:]))
