import json
from dataclasses import replace

import pytest

from attnviz.models.checkpoints import checkpoint_ids, load_card
from attnviz.models.measured import evidence
from tests.conftest import tiny_card, tiny_spec

REPLACED = {"change": -1.0, "interval": [-2.0, 0.5], "beyond_chance": False, "changed": 3.0, "top1": 32.0}
ABLATION = {"seed": 1, "gates": {"channel": 2}, "top1": 33.33, "images": {"count": 300, "of": 300}, "mean": REPLACED}
SEVERAL = {"mean": 33.0, "sd": 0.5, "n": 3, "values": [32.5, 33.0, 33.5]}


@pytest.fixture
def card():
    recipe = {"id": "se", "train": {"seed": 1}}
    return replace(tiny_card(tiny_spec("se"), "se"), training={"recipe": recipe})


@pytest.fixture
def write(tmp_path):
    def write(name, *rows, fingerprint="none"):
        report = {"data": {"fingerprint": fingerprint}, "rows": rows}
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
        return tmp_path

    return write


def test_without_results_there_is_none(card, tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        found = evidence(card, folder)
        assert found.top1 is None and found.replaced is None and found.focus is None


def test_seeds_gates_and_masks_of_the_same_network(card, write):
    others = [{**ABLATION, "seed": seed, "top1": 30.0} for seed in (0, 2)]
    masks = [{"seed": seed, "mean": seed} for seed in (0, 1, 2)]
    write("pair", {"recipe": "se", "top1": {**SEVERAL, "n": 2}}, {"recipe": "none", "top1": {**SEVERAL, "n": 9}})
    folder = write(
        "types", {"name": "se", "top1": SEVERAL, "ablations": [others[0], ABLATION, others[1]], "focus": masks}
    )
    found = evidence(card, folder)
    assert found.top1 == SEVERAL and found.replaced == ABLATION and found.focus == masks[1]


@pytest.mark.parametrize(
    "other",
    [{"seed": 2}, {"top1": 34.0}, {"gates": {}}],
    ids=["another seed", "other weights", "no gates"],
)
def test_what_was_measured_on_other_weights_does_not_count(card, write, other):
    folder = write(
        "types", {"name": "se", "top1": {**SEVERAL, "n": 1, "sd": None}, "ablations": [{**ABLATION, **other}]}
    )
    found = evidence(card, folder)
    assert found.replaced is None and found.focus is None and found.top1 is None


def test_one_answer_may_turn_and_a_part_of_the_images_has_another_accuracy(card, write):
    for told in ({"top1": 33.66}, {"top1": 40.0, "images": {"count": 30, "of": 300}}):
        row = {"name": "se", "top1": SEVERAL, "ablations": [{**ABLATION, **told}]}
        assert evidence(card, write(f"at-{told['top1']:.0f}", row)).replaced is not None


def test_other_data_and_other_files_do_not_count(card, write, tmp_path):
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "cost.json").write_text(json.dumps({"rows": [{"attention": "se"}]}))
    folder = write("types", {"name": "se", "top1": SEVERAL}, fingerprint="other")
    assert evidence(card, folder).top1 is None


@pytest.mark.parametrize("name", checkpoint_ids())
def test_it_is_known_of_every_bundled_network_whether_its_gates_matter(name):
    card = load_card(name)
    assert (evidence(card).replaced is None) == (card.spec.attention == "none")
