import dataclasses
import json

import pytest
import torch

from attnviz.cli.main import main
from attnviz.core.input_spec import InputSpec
from attnviz.models.checkpoints import load_card, save_card, save_checkpoint
from attnviz.models.spec import build
from attnviz.training.data import load_images
from tests.conftest import tiny_card, tiny_spec


@pytest.fixture
def folder(data, tmp_path):
    """Two checkpoints measured on the data, one of other classes, one of other images, one without an accuracy."""
    images = load_images(data, "val", InputSpec((32, 32)))
    known = {"name": "squares", "val": images.describe()}
    other = {"name": "circles", "val": {"images": 3, "fingerprint": "0" * 64}}
    cards = {
        "se": {},
        "none": {},
        "foreign": {"labels": ("ant", "bee", "cat")},
        "elsewhere": {"data": other},
        "bare": {"metrics": {}},
    }
    for name, changes in cards.items():
        torch.manual_seed(1)
        spec = tiny_spec("none" if name == "none" else "se")
        card = dataclasses.replace(tiny_card(spec, name), **{"labels": images.labels, "data": known, **changes})
        save_checkpoint(tmp_path, card, build(spec))
    return tmp_path


def say(folder, name, correct):
    """Put a number of right answers into a card."""
    card = load_card(name, folder)
    save_card(folder, dataclasses.replace(card, metrics={"top1": 1.0, "correct": correct, "total": 24}))


def run(folder, data, *options):
    return main(["evaluate", "--data", str(data), "--folder", str(folder), *options])


def measured(folder, data, capsys):
    run(folder, data, "--all", "--json")
    return json.loads(capsys.readouterr().out)


def test_all_that_fit_are_measured_and_the_others_listed_with_the_reason(folder, data, capsys):
    told = measured(folder, data, capsys)
    assert set(told["checkpoints"]) == {"se", "none"}
    assert "other classes: ant, bee, cat" in told["others"]["foreign"]
    assert "circles" in told["others"]["elsewhere"] and "fingerprints" in told["others"]["elsewhere"]
    assert "no accuracy" in told["others"]["bare"]


@pytest.mark.parametrize(("away", "status"), [(0, 0), (1, 0), (-1, 0), (2, 2), (-2, 2)])
def test_more_than_one_image_away_from_the_card_fails(folder, data, capsys, away, status):
    right = {name: values["correct"] for name, values in measured(folder, data, capsys)["checkpoints"].items()}
    say(folder, "none", right["none"])
    say(folder, "se", right["se"] + away)
    assert run(folder, data, "--all") == status
    out, err = capsys.readouterr()
    assert f"({right['se']} of 24); the card says 1.0 % ({right['se'] + away} of 24)" in out
    assert "foreign: left out, knows other classes" in out
    assert ("1 of 2 differ" in err and "se names" in err) == (status == 2)


def test_several_are_named_and_other_data_are_measured_without_judging(folder, data, capsys):
    assert run(folder, data, "elsewhere", str(folder / "bare.json")) == 0
    out = capsys.readouterr().out
    assert "elsewhere: top-1" in out and "not comparable" in out and "tells no accuracy" in out


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ([], "either networks or --all"),
        (["se", "--all"], "either networks or --all"),
        (["foreign"], "foreign cannot be judged on these data: the network has no class"),
        (["see"], "did you mean 'se'"),
    ],
)
def test_what_it_refuses(folder, data, capsys, options, text):
    assert run(folder, data, *options) == 2
    assert text in capsys.readouterr().err


def test_a_folder_without_a_fitting_checkpoint_is_refused_with_the_reasons(folder, data, capsys):
    for name in ("se", "none", "elsewhere", "bare"):
        (folder / f"{name}.json").unlink()
    assert run(folder, data, "--all") == 2
    assert "none of the 1 checkpoints" in (err := capsys.readouterr().err) and "ant, bee" in err
