"""How alike two maps are: Spearman's rank correlation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from attnviz.core.errors import UserError
from attnviz.explain.faithfulness.maps import check_map


def _ranks(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Ranks from 0; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts + 1) / 2)[inverse.reshape(-1)]


def rank_correlation(a: npt.ArrayLike, b: npt.ArrayLike) -> float | None:
    """Spearman's ρ of two maps of one shape, in [-1, 1]; ``None`` where a map is flat and has no order.

    Raises:
        UserError: A map is not (H, W) and finite, or the shapes differ.
    """
    one, two = check_map(a, "the first map"), check_map(b, "the second map")
    if one.shape != two.shape:
        raise UserError(f"two maps must have one shape, got {one.shape} and {two.shape}; upsample one of them")
    x, y = _ranks(one.ravel()), _ranks(two.ravel())
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(np.clip((x @ y) / scale, -1, 1)) if scale > 0 else None
