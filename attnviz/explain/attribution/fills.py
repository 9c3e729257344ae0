"""What takes the place of a part of a picture that a network must not see."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from attnviz.core.errors import UserError, nearest

FILLS = ("blur", "mean", "zero")
"""``blur``: the picture without detail; ``mean``: its mean colour; ``zero``: 0 after normalisation, the mean colour of
the pictures the network was trained with."""


def fill(x: Tensor, name: str, black: Tensor | None = None) -> Tensor:
    """The picture that has lost what it showed, (N, C, H, W) -> (N, C, H, W).

    ``blur`` is a Gaussian with σ of an eighth of the shorter side, at borders of the mean of what lies inside.

    Args:
        x: (N, C, H, W), normalised.
        name: One of ``FILLS``, or ``black`` where it is said what black is.
        black: (C,), what a black pixel is after normalisation.

    Raises:
        UserError: ``name`` is not known.
    """
    if black is not None and name == "black":
        if black.numel() != x.shape[1]:
            raise UserError(
                f"black is known for {black.numel()} channels, the input has {x.shape[1]}; choose another fill"
            )
        return black.to(x).view(1, -1, 1, 1).expand_as(x).clone()
    if name not in FILLS:
        names = FILLS if black is None else (*FILLS, "black")
        raise UserError(f"unknown fill {name!r}; {nearest(name, names)}")
    if name == "zero":
        return torch.zeros_like(x)
    if name == "mean":
        return x.mean((2, 3), keepdim=True).expand_as(x).clone()
    sigma = min(x.shape[2:]) / 8
    weight = torch.ones_like(x[:1, :1])
    return _smooth(x, sigma) / _smooth(weight, sigma)


def _smooth(x: Tensor, sigma: float) -> Tensor:
    """Gaussian with zeros outside the borders, one axis after the other."""
    for axis in (2, 3):
        radius = min(max(1, round(3 * sigma)), x.shape[axis] - 1)
        at = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
        kernel = torch.exp(-0.5 * (at / sigma) ** 2)
        shape = (1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1)
        flat = x.reshape(-1, 1, *x.shape[2:])
        pad = (radius, 0) if axis == 2 else (0, radius)
        x = functional.conv2d(flat, (kernel / kernel.sum()).view(shape), padding=pad).view_as(x)
    return x
