"""The noise lab's questions: what a network is given beside a picture, and what its gate on the input makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from attnviz.analysis.analyser import Analyser, as_floats
from attnviz.core.errors import UserError
from attnviz.core.input_spec import NoiseSpec
from attnviz.core.sites import GateSite
from attnviz.core.types import Analysis, Floats, GateRecord, PreparedImage
from attnviz.images.noise_channels import append_noise, input_gate
from attnviz.images.prepare import normalise, prepare
from attnviz.images.samples import load_sample

OTHERS = ("church", "golf-ball")
"""Samples that ``other-image`` puts beside a picture: the first one that is not the picture itself."""


@dataclass(frozen=True, eq=False)
class NoiseLook:
    """One network's answer to a picture with noise beside it.

    Attributes:
        analysis: Predictions and gates.
        noise: What was put beside the picture; ``None`` for a network that takes R, G and B alone.
        channels: (C, H, W) float32, what the network was given, by position.
        order: Which channel stands at which position: 0, 1, 2 are R, G, B, from 3 on it is noise.
        scores: (C,) float32, the weight of each position in the gate on the input; ``None`` without such a gate.
    """

    analysis: Analysis
    noise: NoiseSpec | None
    channels: Floats = field(repr=False)
    order: tuple[int, ...]
    scores: Floats | None


def gate_of(analyser: Analyser) -> GateSite | None:
    """The channel gate on the input itself, where a network has one."""
    return input_gate(analyser.sites, analyser.example().shape)


def _other(image: PreparedImage, analyser: Analyser) -> Tensor:
    spec = analyser.loaded.spec.input
    for name in OTHERS:
        pixels = prepare(load_sample(name), spec).network
        if not np.array_equal(pixels, image.network):
            break
    return torch.from_numpy(normalise(pixels, spec))[None]


def _checked(analyser: Analyser, noise: NoiseSpec) -> NoiseSpec:
    trained = analyser.loaded.spec.input.noise
    if trained is None or trained.channels != noise.channels:
        takes = 0 if trained is None else trained.channels
        raise UserError(f"{analyser.loaded.name} takes {takes} noise channels, got {noise.channels}")
    return noise


def look(analyser: Analyser, image: PreparedImage, noise: NoiseSpec) -> NoiseLook:
    """What a network answers to a picture with this noise beside it.

    A network that takes R, G and B alone is asked without noise, for comparison.

    Args:
        analyser: The network.
        image: What it shall see.
        noise: Which noise, and where.

    Raises:
        UserError: The kind of noise is not known, or the network takes another number of channels.
    """
    spec = analyser.loaded.spec.input
    x = torch.from_numpy(normalise(image.network, spec))[None]
    order: tuple[int, ...] = (0, 1, 2)
    if spec.noise is not None:
        x, orders = append_noise(x, _checked(analyser, noise), other=_other(image, analyser))
        order = tuple(orders[0].tolist())
    logits, tape = analyser.forward(x)
    gates = tuple(GateRecord(site, as_floats(tape[site.name].values)) for site in analyser.sites)
    analysis = Analysis(analyser.loaded.name, image, analyser.loaded.labels, as_floats(logits[0]), gates)
    gate = gate_of(analyser)
    scores = None if gate is None else analysis.gate(gate.name).scores
    return NoiseLook(analysis, noise if spec.noise else None, x[0].numpy(), order, scores)


def stand_ins(moments: Floats, size: tuple[int, int]) -> Tensor:
    """Pictures with given means and maxima: a channel gate on the input reads nothing else of a picture.

    Args:
        moments: (N, 3, 2), mean and maximum of each normalised channel.
        size: Height and width in pixels; at least two of them.

    Returns:
        (N, 3, H, W) float32: one pixel has the maximum, all others one value that gives the mean.

    Raises:
        UserError: The shape is another one, or a mean is above its maximum.
    """
    height, width = size
    values = torch.as_tensor(np.asarray(moments, dtype=np.float32))
    if values.ndim != 3 or values.shape[1:] != (3, 2) or not bool((values[..., 0] <= values[..., 1] + 1e-6).all()):
        raise UserError(f"moments must be (N, 3, 2) with mean ≤ maximum, got shape {tuple(values.shape)}")
    mean, most = values[..., 0], values[..., 1]
    count = height * width
    flat = ((mean * count - most) / (count - 1))[..., None].expand(-1, -1, count).clone()
    flat[..., 0] = most
    return flat.reshape(len(values), 3, height, width)


def mean_scores(analyser: Analyser, moments: Floats, noise: NoiseSpec) -> Floats:
    """Scores of the gate on the input for many pictures of which only the moments are known.

    Args:
        analyser: A network with a channel gate on its input, which reads mean and maximum of every channel.
        moments: (N, 3, 2), mean and maximum of each picture's normalised channels.
        noise: Which noise, and where; picture i gets the noise of its seed and number i.

    Returns:
        (N, C) float32, by position.

    Raises:
        UserError: The network has no such gate, or an argument does not fit.
    """
    gate = gate_of(analyser)
    if gate is None:
        raise UserError(f"{analyser.loaded.name} has no channel gate on its input")
    size = analyser.loaded.spec.input.size
    x, _ = append_noise(stand_ins(moments, size), _checked(analyser, noise))
    _, tape = analyser.forward(x, [gate])
    return as_floats(tape[gate.name].values.reshape(len(x), -1))
