"""What of a gate stands in a document: scores, a map, rows or a few numbers, by what its weight varies over."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

from attnviz.core.gate_map import mask_for
from attnviz.core.types import Analysis, Floats, GateRecord

MOST = 24 * 1024
"""Numbers of one gate up to which they are in the document as they are."""
ROWS = 128
"""Rows and columns of a matrix that is drawn as means of blocks where it has more."""

Parts = tuple[dict[str, Any], dict[str, tuple[Floats, str]]]
"""What is told in words and numbers, and arrays by name with their type."""


class Left(enum.Enum):
    """Why nothing of a gate is in a document."""

    EMPTY = "empty"
    """It was not captured, or holds no finite number."""
    LARGE = "large"
    """It is too large, and has no smaller picture."""
    CROWDED = "crowded"
    """The gates before it filled the document."""


def parts_of(record: GateRecord, analysis: Analysis) -> Parts | Left:
    """What draws one gate: ``scores`` (C,), ``map`` (h, w), ``asks`` (places, places), ``rows`` (B, C), ``theta``.

    A map is the gate itself (``how = "spatial"``) or made of it (``core.gate_map.HOW``); ``asks`` are the maps of all
    places that can ask, where they are few.
    """
    traits, values = record.site.traits, np.asarray(record.values, np.float32)
    if not values.size or not np.isfinite(values).any():
        return Left.EMPTY
    if traits.per_channel and values.size == values.shape[1]:
        return {}, {"scores": (values.reshape(-1), "f4")} if values.size <= MOST else Left.LARGE  # type: ignore[return-value]
    if traits.moves:
        return {}, {"theta": (values.reshape(-1, values.shape[-1]), "f4")}
    height, width = analysis.image.network.shape[:2]
    mask = mask_for(record, analysis.gates, aspect=height / width)
    if mask is None:
        return _matrix(record, values)
    if mask.values.size > MOST:
        return Left.LARGE
    about = {"how": mask.how, "grid": mask.grid, "query": mask.query}
    arrays = {"map": (mask.values, "f2")}
    if mask.grid is not None and traits.has_pairs:
        weights = values.reshape(-1, *values.shape[-2:]).mean(0)
        if weights.size <= MOST:
            arrays["asks"] = (weights, "f2")
    return about, arrays


def _matrix(record: GateRecord, values: Floats) -> Parts | Left:
    """Numbers as they are, a row for each branch or for each that asks; as means of blocks where there are many."""
    pairs = record.site.traits.has_pairs and values.ndim >= 3
    whole = values.reshape(-1, *values.shape[-2:]).mean(0) if pairs else values[0].reshape(values.shape[1], -1)
    rows = whole if whole.size <= MOST and max(whole.shape) <= 4096 else _blocks(whole)
    return {"size": list(whole.shape)}, {"rows": (rows, "f4")}


def _blocks(whole: Floats) -> Floats:
    """Means of blocks, at most ``ROWS`` a side; a NaN stays in its block."""
    for axis in (0, 1):
        if whole.shape[axis] > ROWS:
            edges = np.linspace(0, whole.shape[axis], ROWS + 1).astype(int)[:-1]
            counts = np.diff([*edges, whole.shape[axis]])
            sums = np.add.reduceat(whole, edges, axis=axis)
            whole = (sums / (counts[:, None] if axis == 0 else counts)).astype(np.float32)
    return whole
