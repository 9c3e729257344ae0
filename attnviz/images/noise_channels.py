"""Channels that carry nothing: noise beside R, G and B, for training, evaluation and the app alike.

The noise is drawn at the network's resolution after normalisation, so that a strength of 1 is as loud as an average
picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Generator, Tensor

from attnviz.core.checks import choice
from attnviz.core.errors import UserError
from attnviz.core.input_spec import NoiseSpec
from attnviz.core.sites import GateSite
from attnviz.core.types import Floats

OPEN = 0.5
"""A channel with at least this score is let in."""
SALT = 0.1
"""Share of the pixels of salt-and-pepper noise that are not 0."""

Maker = Callable[[Tensor, Tensor, int, Generator], Tensor]
"""Images (N, 3, H, W), other images of the same shape, C, chance -> (N, C, H, W) of strength 1."""


def _shape(x: Tensor, channels: int) -> tuple[int, int, int, int]:
    return (len(x), channels, x.shape[2], x.shape[3])


def _gaussian(x: Tensor, other: Tensor, channels: int, generator: Generator) -> Tensor:
    return torch.randn(_shape(x, channels), generator=generator, device=x.device)


def _uniform(x: Tensor, other: Tensor, channels: int, generator: Generator) -> Tensor:
    return (torch.rand(_shape(x, channels), generator=generator, device=x.device) * 2 - 1) * 3**0.5


def _salt_and_pepper(x: Tensor, other: Tensor, channels: int, generator: Generator) -> Tensor:
    draws = torch.rand(_shape(x, channels), generator=generator, device=x.device)
    return ((draws < SALT / 2).float() - (draws > 1 - SALT / 2).float()) / SALT**0.5


def _constant(x: Tensor, other: Tensor, channels: int, generator: Generator) -> Tensor:
    value = torch.randn((len(x), channels, 1, 1), generator=generator, device=x.device)
    return value.expand(_shape(x, channels)).clone()


def _shuffled(x: Tensor, other: Tensor, channels: int, generator: Generator) -> Tensor:
    copies = _cycled(x, channels).flatten(2)
    places = torch.rand(copies.shape, generator=generator, device=x.device).argsort(2)
    return copies.gather(2, places).reshape(_shape(x, channels))


def _other_image(x: Tensor, other: Tensor, channels: int, generator: Generator) -> Tensor:
    return _cycled(other, channels).clone()


def _cycled(x: Tensor, channels: int) -> Tensor:
    return x[:, [i % x.shape[1] for i in range(channels)]]


NOISES: Mapping[str, Maker] = {
    "gaussian": _gaussian,
    "uniform": _uniform,
    "salt-and-pepper": _salt_and_pepper,
    "constant": _constant,
    "shuffled": _shuffled,
    "other-image": _other_image,
}
"""Kinds of noise. Gaussian, uniform, salt-and-pepper and constant (one number a channel, drawn from N(0, 1)) have mean
0 and standard deviation 1; ``shuffled`` is the picture itself with its pixels in random places, ``other-image`` is
another picture."""


def check(spec: NoiseSpec) -> Maker:
    """The maker of a kind of noise; an unknown kind raises ``UserError`` naming the nearest ones."""
    choice("kind of noise", spec.kind, NOISES)
    return NOISES[spec.kind]


def append_noise(
    x: Tensor,
    spec: NoiseSpec,
    generator: Generator | None = None,
    first: int = 0,
    other: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Put channels of noise beside R, G and B.

    Args:
        x: (N, 3, H, W) float32, normalised.
        spec: Which noise, and where.
        generator: On the device of ``x``, for noise that is never the same again (training). Without one, image i of
            the batch gets the noise of ``spec.seed`` and number ``first + i``, on every device and in every batch
            the same.
        first: Number of the first image.
        other: (N, 3, H, W), the pictures that ``other-image`` puts in; by default the batch, shifted by one.

    Returns:
        (N, 3 + C, H, W) float32, and (N, 3 + C) int64: position p of image n holds channel ``order[n, p]``.

    Raises:
        UserError: The kind is not known, or ``x`` is no batch of three channels.
    """
    maker = check(spec)
    if x.ndim != 4 or x.shape[1] != 3:
        raise UserError(f"noise goes beside pictures (N, 3, H, W), got {tuple(x.shape)}")
    others = x.roll(1, 0) if other is None else other
    if generator is not None:
        noise, order = maker(x, others, spec.channels, generator), orders(spec, len(x), generator)
    else:
        pairs = [_one(x[i : i + 1], others[i : i + 1], spec, first + i) for i in range(len(x))]
        noise, order = torch.cat([n for n, _ in pairs]), torch.cat([o for _, o in pairs])
    order = order.to(x.device)
    both = torch.cat((x, noise.to(x.device, x.dtype) * spec.strength), 1)
    return both.gather(1, order[:, :, None, None].expand_as(both)), order


def _one(x: Tensor, other: Tensor, spec: NoiseSpec, number: int) -> tuple[Tensor, Tensor]:
    # drawn on the CPU: a CUDA generator gives other numbers for the same seed
    generator = torch.Generator().manual_seed(spec.seed * 1_000_003 + number)
    order = orders(spec, 1, generator)
    return check(spec)(x.cpu(), other.cpu(), spec.channels, generator), order


def orders(spec: NoiseSpec, count: int, generator: Generator) -> Tensor:
    """(count, 3 + C) int64: which channel stands at which position in each of ``count`` images."""
    total = 3 + spec.channels
    if spec.permute:
        return torch.rand((count, total), generator=generator, device=generator.device).argsort(1)
    row = torch.tensor(spec.order or tuple(range(total)), device=generator.device)
    return row.expand(count, total)


def input_gate(sites: Sequence[GateSite], shape: Sequence[int]) -> GateSite | None:
    """The channel gate on the input itself, (1, C, H, W), where a network has one."""
    return next((s for s in sites if s.has_scores and s.features == tuple(shape)), None)


def suppression(scores: Sequence[float] | Floats) -> float:
    """How many times the weakest real channel stands above the strongest noise channel.

    Args:
        scores: Of R, G, B and then each noise channel, wherever they stood.
    """
    return float(min(scores[:3]) / max(max(scores[3:]), 1e-30))


def best_ratio(scores: Sequence[float] | Floats) -> float:
    """How many times the strongest real channel stands above the strongest noise channel; see ``suppression``."""
    return float(max(scores[:3]) / max(max(scores[3:]), 1e-30))
