"""Maps at other sizes: every cell keeps exactly its share of the picture, with no half-pixel shift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from attnviz.core.checks import choice
from attnviz.core.types import Floats

Taps = npt.NDArray[Any]
"""Indices (pixels,) of cells, or weights (pixels, cells)."""


def _nearest(cells: int, pixels: int) -> Taps:
    """Each pixel takes the cell its centre lies in; when cells are smaller than pixels, the mean by covered area."""
    if cells <= pixels:
        return ((2 * np.arange(pixels) + 1) * cells) // (2 * pixels)
    edges = np.arange(cells + 1) / cells * pixels
    start = np.arange(pixels)[:, None]
    covered = np.minimum(edges[1:], start + 1) - np.maximum(edges[:-1], start)
    return np.maximum(covered, 0).astype(np.float32)


def _bilinear(cells: int, pixels: int) -> Taps:
    """Linear between the centres of cells, constant beyond the outermost ones (``align_corners=False``)."""
    if cells >= pixels:
        return _nearest(cells, pixels)
    centres = np.clip((np.arange(pixels) + 0.5) * (cells / pixels) - 0.5, 0, cells - 1)
    distance = np.abs(centres[:, None] - np.arange(cells))
    return np.maximum(1 - distance, 0).astype(np.float32)


INTERPOLATIONS: Mapping[str, Callable[[int, int], Taps]] = {"nearest": _nearest, "bilinear": _bilinear}


def taps(cells: int, pixels: int, interpolation: str = "nearest") -> Taps:
    """Which cells count for each pixel along one axis: indices (pixels,), or weights (pixels, cells) that sum to 1.

    Cell i covers pixels i·pixels/cells .. (i+1)·pixels/cells exactly, so there is no half-pixel shift.
    """
    choice("interpolation", interpolation, INTERPOLATIONS)
    return INTERPOLATIONS[interpolation](cells, pixels)


def _apply(values: Floats, rows: Taps, columns: Taps) -> Floats:
    picked = values[rows] if rows.ndim == 1 else rows @ values
    return np.take(picked, columns, axis=1) if columns.ndim == 1 else picked @ columns.T


def resample(values: Floats, rows: Taps, columns: Taps) -> Floats:
    """A map at other sizes, (h, w) -> (H, W) float32, with ``taps`` for each axis; a NaN stays in its own cell."""
    missing = np.isnan(values)
    if not missing.any() or rows.ndim == columns.ndim == 1:
        return _apply(values, rows, columns)
    weight = _apply((~missing).astype(np.float32), rows, columns)
    total = _apply(np.where(missing, np.float32(0), values), rows, columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weight >= 0.5, total / weight, np.float32(np.nan))
