"""Small things that many tests need: no network, no GPU, no real checkpoint."""

import dataclasses
import os
import shutil

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread for each of two workers; read when torch is imported

import numpy as np
import pytest
import torch
from PIL import Image

from attnviz.core.input_spec import InputSpec, NoiseSpec
from attnviz.models.checkpoints import Card, save_checkpoint
from attnviz.models.gate_reference import GateReference, Reference, summary
from attnviz.models.gate_snapshots import Snapshots, save_snapshots
from attnviz.models.spec import ModelSpec, build

os.environ.setdefault("MPLBACKEND", "agg")


TINY = ("cbam", "none", "se", "self-attention")
"""Attention types of the tiny checkpoints: masks, bars, both, neither, and a pairwise gate."""


def tiny_spec(attention="cbam", size=32):
    options = {"widths": [8, 8, 16, 16], "depths": [1, 1, 1, 1]}
    return ModelSpec("compact-resnet", attention, 3, options, {}, InputSpec(size=(size, size)))


def tiny_card(spec, name):
    return Card(
        id=name,
        title=f"Tiny {name}",
        spec=spec,
        labels=("red", "green", "blue"),
        metrics={"top1": 33.33, "correct": 1, "total": 3},
        data={"name": "nothing", "val": {"images": 3, "fingerprint": "none"}},
        training={},
        limits=("It knows 3 classes: anything else is forced into one of them.",),
    )


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """A folder with tiny untrained checkpoints, one for each of ``TINY``."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for attention in TINY:
        torch.manual_seed(0)
        spec = tiny_spec(attention, size=128 if attention == "cbam" else 32)
        save_checkpoint(folder, tiny_card(spec, attention), build(spec))
    return folder


def statistics(sites, weights, images=1234):
    """Reference statistics in which each weight is usually 0.40 to 0.50, with a median of 0.45."""
    levels = np.array([0.3, 0.4, 0.43, 0.45, 0.47, 0.5, 0.6], np.float32)
    gates = {}
    for site in sites:
        told = summary(site.kind, np.zeros(site.shape, np.float32))
        mean = np.full(site.shape[1:], 0.45, np.float32)
        quantiles = None if told is None else np.repeat(levels[:, None], told.shape[1], axis=1)
        gates[site.name] = GateReference(site.kind, mean, None, quantiles)
    return Reference(images, "nothing", "none", weights, gates)


@pytest.fixture
def photograph():
    """A 160×120 photograph-like picture: smooth colours and some noise."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(0, 255, 160), np.linspace(0, 255, 120))
    pixels = np.stack((x, y, 255 - x), axis=2) + rng.normal(0, 10, (120, 160, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Three classes that a glance tells apart, 24 training and 8 validation images each."""
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for split, count in (("train", 24), ("val", 8)):
        for name, colour in (("red", (200, 40, 40)), ("green", (40, 200, 40)), ("n02102040", (40, 40, 200))):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = np.clip(rng.normal(colour, 40, (40, 50, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i:02}.png")
    return root


@pytest.fixture(scope="session")
def noise_checkpoints(checkpoints, tmp_path_factory):
    """The tiny checkpoints and, beside them, untrained networks of the noise experiment."""
    folder = tmp_path_factory.mktemp("noise-checkpoints")
    for path in checkpoints.iterdir():
        shutil.copy(path, folder)
    for name, attention, channels in (
        ("noise-rgb", "none", 0),
        ("noise-plain", "none", 3),
        ("noise-attention", "cbam-channel", 3),
        ("noise-permuted", "cbam-channel", 3),
    ):
        torch.manual_seed(len(name))
        options = {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1], "in_channels": 3 + channels, "position": "first"}
        noise = NoiseSpec(channels, permute=name == "noise-permuted") if channels else None
        spec = ModelSpec("compact-resnet", attention, 3, options, {}, InputSpec(size=(32, 32), noise=noise))
        history = [{"epoch": e, "loss": 2 / e, **({"accuracy": 30.0 + e} if e % 2 else {})} for e in (1, 2, 3)]
        card = dataclasses.replace(tiny_card(spec, name), training={"history": history})
        save_checkpoint(folder, card, build(spec))
    film(folder, "noise-attention", {"attention": ("channel", (6, 1, 1))})
    film(folder, "cbam", {"a.channel": ("channel", (16, 1, 1)), "a.spatial": ("spatial", (1, 8, 8))})
    return folder


def film(folder, name, gates):
    """Snapshots of gates that grow from 0.5 to random values."""
    epochs, pictures, rng = (0, 1, 3), ("church", "parachute"), np.random.default_rng(0)
    values = {}
    for gate, (_, shape) in gates.items():
        end = rng.random((1, 2, *shape), np.float32)
        values[gate] = np.concatenate([0.5 + (end - 0.5) * share for share in (0, 0.5, 1)])
    save_snapshots(folder, name, Snapshots(epochs, pictures, values, {gate: kind for gate, (kind, _) in gates.items()}))
