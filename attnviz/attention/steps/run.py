"""Walking through a module: its steps on features that may be changed first, and the check that they are its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attnviz.attention import ATTENTION
from attnviz.attention.steps import STEPS
from attnviz.attention.steps.parts import numbers
from attnviz.core.errors import UserError
from attnviz.core.step_values import REGIONS, Change, Walk

SEED = 0
VOLUMES = ("cbam", "cbam-channel", "spatial")
"""Types that have a form for volumes."""


def change_features(x: Tensor, change: Change) -> Tensor:
    """Features after a change, (1, C, …, H, W) -> a tensor of the same shape; ``x`` stays as it is.

    Raises:
        UserError: There is no such channel.
    """
    if change.nothing:
        return x
    changed = x.clone()
    if change.channel is not None:
        if change.channel >= x.shape[1]:
            raise UserError(f"channel must be a whole number in 0..{x.shape[1] - 1}, got {change.channel!r}")
        changed[:, change.channel] *= change.factor
    rectangle = REGIONS[change.region]
    if rectangle is not None:
        high, wide = x.shape[-2:]
        top, left, bottom, right = (
            round(share * size) for share, size in zip(rectangle, (high, wide, high, wide), strict=True)
        )
        changed[..., top:bottom, left:right] = 0
    return changed


def walk(
    name: str, module: nn.Module, features: Tensor, output: Tensor | None = None, change: Change | None = None
) -> Walk:
    """Go through a module step by step.

    Args:
        name: Key of ``STEPS``.
        module: Of that type, in eval mode.
        features: What it is given, (1, C, H, W) or (1, C, D, H, W).
        output: What it gave for them in its network; it is run again where that is not known or the features change.
        change: What to do to the features before.

    Raises:
        UserError: The type is not known, or the change does not fit the features.
    """
    done = change or Change()
    with torch.inference_mode():
        given = change_features(features, done)
        steps = tuple(STEPS[name](module, given))
        own = module(given) if output is None or not done.nothing else output
    difference = float(np.abs(steps[-1].values - numbers(own)[0]).max())
    return Walk(name, steps, difference, change=done)


def _affine(module: Any) -> None:
    """A fixed example, since a new spatial transformer is the identity: turned by 20° and a quarter closer."""
    module.theta.bias.copy_(torch.tensor([0.75, -0.27, 0.1, 0.27, 0.75, 0.0]))


def _open(module: Any) -> None:
    """γ = 1, since a new self-attention adds nothing."""
    module.scale.fill_(1.0)


def _open_both(module: Any) -> None:
    module.position_scale.fill_(1.0)
    module.channel_scale.fill_(1.0)


def _spread(module: Any) -> None:
    """The last layer starts at zero in a new module."""
    torch.nn.init.kaiming_uniform_(module.expand.weight, a=5**0.5)


OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "self-attention": {"max_positions": 256},
    "danet": {"max_positions": 256},
    "local": {"start_scale": 1.0},
}
"""Options of modules that are made for the occasion, where the type's own would show nothing or need much memory."""

STARTS = {"stn": _affine, "self-attention": _open, "danet": _open_both, "gc": _spread}
"""What is set by hand in a module that is made for the occasion, because a new one does nothing."""


def untrained(name: str, channels: int, volumes: bool = False) -> tuple[nn.Module, dict[str, Any]]:
    """A module with random weights of a fixed seed, and the options it was built with.

    Args:
        name: Key of ``ATTENTION``.
        channels: C of the features.
        volumes: Whether for (N, C, D, H, W).

    Raises:
        UserError: The type is not known, or has no form for volumes.
    """
    if volumes and name not in VOLUMES:
        raise UserError(f"{name} has no form for volumes; use {', '.join(VOLUMES)}")
    options = {**OPTIONS.get(name, {}), **({"dims": 3} if volumes else {})}
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(SEED)
        module: nn.Module = ATTENTION[name](channels, **options)
        if name in STARTS:
            STARTS[name](module)
    return module.eval().requires_grad_(False), options


def demonstrate(name: str, features: Tensor, change: Change | None = None) -> Walk:
    """Go through a module that was made for the occasion; arguments and errors as ``walk`` and ``untrained``."""
    module, options = untrained(name, features.shape[1], features.ndim == 5)
    found = walk(name, module.to(features.device), features, change=change)
    return replace(found, trained=False, options=options)
