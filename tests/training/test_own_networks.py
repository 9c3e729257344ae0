"""Training on networks of other libraries and of somebody's own code."""

import numpy as np
import pytest
import torch
from PIL import Image

import attnviz
from attnviz.attention import ATTENTION
from attnviz.audit.ablation import ablations
from attnviz.audit.photographs import in_folder
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.models.foreign import build_foreign, insert
from attnviz.training.recipe import load_recipe, read_value
from tests.own_models import own_net

RECIPE = """
id = "mine"
title = "Mine"
[model]
backbone = "{backbone}"
attention = "{attention}"
size = 32
{places}
[augment]
colour = 0.0
[train]
epochs = 2
batch_size = 8
sizes = [[0, 32]]
lr = 0.05
warmup_epochs = 0.0
eval_every = 1
precision = "32-true"
channels_last = false
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Twenty small pictures of two classes, a factory and its weights; the working folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for split, count in (("train", 10), ("val", 4)):
        for label, level in (("dark", 60), ("light", 190)):
            (tmp_path / "data" / split / label).mkdir(parents=True)
            for number in range(count):
                pixels = np.clip(rng.normal(level, 25, (32, 32, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(tmp_path / "data" / split / label / f"{number}.png")
    (tmp_path / "net.py").write_text(
        "from tests.own_models import own_net\ndef make(num_classes=7):\n    return own_net(classes=num_classes)\n"
    )
    torch.save({"state_dict": {f"module.{k}": v for k, v in own_net().state_dict().items()}}, "old.pt")
    return tmp_path


def recipe(folder, backbone, attention="none", places=""):
    (folder / "mine.toml").write_text(RECIPE.format(backbone=backbone, attention=attention, places=places))


@pytest.mark.parametrize(
    ("backbone", "attention", "places"),
    [
        ("net.py:make", "none", ""),
        ("net.py:make", "se", 'places = ["stem", "look"]'),
        ("timm:test_resnet", "cbam", 'places = ["layer4"]'),
    ],
)
def test_a_network_is_trained_and_its_run_folder_is_a_locator(folder, capsys, backbone, attention, places):
    recipe(folder, backbone, attention, places)
    options = ["--data", "data", "--device", "cpu", "--threads", "1", "--set", "train.epochs=1"]
    assert main(["train", "mine.toml", *options]) == 0
    said = capsys.readouterr().out
    assert "every epoch leaves out 4 of 20 images" in said
    (run,) = (folder / "runs").iterdir()
    assert run.name.startswith("mine-") and len(run.name) == len("mine-") + 8
    if backbone.startswith("net.py"):
        with pytest.raises(UserError, match=r"built by code, net\.py:make, which would be run.*--trust-code"):
            attnviz.load(run)
    network = attnviz.load(run, trust_code=True)
    assert network.labels == ("dark", "light") and network.input.size == (32, 32)
    analysis = attnviz.analyse(network, folder / "data" / "val" / "dark" / "0.png")
    assert analysis.labels == ("dark", "light")
    expected = {"net.py:make": 2, "timm:test_resnet": 0}[backbone] + {"none": 0, "se": 2, "cbam": 2}[attention]
    assert len(analysis.gates) == expected
    assert main(["gates", str(run), "--trust-code"]) == 0


def test_it_goes_on_from_a_file_of_weights(folder, capsys):
    recipe(folder, "net.py:make")
    text = (folder / "mine.toml").read_text() + '[start]\nweights = "old.pt"\n'
    (folder / "mine.toml").write_text(text)
    options = [
        "--data",
        "data",
        "--device",
        "cpu",
        "--set",
        "train.lr=1e-9",
        "--set",
        "train.ema_decay=0",
        "--run",
        "r",
    ]
    assert main(["train", "mine.toml", *options]) == 0
    network = attnviz.load(folder / "r", trust_code=True)
    old = own_net()
    torch.testing.assert_close(network.module.squeeze.up.weight, old.squeeze.up.weight, atol=1e-3, rtol=1e-3)
    start = network.card.training["start"]
    assert start["file"] == "old.pt" and start["fresh"] == ["head.3.bias", "head.3.weight"]


def test_a_fresh_attention_changes_nothing():
    torch.manual_seed(0)
    module = own_net().eval()
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        before = module(x)
        insert(module, ATTENTION["cbam"], ["stem", "look"], (32, 32))
        torch.testing.assert_close(module.eval()(x), before)
    assert {"squeeze.up.weight", "stem.0.weight"} <= module.state_dict().keys(), "weights keep their names"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"places": ["nowhere"]}, "there is no module 'nowhere'"),
        ({"places": ["head"]}, r"head gives \(1, 2\)"),
        ({"places": []}, "needs places"),
        ({"place": ["stem"]}, "unknown option 'place' of .*; did you mean 'places'"),
        ({"places": ["stem"], "pretrained": True}, "has no published weights"),
    ],
)
def test_places_that_take_no_attention(folder, options, message):
    with pytest.raises(UserError, match=message):
        build_foreign("net.py:make", ATTENTION["se"], 2, options, (32, 32))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("train.epochs=3", ("train.epochs", 3)),
        ("train.lr = 0.5", ("train.lr", 0.5)),
        ("title=My run", ("title", "My run")),
        ("train.sizes=[[0, 64]]", ("train.sizes", [[0, 64]])),
    ],
)
def test_values_are_tomls(text, value):
    assert read_value(text) == value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "train.epoch=3"], "unknown key 'train.epoch'; did you mean 'epochs'"),
        (["--set", "trian.epochs=3"], "unknown key 'trian'; did you mean 'train'"),
        (["--set", "train.epochs=many"], "train.epochs must be int"),
        (["--set", "train.epochs"], "--set takes KEY=VALUE"),
        (["--set", "model.places=['stem']"], "model.places is for backbones of other libraries"),
        (["--device", "gpu"], "unknown device 'gpu'"),
        (["--threads", "0"], "--threads must be in 1..1024"),
        (["cbam-30", "--run", "x"], "--run is the folder of one run"),
        (["cbam"], "two of the recipes would be trained in"),
    ],
)
def test_bad_options_are_said_before_anything_is_decoded(folder, capsys, arguments, message):
    assert main(["train", "cbam", *arguments, "--data", "data"]) == 2
    assert message in capsys.readouterr().err


def test_a_recipe_under_other_values_is_another(folder):
    plain, changed = load_recipe("cbam"), load_recipe("cbam", [("train.epochs", 30)])
    assert changed.train.epochs == 30 and changed.fingerprint != plain.fingerprint
    assert changed.train.lr == plain.train.lr


def test_ablation_and_statistics_of_a_wrapped_network(folder):
    photographs = in_folder(folder / "data", ["dark", "light"], fewest=2)
    for said in (
        {"mean": 0.5, "std": 0.25},
        {"transform": lambda p: torch.tensor(np.asarray(p.resize((32, 32)))).permute(2, 0, 1) / 127.5 - 1},
    ):
        network = attnviz.wrap(
            own_net(classes=2).eval(),
            labels=["dark", "light"],
            name="mine",
            **({"size": 32} if "mean" in said else {}),
            **said,
        )
        report = ablations(network, photographs, batch=4)
        assert report["gates"] == {"channel": 1, "spatial": 1} and set(report) >= {"mean", "shuffle", "neutral"}
    grey = attnviz.wrap(own_net(classes=2, channels=1).eval(), size=32, mean=0.5, std=0.25, labels=["dark", "light"])
    assert ablations(grey, photographs, batch=4)["gates"] == {"channel": 1, "spatial": 1}
