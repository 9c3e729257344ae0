"""From what a user sends to a photograph: the only place that decodes untrusted pictures.

Only formats that Pillow decodes inside the process, and whose header tells how much that takes, are read. Left
out on purpose: EPS calls another program, TGA has no signature, and a file whose AVIF header claims 100x100
pixels may still make the decoder unpack 16384x16384.
"""

from __future__ import annotations

import io
import os
import re
import stat
from pathlib import Path

import numpy as np
import numpy.typing as npt

# Importing a plugin registers it: otherwise Pillow would load every plugin it has to find these two.
from PIL import Image, ImageCms, TiffImagePlugin, WebPImagePlugin  # noqa: F401

from attnviz.core.errors import UserError
from attnviz.images.to_rgb import eight_bits, upright_rgb

MAX_PIXELS = 25_000_000
"""Largest width times height that is decoded: what is sold as 24 megapixels has up to 24.5 million; 75 MB of RGB."""
MAX_BYTES = 32 * 1024 * 1024
"""Largest encoded file, in bytes."""
MAX_ASPECT = 1000
"""Longest side over shortest; a longer strip, reduced to fit a screen, would be less than one pixel across."""
MAX_SCANS = 1000
"""Most scans in a JPEG: each costs a pass over all pixels and only some 20 bytes; real files have about ten.
Not lower, because two random bytes in 65,536 look like a scan and phones append a video to a photograph."""
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
"""Pillow's names of the formats that are opened; JPEG includes MPO, PPM includes PGM, PBM, PNM and PFM."""

_LIMITS = (
    f"attnviz reads JPEG, PNG, WebP, GIF, BMP, TIFF and PPM of at most {MAX_BYTES // 2**20} MiB, "
    f"{MAX_PIXELS:,} pixels and sides of at most {MAX_ASPECT}:1"
)
_URL = re.compile(r"(?i)\s*(?:(?:https?|ftps?|file|s3|gs)://|data:)")
"""What is an address and no path."""

_HINTS = (
    (rb"(?i)(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body)\b", "a web page: save the picture itself"),
    (rb"(?is).*?<svg\b", "an SVG drawing: export it as PNG"),
    (rb"(?s).{4}ftyp.{0,56}avi[fs]", "an AVIF picture: save it as JPEG or PNG"),
    (rb"(?s).{4}ftyp(?:hei|hev|mif1|msf1)", "a HEIC photograph: export or share it as JPEG"),
    (rb"(?s).{4}ftyp", "a video: save one frame as JPEG or PNG"),
    (rb"%PDF|%!PS", "a PDF or PostScript document: export the page as PNG"),
    (rb"PK\x03\x04", "a ZIP archive or an office document: take the picture out first"),
    (rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF|BM|II\*\0|MM\0\*|P[1-7fF]\s", "a picture whose header is damaged"),
)
"""Signatures of what is often sent by mistake, first match wins, and what to do about it."""


def open_photograph(
    source: bytes | bytearray | str | os.PathLike[str] | Image.Image | npt.NDArray[np.generic],
) -> Image.Image:
    """Decode a photograph; limits are checked from the header, before any pixel is decoded.

    Transparency is laid on white; a valid ICC profile is converted to sRGB, a broken one ignored; of animations
    the first frame is taken. 16-bit greys are scaled so that 65535 becomes 255. Float and 32-bit pictures are
    taken as [0, 1] (float) or 0..65535 (integer) where they fit that range; otherwise their finite minimum and
    maximum become 0 and 255. Pixels that are not finite become black. All else is Pillow's own conversion.

    Args:
        source: An encoded file, its path (a URL is never fetched), a Pillow image, or an array of shape (H, W),
            (H, W, 1), (H, W, 2) with alpha, (H, W, 3) or (H, W, 4) with alpha: uint8, uint16 in 0..65535, bool,
            or float in [0, 1].

    Returns:
        A new RGB image: upright (EXIF orientation applied), fully decoded, without metadata or file.

    Raises:
        UserError: The source is missing, no image of a format in ``FORMATS``, damaged, or over ``MAX_BYTES``,
            ``MAX_PIXELS``, ``MAX_ASPECT`` or ``MAX_SCANS``.
    """
    name = "this file"
    if isinstance(source, np.ndarray):
        image = _from_array(source)
    elif isinstance(source, Image.Image):
        check_size(source.size, name)
        image = source
    elif isinstance(source, (bytes, bytearray)):
        image = opened(source, name)
    elif isinstance(source, (str, os.PathLike)):
        name, data = read_file(os.fsdecode(source))
        image = opened(data, name)
    else:
        raise UserError(f"an image must be bytes, a path, a Pillow image or an array, got {type(source).__name__}")
    try:
        image.load()
        return upright_rgb(image)
    except Exception as error:  # Pillow's decoders raise more than a dozen types; each means the same to the user
        raise UserError(f"{name} is damaged or cut short ({_said(error)}); {_LIMITS}") from error


def read_file(text: str) -> tuple[str, bytes]:
    """Name and contents of a regular file of at most ``MAX_BYTES``; never blocks on a pipe or a device."""
    name = repr(text if len(text) <= 200 else f"{text[:200]}…")
    if _URL.match(text):
        raise UserError(f"attnviz fetches no URLs: save the picture and give its path, got {name}")
    try:
        path = Path(text)
        status = path.stat()
        data = b""
        if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BYTES:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}") from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise UserError(f"cannot read {name}: it is {kind}, and an image file is needed")
    check_bytes(max(len(data), status.st_size), name)
    return repr(path.name), data


