"""Nothing answers otherwise than it did, unless a change is meant to: compared with the files beside this one.

Names and texts are equal to the letter; numbers within what another machine's arithmetic may change.
"""

import json

import numpy as np
import pytest

from attnviz.models.checkpoints import checkpoint_ids
from tests.golden import collect

LOGITS = 2e-3
"""Largest difference of a logit between machines; the smallest change of a deliberate break is far larger."""
GATES = 2e-4


def kept(name):
    return json.loads((collect.HERE / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [name for name in collect.PLAIN if name != "networks"])
def test_names_texts_recipes_and_events_are_as_they_were(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    now, before = json.loads(json.dumps(collect.PLAIN[name]())), kept(name)
    if isinstance(before, dict):
        assert list(now) == list(before)
        for key, value in before.items():
            assert now[key] == value, key
    assert now == before


def test_there_is_a_golden_answer_for_every_checkpoint():
    assert sorted(kept("networks")) == list(checkpoint_ids())


@pytest.mark.parametrize("name", sorted(kept("networks")))
def test_logits_and_gates_of_every_checkpoint_and_sample_are_as_they_were(name):
    now, before = collect.network(name), kept("networks")[name]
    assert now["gates"] == before["gates"]
    assert list(now["samples"]) == list(before["samples"])
    for sample, answer in before["samples"].items():
        np.testing.assert_allclose(now["samples"][sample]["logits"], answer["logits"], rtol=0, atol=LOGITS)
        np.testing.assert_allclose(now["samples"][sample]["gates"], answer["gates"], rtol=GATES, atol=GATES)


def test_a_file_of_edits_is_replayed_to_the_logits_it_recorded():
    told = collect.replayed()
    assert told["status"] == 0 and told["recorded"] in ("equal", "differs")
    assert told["edits"] == 6 and len(told["gates"]) == 5
    assert told["largest_difference"] < LOGITS
