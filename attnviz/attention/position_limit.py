"""A limit on how many positions are compared with each other, shared by the pairwise mechanisms."""

from __future__ import annotations

import math
import warnings
from typing import Any

from torch import Tensor
from torch.nn import functional

from attnviz.core.checks import whole


def check_limit(limit: Any) -> int:
    """Return ``max_positions`` if it is a whole number of at least 1, else raise ``ValueError``."""
    return whole("max_positions", limit)


def pooling_factor(height: int, width: int, limit: int) -> int:
    """Smallest factor by which both sides must shrink so that at most ``limit`` positions are left."""
    factor = 1
    while math.ceil(height / factor) * math.ceil(width / factor) > limit:
        factor += 1
    return factor


def kept_positions(height: int, width: int, limit: int) -> int:
    """Number of positions that ``limit_positions`` leaves."""
    factor = pooling_factor(height, width, limit)
    return math.ceil(height / factor) * math.ceil(width / factor)


def limit_positions(x: Tensor, limit: int) -> Tensor:
    """(N, C, H, W) -> (N, C, H', W') with H'·W' ≤ ``limit``, by average pooling, with a warning if it pools.

    Weights between all pairs of positions need memory that grows with (H·W)²; pooling only what is looked at
    (keys and values) keeps one row of weights for every position.
    """
    height, width = x.shape[-2:]
    factor = pooling_factor(height, width, limit)
    if factor == 1:
        return x
    warnings.warn(
        f"{height}×{width} positions are more than max_positions={limit}: keys and values are averaged over "
        f"{factor}×{factor} positions",
        RuntimeWarning,
        stacklevel=3,
    )
    return functional.avg_pool2d(x, factor, ceil_mode=True)
