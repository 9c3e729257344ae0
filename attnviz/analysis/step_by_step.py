"""Inside one attention module of a loaded model, or inside one made for the occasion, on a photograph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from attnviz.analysis.analyser import Analyser
from attnviz.attention.walk import demonstrate, walk
from attnviz.core.errors import UserError, nearest
from attnviz.core.step_values import Change, Walk
from attnviz.core.types import PreparedImage
from attnviz.gates.session import module_at, unwrapped
from attnviz.gates.watch_module import attention_modules, watching

PIXELS = ""
"""The place whose features are the photograph's own pixels, 3 channels in [0, 1]."""
FRAMES = 4
"""Slices of the volume that is made of a photograph."""
WINDOW = 0.75
"""Side of the window that moves over the photograph for it, as a fraction."""


def places(analyser: Analyser) -> tuple[tuple[str, str], ...]:
    """Path and type of every attention module of a model, first layer to last; ``none`` is a type too."""
    return attention_modules(analyser.loaded.module)


def frames(image: PreparedImage, count: int = FRAMES) -> tuple[PreparedImage, ...]:
    """A short clip of one photograph: a window of three quarters of its side that moves from left to right.

    Args:
        image: What the network would see.
        count: Number of pictures, at least 1; each has the size of the network's input.
    """
    if count < 1:
        raise UserError(f"a clip must have at least 1 picture, got {count}")
    high, wide = image.network.shape[:2]
    whole = Image.fromarray(image.network)
    top = high * (1 - WINDOW) / 2
    clip = []
    for share in np.linspace(0, 1, count):
        left = float(share) * wide * (1 - WINDOW)
        box = (left, top, left + wide * WINDOW, top + high * WINDOW)
        small = np.asarray(whole.resize((wide, high), Image.Resampling.BILINEAR, box=box))
        clip.append(replace(image, pixels=small, network=small, box=(0, 0, wide, high)))
    return tuple(clip)


def pixels(image: PreparedImage) -> Tensor:
    """What the network was given before normalisation, (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.array(image.network, dtype=np.float32) / 255).movedim(-1, 0)[None]


def _passage(analyser: Analyser, x: Tensor, place: str) -> tuple[Tensor, Tensor]:
    """What an attention module is given and what it gives for an input."""
    modules = dict(places(analyser))
    if place not in modules:
        raise UserError(f"{analyser.loaded.name} has no attention module {place!r}; {nearest(place, modules)}")
    with torch.inference_mode(), watching(analyser.loaded.module, place) as passage:
        analyser.loaded.module(x)
    if passage.features is None or passage.output is None:
        raise UserError(f"{place} did not run in this forward pass, or not with a tensor")
    return passage.features, passage.output


def inside(analyser: Analyser, image: PreparedImage, place: str, change: Change | None = None) -> Walk:
    """A module of the network step by step on a photograph; without a change the last step is compared with the pass.

    Args:
        analyser: The model.
        image: What it shall see.
        place: Path of one of its attention modules, see ``places``.
        change: What to do to the features that the module is given.

    Raises:
        UserError: There is no such module, or the change does not fit its features.
    """
    types = dict(places(analyser))
    features, output = _passage(analyser, analyser.input(image), place)
    module = module_at(unwrapped(analyser.loaded.module), place)
    if module is None:
        raise UserError(f"{place} is gone from {analyser.loaded.name}")
    return replace(walk(types[place], module, features, output, change), place=place)


def inside_untrained(
    analyser: Analyser,
    image: PreparedImage,
    attention: str,
    place: str = PIXELS,
    change: Change | None = None,
    *,
    volume: bool = False,
) -> Walk:
    """A module with random weights of a fixed seed on features of a photograph: the computation, nothing learned.

    Args:
        analyser: The model whose features are used.
        image: The photograph.
        attention: Key of ``attnviz.attention.ATTENTION``.
        place: Path of an attention module of the model: its input is used; ``PIXELS`` for the photograph itself.
        change: What to do to the features before.
        volume: Whether to use a clip of ``FRAMES`` pictures and the type's form for volumes.

    Raises:
        UserError: A name is not known, the type has no form for volumes, or the change does not fit.
    """
    clip = frames(image) if volume else (image,)
    if place == PIXELS:
        given = torch.cat([pixels(picture) for picture in clip]).to(analyser.device)
    else:
        given = _passage(analyser, torch.cat([analyser.input(picture) for picture in clip]), place)[0]
    features = given.movedim(0, 1)[None] if volume else given
    return replace(demonstrate(attention, features, change), place=place)
