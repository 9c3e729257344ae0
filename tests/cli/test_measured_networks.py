"""Accuracy, replaced gates and reference statistics of networks that are no checkpoints of attnviz."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import attnviz
from attnviz.cli.main import main
from attnviz.gates.edit import edit, neutral
from attnviz.models.gate_reference import read_reference
from attnviz.models.provenance import fingerprint
from tests.own_models import own_net

CLASSES = {"n01440764": 60, "n02102040": 190}
"""Folders of two classes of ImageNet, and how light their pictures are."""
MINE = ["mine.py:make", "--weights", "best.pt", "--size", "24x32", "--mean", "0.5", "--std", "0.25"]


@pytest.fixture
def photographs(tmp_path, monkeypatch):
    """A factory, its weights, its labels and 12 pictures of two of them in the working folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name, level in CLASSES.items():
        (tmp_path / "data" / "test" / name).mkdir(parents=True)
        for number in range(6):
            pixels = np.clip(rng.normal(level, 40, (24, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / "test" / name / f"{number}.png")
    Path("mine.py").write_text("from tests.own_models import own_net\ndef make():\n    return own_net(classes=3)\n")
    state = own_net(classes=3).state_dict()
    state["head.3.bias"] -= torch.tensor((0.138, 0.233, -0.138))  # dark pictures are the last class, light ones another
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, "best.pt")
    Path("labels.txt").write_text("bee\nEnglish springer\ntench, Tinca tinca\n")
    return tmp_path / "data" / "test"


def answers(photographs, edits=None):
    """The network and what it says, computed with nothing of the audit."""
    network = attnviz.load("mine.py:make", weights="best.pt", size=(24, 32), mean=(0.5,), std=(0.25,))
    files = [file for name in CLASSES for file in sorted((photographs / name).iterdir())]
    x = torch.stack([torch.tensor(np.asarray(Image.open(file))).permute(2, 0, 1) / 255 for file in files])
    with torch.no_grad(), edit(network.module, edits(network) if edits else {}):
        return network, network.module((x - 0.5) / 0.25).argmax(1).numpy()


TARGETS = np.repeat([2, 1], 6)
"""``tench`` is the third label, ``English springer`` the second."""


def test_accuracy_is_that_of_a_plain_loop_and_classes_are_matched_by_name(photographs, capsys):
    assert main(["evaluate", *MINE, "--labels", "labels.txt", "--data", "data", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    _, said = answers(photographs)
    assert report["correct"] == int((said == TARGETS).sum()) > 8 and report["total"] == 12 and not report["comparable"]
    springer = 100 * np.mean(said[6:] == 1)
    assert report["per_class"]["English springer"] == pytest.approx(springer, abs=0.01)
    assert set(report["per_class"]) == {"English springer", "tench, Tinca tinca"}
    assert main(["evaluate", *MINE, "--data", "data"]) == 2
    assert "the network has no class n01440764, n02102040" in capsys.readouterr().err


def test_gates_are_replaced_and_the_results_say_how_the_network_was_asked(photographs, capsys):
    from attnviz.analysis.searched import sites_of

    call = ["ablate", *MINE, "--labels", "labels.txt", "--data", "data", "--out", "a.json"]
    assert main(call) == 0
    assert "1 channel, 1 spatial" in capsys.readouterr().out
    report = json.loads(Path("a.json").read_text())
    row = report["rows"][0]["ablations"][0]
    _, plain = answers(photographs)
    _, shut = answers(photographs, lambda network: {site: neutral() for site in sites_of(network)})
    assert row["top1"] == pytest.approx(100 * np.mean(plain == TARGETS), abs=0.01)
    assert row["neutral"]["top1"] == pytest.approx(100 * np.mean(shut == TARGETS), abs=0.01)
    assert row["neutral"]["changed"] == pytest.approx(100 * np.mean(shut != plain), abs=0.01)
    assert report["settings"]["network"]["mean"] == "0.5" and "--weights best.pt" in report["command"]
    assert main([*call[:-1], "b.json", "--images", "4"]) == 0
    assert main([*call, "--std", "0.5"]) == 2
    assert "holds results and was made with" in capsys.readouterr().err


def test_a_reference_goes_where_it_is_told_and_replaces_nothing(photographs, capsys):
    call = ["reference", *MINE, "--data", "data"]
    assert main(call) == 2
    assert "has no card" in (said := capsys.readouterr().err) and "--out" in said
    assert main([*call, "--out", "new/mine.reference"]) == 0
    assert "2 gates over 12 images" in capsys.readouterr().out
    made = read_reference(Path("new/mine.reference"))
    network, _ = answers(photographs)
    assert (made.images, made.data, made.weights) == (12, "data", fingerprint(network)) and len(made.gates) == 2
    before = Path("new/mine.reference").read_bytes()
    assert main([*call, "--out", "new/mine.reference"]) == 2 and "is there already" in capsys.readouterr().err
    assert main(["reference", "timm:resnet18", *MINE, "--data", "data", "--out", "x"]) == 2
    assert "several networks" in capsys.readouterr().err and Path("new/mine.reference").read_bytes() == before


def test_a_network_of_timm_with_random_weights_goes_through_all_three(photographs, capsys):
    timm = ["timm:mobilenetv3_small_050", "--untrained", "--size", "64", "--data", "data"]
    assert main(["evaluate", *timm]) == 2
    assert "labels say what its classes are called" in capsys.readouterr().err
    timm += ["--classes", "3", "--labels", "labels.txt"]
    assert main(["evaluate", *timm]) == 0
    assert "of 12); not comparable with a card: has no card" in capsys.readouterr().out
    assert main(["ablate", *timm, "--images", "5"]) == 0
    assert "on 5 of 12 validation images" in capsys.readouterr().out
    assert main(["reference", *timm, "--out", "timm.reference"]) == 0
    assert all(gate.kind == "channel" for gate in read_reference(Path("timm.reference")).gates.values())


def test_a_checkpoint_that_is_asked_otherwise_is_not_judged_by_its_card(photographs, checkpoints, capsys):
    se = ["se", "--folder", str(checkpoints), "--data", "data", "--labels", "labels.txt"]
    assert main(["evaluate", *se]) == 0
    assert "is asked otherwise than its card says" in capsys.readouterr().out
    assert main(["reference", *se]) == 2 and "--out" in capsys.readouterr().err
    assert not (checkpoints / "se.reference").exists()
    assert main(["evaluate", "--all", "--size", "32", "--data", "data"]) == 2
    assert "--all measures checkpoints as they are; --size" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        [*MINE, "--trust-code"],
        ["se", "--folder", "FOLDER OF CHECKPOINTS"],
        ["timm:mobilenetv3_small_050", "--untrained", "--size", "64", "--classes", "3"],
    ],
    ids=lambda options: options[0],
)
def test_the_command_that_results_name_makes_them_again(photographs, checkpoints, options, tmp_path):
    (tmp_path / "FOLDER OF CHECKPOINTS").symlink_to(checkpoints)
    call = ["ablate", *options, "--labels", "labels.txt", "--data", "data", "--images", "3"]
    assert main([*call, "--out", "a.json"]) == 0
    report = json.loads(Path("a.json").read_text())
    _, *again = shlex.split(report["command"].replace("FOLDER ", "data ").replace("data OF", "FOLDER OF"))
    assert main([*again, "--out", "b.json"]) == 0
    assert json.loads(Path("b.json").read_text())["settings"] == report["settings"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["--size", "24x32"], ["--size", "24x32", "--std", "0.5"]),
        ([], ["--mean", "0.25"]),
        (["--mean", "0.25"], []),
        (["--weights", "best.pt"], []),
    ],
)
@pytest.mark.parametrize("command", ["faithfulness", "ablate"])
def test_results_with_other_options_of_the_network_are_not_replaced(photographs, capsys, command, before, after):
    card = ["--size", "24x32", "--mean", "0.5", "--std", "0.25", "--labels", "labels.txt"]
    call = [command, "mine.py:make", "--data", "data", "--images", "2", "--out", "f.json", *card]
    quick = ["--steps", "2", "--random-seeds", "1", "--weight-seeds", "1"] if command == "faithfulness" else []
    assert main([*call, *quick, *before]) == 0
    kept = Path("f.json").read_bytes()
    assert main([*call, *quick, *after]) == 2
    assert "was made with network" in capsys.readouterr().err and Path("f.json").read_bytes() == kept
    assert main([*call, *quick, *before]) == 0
