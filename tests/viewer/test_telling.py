from dataclasses import replace

import numpy as np

from attnviz.viewer.telling import first_gate
from tests.render.synthetic import analysis, channel, record, spatial


def flat(name, value=0.5):
    return record(name, "spatial", np.full((1, 1, 8, 8), value))


def split(name):
    values = np.zeros((1, 1, 8, 8))
    values[..., 4:, :] = 1
    return record(name, "spatial", values)


def test_what_was_measured_decides():
    told = first_gate(analysis((split("a"), flat("b"))), {"b": 0.2, "a": 0.1, "not there": 0.9})
    assert (told.gate, told.rule, told.value) == (1, "effect", 0.2)


def test_else_the_gate_that_varies_most_over_the_picture_and_never_the_last_because_it_is_last():
    told = first_gate(analysis((channel("se", 64), split("a"), spatial("b"), flat("last", 0.01))))
    assert (told.gate, told.rule) == (1, "places") and abs(told.value - 0.5) < 1e-6


def test_weights_that_sum_to_1_are_compared_in_even_shares():
    shares = np.full((1, 1, 64, 64), 1 / 64)
    shares[..., 0] *= 40
    told = first_gate(analysis((split("a"), record("asks", "pairwise", shares / shares.sum(-1, keepdims=True)))))
    assert told.gate == 1


def test_without_one_the_scores_that_differ_most_and_without_these_the_last():
    even = record("even", "channel", np.full((1, 8, 1, 1), 0.5))
    told = first_gate(analysis((channel("a", 16), even)))
    assert (told.gate, told.rule) == (0, "channels")
    only = first_gate(analysis((record("g", "geometric", np.ones((1, 2, 3))),)))
    assert (only.gate, only.rule) == (0, "only")
    assert first_gate(replace(analysis(), gates=())) is None


def test_a_gate_without_a_number_is_never_the_first():
    lost = record("lost", "spatial", np.full((1, 1, 8, 8), np.nan))
    assert first_gate(analysis((lost, split("a")))).gate == 1
