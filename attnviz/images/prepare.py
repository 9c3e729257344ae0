"""From a photograph to exactly what a network is given."""

from __future__ import annotations

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.types import Box, Bytes, Floats, PreparedImage
from attnviz.images.decode import check_size


def prepare(photograph: Image.Image, spec: InputSpec, display_side: int | None = 1280) -> PreparedImage:
    """Make what a network sees, and reduce the photograph for display.

    The network sees a centred rectangle in whole pixels of the original, resized by antialiased bicubic interpolation;
    where that has the right size already it is copied exactly. With ``spec.fit`` of ``"crop"`` it is the largest one of
    the input's shape (a square for a square input), with ``"squash"`` the whole photograph; its sides are then
    multiplied by ``spec.crop_fraction``.

    Args:
        photograph: RGB, as ``open_photograph`` returns it.
        spec: What the network wants.
        display_side: Longest side of ``PreparedImage.pixels``, >= 1; a smaller photograph is not enlarged.
            ``None`` keeps all pixels.

    Returns:
        The prepared image; its arrays are read-only.

    Raises:
        UserError: The photograph is not RGB or over the limits, or ``display_side`` < 1.
    """
    if photograph.mode != "RGB":
        raise UserError(f"prepare needs an RGB photograph, open it first; got mode {photograph.mode}")
    if display_side is not None and display_side < 1:
        raise UserError(f"display_side must be at least 1 or None, got {display_side}")
    check_size(photograph.size, "the photograph")
    box = _centred(photograph.size, spec)
    height, width = spec.size
    if (box[2] - box[0], box[3] - box[1]) == (width, height):
        network = photograph.crop(box)
    else:
        network = photograph.resize((width, height), Resampling.BICUBIC, box=box)
    longest = max(photograph.size)
    shown = photograph
    if display_side is not None and longest > display_side:
        w, h = (max(1, round(side * display_side / longest)) for side in photograph.size)
        shown = photograph.resize((w, h), Resampling.BICUBIC)
    return PreparedImage(
        pixels=_frozen(shown),
        box=_scaled(box, photograph.size, shown.size),
        network=_frozen(network),
        original_size=photograph.size,
    )


def normalise(network: Bytes, spec: InputSpec) -> Floats:
    """``(x / 255 - mean) / std``: (H, W, 3) uint8 -> (3, H, W) float32, C-contiguous.

    Raises:
        UserError: The array is not (H, W, 3) uint8.
    """
    if network.ndim != 3 or network.shape[2] != 3 or network.dtype != np.uint8:
        raise UserError(f"a network's input must be (H, W, 3) uint8, got {network.shape} {network.dtype}")
    values = np.ascontiguousarray(network.transpose(2, 0, 1), dtype=np.float32)
    values /= np.float32(255)
    values -= np.asarray(spec.mean, dtype=np.float32)[:, None, None]
    values /= np.asarray(spec.std, dtype=np.float32)[:, None, None]
    return values


def _centred(size: tuple[int, int], spec: InputSpec) -> Box:
    """What ``spec.fit`` takes of a photograph of (width, height), times ``crop_fraction``; at least 1x1."""
    height, width = spec.size
    scales = size[0] / width, size[1] / height
    across, down = scales if spec.fit == "squash" else (min(scales),) * 2
    w = min(size[0], max(1, round(width * across * spec.crop_fraction)))
    h = min(size[1], max(1, round(height * down * spec.crop_fraction)))
    left, top = (size[0] - w) // 2, (size[1] - h) // 2
    return left, top, left + w, top + h


def _scaled(box: Box, old: tuple[int, int], new: tuple[int, int]) -> Box:
    """A centred box inside ``old`` (width, height) -> the same place inside ``new``, rounded, at least 1x1."""
    left, top, right, bottom = (round(box[i] * new[i % 2] / old[i % 2]) for i in range(4))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _frozen(image: Image.Image) -> Bytes:
    """(height, width, 3) uint8, read-only and independent of the image."""
    pixels = np.asarray(image, dtype=np.uint8)  # of an image this is a copy
    pixels.flags.writeable = False
    return pixels
