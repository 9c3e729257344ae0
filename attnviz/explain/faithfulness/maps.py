"""The maps that every other map is compared with, and what brings a mask to the size of the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from attnviz.core.errors import UserError
from attnviz.core.types import Floats


def check_map(values: npt.ArrayLike, name: str = "map") -> Floats:
    """A map as (H, W) float32; ``UserError`` unless it is 2-D, not empty and finite."""
    checked = np.asarray(values, dtype=np.float32)
    if checked.ndim != 2 or not checked.size:
        raise UserError(f"{name} must be (H, W) with at least one position, got {checked.shape}")
    if not np.isfinite(checked).all():
        raise UserError(f"{name} must be finite, got {int((~np.isfinite(checked)).sum())} values that are not")
    return checked


def upsample(values: npt.ArrayLike, size: tuple[int, int]) -> Floats:
    """(h, w) -> (H, W), bilinear, cell centres kept where they are (``align_corners=False``)."""
    small = torch.from_numpy(np.array(check_map(values)))[None, None]
    large: Floats = functional.interpolate(small, size, mode="bilinear", align_corners=False)[0, 0].numpy()
    return large


def random_map(size: tuple[int, int], cells: Sequence[tuple[int, int]], seed: Sequence[int]) -> Floats:
    """Uniform noise in [0, 1] of as many cells as the map it stands against, bilinear to (H, W).

    The grain matters: single pixels taken away all over a picture harm a network more than a region of the same
    area, so that a mask of 8×8 cells must be compared with noise of 8×8 cells. Several grids give the mean of
    independent maps, for a mean of several masks.

    Args:
        size: (H, W).
        cells: Grids (h, w), at least one.
        seed: Of the noise.
    """
    if not cells:
        raise UserError("a random map needs at least one grid of cells, got none")
    rng = np.random.default_rng(list(seed))
    parts = [upsample(rng.random(grid, dtype=np.float32), size) for grid in cells]
    return np.mean(parts, axis=0, dtype=np.float32)


def centre_map(size: tuple[int, int]) -> Floats:
    """A Gaussian at the centre of (H, W), 1 at its top, σ a quarter of each side: photographs show things there."""
    y, x = (np.linspace(-2, 2, n, dtype=np.float32) if n > 1 else np.zeros(1, np.float32) for n in size)
    return np.exp(-0.5 * (y[:, None] ** 2 + x[None] ** 2)).astype(np.float32)
