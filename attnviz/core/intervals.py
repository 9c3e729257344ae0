"""Intervals and tests over a few seeds: Student's t for means, Welch's for differences, Fieller's for ratios.

A percentile bootstrap over three to five values covers 81 to 86 %, not 95: it draws no value beyond those it has.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
RESAMPLES = 10_000
"""Of a bootstrap."""
_TINY = 1e-30
UNSEEN = 3
"""As many of N may be what was seen of none, at 95 % (the rule of three)."""


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function (Lentz's method; Abramowitz and Stegun 26.5.8)."""
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    h = d
    for m in range(1, 500):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + step * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + step / (c if abs(c) > _TINY else _TINY)
            h *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return h


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if not 0 < x < 1:
        return float(x >= 1)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )  # symmetric under a <-> b, x <-> 1 - x
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, 1 - x) / b


def two_sided_p(t: float, freedom: float) -> float:
    """P(|T| ≥ |t|) of Student's t with ``freedom`` > 0 degrees of freedom, which need not be whole."""
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) if math.isfinite(t) else 0.0


def critical(freedom: float, level: float = LEVEL) -> float:
    """The t that |T| exceeds with probability 1 - ``level``: 4.303 for two degrees of freedom and 95 %."""
    low, high = 0.0, 1.0
    while two_sided_p(high, freedom) > 1 - level:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_p(middle, freedom) > 1 - level else (low, middle)
    return (low + high) / 2


def _variance_of_mean(values: Sequence[float]) -> float:
    return statistics.variance(values) / len(values)


def _freedom(parts: Sequence[tuple[float, int]]) -> float:
    """Degrees of freedom of a sum of variances of means (Welch 1947), from (variance, number of values)."""
    total = sum(variance for variance, _ in parts)
    return 1 / sum((variance / total) ** 2 / (count - 1) for variance, count in parts) if total else 1.0


def of_mean(values: Sequence[float]) -> tuple[float, float]:
    """Ends of the 95 % t interval of a mean of at least two values."""
    half = critical(len(values) - 1) * math.sqrt(_variance_of_mean(values))
    mean = statistics.fmean(values)
    return mean - half, mean + half


def half_interval(values: Sequence[float]) -> float:
    """Half of the 95 % t interval of a mean of at least two values."""
    low, high = of_mean(values)
    return (high - low) / 2


@dataclass(frozen=True)
class Difference:
    """A difference of two means, ``b`` − ``a``, with its 95 % interval and two-sided p value (Welch's t test)."""

    value: float
    low: float
    high: float
    p: float

    @property
    def significant(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.p < 1 - LEVEL


def welch(a: Sequence[float], b: Sequence[float]) -> Difference:
    """Mean of ``b`` minus mean of ``a``, two values each at least, whose variances may differ (Welch 1947)."""
    parts = [(_variance_of_mean(row), len(row)) for row in (a, b)]
    value, error = statistics.fmean(b) - statistics.fmean(a), math.sqrt(sum(variance for variance, _ in parts))
    freedom = _freedom(parts)
    half = critical(freedom) * error
    p = two_sided_p(value / error, freedom) if error else float(value == 0)
    return Difference(value, value - half, value + half, p)


def fieller(
    numerator: Sequence[float], denominator: Sequence[float], base: Sequence[float] = ()
) -> tuple[float, float]:
    """Ends of the 95 % interval of (mean of numerator − mean of base) / (mean of denominator − mean of base).

    All ratios ρ that a t test does not refuse: with n, d, b the means, (n − ρ d − (1 − ρ) b)² ≤ t² · its variance
    (Fieller 1954; the degrees of freedom are Welch's at the estimate).

    Args:
        numerator: At least two values.
        denominator: At least two values.
        base: What is subtracted from both, at least two values; none for a plain ratio.

    Returns:
        Low and high; −∞ and ∞ where the denominator cannot be told from 0, since every ratio is possible then.
    """
    rows = [numerator, denominator, *([base] if base else [])]
    means = [statistics.fmean(row) for row in rows] + ([] if base else [0.0])
    variances = [_variance_of_mean(row) for row in rows] + ([] if base else [0.0])
    (n, d, b), (vn, vd, vb) = means, variances
    estimate = (n - b) / (d - b) if d != b else math.inf
    if not math.isfinite(estimate):
        return -math.inf, math.inf
    weights = (1.0, estimate**2, (1 - estimate) ** 2)
    freedom = _freedom([(w * v, len(row)) for w, v, row in zip(weights, variances, rows, strict=False)])
    t2 = critical(freedom) ** 2
    # (d-b)² ρ² − 2 (n-b)(d-b) ρ + (n-b)²  ≤  t² (vn + ρ² vd + (1-ρ)² vb)
    square = (d - b) ** 2 - t2 * (vd + vb)
    half = -(n - b) * (d - b) + t2 * vb
    constant = (n - b) ** 2 - t2 * (vn + vb)
    if square <= 0:
        return -math.inf, math.inf
    root = math.sqrt(max(half**2 - square * constant, 0.0))
    return (-half - root) / square, (-half + root) / square


def f_test_p(f: float, between: int, within: int) -> float:
    """P(F ≥ f) of Fisher's F with ``between`` and ``within`` degrees of freedom, 1 at least each."""
    return _incomplete_beta(within / 2, between / 2, within / (within + between * f)) if math.isfinite(f) else 0.0


def sign_test_p(lost: int, won: int) -> float:
    """Two-sided p of the exact sign test, which is McNemar's exact test of paired answers; 1 where none changed."""
    fewer, total = min(lost, won), lost + won
    return min(1.0, 2 * _incomplete_beta(total - fewer, fewer + 1, 0.5)) if total else 1.0


def of_change(lost: int, won: int, count: int) -> tuple[float, float]:
    """Ends of the 95 % interval of a change of accuracy in points, of ``count`` paired answers (bootstrap)."""
    drawn = np.random.default_rng(0).multinomial(
        count, [lost / count, won / count, 1 - (lost + won) / count], RESAMPLES
    )
    low, high = np.quantile(100 * (drawn[:, 1] - drawn[:, 0]) / count, (0.025, 0.975))
    return with_unseen(float(low), float(high), lost, won, count)


def with_unseen(low: float, high: float, lost: int, won: int, count: int) -> tuple[float, float]:
    """Ends of a bootstrap's interval of a change in points, as far at least as what was not seen may reach.

    A bootstrap draws nothing that it has not seen: where no answer of N was lost (or won), up to 3/N of them may be all
    the same (the rule of three).
    """
    value, unseen = 100 * (won - lost) / count, 100 * min(UNSEEN / count, 1)
    return low if lost else min(low, value - unseen), high if won else max(high, value + unseen)


def wilson(right: int, count: int) -> tuple[float, float]:
    """Ends of the 95 % interval of a share, ``right`` of ``count`` ≥ 1 (Wilson 1927)."""
    z = 1.959964
    centre, half = right + z * z / 2, z * math.sqrt(right * (count - right) / count + z * z / 4)
    return (centre - half) / (count + z * z), (centre + half) / (count + z * z)


def benjamini_hochberg(p: Sequence[float], level: float = 1 - LEVEL) -> list[bool]:
    """Which hypotheses are refused so that the expected share of false ones among them is ``level`` (BH 1995)."""
    order = sorted(range(len(p)), key=p.__getitem__)
    last = max((rank for rank, i in enumerate(order, 1) if p[i] <= level * rank / len(p)), default=0)
    refused = set(order[:last])
    return [i in refused for i in range(len(p))]
