"""The command line on somebody's own network."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.models.labels import read_labels
from tests.own_models import own_net

FACTORY = """
from torch import nn
from tests.own_models import own_net
def make():
    return own_net(classes=4)
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A factory, its weights and its labels in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(FACTORY)
    torch.save({"state_dict": {f"module.{k}": v for k, v in own_net(classes=4).state_dict().items()}}, "best.pt")
    (tmp_path / "labels.txt").write_text("ant\nbee\ncat\ndog\n")
    return ["--model", "mine.py:make", "--weights", "best.pt", "--size", "40x56", "--mean", "0.5", "--std", "0.25"]


def test_explore_on_a_factory_says_what_it_assumes(mine, photograph, capsys):
    photograph.save("photo.png")
    assert main(["explore", "photo.png", *mine, "--labels", "labels.txt", "--out", "out"]) == 0
    said = capsys.readouterr().out
    assert "  ant\n" in said and "note: Assumed: the network gives logits of classes" in said and "2 gates" in said
    assert main(["explore", "photo.png", *mine, "--scores", "logits", "--out", "out"]) == 0
    said = capsys.readouterr().out
    assert "%" not in said and "note" not in said and "class 0" in said
    assert main(["explore", "photo.png", *mine, "--scores", "none", "--out", "out"]) == 0
    assert capsys.readouterr().out.startswith("2 gates; ")
    assert json.loads(Path("out/analysis.json").read_text())["predictions"] == []


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_folder_in_every_format(mine, photograph, capsys, tmp_path, kind, start):
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    for name in ("a.jpg", "a.png", "deeper/b.png"):
        photograph.save(tmp_path / "in" / name)
    assert main(["explore", "in", *mine, "--scores", "softmax", "--format", kind, "--dpi", "60", "--out", "out"]) == 0
    assert "3 photographs; one folder each" in capsys.readouterr().out
    lines = (tmp_path / "out" / "predictions.csv").read_text().splitlines()
    assert lines[0] == "photograph,label,score" and len(lines) == 4 and lines[3].startswith("deeper/b.png,class ")
    for name in ("a-jpg", "a-png", "deeper/b-png"):
        assert (tmp_path / "out" / name / f"overlay-look.{kind}").read_bytes().startswith(start)


def test_an_array_of_four_channels_is_explored(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(FACTORY.replace("classes=4", "channels=4"))
    np.save("field.npy", np.random.default_rng(0).integers(0, 4096, (40, 56, 4), dtype=np.uint16))
    options = ["--model", "mine.py:make", "--size", "32", "--mean", "0.5", "--std", "0.5", "--shown", "3,2,1"]
    assert main(["explore", "field.npy", *options, "--window", "0,4095", "--out", "out"]) == 0
    assert "12-bit" not in capsys.readouterr().out
    assert main(["explore", "field.npy", *options, "--out", "out"]) == 0
    assert "12-bit" in capsys.readouterr().out
    assert main(["explore", "photo.png", *options, "--out", "out2"]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--labels", "few.txt"], "gives 4 class scores but there are 2 labels"),
        (["--mean", "0.5,0.5,0.5,0.5"], "its first convolution takes 3 channels, and mean says 4"),
        (["--labels", "none.txt"], "none.txt cannot be read as labels"),
        (["--weights", "none.pt"], "there is no file of weights 'none.pt'"),
        (["--classes", "7"], "takes no num_classes"),
        (["--output", "logits"], "no output 'logits'"),
        (["--format", "gif"], "unknown picture format 'gif'"),
        (["--dpi", "5"], "dpi must be in 10..600"),
    ],
)
def test_bad_options_are_one_sentence(mine, photograph, capsys, options, message):
    photograph.save("photo.png")
    Path("few.txt").write_text("a\nb\n")
    assert main(["explore", "photo.png", *mine, *options, "--out", "out"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("attnviz: ") and message in error and "Traceback" not in error


def test_every_photograph_of_a_folder_has_a_folder_of_its_own(mine, photograph, capsys):
    names = ("a-b.png", "a.b.png", "a-b-png.png", "sub/x.y.png", "sub/x-y.png", "plain.png")
    Path("photos/sub").mkdir(parents=True)
    for number, name in enumerate(names):
        photograph.resize((40 + number, 30)).save(f"photos/{name}")
    assert main(["explore", "photos", *mine, "--out", "out"]) == 0
    widths = {json.loads(f.read_text())["photograph"]["width"] for f in Path("out").rglob("analysis.json")}
    assert widths == {40 + number for number in range(len(names))} and Path("out/plain-png/gates.csv").is_file()


@pytest.mark.parametrize("count", [1, 2])
def test_a_folder_in_which_nothing_can_be_read_is_no_success(mine, capsys, count):
    Path("photos").mkdir()
    for number in range(count):
        Path(f"photos/{number}.png").write_bytes(b"no picture")
    assert main(["explore", "photos", *mine, "--out", "out", "--skip-unreadable"]) == 2
    assert f"none of the {count} photographs in photos can be read" in capsys.readouterr().err
    assert not Path("out").exists()


def test_gates_and_faithfulness_take_the_same_options(mine, capsys):
    assert main(["gates", "mine.py:make", *mine[2:]]) == 0
    assert "squeeze" in capsys.readouterr().out
    assert main(["faithfulness", "--help"]) == 0
    assert "--interpolation" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "labels"),
    [
        ("a.txt", "ant\n\n bee \n", ("ant", "bee")),
        ("a.json", '["ant", "bee"]', ("ant", "bee")),
        ("a.json", '{"1": "bee", "0": "ant"}', ("ant", "bee")),
        ("a.json", '{"1": "bee"}', "has the keys 0..0"),
        ("a.json", "[1]", "must be a JSON list of class names"),
        ("a.json", "[", "is no JSON"),
    ],
)
def test_labels_are_read_from_lines_and_json(tmp_path, name, text, labels):
    (tmp_path / name).write_text(text)
    if isinstance(labels, tuple):
        assert read_labels(tmp_path / name) == labels
    else:
        with pytest.raises(UserError, match=labels):
            read_labels(tmp_path / name)


def test_a_name_in_a_file_of_edits_never_runs_code(tmp_path, monkeypatch, capsys, photograph):
    from attnviz.gates.edits.edit_list import EditList
    from attnviz.gates.edits.json_format import Document, to_json

    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.py").write_text("open('ran', 'w')\n")
    photograph.save("photo.png")
    (tmp_path / "edits.json").write_text(to_json(Document(EditList("evil.py:make", ()))))
    assert main(["replay", "edits.json", "photo.png"]) == 2
    assert "give --model" in capsys.readouterr().err and not (tmp_path / "ran").exists()


def test_sixteen_bit_greys_with_a_window(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(FACTORY.replace("classes=4", "channels=1"))
    values = np.linspace(1000, 3000, 40 * 56).reshape(40, 56).astype(np.uint16)
    Image.fromarray(values).save("ct.png")
    options = ["--model", "mine.py:make", "--size", "40x56", "--mean", "0.5", "--std", "0.5"]
    assert main(["explore", "ct.png", *options, "--window", "1000,3000", "--out", "out"]) == 0
    assert "12-bit" not in capsys.readouterr().out
    assert main(["explore", "ct.png", *options, "--out", "out"]) == 0
    assert "values up to 3000" in capsys.readouterr().out
