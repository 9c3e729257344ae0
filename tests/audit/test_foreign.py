"""Photographs of classes that a network does not know, from the command line to the card and the answer."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image

from attnviz.analysis.analyse_many import analyse_many
from attnviz.analysis.analyser import Analyser
from attnviz.audit.accuracy import calibration
from attnviz.audit.foreign import MOST, as_small_as, evaluate_beside, foreign_photographs, spread, training_photographs
from attnviz.audit.photographs import in_folder
from attnviz.audit.statistics.counts import Answers
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.likeness import Likeness
from attnviz.gates.edits.edit_list import EditList
from attnviz.models.checkpoints import load, load_card, save_card, save_checkpoint
from attnviz.models.spec import build
from attnviz.training.data import load_images
from tests.conftest import tiny_card, tiny_spec


@pytest.fixture
def folder(data, tmp_path):
    """An untrained checkpoint that was measured on the data."""
    images = load_images(data, "val", InputSpec((32, 32)))
    torch.manual_seed(1)
    spec = tiny_spec("se")
    spec = dataclasses.replace(spec, backbone_options={**spec.backbone_options, "widths": [8, 8, 16, 64]})
    about = {"name": "squares", "val": images.describe()}
    save_checkpoint(
        tmp_path / "ck",
        dataclasses.replace(tiny_card(spec, "se"), labels=images.labels, data=about, metrics={}),
        build(spec),
    )
    return tmp_path / "ck"


@pytest.fixture
def others(tmp_path):
    """Stripes and dots, 6 each, 20 pixels wide: nothing that the data hold."""
    y, x = np.mgrid[:20, :20]
    for name, pattern in {"stripes": x % 2, "dots": (x + y) % 2}.items():
        (tmp_path / "others" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.repeat(pattern[..., None] * (255 - number), 3, 2).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "others" / name / f"{number}.png")
    return tmp_path / "others"


def run(folder, data, *options):
    return main(["evaluate", "se", "--data", str(data), "--folder", str(folder), *map(str, options)])


def test_what_is_measured_is_written_on_the_card_and_said_of_answers(folder, data, others, capsys, tmp_path):
    stripes, green = others / "stripes" / "0.png", data / "val" / "green" / "00.png"
    assert Analyser(load("se", folder)).analyse(stripes).remarks == ()  # a card from before it was measured
    assert run(folder, data, "--foreign", others, "--write") == 0
    said, metrics = capsys.readouterr().out, load_card("se", folder).metrics
    assert "of 12 photographs of other classes (dots, stripes)" in said and f"error {metrics['ece']} %" in said
    analyser = Analyser(load("se", folder))
    sure = [analyser.analyse(path).top(1)[0][1] for path in sorted(others.rglob("*.png"))]
    assert metrics["foreign"]["confidence"] == pytest.approx(100 * np.mean(sure), abs=0.02)
    assert metrics["foreign"]["images"] == 12 and metrics["foreign"]["measured"]["torch"] == torch.__version__
    assert metrics["foreign"]["fingerprint"] == in_folder(others, ()).content != in_folder(data, ("red",)).content
    called = [analyser.analyse(path).remarks for path in sorted(others.rglob("*.png"))]
    assert metrics["unlike"]["caught"] == round(100 * np.mean([bool(r) for r in called]), 1) > 50
    (note,) = analyser.analyse(stripes).notes
    assert note.key == "unlike_enlarged" and note.text.startswith("This photograph looks unlike")
    assert analyser.analyse(green).remarks == ()
    many = dict(analyse_many(analyser.loaded, [stripes, green]))
    assert many[stripes].remarks == (note,) and many[green].remarks == ()
    assert analyser.analyse(stripes, EditList("se")).remarks == (), "an edited network is another one"
    call = ["explore", str(stripes), "--model", str(folder / "se.json"), "--html", str(tmp_path / "page.html")]
    assert main([*call, "--out", str(tmp_path / "out")]) == 0
    assert f"note: {note.text}" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "analysis.json").read_text())["notes"] == [note.text]
    assert note.text in (tmp_path / "page.html").read_text().partition("<main>")[2].partition("</header>")[0]


def test_the_share_above_one_half_is_that_of_the_answers(folder, data, others):
    network = load("se", folder)
    linear = [module for module in network.module.modules() if isinstance(module, torch.nn.Linear)][-1]
    paths = sorted(others.rglob("*.png"))
    for scale in np.geomspace(1, 1000, 40):  # until answers lie on both sides of one half, one of them just below
        with torch.no_grad():
            linear.weight *= 1.0 if scale == 1 else 1000 ** (1 / 39)
        analyser = Analyser(network)
        sure = np.array([analyser.analyse(path).top(1)[0][1] for path in paths])
        if (sure > 0.5).any() and ((sure > 0.4) & (sure <= 0.5)).any():
            break
    else:
        raise AssertionError("no such network")
    known, foreign = in_folder(data, network.labels), in_folder(others, ())
    told = evaluate_beside(network, known, training_photographs(data, network.labels), foreign, ["dots", "stripes"])
    assert told["foreign"]["above_half"] == round(100 * float((sure > 0.5).mean()), 2)


def test_what_others_are_compared_with_is_the_part_for_training(data):
    labels = ("red", "green", "English springer")
    train = training_photographs(data, labels)
    assert set(train.sources) <= set((data / "train").rglob("*")) and len(train) == min(MOST, len(train.sources))
    assert train.content == in_folder(data, labels, "train").content != in_folder(data, labels, "val").content


def test_without_other_classes_the_calibration_alone_is_written(folder, data, capsys):
    assert run(folder, data, "--write", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    metrics = load_card("se", folder).metrics
    assert metrics == {key: told[key] for key in ("confidence", "ece")}


def test_the_calibration_error_is_that_of_its_definition():
    rng = np.random.default_rng(0)
    sure, targets = rng.uniform(0.2, 1, 400), rng.integers(0, 3, 400)
    predictions = np.where(rng.random(400) < 0.6, targets, (targets + 1) % 3)
    error = 0.0
    for k in range(15):
        inside = (sure >= k / 15) & (sure < (k + 1) / 15)
        if inside.any():
            error += inside.mean() * abs((predictions == targets)[inside].mean() - sure[inside].mean())
    told = calibration(Answers.of(3, targets, predictions, sure))
    assert told == {"confidence": round(100 * sure.mean(), 2), "ece": round(100 * error, 2)} and error > 0.1


def test_a_network_that_is_given_something_else_than_on_its_card_is_not_remarked_on(folder, data, others):
    assert run(folder, data, "--foreign", others, "--write") == 0
    network = load("se", folder)
    spec = dataclasses.replace(network.spec, input=InputSpec(size=(48, 48)))
    assert Analyser(dataclasses.replace(network, spec=spec)).likeness is None
    card = load_card("se", folder)
    save_card(folder, dataclasses.replace(card, metrics={**card.metrics, "unlike": {"threshold": 1}}))
    with pytest.raises(UserError, match="unlike the training data cannot be read"):
        Analyser(load("se", folder))


def test_known_photographs_are_made_as_small_only_where_others_are_enlarged(data, others):
    known, foreign = in_folder(data, ("red", "green", "English springer")), in_folder(others, ())
    assert as_small_as(foreign, known, 20) is None
    small = as_small_as(foreign, known, 21)
    assert {picture.size for picture in small.sources} == {(20, 20)} and len(small) == len(known)
    assert len(spread(known, 5)) == 5 and len({name.split("/")[0] for name in spread(known, 5).names}) == 3


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        ((), r"knows English springer, red.*--foreign-classes dots,stripes"),
        (("dots", "red"), r"knows red.*--foreign-classes dots\)"),
        (("red",), "none is left"),
        (("dotz",), "no class folder 'dotz'; did you mean 'dots'"),
    ],
)
def test_classes_that_the_network_knows_are_refused_by_name(data, others, classes, says):
    for name in ("red", "n02102040"):
        (others / name).mkdir()
        Image.new("RGB", (20, 20)).save(others / name / "a.png")
    with pytest.raises(UserError, match=says):
        foreign_photographs(others, classes, ("red, ruby", "green", "English springer"))
    some, names = foreign_photographs(others, ("dots",), ("red", "green"))
    assert names == ["dots"] and len(some) == 6 < MOST


def test_folders_without_photographs_of_classes_are_refused(folder, data, others, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "loose").mkdir()
    Image.new("RGB", (20, 20)).save(tmp_path / "loose" / "a.png")
    for name, says in {
        "none": "must be a folder of class folders",
        "empty": "0 photographs",
        "loose": "has none",
    }.items():
        assert run(folder, data, "--foreign", tmp_path / name) == 2
        assert says in capsys.readouterr().err
    assert run(folder, data / "val", "--foreign", others) == 2
    assert "train" in capsys.readouterr().err, "there is nothing to compare with"
    assert run(folder, data, "--foreign-classes", "dots") == 2
    assert "--foreign FOLDER; that is missing" in capsys.readouterr().err
    assert run(folder, others, "--write") == 2
    assert "a card tells what was measured on its own data" in capsys.readouterr().err
    assert load_card("se", folder).metrics == {}


def test_likeness_is_that_of_the_card(folder, data, others):
    assert run(folder, data, "--foreign", others, "--write") == 0
    told = load_card("se", folder).metrics["unlike"]
    assert Likeness.from_json(told).to_json() == told
    assert told["known"] == pytest.approx(5, abs=5) and told["space"]["shape"] == [21, 64]
