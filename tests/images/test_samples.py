"""Every sample in the table loads, and is what its row and its README say."""

import hashlib
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.images import sample_table, samples
from attnviz.images.sample_table import SAMPLES
from attnviz.images.samples import load_sample, sample_masks, sample_names
from attnviz.models.checkpoints import load_card

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "assets" / "samples"
IMAGENETTE = {
    "tench",
    "English springer",
    "cassette player",
    "chain saw",
    "church",
    "French horn",
    "garbage truck",
    "gas pump",
    "golf ball",
    "parachute",
}
CIFAR10 = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
MNIST = set(load_card("digits").labels)
CLASSES = {sample_table.IMAGENETTE: IMAGENETTE, sample_table.CIFAR10: CIFAR10, sample_table.MNIST: MNIST}
RENDERED = [s for s in SAMPLES if s.source == "rendered"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("samples must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def ids(sample):
    return sample.name


@pytest.mark.parametrize("sample", SAMPLES, ids=ids)
def test_loads(sample):
    picture = load_sample(sample.name)
    assert picture.mode == "RGB"
    assert all(240 <= side <= 2048 for side in picture.size)
    assert np.asarray(picture).std() > 10
    assert sample.title and sample.description.endswith(".")
    assert sample.source in samples._LOADERS


@pytest.mark.parametrize("sample", SAMPLES, ids=ids)
def test_expected_is_a_class_of_its_data_set(sample):
    assert sample.expected is None or sample.expected in CLASSES[sample.data]
    assert [data for data in CLASSES if sample.is_known(data)] == ([sample.data] if sample.expected else [])
    if sample.source == "rendered":
        assert sample.expected in sample_masks(sample.name)
    else:
        assert not sample.is_known(sample_table.IMAGENETTE)
        assert sample_masks(sample.name) == {}


@pytest.mark.parametrize("sample", RENDERED, ids=ids)
def test_masks(sample):
    width, height = load_sample(sample.name).size
    masks = sample_masks(sample.name)
    assert set(masks) <= CLASSES[sample.data]
    for mask in masks.values():
        assert mask.dtype == bool and mask.shape == (height, width)
        assert 0.005 < mask.mean() < 0.9
    assert np.sum(list(masks.values()), axis=0).max() == 1  # no pixel shows two objects


@pytest.mark.parametrize("sample", RENDERED, ids=ids)
def test_the_square_that_a_network_sees_keeps_the_objects(sample):
    width, height = load_sample(sample.name).size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    for mask in sample_masks(sample.name).values():
        assert mask[top : top + side, left : left + side].sum() > 0.97 * mask.sum()


def test_table():
    assert len(set(sample_names())) == len(SAMPLES)
    assert load_sample("parachute").height > load_sample("parachute").width
    assert set(sample_masks("church-and-parachute")) == {"church", "parachute"}
    assert {p.stem for p in FOLDER.glob("*.jpg")} == {s.origin for s in RENDERED}


def test_larger_object_is_the_expected_one():
    masks = sample_masks("church-and-parachute")
    assert max(masks, key=lambda label: masks[label].sum()) == "church"


def test_unknown_name_and_missing_files(monkeypatch, tmp_path):
    with pytest.raises(UserError, match="golf-ball"):
        load_sample("golfball")
    with pytest.raises(UserError, match="known"):
        sample_masks("zebra")
    monkeypatch.setattr(samples, "ASSETS", tmp_path)
    with pytest.raises(UserError, match=r"golf-ball\.jpg"):
        load_sample("golf-ball")
    with pytest.raises(UserError, match=r"church\.jpg"):
        sample_masks("church")


def test_broken_scikit_image_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    with pytest.raises(UserError, match="pip install scikit-image"):
        load_sample("cat")


def test_files_are_the_frozen_ones():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    sums = dict(re.findall(r"`([\w.-]+\.(?:jpg|png))` \|.*`([0-9a-f]{64})`", text))
    files = {p.name: p for suffix in ("jpg", "png") for p in FOLDER.glob(f"*.{suffix}")}
    assert set(sums) == set(files)
    assert all(p.stat().st_size <= 150_000 for p in files.values())
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sums[name], name
    assert sum(p.stat().st_size for p in files.values()) < 1_500_000


def test_import_is_light():
    code = "import sys, attnviz.images.samples; print([m for m in ('torch', 'gradio', 'skimage') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_samples_that_a_network_knows():
    known = {name: samples.data_set_of(load_card(name).labels) for name in ("cbam", "noise-rgb", "digits")}
    assert known == {"cbam": sample_table.IMAGENETTE, "noise-rgb": sample_table.CIFAR10, "digits": sample_table.MNIST}
    assert samples.data_set_of(["zebra"]) is None
