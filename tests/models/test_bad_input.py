"""What people give by mistake: refused by a sentence that says what to do."""

import json

import pytest
import torch

import attnviz
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.models.labels import read_labels

NETS = """
import sys
import torch
from torch import nn
from tests.own_models import OwnNet, own_net

def make():
    return own_net()

def ends():
    sys.exit(3)

def kind():
    return OwnNet

def lazy():
    return nn.Sequential(nn.LazyConv2d(8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))

def meta():
    with torch.device("meta"):
        return OwnNet()
"""


@pytest.fixture
def nets(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    return tmp_path / "nets.py"


@pytest.mark.parametrize(
    ("factory", "said", "message"),
    [
        ("ends", {}, r"nets\.py:ends ends the program \(sys\.exit\)"),
        ("kind", {}, r"it gave the class OwnNet, not one of it: OwnNet\(\)"),
        ("lazy", {}, "0.weight has no shape yet"),
        ("meta", {}, "is on the meta device and holds no numbers"),
        ("make", {"at": (0.5, 0.5)}, r"at \(0.5, 0.5\) is a place, and the network gives one answer"),
        ("make", {"mean": (123.7, 116.3, 103.5), "std": (58.4, 57.1, 57.4)}, "divide mean and std by 255"),
        ("make", {"size": None}, r"say what the network wants to be given: size=224 .*--size 224"),
        ("", {}, r"is Python code: say which function of it gives the network, nets\.py:FACTORY"),
    ],
)
def test_factories(nets, factory, said, message):
    with pytest.raises(UserError, match=message):
        attnviz.load(f"{nets}:{factory}", **{"size": 64, **said})


def test_a_scripted_network_is_told_what_it_is(nets, tmp_path):
    nets.write_text(NETS + "\ndef scripted():\n    return torch.jit.script(own_net())\n")
    assert len(attnviz.load(f"{nets}:scripted", size=64, scores="softmax").labels) == 7


def test_sparse_weights(nets, tmp_path):
    from tests.own_models import own_net

    state = own_net().state_dict()
    key = next(key for key in state if key.endswith("weight") and state[key].ndim == 2)
    state[key] = state[key].to_sparse()
    torch.save(state, tmp_path / "sparse.pt")
    with pytest.raises(UserError, match="holds a sparse tensor; save .* dense"):
        attnviz.load(f"{nets}:make", weights=tmp_path / "sparse.pt", size=64)


def test_labels(tmp_path):
    (tmp_path / "index.json").write_text(json.dumps({"dog": 1, "cat": 0}))
    assert read_labels(tmp_path / "index.json") == ("cat", "dog")
    (tmp_path / "blank.txt").write_text("\n\n")
    with pytest.raises(UserError, match="blank.txt holds no class names"):
        read_labels(tmp_path / "blank.txt")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("l.txt", "cat\ndog\n"),
        ("l.txt", "cat\r\ndog"),
        ("l.json", '["cat", "dog"]'),
        ("l.json", '{"0": "cat", "1": "dog"}'),
        ("l.json", '{"cat": 0, "dog": 1}'),
    ],
)
def test_labels_may_begin_with_a_mark_of_their_encoding(file, text, tmp_path):
    for encoding in ("utf-8", "utf-8-sig"):
        (tmp_path / file).write_bytes(text.encode(encoding))
        assert read_labels(tmp_path / file) == ("cat", "dog")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--opacity", "3"], "opacity must be"),
        (["--cmap", "nope"], "unknown colour map 'nope'"),
        (["--format", "bmp"], "unknown picture format 'bmp'"),
        (["--scale", "auto"], "unknown scale 'auto'"),
        (["--dpi", "1"], "dpi must be in 10..600"),
    ],
)
def test_how_pictures_look_is_checked_before_anything_is_computed(options, message, tmp_path, capsys):
    assert main(["explore", str(tmp_path / "none.png"), "--out", str(tmp_path), *options]) == 2
    assert message in capsys.readouterr().err


def test_an_array_with_channels_first(tmp_path, nets):
    import numpy as np

    np.save(tmp_path / "chw.npy", np.zeros((3, 64, 64), np.float32))
    network = attnviz.load(f"{nets}:make", size=64, scores="softmax")
    with pytest.raises(UserError, match=r"takes pictures of 3 channels, 'chw.npy' has 64; it looks like \(C, H, W\)"):
        attnviz.analyse(network, tmp_path / "chw.npy")
