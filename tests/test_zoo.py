"""Networks of eight libraries: what the search finds, beside what their sources say. Run by hand: ``pytest -m zoo``."""

import importlib

import pytest
import torch

from tests.zoo.expected import LIBRARIES, compare
from tests.zoo.measure import measure, summary

RECALL, PRECISION = 0.995, 0.99
ARCHITECTURES = [(library, name) for library in LIBRARIES for name in LIBRARIES[library].architectures]
rows: dict[str, dict] = {}


def test_the_zoo_is_as_large_as_promised():
    assert len(ARCHITECTURES) >= 200 and all(len(library.architectures) >= 20 for library in LIBRARIES.values())


def test_a_gate_is_counted_once_by_kind_and_module():
    from attnviz.core.sites import GateSite, Place

    def site(name, kind, module):
        place = Place(module, 1, "multiplication", 1)
        return GateSite(name, kind, (1, 8, 1, 1), (1, 8, 4, 4), "", None, place, place, place)

    sites = [site("a", "channel", "stage.1.se"), site("b", "spatial", "stage.10"), site("c", "full", "head")]
    expected = [("channel", "stage.1"), ("channel", "stage.1"), ("spatial", "stage.1"), ("full", "")]
    missed, false = compare(expected, sites)
    assert missed == [("channel", "stage.1"), ("spatial", "stage.1")] and [s.name for s in false] == ["b"]
    row = {"expected": {"channel": 2, "spatial": 1, "full": 1}, "missed": missed, "false": false}
    told = summary({"x": {**row, "found": {"channel": 1, "spatial": 1, "full": 1}}})
    assert (told["recall"], told["precision"], told["exact"]) == (0.5, round(2 / 3, 5), 0)


@pytest.mark.zoo
@pytest.mark.parametrize("library", LIBRARIES)
def test_every_class_that_is_named_exists(library):
    table = LIBRARIES[library]
    if table.missing:
        pytest.skip(table.missing)
    for key in [*table.gates, *table.none]:
        module, _, name = f"{library}.{key}".rpartition(".")
        assert hasattr(importlib.import_module(module), name), key


@pytest.mark.zoo
@pytest.mark.parametrize(("library", "name"), ARCHITECTURES, ids=lambda part: part)
def test_architectures(library, name):
    if LIBRARIES[library].missing:
        pytest.skip(LIBRARIES[library].missing)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        row = rows[f"{library}/{name}"] = measure(LIBRARIES[library], name)
    finally:
        torch.set_num_threads(threads)
    assert not row["unread"], "read these classes, and write down what gates they hold"
    assert "error" not in row, row["error"]
    assert row["names_unique"] and row["outputs_identical"]


@pytest.mark.zoo
def test_recall_and_precision():
    if not rows:
        pytest.skip("no architecture was measured")
    told = summary(rows)
    wrong = {name: (row["missed"], row["false"]) for name, row in rows.items() if row["missed"] or row["false"]}
    assert told["recall"] >= RECALL and told["precision"] >= PRECISION, (told, wrong)
