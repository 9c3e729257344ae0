"""Walking through a module: its steps on features that may be changed first."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from attnviz.attention import ATTENTION
from attnviz.attention.description import description_of
from attnviz.attention.stepwise import numbers, record
from attnviz.core.errors import UserError
from attnviz.core.step_values import REGIONS, Change, Walk

SEED = 0


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
    """Go through a module step by step: one pass, in which it notes what it computes.

    Args:
        name: Key of ``ATTENTION``.
        module: Of that type, in eval mode.
        features: What it is given, (1, C, H, W) or (1, C, D, H, W).
        output: What it gave for them in its network, with which the last step is compared where nothing is changed.
        change: What to do to the features before.

    Raises:
        UserError: The change does not fit the features.
    """
    done = change or Change()
    with torch.inference_mode():
        own, noted = record(module, change_features(features, done))
        steps = tuple(step.to_step() for step in noted)
    expected = numbers(own if output is None or not done.nothing else output)[0]
    difference = float(np.abs(steps[-1].values - expected.reshape(steps[-1].shape)).max())
    return Walk(name, steps, difference, change=done)


def options_of(name: str) -> frozenset[str]:
    """Names of the options that an attention type takes."""
    return frozenset(inspect.signature(ATTENTION[name]).parameters) - {"channels"}


def volume_types() -> tuple[str, ...]:
    """Types that have a form for volumes."""
    return tuple(name for name in ATTENTION if "dims" in options_of(name))


def example(name: str, channels: int, volumes: bool = False) -> nn.Module:
    """A module with random weights of a fixed seed that does something.

    Args:
        name: Key of ``ATTENTION``.
        channels: C of the features.
        volumes: Whether for (N, C, D, H, W).

    Raises:
        UserError: The type is not known, or has no form for volumes.
    """
    make = ATTENTION[name]
    if volumes and name not in volume_types():
        raise UserError(f"{name} has no form for volumes; use {', '.join(volume_types())}")
    options = {**description_of(make).example, **({"dims": 3} if volumes else {})}
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(SEED)
        module = make(channels, **options)
        start_visible = getattr(module, "start_visible", None)
        if start_visible is not None:
            start_visible()
    return module.eval().requires_grad_(False)


def demonstrate(name: str, features: Tensor, change: Change | None = None) -> Walk:
    """Go through an ``example``; arguments and errors as ``walk`` and ``example``."""
    module = example(name, features.shape[1], features.ndim == 5)
    return replace(walk(name, module.to(features.device), features, change=change), trained=False)
