"""TIFFs of several bands, or of more than eight bits a band: what Pillow cannot read, or reads with a loss."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import TiffImagePlugin

from attnviz.core.errors import UserError
from attnviz.core.input_spec import MAX_CHANNELS
from attnviz.images.decode import MAX_BYTES, check_size

if TYPE_CHECKING:
    from tifffile import TiffPage

MOST = 2 * MAX_BYTES
"""Bytes of a TIFF's numbers once they are unpacked."""
SEGMENTS = 100_000
"""Most strips or tiles of a picture."""
STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PLAIN, DEFLATED = (1,), (8, 32946)
TAKEN = "a TIFF is read uncompressed or with deflate; save it so, or as a .npy file (H, W, C)"
SAMPLES, BITS = 277, 258
"""Tags: bands, and bits of each."""


def is_tiff(data: bytes) -> bool:
    """Whether bytes begin as a TIFF does."""
    return data[:4] in STARTS


def whole(image: Any) -> bool:
    """Whether Pillow reads a TIFF as it is: all of its bands, and all of their bits."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return True
    samples, bits = int(image.tag_v2.get(SAMPLES, 1)), image.tag_v2.get(BITS, (1,))
    return samples == len(image.getbands()) and (samples == 1 or max(bits) <= 8)


def read_tiff(data: bytes, name: str) -> npt.NDArray[np.generic]:
    """The first picture of a TIFF as its file has it: (H, W) or (H, W, C); limits are checked before it is unpacked.

    Raises:
        UserError: It is damaged, over a limit, or packed in another way than by deflate.
    """
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages[0]
            _check(page, data, name)
            values = np.asarray(page.asarray(maxworkers=1))  # type: ignore[union-attr]
            return np.moveaxis(values, 0, -1) if values.ndim == 3 and page.planarconfig == 2 else values
    except UserError:
        raise
    except Exception as error:  # tifffile raises what it likes on what is damaged
        raise UserError(f"{name} is a damaged TIFF ({str(error)[:200]}); {TAKEN}") from error


def _check(page: TiffPage | Any, data: bytes, name: str) -> None:
    bands = page.samplesperpixel
    check_size((page.imagewidth, page.imagelength), name)
    if page.imagedepth != 1 or not 1 <= bands <= MAX_CHANNELS:
        raise UserError(f"{name} is a TIFF of {bands} bands and depth {page.imagedepth}; 1 to {MAX_CHANNELS} are read")
    if page.compression not in (*PLAIN, *DEFLATED):
        packed = getattr(page.compression, "name", page.compression)
        raise UserError(f"{name} holds several bands, or more than 8 bits a band, packed as {packed}; {TAKEN}")
    size = page.imagewidth * page.imagelength * bands * (page.bitspersample + 7) // 8
    tile = max(1, page.tilewidth) * max(1, page.tilelength) * bands * (page.bitspersample + 7) // 8
    if max(size, tile) > MOST:
        raise UserError(f"{name} has too many numbers: {size / 2**20:.0f} MiB, at most {MOST // 2**20} are read")
    if len(page.dataoffsets) > SEGMENTS:
        raise UserError(f"{name} has {len(page.dataoffsets):,} strips or tiles; at most {SEGMENTS:,} are read")
    if page.compression in DEFLATED:
        _check_deflated(page, data, name)


def _check_deflated(page: TiffPage | Any, data: bytes, name: str) -> None:
    """Unpack everything within the limit once: a strip may grow a thousandfold, and tifffile has no limit."""
    left = 2 * MOST  # strips and tiles at the edge are longer than what is shown of them
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        unpacked = zlib.decompressobj().decompress(data[offset : offset + count], left + 1)
        left -= len(unpacked)
        if left < 0:
            raise UserError(f"{name} unpacks to more than {2 * MOST // 2**20} MiB, which is not read")
