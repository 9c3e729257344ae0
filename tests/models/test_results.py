"""The published files of results say what follows from their own values."""

import json
import re

import pytest

from attnviz.models.results import FOLDER, read_results
from scripts.remake import PAIRS, of_noise, of_pair


def told(name):
    return json.loads(json.dumps(read_results(name)))


@pytest.mark.parametrize("name", PAIRS)
def test_differences_follow_from_the_accuracies_of_every_seed(name):
    assert of_pair(told(name)) == told(name), "run: python -m scripts.remake"


def test_the_noise_experiment_follows_from_its_values():
    report = told("noise")
    assert of_noise(report) == report, "run: python -m scripts.remake"
    asked = report["published"]["noise-permuted"]
    assert asked["images"] == report["data"]["images"] and asked["colours"] > 0.9 > 0.01 > asked["noise"]


def test_permuted_networks_are_not_judged_in_an_order_that_nobody_gave_them():
    report = told("noise")
    for level in (*report["kinds"].values(), *report["strengths"].values()):
        assert "noise-permuted" not in level
    assert "noise-permuted" not in report["gates"]


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_no_file_holds_what_a_bootstrap_over_seeds_or_a_multiple_of_a_spread_said(file):
    assert not re.search(r"beyond_spread|twice the spread|\d sd\b", file.read_text(encoding="utf-8"))
