"""Student's t, Welch and Fieller, against scipy and against what an interval promises."""

import math

import numpy as np
import pytest

from attnviz.core.intervals import critical, fieller, half_interval, of_change, of_mean, two_sided_p, welch
from attnviz.explain.faithfulness.summary import paired

stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("freedom", [1, 2, 2.4366, 3, 4.7, 8, 30, 1000])
def test_students_t_is_scipys(freedom):
    assert critical(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)
    assert critical(freedom, 0.5) == pytest.approx(stats.t.ppf(0.75, freedom), rel=1e-9)
    for t in (0.0, 0.01, 1.0, -2.1, 12.7, 1e4):
        assert two_sided_p(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("seed", range(5))
def test_means_and_differences_are_scipys(seed):
    chance = np.random.default_rng(seed)
    a, b = chance.normal(80, 1, 2 + seed).tolist(), chance.normal(81, 3, 5).tolist()
    expected = stats.t.interval(0.95, len(a) - 1, np.mean(a), stats.sem(a))
    assert of_mean(a) == pytest.approx(expected) and half_interval(a) == pytest.approx((expected[1] - expected[0]) / 2)
    found, test = welch(a, b), stats.ttest_ind(b, a, equal_var=False)
    assert found.p == pytest.approx(test.pvalue) and found.significant == (test.pvalue < 0.05)
    ends = test.confidence_interval()
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))


def test_rows_without_any_spread():
    assert welch([1.0, 1.0], [2.0, 2.0]).p == 0 and welch([1.0, 1.0], [1.0, 1.0]).p == 1
    assert of_mean([3.0, 3.0]) == (3.0, 3.0)
    assert fieller([1.0, 1.0], [2.0, 2.0]) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize("base", [True, False])
def test_fiellers_ends_are_where_the_t_test_turns(base):
    """An independent way to the same set: every ratio on a grid is tested by itself."""
    chance = np.random.default_rng(3)
    n, d, b = chance.normal(74, 1, 5), chance.normal(75, 0.5, 5), chance.normal(71, 0.5, 5) if base else np.zeros(0)
    low, high = fieller(n.tolist(), d.tolist(), b.tolist())
    means = [n.mean(), d.mean(), b.mean() if base else 0.0]
    errors = [row.var(ddof=1) / len(row) if len(row) else 0.0 for row in (n, d, b)]
    at = (means[0] - means[2]) / (means[1] - means[2])
    shares = [errors[0], at**2 * errors[1], (1 - at) ** 2 * errors[2]]
    freedom = sum(shares) ** 2 / sum(share**2 / 4 for share in shares)
    ratios = np.linspace(low - (high - low), high + (high - low), 4001)
    gaps = (means[0] - ratios * means[1] - (1 - ratios) * means[2]) ** 2
    limits = stats.t.ppf(0.975, freedom) ** 2 * (errors[0] + ratios**2 * errors[1] + (1 - ratios) ** 2 * errors[2])
    kept = ratios[gaps <= limits]
    step = ratios[1] - ratios[0]
    assert low == pytest.approx(kept.min(), abs=2 * step) and high == pytest.approx(kept.max(), abs=2 * step)
    assert low < at < high


def test_a_denominator_that_may_be_zero_leaves_the_ratio_open():
    assert fieller([1.0, 1.2], [-3.0, 3.1]) == (-math.inf, math.inf)
    assert fieller([1.0, 1.2], [2.0, 3.0], [2.5, 2.5]) == (-math.inf, math.inf)


@pytest.mark.parametrize("count", [3, 5])
def test_intervals_cover_what_they_promise_where_a_bootstrap_does_not(count):
    chance = np.random.default_rng(count)
    rows = chance.normal(0, 1, (3000, count))
    own = np.mean([low <= 0 <= high for low, high in (of_mean(row.tolist()) for row in rows)])
    picks = chance.integers(0, count, (1000, count))
    ends = np.quantile(rows[:, picks].mean(2), (0.025, 0.975), axis=1)
    bootstrap = np.mean((ends[0] <= 0) & (ends[1] >= 0))
    assert own == pytest.approx(0.95, abs=0.015) and bootstrap < 0.88
    ratios = [fieller((4 + a).tolist(), (8 + b).tolist()) for a, b in zip(rows[::2], rows[1::2], strict=True)]
    assert np.mean([low <= 0.5 <= high for low, high in ratios]) > 0.94


@pytest.mark.parametrize("factor", [1e-8, 1e-4, 1.0, 1e6, 1e12])
def test_a_difference_does_not_depend_on_the_unit(factor):
    a, b = np.array([1.0, 2.0, 3.0]), np.array([7.0, 8.0, 9.5])
    found, plain = welch(a * factor, b * factor), welch(a, b)
    assert found.p == pytest.approx(plain.p) and found.low == pytest.approx(plain.low * factor)


@pytest.mark.parametrize(("lost", "count"), [(0.01, 50), (0.01, 100), (0.02, 60), (0.03, 40), (0.005, 300)])
def test_a_change_that_was_not_seen_may_be_there(lost, count):
    draws = np.random.default_rng(0).binomial(count, lost, 400)
    ends = {int(n): of_change(int(n), 0, count) for n in np.unique(draws)}
    covered = np.mean([ends[n][0] <= -100 * lost <= ends[n][1] for n in draws])
    assert covered > 0.9


@pytest.mark.parametrize("count", [2, 3, 5, 10, 29])
def test_a_difference_over_few_images_is_not_shown_too_often(count):
    rng = np.random.default_rng(0)
    signs = [paired(rng.normal(size=count), np.zeros(count), higher=True)["sign"] for _ in range(600)]
    assert np.mean(np.array(signs) != 0) < 0.08
