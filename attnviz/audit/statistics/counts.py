"""Statistics that are counted: histograms of fixed bins, answers, and paired comparisons with a bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attnviz.audit.statistics.base import Additive, Array, Doubles, Whole
from attnviz.core.intervals import with_unseen

BINS = 100
CALIBRATION_BINS = 15
DECADES = 4
"""An unbounded value is counted by its sign and its size between 10**-4 and 10**4."""


def edges(bounds: tuple[float, float] | None) -> Doubles:
    """(BINS + 1,), ends of the bins between two bounds, or of sign and size where there are none; fixed beforehand."""
    if bounds is not None:
        return np.linspace(*bounds, BINS + 1)
    side = np.logspace(-DECADES, DECADES, BINS // 2)
    return np.concatenate([-side[::-1], [0.0], side])


@dataclass(frozen=True, eq=False)
class Histogram(Additive):
    """How many values fell into each bin; what lies outside is counted in the first and the last.

    Attributes:
        counts: (BINS,) int64.
    """

    counts: Whole

    @classmethod
    def of(cls, values: Array, bounds: tuple[float, float] | None) -> Histogram:
        """Of values of any shape."""
        flat = np.asarray(values).ravel()
        if bounds is not None:
            low, high = bounds
            places = np.clip(((flat - low) * (BINS / (high - low))).astype(np.int64), 0, BINS - 1)
        else:
            places = np.clip(np.searchsorted(edges(None), flat, side="right") - 1, 0, BINS - 1)
        return cls(np.bincount(places, minlength=BINS).astype(np.int64))


@dataclass(frozen=True, eq=False)
class Answers(Additive):
    """How right and how sure the network is.

    Attributes:
        images: (K,) int64, photographs of each class.
        right: (K,) int64, those that were named rightly.
        predicted: (K,) int64, how often the network said each class.
        bin_images: (CALIBRATION_BINS,) int64, photographs by the probability of the answer.
        bin_right: (CALIBRATION_BINS,) int64.
        bin_confidence: (CALIBRATION_BINS,) float64, sum of those probabilities.
    """

    images: Whole
    right: Whole
    predicted: Whole
    bin_images: Whole
    bin_right: Whole
    bin_confidence: Doubles

    @classmethod
    def of(cls, classes: int, targets: Array, predictions: Array, confidence: Array) -> Answers:
        """Of a batch: true classes, answers and their probabilities, (N,) each."""
        right = predictions == targets
        at = np.minimum((np.asarray(confidence) * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)

        def per_class(numbers: Array) -> Whole:
            return np.bincount(numbers, minlength=classes).astype(np.int64)

        return cls(
            per_class(targets),
            per_class(targets[right]),
            per_class(predictions),
            np.bincount(at, minlength=CALIBRATION_BINS).astype(np.int64),
            np.bincount(at[right], minlength=CALIBRATION_BINS).astype(np.int64),
            np.bincount(at, confidence, CALIBRATION_BINS).astype(np.float64),
        )

    @property
    def calibration_error(self) -> float:
        """Expected calibration error in 0..1 (Guo et al. 2017): |accuracy − confidence| over bins, by their share."""
        gaps = np.abs(self.bin_right - self.bin_confidence)
        return float(gaps.sum() / max(self.bin_images.sum(), 1))


@dataclass(frozen=True, eq=False)
class Paired(Additive):
    """The same photographs as the network is and under each of M changes.

    The bootstrap draws how often each photograph counts from a Poisson distribution of mean 1, decided by the
    photograph alone (Hanley and MacGibbon 2006), so that parts can be drawn apart and added.

    Attributes:
        count: () int64, photographs.
        right: () int64, named rightly as the network is.
        lost: (M,) int64, named rightly without the change only.
        won: (M,) int64, named rightly with the change only.
        changed: (M,) int64, answers that are others.
        logit: (M,) float64, sum of the change of the true class's logit.
        weights: (B,) float64, sum of the photographs' weights in each of B resamples.
        points: (M, B) float64, weighted sum of the change of being right, −1, 0 or 1.
        logits: (M, B) float64, weighted sum of the change of the logit.
    """

    count: Whole
    right: Whole
    lost: Whole
    won: Whole
    changed: Whole
    logit: Doubles
    weights: Doubles
    points: Doubles
    logits: Doubles

    @classmethod
    def of(
        cls, targets: Array, before: tuple[Array, Array], after: Sequence[tuple[Array, Array]], weights: Array
    ) -> Paired:
        """Of a batch.

        Args:
            targets: (N,) true classes.
            before: (N,) answers and (N,) logits of the true class, as the network is.
            after: The same for each of M changes.
            weights: (N, B), see ``bootstrap_weights``.
        """
        right = before[0] == targets
        answers = np.stack([answer for answer, _ in after]) if after else np.zeros((0, len(targets)), np.int64)
        logits = np.stack([logit for _, logit in after]) if after else np.zeros((0, len(targets)))
        now = answers == targets
        change = now.astype(np.float64) - right
        apart = logits.astype(np.float64) - before[1]
        return cls(
            np.array(len(targets)),
            np.array(int(right.sum())),
            (right & ~now).sum(1),
            (now & ~right).sum(1),
            (answers != before[0]).sum(1),
            apart.sum(1),
            weights.sum(0, dtype=np.float64),
            change @ weights,
            apart @ weights,
        )

    def difference(self, number: int) -> tuple[float, float, float]:
        """Change of accuracy in points of per cent under one of the changes, with the ends of its 95 % interval."""
        count, lost, won = max(int(self.count), 1), int(self.lost[number]), int(self.won[number])
        low, high = _ends(100 * self.points[number], self.weights)
        return 100 * (won - lost) / count, *with_unseen(low, high, lost, won, count)

    def logit_difference(self, number: int) -> tuple[float, float, float]:
        """Mean change of the true class's logit, with the ends of its 95 % interval."""
        value = float(self.logit[number]) / max(int(self.count), 1)
        return (value, *_ends(self.logits[number], self.weights))


def _ends(sums: Doubles, weights: Doubles) -> tuple[float, float]:
    low, high = np.quantile(sums / np.maximum(weights, 1), (0.025, 0.975))
    return float(low), float(high)
