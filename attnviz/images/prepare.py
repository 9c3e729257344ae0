"""From a photograph to exactly what a network is given."""

from __future__ import annotations

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.notes import ASSUMED
from attnviz.core.types import Box, Bytes, Floats, PreparedImage
from attnviz.images.decode import check_size


def prepare(photograph: Image.Image, spec: InputSpec, display_side: int | None = 1280) -> PreparedImage:
    """Make what a network sees, and reduce the photograph for display.

    The network sees a centred rectangle in whole pixels of the original, resized by ``spec.interpolation`` (antialiased
    unless it is ``"nearest"``); where that has the right size already it is copied exactly. With ``spec.fit`` of
    ``"crop"`` it is the largest one of the input's shape (a square for a square input), with ``"squash"`` the whole
    photograph; its sides are then multiplied by ``spec.crop_fraction``.

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
    box = centred(photograph.size, spec)
    height, width = spec.size
    if (box[2] - box[0], box[3] - box[1]) == (width, height):
        network = photograph.crop(box)
    else:
        network = photograph.resize((width, height), resampling(spec), box=box)
    longest = max(photograph.size)
    shown = photograph.size
    if display_side is not None and longest > display_side:
        w, h = (max(1, round(side * display_side / longest)) for side in photograph.size)
        shown = (w, h)
    return PreparedImage(
        pixels=_frozen(photograph) if shown == photograph.size else _reduced(photograph, shown),
        box=scaled(box, photograph.size, shown),
        network=_frozen(network),
        original_size=photograph.size,
        assumed=tuple(photograph.info.get(ASSUMED, ())),
    )


def resampling(spec: InputSpec) -> Resampling:
    """Pillow's name of a spec's interpolation."""
    return Resampling[spec.interpolation.upper()]


def normalise(network: Bytes, spec: InputSpec) -> Floats:
    """``(x / 255 - mean) / std``: (H, W, 3) uint8 -> (C, H, W) float32, C-contiguous; C is 3, or 1 for grey.

    Grey is the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, as Pillow's mode ``L`` has it.

    Raises:
        UserError: The array is not (H, W, 3) uint8, or the network wants another number of channels.
    """
    if network.ndim != 3 or network.shape[2] != 3 or network.dtype != np.uint8:
        raise UserError(f"a network's input must be (H, W, 3) uint8, got {network.shape} {network.dtype}")
    if spec.colours == 1:
        network = np.asarray(Image.fromarray(network).convert("L"))[:, :, None]
    elif spec.colours != 3:
        raise UserError(
            f"the network takes pictures of {spec.colours} channels and a photograph has 3: give an array "
            f"(H, W, {spec.colours}) or a .npy file that holds one"
        )
    values = np.ascontiguousarray(network.transpose(2, 0, 1), dtype=np.float32)
    values /= np.float32(255)
    return _normalised(values, spec)


def network_input(image: PreparedImage, spec: InputSpec) -> Floats:
    """What a network is given of a prepared image: (C, H, W) float32, normalised.

    Raises:
        UserError: The image was prepared for another number of channels.
    """
    if image.values is None:
        return normalise(image.network, spec)
    if len(image.values) != spec.colours:
        raise UserError(f"the image was prepared with {len(image.values)} channels, the network takes {spec.colours}")
    return _normalised(np.array(image.values, dtype=np.float32), spec)


def _normalised(values: Floats, spec: InputSpec) -> Floats:
    """(C, H, W) in [0, 1] -> normalised, in place."""
    values -= np.asarray(spec.mean, dtype=np.float32)[:, None, None]
    values /= np.asarray(spec.std, dtype=np.float32)[:, None, None]
    return values


def centred(size: tuple[int, int], spec: InputSpec) -> Box:
    """What ``spec.fit`` takes of a photograph of (width, height), times ``crop_fraction``; at least 1x1."""
    height, width = spec.size
    scales = size[0] / width, size[1] / height
    across, down = scales if spec.fit == "squash" else (min(scales),) * 2
    w = min(size[0], max(1, round(width * across * spec.crop_fraction)))
    h = min(size[1], max(1, round(height * down * spec.crop_fraction)))
    left, top = (size[0] - w) // 2, (size[1] - h) // 2
    return left, top, left + w, top + h


def scaled(box: Box, old: tuple[int, int], new: tuple[int, int]) -> Box:
    """A centred box inside ``old`` (width, height) -> the same place inside ``new``, rounded, at least 1x1."""
    left, top, right, bottom = (round(box[i] * new[i % 2] / old[i % 2]) for i in range(4))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _reduced(image: Image.Image, size: tuple[int, int]) -> Bytes:
    """The same, bicubic and antialiased, at (width, height), for people: torch takes a sixth of Pillow's time."""
    if size == (1, 1):  # nobody looks at it: who decodes for the network alone needs no torch, which takes 600 MB
        return _frozen(image.resize(size, Resampling.NEAREST))
    import torch  # samples are listed without it

    whole = min(image.width // size[0], image.height // size[1])
    small = image.reduce(whole) if whole > 1 else image  # means of whole blocks: no large copy is made
    pixels = torch.from_numpy(np.array(small)).permute(2, 0, 1)[None]
    shown = torch.nn.functional.interpolate(pixels, size[::-1], mode="bicubic", antialias=True)
    out: Bytes = np.ascontiguousarray(shown[0].permute(1, 2, 0).numpy())
    out.flags.writeable = False
    return out


def _frozen(image: Image.Image) -> Bytes:
    """(height, width, 3) uint8, read-only and independent of the image."""
    pixels = np.asarray(image, dtype=np.uint8)  # of an image this is a copy
    pixels.flags.writeable = False
    return pixels
