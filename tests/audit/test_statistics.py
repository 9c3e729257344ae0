"""Streaming statistics against plain numpy on the whole arrays, and in parts of every number and order."""

import numpy as np
import pytest

from attnviz.audit.statistics import counts
from attnviz.audit.statistics.counts import Answers, Histogram, Paired, edges
from attnviz.audit.statistics.extremes import Extremes
from attnviz.audit.statistics.hashing import bootstrap_weights, key_of, keys_of
from attnviz.audit.statistics.moments import ClassMoments, CoMoments, Moments

N, E, K = 211, 7, 5


def data(seed=0):
    rng = np.random.default_rng(seed)
    # a large mean beside a small spread is where sums of squares fail
    return 1e4 + rng.normal(size=(N, E)) * np.arange(E), rng.integers(0, K, N)


def splits():
    """Rows of 1, 2, 4 and 60 parts, some of them empty or of one row, in several orders."""
    rng = np.random.default_rng(1)
    for parts in (1, 2, 4, 60):
        for _ in range(3):
            ends = np.sort(rng.integers(0, N + 1, parts - 1))
            rows = np.split(rng.permutation(N), ends)
            yield [rows[i] for i in rng.permutation(len(rows))]


def merged(make):
    for rows in splits():
        total = make(rows[0])
        for part in rows[1:]:
            total = total.merge(make(part))
        yield type(total).restore(total.arrays())


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-7)


def test_moments():
    x, _ = data()
    for m in merged(lambda rows: Moments.of(x[rows])):
        assert m.count == N
        close(m.mean, x.mean(0))
        close(m.variance, x.var(0))


def test_correlations():
    x, _ = data()
    y = x @ np.random.default_rng(2).normal(size=(E, E))
    for m in merged(lambda rows: CoMoments.of(x[rows], y[rows])):
        r = m.correlation()
        assert np.isnan(r[0])  # the first element of x never moves
        close(r[1:], [np.corrcoef(x[:, e], y[:, e])[0, 1] for e in range(1, E)])


def test_class_moments():
    x, classes = data()
    mean = x.mean(0)
    for m in merged(lambda rows: ClassMoments.of(x[rows], classes[rows])):
        close(m.mean, mean)
        close(m.variance, x.var(0))
        for row, k in enumerate(m.classes):
            close(m.means[row], x[classes == k].mean(0))
        between = sum((classes == k).sum() * (x[classes == k].mean(0) - mean) ** 2 for k in range(K))
        close(m.between, between)
        close(m.within, sum(((x[classes == k] - x[classes == k].mean(0)) ** 2).sum(0) for k in range(K)))
        assert (m.low == x.min(0)).all() and (m.high == x.max(0)).all()


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0), None])
def test_histogram(bounds):
    values = np.random.default_rng(3).normal(size=(N, E)) * 2
    ends = edges(bounds)
    clipped = np.clip(values, ends[0], np.nextafter(ends[-1], -np.inf))
    for h in merged(lambda rows: Histogram.of(values[rows], bounds)):
        assert h.counts.sum() == values.size
        assert np.abs(h.counts - np.histogram(clipped, ends)[0]).sum() <= 2  # a value on an edge may fall either way


def test_extremes_with_ties():
    rng = np.random.default_rng(4)
    x = rng.integers(0, 12, (N, E)).astype(float)
    keys = keys_of([f"{i}.jpg" for i in range(N)])
    for m in merged(lambda rows: Extremes.empty(E, 8).add(x[rows], keys[rows], rows)):
        for e in range(E):
            order = sorted(range(N), key=lambda i: (-x[i, e], keys[i]))[:8]
            assert m.numbers[e].tolist() == order


def test_extremes_of_fewer_than_wanted():
    m = Extremes.empty(1, 4).add(np.array([[2.0], [3.0]]), keys_of(["a", "b"]), np.array([10, 11]))
    assert m.numbers.tolist() == [[11, 10, -1, -1]]
    assert m.merge(Extremes.empty(1, 4)).numbers.tolist() == m.numbers.tolist()


def test_answers():
    rng = np.random.default_rng(5)
    targets, said, sure = rng.integers(0, K, N), rng.integers(0, K, N), rng.random(N)
    bins = np.minimum((sure * counts.CALIBRATION_BINS).astype(int), counts.CALIBRATION_BINS - 1)
    gaps = [
        (bins == b).mean() * abs((said == targets)[bins == b].mean() - sure[bins == b].mean()) for b in np.unique(bins)
    ]
    for a in merged(lambda rows: Answers.of(K, targets[rows], said[rows], sure[rows])):
        assert a.images.tolist() == np.bincount(targets, minlength=K).tolist()
        assert a.right.sum() == (said == targets).sum()
        close(a.calibration_error, sum(gaps))


def test_paired_differences():
    rng = np.random.default_rng(6)
    targets, before, after = (rng.integers(0, 3, N) for _ in range(3))
    logits = rng.normal(size=(2, N))
    weights = bootstrap_weights([f"{i}.jpg" for i in range(N)], 500)

    def of(rows):
        pair = (after[rows], logits[1][rows]), (before[rows], logits[0][rows])
        return Paired.of(targets[rows], (before[rows], logits[0][rows]), pair, weights[rows])

    change = (after == targets).astype(float) - (before == targets)
    drawn = (change @ weights) / weights.sum(0)
    for p in merged(of):
        value, low, high = p.difference(0)
        close(value, 100 * change.mean())
        close([low, high], 100 * np.quantile(drawn, (0.025, 0.975)))
        close(p.logit_difference(0)[0], (logits[1] - logits[0]).mean())
        assert p.difference(1) == (0, -300 / N, 300 / N) and p.changed[1] == 0  # nothing seen in N is not nothing
        assert p.changed[0] == (after != before).sum()


def test_the_bootstrap_is_as_wide_as_the_formula_says():
    rng = np.random.default_rng(7)
    names = [f"{i}.png" for i in range(1000)]
    weights = bootstrap_weights(names, 2000)
    change = rng.normal(size=1000)
    low, high = np.quantile((change @ weights) / weights.sum(0), (0.025, 0.975))
    assert (high - low) / (2 * 1.96 * change.std() / 1000**0.5) == pytest.approx(1, abs=0.08)


def test_chance_is_of_the_name_alone():
    assert key_of("a/b.jpg") == key_of("a/b.jpg") != key_of("a/c.jpg")
    assert key_of("a/b.jpg") != key_of("a/b.jpg", "donor")
    both = bootstrap_weights(["a", "b"], 50)
    assert (both[1:] == bootstrap_weights(["b"], 50)).all()
