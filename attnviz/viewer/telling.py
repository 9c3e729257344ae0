"""Which gate is shown first: the one that tells most about this network and this photograph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from attnviz.core.gate_map import mask_for
from attnviz.core.types import Analysis, GateRecord

FINE = 4
"""Rows and columns that a map must have to stand for where a network looks."""


@dataclass(frozen=True)
class First:
    """The gate shown first, and why.

    Attributes:
        gate: Its index in the analysis.
        rule: ``"effect"``: replacing it by its mean changes most answers; ``"places"``: it varies most over the
            picture; ``"channels"``: no gate varies over the picture, and its scores vary most; ``"only"``: neither.
        value: What was compared: a share of answers in [0, 1], or a standard deviation.
    """

    gate: int
    rule: str
    value: float


def first_gate(analysis: Analysis, effects: Mapping[str, float] | None = None) -> First | None:
    """The most telling gate; ``None`` where the network has none.

    Args:
        analysis: What one pass said.
        effects: By name of a gate: the share of answers in [0, 1] that change where the gate is replaced by its mean,
            as an audit measures it. Names that the network does not have are left out.
    """
    gates = analysis.gates
    if not gates:
        return None
    measured = {i: float((effects or {})[g.site.name]) for i, g in enumerate(gates) if g.site.name in (effects or {})}
    if measured:
        return _most(measured, "effect")
    places = {i: v for i, record in enumerate(gates) if (v := _over_places(record, analysis)) is not None}
    if places and max(places.values()) > 0:
        return _most(places, "places")
    channels = {i: v for i, record in enumerate(gates) if (v := _over_channels(record)) is not None}
    return _most(channels, "channels") if channels else First(len(gates) - 1, "only", 0.0)


def _most(values: Mapping[int, float], rule: str) -> First:
    best = max(values, key=lambda i: values[i])
    return First(best, rule, values[best])


def _over_places(record: GateRecord, analysis: Analysis) -> float | None:
    """Standard deviation over the places of a gate that is a map itself; of weights that sum to 1, in even shares."""
    height, width = analysis.image.network.shape[:2]
    mask = mask_for(record, analysis.gates, aspect=height / width) if record.values.size else None
    if mask is None or min(mask.values.shape) < FINE or not np.isfinite(mask.values).any():
        return None
    values = mask.values.astype(np.float64) * (mask.values.size if record.site.traits.even else 1)
    return float(np.std(values[np.isfinite(values)]))


def _over_channels(record: GateRecord) -> float | None:
    finite = record.values[np.isfinite(record.values)]
    traits = record.site.traits
    return float(np.std(finite)) if traits.has_channels and not traits.has_places and finite.size else None
