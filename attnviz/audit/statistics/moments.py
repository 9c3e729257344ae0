"""Means, variances and correlations of streams, without subtracting large numbers from each other.

Two parts are merged as in Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
variances", 1979.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attnviz.audit.statistics.base import Array, Doubles, Statistic, Whole


@dataclass(frozen=True, eq=False)
class Moments(Statistic):
    """Mean and spread of every element over examples.

    Attributes:
        count: (), how many examples.
        mean: (E,) float64, or of any other shape.
        squares: The same, sum of squared deviations from the mean.
    """

    count: Whole
    mean: Doubles
    squares: Doubles

    @classmethod
    def of(cls, values: Array) -> Moments:
        """Of a batch (N, …), N ≥ 0."""
        rows = np.asarray(values, np.float64)
        mean = rows.mean(0) if len(rows) else np.zeros(rows.shape[1:])
        return cls(np.array(len(rows)), mean, np.square(rows - mean).sum(0))

    def merge(self, other: Moments) -> Moments:
        """Of both."""
        a, b = int(self.count), int(other.count)
        if not a or not b:
            return other if not a else self
        apart = other.mean - self.mean
        squares = self.squares + other.squares + np.square(apart) * (a * b / (a + b))
        return Moments(np.array(a + b), self.mean + apart * (b / (a + b)), squares)

    @property
    def variance(self) -> Doubles:
        """(E,), over the examples (divided by N)."""
        return self.squares / max(int(self.count), 1)


@dataclass(frozen=True, eq=False)
class CoMoments(Statistic):
    """How two values of every element vary together.

    Attributes:
        count: (), how many examples.
        mean: (2, E), of x and of y.
        squares: (2, E), sums of squared deviations of x and of y.
        product: (E,), sum of the products of both deviations.
    """

    count: Whole
    mean: Doubles
    squares: Doubles
    product: Doubles

    @classmethod
    def of(cls, x: Array, y: Array) -> CoMoments:
        """Of a batch, (N, E) each."""
        both = np.stack([np.asarray(x, np.float64), np.asarray(y, np.float64)])
        mean = both.mean(1) if both.shape[1] else np.zeros((2, both.shape[2]))
        away = both - mean[:, None]
        return cls(np.array(both.shape[1]), mean, np.square(away).sum(1), (away[0] * away[1]).sum(0))

    def merge(self, other: CoMoments) -> CoMoments:
        """Of both."""
        a, b = int(self.count), int(other.count)
        if not a or not b:
            return other if not a else self
        apart, weight = other.mean - self.mean, a * b / (a + b)
        return CoMoments(
            np.array(a + b),
            self.mean + apart * (b / (a + b)),
            self.squares + other.squares + np.square(apart) * weight,
            self.product + other.product + apart[0] * apart[1] * weight,
        )

    def correlation(self) -> Doubles:
        """(E,), Pearson's r of every element; NaN where one of both does not vary."""
        size = np.sqrt(self.squares[0] * self.squares[1])
        still = self.squares <= 1e-12 * int(self.count) * np.square(self.mean)  # rounding of a constant is no spread
        r = np.divide(self.product, size, out=np.full(size.shape, np.nan), where=size > 0)
        return np.where(still.any(0), np.nan, r)


@dataclass(frozen=True, eq=False)
class ClassMoments(Statistic):
    """Mean of every element in every class, and the spread within classes; classes that did not occur take no room.

    Attributes:
        classes: (k,) int64, which classes occurred, ascending.
        counts: (k,) int64, how many examples of each.
        means: (k, E) float64.
        within: (E,) float64, sum of squared deviations from the mean of the own class.
        low: (E,) float64, smallest value; +∞ of none.
        high: (E,) float64, largest value; −∞ of none.
    """

    classes: Whole
    counts: Whole
    means: Doubles
    within: Doubles
    low: Doubles
    high: Doubles

    @classmethod
    def of(cls, values: Array, classes: Array) -> ClassMoments:
        """Of a batch (N, E) and the class of each example, (N,)."""
        rows = np.asarray(values, np.float64)
        present, place = np.unique(np.asarray(classes, np.int64), return_inverse=True)
        counts = np.bincount(place, minlength=len(present)).astype(np.int64)
        means = np.zeros((len(present), rows.shape[1]))
        np.add.at(means, place, rows)
        means /= np.maximum(counts, 1)[:, None]
        within = np.square(rows - means[place]).sum(0)
        low, high = rows.min(0, initial=np.inf), rows.max(0, initial=-np.inf)
        return cls(present, counts, means, within, low, high)

    def merge(self, other: ClassMoments) -> ClassMoments:
        """Of both."""
        classes = np.union1d(self.classes, other.classes)
        (a, mean_a), (b, mean_b) = self._over(classes), other._over(classes)
        total = np.maximum(a + b, 1)[:, None]
        apart = mean_b - mean_a  # a class that one of both lacks has weight 0 below
        means = mean_a + apart * (b[:, None] / total)
        within = self.within + other.within + (np.square(apart) * (a[:, None] * b[:, None] / total)).sum(0)
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        return ClassMoments(classes, a + b, means, within, low, high)

    def _over(self, classes: Whole) -> tuple[Whole, Doubles]:
        """Counts and means of these classes, 0 for those that did not occur."""
        counts, means = np.zeros(len(classes), np.int64), np.zeros((len(classes), self.means.shape[1]))
        at = np.searchsorted(classes, self.classes)
        counts[at], means[at] = self.counts, self.means
        return counts, means

    @property
    def count(self) -> int:
        """How many examples."""
        return int(self.counts.sum())

    @property
    def mean(self) -> Doubles:
        """(E,), over all examples."""
        return (self.counts[:, None] * self.means).sum(0) / max(self.count, 1)

    @property
    def between(self) -> Doubles:
        """(E,), sum over examples of the squared deviation of their class's mean from the mean of all."""
        return (self.counts[:, None] * np.square(self.means - self.mean)).sum(0)

    @property
    def explained(self) -> Doubles:
        """(E,), the share of the variance that lies between classes: η²."""
        return self.between / np.maximum(self.within + self.between, 1e-30)

    @property
    def variance(self) -> Doubles:
        """(E,), over all examples (divided by N)."""
        return (self.within + self.between) / max(self.count, 1)
