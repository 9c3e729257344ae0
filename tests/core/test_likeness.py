"""Whether a photograph looks like the training data, by its features."""

import json

import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.core.likeness import DIRECTIONS, Likeness, Subspace

SIZE = 60


def along(*numbers):
    """(1, 60), a feature ten long along each of these of the 60 numbers."""
    return 10 * np.eye(SIZE)[list(numbers)].sum(0, keepdims=True)


@pytest.fixture
def features():
    """500 features of 60 numbers that vary in the second to the twenty-first, around a mean along the first."""
    rng = np.random.default_rng(0)
    varied = rng.normal(0, 1, (500, SIZE)) * np.where((np.arange(SIZE) > 0) & (np.arange(SIZE) <= DIRECTIONS), 1, 1e-3)
    return along(0) + varied


def test_what_leaves_the_directions_of_the_training_data_remains(features):
    space = Subspace.of(features)
    assert space.rows.shape == (1 + DIRECTIONS, SIZE) and space.rows.dtype == np.float16
    assert space.remainder(along(0))[0] < 0.1 > space.remainder(along(0, 0, 0, 5))[0]
    # by least squares instead of a projection
    centre, directions = np.split(space.rows.astype(float), [1])
    for feature in (along(0, 40), along(50), along(3), -along(0)):
        apart = (feature / np.linalg.norm(feature) - centre)[0]
        left = apart - directions.T @ np.linalg.lstsq(directions.T, apart, rcond=None)[0]
        assert space.remainder(feature)[0] == pytest.approx(np.linalg.norm(left), abs=1e-3)
        assert space.remainder(7 * feature) == pytest.approx(space.remainder(feature)), "lengths do not count"
    assert space.remainder(along(50))[0] > 1


def test_fewer_directions_where_there_are_fewer_photographs_or_numbers(features):
    assert Subspace.of(features[:4]).rows.shape == (4, SIZE) and Subspace.of(features[:, :9]).rows.shape == (9, 9)


def test_95_of_100_validation_photographs_pass_and_the_note_counts(features):
    known, foreign = np.linspace(0, 1, 1000), np.linspace(0.5, 1.5, 1000)
    space = Subspace.of(features)
    likeness = Likeness.of(space, known, foreign)
    assert likeness.threshold == pytest.approx(0.95, abs=1e-3) and likeness.known == 5.0
    assert likeness.caught == pytest.approx(55, abs=0.2)
    far = along(50)
    assert likeness.note(features[:1]) is None
    assert "said of 5 of 100 photographs of classes that it knows, and of 55 of 100 of other" in likeness.note(far).text
    blurred = Likeness.of(space, known, foreign, np.linspace(0.9, 1.0, 1000))
    assert "also of 50 of 100 of known classes made as small" in blurred.note(far).text


def test_a_card_gives_back_what_was_put_there(features):
    likeness = Likeness(Subspace.of(features), 0.25, 5.0, 71.5, 40.0)
    again = Likeness.from_json(json.loads(json.dumps(likeness.to_json())))
    assert np.array_equal(again.space.rows, likeness.space.rows)
    assert (again.threshold, again.known, again.caught, again.blurred) == (0.25, 5.0, 71.5, 40.0)


@pytest.mark.parametrize(
    "damage",
    [
        lambda told: told.pop("threshold"),
        lambda told: told.update(threshold="high"),
        lambda told: told.update(known=float("nan")),
        lambda told: told.update(blurred=[]),
        lambda told: told.update(space=None),
        lambda told: told["space"].update(f2="?"),
        lambda told: told["space"].update(shape=[3, 4]),
        lambda told: told["space"].update(shape=[21 * 60]),
    ],
)
def test_a_damaged_card_is_refused_in_a_sentence(features, damage):
    told = Likeness(Subspace.of(features), 0.25, 5.0, 71.5).to_json()
    damage(told)
    with pytest.raises(UserError, match="unlike the training data cannot be read"):
        Likeness.from_json(told)
    with pytest.raises(UserError, match="must be a table, got list"):
        Likeness.from_json([])


def test_features_of_another_network_are_refused(features):
    with pytest.raises(UserError, match="features have 60 numbers here, got"):
        Subspace.of(features).remainder(np.zeros((1, 8)))
