"""From a decoded picture of any mode to upright 8-bit RGB. Only ``decode.py`` uses it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms
from PIL.Image import Transpose

from attnviz.core.notes import ASSUMED, FULL_12_BITS, Note
from attnviz.core.types import Bytes

_UPRIGHT: Mapping[int, Transpose] = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What turns a picture of each EXIF orientation upright; 1 is upright."""


def upright_rgb(image: Image.Image) -> Image.Image:
    """Any loaded image -> a new RGB image: on white, in sRGB, upright, without metadata."""
    profile = image.info.get("icc_profile")
    assumed: tuple[Note, ...] = ()
    turn = _UPRIGHT.get(_orientation(image))
    if image.mode == "F" or image.mode.startswith("I"):
        values, clear = np.asarray(image), image.info.get("transparency")
        assumed = twelve_bits(values)
        image = Image.fromarray(eight_bits(values * 16 + values // 256 if assumed else values))
        if isinstance(clear, int):  # one grey of a 16-bit PNG is transparent
            image.putalpha(Image.fromarray(eight_bits(values != clear)))
    elif image.mode == "La":  # Pillow converts this mode to LA only
        image = image.convert("LA")
    rgb = _in_srgb(image, profile)
    if image.has_transparency_data:
        white = Image.new("RGB", image.size, "white")
        rgb = Image.composite(rgb, white, image.convert("RGBA").getchannel("A"))
    if turn is not None:
        rgb = rgb.transpose(turn)
    rgb.info = {ASSUMED: assumed} if assumed else {}  # an orientation left here would turn the picture once more
    return rgb


def upright(image: Image.Image) -> Image.Image:
    """An image turned as its EXIF orientation says."""
    turn = _UPRIGHT.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def twelve_bits(values: npt.NDArray[np.generic]) -> tuple[Note, ...]:
    """What is assumed of 16-bit greys that use no more than 12 bits: without it they would come out black."""
    if values.dtype.kind not in "iu" or values.dtype.itemsize < 2 or not values.size:
        return ()
    low, most = int(values.min()), int(values.max())
    return (Note("twelve_bits", {"most": most}),) if low >= 0 and 255 < most <= FULL_12_BITS else ()


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours without alpha, through the ICC profile where a valid one fits, else by Pillow's conversion."""
    if profile:
        base = {"1": "L", "LA": "L", "L": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
        with contextlib.suppress(Exception):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image.convert(base), source, target, outputMode="RGB")
            if converted is not None:
                return converted
    return image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1..8 as it is stored; 1 if the EXIF data is missing or damaged."""
    with contextlib.suppress(Exception):
        return int(image.getexif().get(0x0112, 1))
    return 1


def eight_bits(values: npt.NDArray[np.generic]) -> Bytes:
    """Bool, uint8, uint16, int32 or float of any shape -> uint8; the ranges are ``open_photograph``'s."""
    if values.dtype == np.uint8:
        return values.astype(np.uint8, copy=False)
    if values.dtype.kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind in "iu" and values.min() >= 0 and values.max() <= 65535:
        table = np.rint(np.arange(65536) / 257).astype(np.uint8)  # 65535 = 255 * 257
        return np.asarray(table[values.astype(np.uint16)], dtype=np.uint8)
    numbers = values.astype(np.float32)
    finite = np.isfinite(numbers)
    low = float(numbers.min(where=finite, initial=np.inf))
    high = float(numbers.max(where=finite, initial=-np.inf))
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    numbers[~finite] = low if low < high else 0
    # Halves, because the range of finite float32 numbers can itself be too large for a float32.
    scaled = (numbers / 2 - low / 2) / ((high - low) / 2) if low < high else numbers * 0
    return np.asarray(np.rint(scaled * 255), dtype=np.uint8)
