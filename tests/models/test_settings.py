"""What a file of weights, or a file beside it, says of its network."""

import json
from argparse import Namespace

import numpy as np
import pytest
import safetensors.torch
import timm
import torch

import attnviz
from attnviz.core.errors import UserError
from attnviz.models.settings import settings_beside, settings_of

TINY = "timm:test_efficientnet"
FACTORY = """
from torch import nn

class Lit(nn.Module):
    def __init__(self, width, num_classes=10, lr=1e-3):
        super().__init__()
        self.net, self.head = nn.Conv2d(3, width, 3), nn.Linear(width, num_classes)

    def forward(self, x):
        x = self.net(x)
        return self.head((x * x.mean((2, 3), keepdim=True).sigmoid()).mean((2, 3)))
"""


def lightning(file, hyper, classes=4, channels=3):
    state = timm.create_model("test_efficientnet", num_classes=classes, in_chans=channels).state_dict()
    content = {f"model.{key}": value for key, value in state.items()} | {"criterion.weight": torch.ones(classes)}
    torch.save({"state_dict": content, "epoch": 3, "callbacks": {"x": {"size": 31}}, "hyper_parameters": hyper}, file)
    return file


@pytest.mark.parametrize(
    ("values", "field", "wanted"),
    [
        ({"image_size": 96}, "size", (96, 96)),
        ({"data": {"img_size": [64, 96]}}, "size", (64, 96)),
        ({"input_size": (3, 64, 96)}, "size", (64, 96)),
        ({"size": "small"}, "size", None),
        ({"train": {"size": 64}, "val": {"size": 96}}, "size", None),  # two say different things
        ({"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]}, "mean", (0.485, 0.456, 0.406)),
        ({"mean": 0.5}, "mean", None),  # one without the other
        ({"mean": 0.5, "std": 0}, "mean", None),
        ({"class_to_idx": {"dog": 1, "cat": 0}}, "labels", ("cat", "dog")),
        ({"id2label": {"0": "cat", "1": "dog"}}, "labels", ("cat", "dog")),
        ({"id2label": {"0": "cat", "2": "dog"}}, "labels", None),
        ({"classes": ["cat", "dog"], "num_classes": 3}, "labels", None),
        ({"resample": 3}, "interpolation", "bicubic"),
        ({"size": {"height": 96, "width": 96}}, "fit", "squash"),
    ],
)
def test_settings_are_read_under_the_names_that_people_give_them(values, field, wanted):
    found = getattr(settings_of(values).card, field)
    assert found == (pytest.approx(wanted) if field == "mean" and wanted else wanted)


def test_what_lightning_notes_is_read_and_said_and_options_lie_over_it(tmp_path):
    hyper = {
        "lr": 1e-3,
        "num_classes": 4,
        "image_size": 96,
        "mean": [0.1] * 6,
        "std": [0.2] * 6,
        "labels": list("abcd"),
    }
    file = lightning(tmp_path / "six.ckpt", hyper, channels=6)
    network = attnviz.load(TINY, weights=file)
    assert (network.input.size, network.input.mean, network.labels) == ((96, 96), (0.1,) * 6, tuple("abcd"))
    read = next(note for note in network.assumed if note.key == "read")
    assert read.text.startswith("Read from six.ckpt: size 96, 96; mean 0.1") and "labels (4: a, b, c …)" in read.text
    other = attnviz.load(TINY, weights=file, size=64, labels=list("wxyz"))
    assert (other.input.size, other.labels) == ((64, 64), tuple("wxyz"))
    assert "size" not in next(note for note in other.assumed if note.key == "read").text
    with pytest.raises(UserError, match="takes 6 channels: say their mean and std"):
        attnviz.load(TINY, weights=lightning(tmp_path / "bare.ckpt", {"num_classes": 4}, channels=6))


def test_a_factory_gets_the_arguments_that_lightning_notes(tmp_path):
    (tmp_path / "lit.py").write_text(FACTORY)
    names = {}
    exec(FACTORY, names)  # noqa: S102
    hyper = {"width": 12, "num_classes": 3, "lr": 0.1, "size": 64, "other": 5}
    file = tmp_path / "lit.ckpt"
    torch.save({"state_dict": names["Lit"](12, 3).state_dict(), "hyper_parameters": hyper}, file)
    network = attnviz.load(f"{tmp_path}/lit.py:Lit", weights=file)
    assert network.input.size == (64, 64) and len(network.labels) == 3
    assert "Lit(width=…) 12" in network.assumed[0].text
    with pytest.raises(UserError, match="needs arguments"):
        attnviz.load(f"{tmp_path}/lit.py:Lit", size=64)


def test_options_of_torchvisions_training_are_read_and_code_is_not(tmp_path):
    state = timm.create_model("test_efficientnet", num_classes=2).state_dict()
    torch.save({"model": state, "args": Namespace(num_classes=2, img_size=128)}, tmp_path / "tv.pth")
    assert attnviz.load(TINY, weights=tmp_path / "tv.pth").input.size == (128, 128)
    torch.save({"model": state, "args": FileLike("x")}, tmp_path / "code.pth")
    with pytest.raises(UserError, match="objects other than tensors"):
        attnviz.load(TINY, weights=tmp_path / "code.pth")


class FileLike:
    def __init__(self, name):
        self.name = name


def test_what_transformers_writes_beside_weights_is_read(tmp_path):
    net = timm.create_model("test_efficientnet", num_classes=2)
    safetensors.torch.save_file(net.state_dict(), tmp_path / "model.safetensors")
    prepared = {
        "image_mean": [0.5] * 3,
        "image_std": [0.25] * 3,
        "size": {"shortest_edge": 256},
        "do_center_crop": True,
    }
    prepared |= {"crop_size": {"height": 224, "width": 224}, "resample": 2}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(prepared))
    (tmp_path / "config.json").write_text(json.dumps({"id2label": {"0": "cat", "1": "dog"}, "image_size": 384}))
    network = attnviz.load(TINY, weights=tmp_path / "model.safetensors")
    given = network.input
    assert (given.size, given.mean, given.std) == ((224, 224), (0.5,) * 3, (0.25,) * 3)
    assert (given.fit, given.crop_fraction, given.interpolation) == ("crop", 0.875, "bilinear")
    assert network.labels == ("cat", "dog")
    assert "preprocessor_config.json and config.json" in network.assumed[0].text
    (tmp_path / "config.json").write_text("[]")  # damaged: not about this file
    assert attnviz.load(TINY, weights=tmp_path / "model.safetensors", classes=2).labels == ("class 0", "class 1")


@pytest.mark.parametrize(
    ("mean", "std"),
    [
        ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
        ([0.0, 0.0, 0.0], [255.0, 255.0, 255.0]),
        (0, 255),
        ([127.5], [127.5]),
        ([103.53, 116.28, 123.675], [1.0, 1.0, 1.0]),
    ],
)
def test_normalisation_of_bytes_is_brought_to_shares(mean, std):
    card = settings_of({"mean": mean, "std": std}).card
    given = [list(np.ravel(values)) for values in (mean, std)]
    np.testing.assert_allclose([card.mean, card.std], np.array(given) / 255)


@pytest.mark.parametrize(("mean", "std"), [(0, 1), ([0.5] * 3, [1.0] * 3), ([-1.0], [0.5]), ([0.5], [1.2])])
def test_normalisation_of_shares_stays(mean, std):
    card = settings_of({"mean": mean, "std": std}).card
    assert (card.mean, card.std) == tuple(tuple(map(float, np.ravel(values))) for values in (mean, std))


def test_settings_beside_weights_may_begin_with_a_mark(tmp_path):
    (tmp_path / "config.json").write_text('{"mean": [0.5], "std": [0.25]}', encoding="utf-8-sig")
    assert settings_beside(tmp_path / "w.pt").card.mean == (0.5,)
