"""What a measurement of faithfulness gives: frozen values without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attnviz.types import Floats


@dataclass(frozen=True)
class Curves:
    """What the probability of a class does while the pixels that a map highlights most go, and come, first.

    Attributes:
        shares: (S + 1,) float32, share of the pixels that has been changed, 0..1.
        deletion: (S + 1,) float32, probability while pixels are taken away from the picture.
        insertion: (S + 1,) float32, probability while pixels are put into the empty picture.
    """

    shares: Floats
    deletion: Floats
    insertion: Floats

    @property
    def deletion_auc(self) -> float:
        """Area under ``deletion``, 0..1: lower is more faithful."""
        return _area(self.shares, self.deletion)

    @property
    def insertion_auc(self) -> float:
        """Area under ``insertion``, 0..1: higher is more faithful."""
        return _area(self.shares, self.insertion)


def _area(x: Floats, y: Floats) -> float:
    """By the trapezoidal rule."""
    return float(np.sum(np.diff(x.astype(np.float64)) * (y[1:].astype(np.float64) + y[:-1]) / 2))
