"""Pictures of any number of channels, and greys of more than eight bits: their own numbers, not what a screen shows."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from attnviz.core.colour_maps import LUMA
from attnviz.core.errors import UserError
from attnviz.core.input_spec import MAX_CHANNELS, InputSpec
from attnviz.core.notes import FULL_12_BITS, Note
from attnviz.core.types import Bytes, Floats, PreparedImage
from attnviz.images.decode import check_bytes, check_size, open_photograph, opened, read_file
from attnviz.images.prepare import centred, prepare, resampling, scaled
from attnviz.images.tiff import is_tiff, read_tiff, whole
from attnviz.images.to_rgb import twelve_bits, upright

Numbers = npt.NDArray[np.generic]


def read_channels(source: Any) -> Numbers:
    """The numbers of a picture as its file has them: (H, W, C), uint8, uint16, int32 or float.

    Args:
        source: An array (H, W) or (H, W, C); the path or the bytes of a ``.npy`` file with one, of a TIFF, or of an
            image that Pillow opens; a Pillow image.

    Raises:
        UserError: It is none of these, has no numbers, or is over the limits of ``attnviz.images.decode``.
    """
    if isinstance(source, np.ndarray):
        return _checked(source, "this array")
    if isinstance(source, Image.Image):
        check_size(source.size, "this image")
        return _checked(_decoded(source, "this image"), "this image")
    if isinstance(source, (str, os.PathLike)):
        name, data = read_file(os.fsdecode(source))
    elif isinstance(source, (bytes, bytearray)):
        name, data = "this file", bytes(source)
    else:
        raise UserError(f"a picture must be bytes, a path, a Pillow image or an array, got {type(source).__name__}")
    check_bytes(len(data), name)
    if data[:6] == b"\x93NUMPY":
        return _checked(_from_npy(data, name), name)
    if is_tiff(data) and not _pillow_reads(data):
        return _checked(read_tiff(data, name), name)
    image = opened(data, name)
    packed = [str(tile[3]) for tile in getattr(image, "tile", ())]
    if len(image.getbands()) > 1 and any(";16" in raw for raw in packed):
        raise UserError(
            f"{name} holds several channels of 16 bits, of which eight would be lost: save it as TIFF or as a .npy "
            "file (H, W, C)"
        )
    return _checked(_decoded(image, name), name)


def _decoded(image: Image.Image, name: str) -> Numbers:
    """The pixels of an image, upright, those of a palette as colours."""
    try:
        image.load()  # first: asked for EXIF, a damaged PNG fails there without a word and then gives zeros
        image = upright(image)
        return np.asarray(image.convert() if image.mode in ("P", "PA") else image)
    except Exception as error:  # Pillow's decoders raise more than a dozen types
        raise UserError(f"{name} is damaged or cut short ({str(error)[:200] or type(error).__name__})") from error


def _pillow_reads(data: bytes) -> bool:
    """Whether Pillow opens a TIFF, and as it is."""
    try:
        return whole(Image.open(io.BytesIO(data), formats=("TIFF",)))
    except Exception:  # it raises more than a dozen types; tifffile may read what it does not
        return False


def _from_npy(data: bytes, name: str) -> Numbers:
    try:
        file = io.BytesIO(data)
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        if math.prod(shape) * dtype.itemsize > len(data):  # before memory is taken for it
            raise ValueError(f"its header says {shape} {dtype}, its {len(data):,} bytes hold less")
        array: Numbers = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError, TypeError) as error:
        raise UserError(f"{name} cannot be read as an array of numbers: {str(error)[:200]}") from error
    return array


def _checked(array: Numbers, name: str) -> Numbers:
    array = array[:, :, None] if array.ndim == 2 else array
    if array.ndim != 3 or not 1 <= array.shape[2] <= MAX_CHANNELS:
        raise UserError(f"{name} must be (H, W) or (H, W, C) with C in 1..{MAX_CHANNELS}, got {array.shape}")
    check_size((array.shape[1], array.shape[0]), name)
    if array.dtype.kind not in "biuf":
        raise UserError(f"{name} must hold real numbers, got {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise UserError(f"{name} holds numbers that are not finite; replace them, for example by np.nan_to_num")
    return array


def _window(array: Numbers, spec: InputSpec) -> tuple[tuple[float, float], tuple[Note, ...]]:
    """What becomes 0 and 1, and what is assumed of it."""
    if spec.window is not None:
        return spec.window, _outside(array, spec.window)
    if array.dtype.kind == "f":
        low, high = float(array.min()), float(array.max())
        if low < 0 or high > 1:
            raise UserError(
                f"the picture holds floats in {low:.4g}..{high:.4g}: say which become 0 and 1, window=(low, high) "
                "(--window LOW,HIGH)"
            )
        return (0.0, 1.0), ()
    if array.dtype.kind == "b":
        return (0.0, 1.0), ()
    notes = twelve_bits(array)
    if notes:
        return (0.0, float(FULL_12_BITS)), notes
    limits = np.iinfo(array.dtype)  # type: ignore[type-var]
    most = 65535 if array.dtype.itemsize > 2 and int(array.max()) <= 65535 else limits.max
    return (0.0, float(most)), ()


def _outside(array: Numbers, window: tuple[float, float]) -> tuple[Note, ...]:
    """What is said of a picture that a window makes all black or all white."""
    least, most = float(array.min()), float(array.max())
    edge = (window[1] - window[0]) / 16
    if window[0] + edge < most and least < window[1] - edge:
        return ()
    numbers = {"least": least, "most": most, "low": window[0], "high": window[1]}
    return (Note("window", {key: f"{value:g}" for key, value in numbers.items()}),)


def prepare_channels(source: Any, spec: InputSpec, display_side: int | None = 1280) -> PreparedImage:
    """What a network is given of a picture's own numbers, and a view of it for people.

    The centred rectangle of ``spec.fit`` is resized channel by channel in float32; ``spec.window`` becomes [0, 1] and
    what is outside is cut off. Shown are the channels of ``spec.shown``, the first three, or one as grey.

    Args:
        source: As for ``read_channels``.
        spec: What the network wants: ``spec.colours`` channels.
        display_side: Longest side of ``PreparedImage.pixels``; ``None`` keeps all pixels.

    Raises:
        UserError: The picture cannot be read, has another number of channels, or needs a window.
    """
    array = read_channels(source)
    count = array.shape[2]
    if count != spec.colours and not (spec.colours == 1 and count == 3):
        raise UserError(
            f"the network takes pictures of {spec.colours} channels, {_called(source)} has {count}; "
            + _turned(array, spec)
        )
    (low, high), assumed = _window(array, spec)
    values = array.astype(np.float32)
    values -= np.float32(low)  # in place: a large picture shall not be held several times
    values /= np.float32(high - low)
    np.clip(values, 0, 1, out=values)
    if count != spec.colours:
        values = (values @ np.array(LUMA, np.float32))[:, :, None]
    size = (array.shape[1], array.shape[0])
    box = centred(size, spec)
    network = _resized(values, (spec.size[1], spec.size[0]), spec, box)
    longest = max(size)
    small = size
    if display_side is not None and longest > display_side:
        small = (max(1, round(size[0] * display_side / longest)), max(1, round(size[1] * display_side / longest)))
    shown = _shown(spec, values.shape[2])
    pixels = _view(_resized(values[:, :, shown], small, spec, (0, 0, *size)))
    given = np.ascontiguousarray(np.moveaxis(np.clip(network, 0, 1), 2, 0))
    given.setflags(write=False)
    return PreparedImage(pixels, scaled(box, size, small), _view(network[:, :, shown]), size, given, assumed)


def _resized(values: Floats, size: tuple[int, int], spec: InputSpec, box: tuple[int, int, int, int]) -> Floats:
    """(h, w, C) -> the box of it at (width, height), channel by channel in float32."""
    left, top, right, bottom = box
    if (right - left, bottom - top) == size:
        return values[top:bottom, left:right]
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(values[:, :, c])).resize(size, resampling(spec), box=box))
        for c in range(values.shape[2])
    ]
    return np.stack(planes, 2)


def _shown(spec: InputSpec, count: int) -> list[int]:
    """Which channels are shown as red, green and blue."""
    return list(spec.shown or ((0, 1, 2) if count >= 3 else (0, 0, 0)))


def _view(values: Floats) -> Bytes:
    """(h, w, 3) in [0, 1] -> uint8, read-only."""
    pixels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    pixels.setflags(write=False)
    return pixels


def _called(source: Any) -> str:
    return repr(Path(source).name[:200]) if isinstance(source, (str, os.PathLike)) else "this one"


def _turned(array: Numbers, spec: InputSpec) -> str:
    """What to do about a picture of other channels: of an array with channels first, turn it."""
    if array.shape[0] == spec.colours:
        return f"it looks like (C, H, W), {array.shape}: give (H, W, C), as numpy.moveaxis(array, 0, -1) makes it"
    return form(spec.colours)


def form(channels: int) -> str:
    """In which files pictures of so many channels come, in words."""
    if channels == 1:
        return "greys come as PNG, TIFF or a .npy file (H, W)"
    return f"such pictures come as TIFF of {channels} bands or as a .npy file (H, W, {channels})"


def prepared(source: Any, spec: InputSpec, display_side: int | None = 1280) -> PreparedImage:
    """A picture as a network sees it, by its own numbers where the network wants these or the picture has no others.

    Args:
        source: A Pillow image, an array, a path or bytes.
        spec: What the network wants.
        display_side: Longest side of ``PreparedImage.pixels``; ``None`` keeps all pixels.

    Raises:
        UserError: It cannot be read, or has another number of channels.
    """
    if is_raw(source, spec) or _holds_more(source):
        return prepare_channels(source, spec, display_side)
    return prepare(open_photograph(source), spec, display_side)


def is_raw(source: Any, spec: InputSpec) -> bool:
    """Whether a picture is to be read by its own numbers: the network wants that, or it is an array file."""
    return spec.raw or (isinstance(source, (str, os.PathLike)) and Path(source).suffix.lower() == ".npy")


def _holds_more(source: Any) -> bool:
    """Whether a file is an array, or a TIFF of other bands or of more bits than Pillow reads."""
    suffix = Path(source).suffix.lower() if isinstance(source, (str, os.PathLike)) else ""
    if suffix not in (".tif", ".tiff"):
        return suffix == ".npy"
    _, data = read_file(os.fsdecode(source))
    return is_tiff(data) and not _pillow_reads(data)


def preview(path: Path) -> Image.Image:
    """A picture for people to recognise a file by, mode RGB: of several bands the first three, each over its range."""
    if not _holds_more(path):
        return open_photograph(path)
    values = read_channels(path).astype(np.float32)
    values = values[:, :, [0, 1, 2] if values.shape[2] >= 3 else [0, 0, 0]]
    low, high = values.min((0, 1)), values.max((0, 1))
    return Image.fromarray(np.rint(255 * (values - low) / np.maximum(high - low, 1e-30)).astype(np.uint8))