def opened(data: bytes | bytearray, name: str) -> Image.Image:
    """Read the header only, and refuse what is over a limit; pixels are decoded by ``load()`` later."""
    check_bytes(len(data), name)
    if not data:
        raise UserError(f"{name} is empty (0 bytes); {_LIMITS}")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        sizes = [image.size]
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            # One tile is decoded whole, however little of it lies inside the picture.
            tags = TiffImagePlugin.TILEWIDTH, TiffImagePlugin.TILELENGTH
            sizes.append((int(image.tag_v2.get(tags[0], 1)), int(image.tag_v2.get(tags[1], 1))))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError(f"{name} has too many pixels ({_said(error)}); {_LIMITS}") from error
    except Exception as error:  # as in open_photograph
        head = bytes(data[:2048])
        hint = next((f"it looks like {text}" for sign, text in _HINTS if re.match(sign, head)), "")
        start = head[:12]
        shown = f"“{start.decode()}”" if start.isascii() and start.decode().isprintable() else start.hex(" ")
        got = f"got {len(data):,} bytes that begin with {shown}"
        raise UserError("; ".join(filter(None, (f"{name} is no picture", hint, _LIMITS, got)))) from error
    for size in sizes:
        check_size(size, name)
    if image.format in ("JPEG", "MPO") and (scans := data.count(b"\xff\xda")) > MAX_SCANS:
        raise UserError(f"{name} has too many JPEG scans: at most {MAX_SCANS:,}, got about {scans:,}")
    return image


def check_bytes(count: int, name: str) -> None:
    """Raise ``UserError`` if an encoded file is larger than what is read."""
    if count > MAX_BYTES:
        raise UserError(f"{name} is too large a file; {_LIMITS}, got {count / 2**20:.1f} MiB")


def check_size(size: tuple[int, int], name: str) -> None:
    """Raise ``UserError`` if a picture of (width, height) pixels is larger or longer than what is decoded."""
    width, height = size
    got = f"got {width}x{height} pixels"
    if width < 1 or height < 1:
        raise UserError(f"{name} has no pixels; {_LIMITS}, {got}")
    if width * height > MAX_PIXELS:
        raise UserError(f"{name} has too many pixels; {_LIMITS}, {got}")
    if max(size) > MAX_ASPECT * min(size):
        raise UserError(f"{name} is too long a strip to be shown; {_LIMITS}, {got}")


def _from_array(array: npt.NDArray[np.generic]) -> Image.Image:
    """(H, W) or (H, W, 1..4) -> L, LA, RGB or RGBA; see ``open_photograph`` for types and ranges."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)):
        raise UserError(f"an image array must be (H, W) or (H, W, 1 to 4), got {array.shape}")
    check_size((array.shape[1], array.shape[0]), "this array")
    if array.dtype.kind == "f":
        if not (array.min() >= 0 and array.max() <= 1):  # so put, NaN fails too
            raise UserError(f"a float array must lie in [0, 1], got {array.min():g}..{array.max():g}")
    elif array.dtype.kind != "b" and array.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        raise UserError(f"an image array must be uint8, uint16, bool or float, got {array.dtype}")
    values = eight_bits(array)
    return Image.fromarray(values[:, :, 0] if values.shape[2:] == (1,) else values)


def _said(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__
