"""Pictures of several bands: read whole, within limits, or refused by a sentence; against tifffile, which writes them."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.images import tiff
from attnviz.images.channels import prepared, read_channels

BANDS = np.random.default_rng(0).integers(0, 4000, (40, 48, 6)).astype(np.uint16)
CONTIG = {"photometric": "minisblack", "planarconfig": "contig"}


@pytest.mark.parametrize(
    ("values", "how"),
    [
        (BANDS, CONTIG),
        (BANDS, {**CONTIG, "compression": "zlib", "predictor": True}),
        (BANDS, {**CONTIG, "tile": (16, 16), "compression": "zlib"}),
        (BANDS.astype(np.uint8), {"photometric": "rgb", "planarconfig": "contig"}),  # Pillow drops three bands
        (BANDS[:, :, :3], {"photometric": "rgb"}),  # Pillow drops eight bits
        (BANDS[:, :, :4].astype(np.uint8), CONTIG),
        ((BANDS[:, :, :4] / 4000).astype(np.float32), CONTIG),
        (BANDS[:, :, 0], {}),
    ],
)
def test_every_band_is_read_with_all_its_bits(tmp_path, values, how):
    tifffile.imwrite(tmp_path / "a.tif", values, **how)
    assert np.array_equal(read_channels(tmp_path / "a.tif"), values.reshape(40, 48, -1))


def test_bands_that_lie_one_after_the_other_are_read(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.moveaxis(BANDS, 2, 0), photometric="minisblack", planarconfig="separate")
    assert np.array_equal(read_channels(tmp_path / "a.tif"), BANDS)


def test_an_rgb_picture_of_twelve_bits_is_not_black(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", BANDS[:, :, :3], photometric="rgb")
    image = prepared(tmp_path / "a.tif", InputSpec((40, 48)))
    assert image.values is not None and image.values.max() > 0.9
    assert [note.key for note in image.assumed] == ["twelve_bits"]


def test_a_window_beside_the_values_is_said(tmp_path):
    np.save(tmp_path / "a.npy", BANDS[:, :, :1] // 16)
    spec = InputSpec((40, 48), mean=(0.5,), std=(0.5,), window=(0, 65535))
    assert [note.key for note in prepared(tmp_path / "a.npy", spec).assumed] == ["window"]


def test_what_cannot_be_taken_is_refused_by_a_sentence(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", BANDS, **CONTIG)
    with pytest.raises(UserError, match="takes pictures of 4 channels, .a.tif. has 6; .* TIFF of 4 bands"):
        prepared(tmp_path / "a.tif", InputSpec((40, 48), mean=(0.5,) * 4, std=(0.5,) * 4))
    data = bytearray((tmp_path / "a.tif").read_bytes())
    with pytest.raises(UserError, match="damaged TIFF"):
        read_channels(bytes(data[:300]))
    at = data.index(struct.pack("<HHI", 259, 3, 1))  # compression: LZW, which is not read
    data[at + 8] = 5
    with pytest.raises(UserError, match="packed as LZW; a TIFF is read uncompressed or with deflate"):
        read_channels(bytes(data))
    deep = Image.fromarray((BANDS[:, :, :3] >> 4).astype(np.uint8))
    monkeypatch.setattr("attnviz.images.channels.opened", lambda *_: _sixteen(deep))
    with pytest.raises(UserError, match="several channels of 16 bits"):
        read_channels(b"\x89PNG")


def _sixteen(image):
    image.tile = [("zip", (0, 0, 48, 40), 0, "RGB;16B")]
    return image


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((40, 48, 6), np.uint16), **CONTIG, compression="zlib")
    data = file.getvalue()
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        page = opened.pages[0]
        start, counts = page.dataoffsets[0], page.tags[279].valueoffset
    packed = zlib.compress(bytes(50_000_000))
    bomb = bytearray(data[:start] + packed)
    struct.pack_into("<I", bomb, counts, len(packed))
    assert read_channels(data).shape == (40, 48, 6)
    monkeypatch.setattr(tiff, "MOST", 2**20)
    with pytest.raises(UserError, match="unpacks to more than 2 MiB"):
        read_channels(bytes(bomb))
    monkeypatch.setattr(tiff, "MOST", 10_000)
    with pytest.raises(UserError, match="too many numbers"):
        read_channels(data)


def test_an_array_whose_header_says_more_than_it_holds_is_refused():
    file = io.BytesIO()
    np.save(file, np.zeros((8, 8), np.uint8))
    data = file.getvalue().replace(b"(8, 8)", b"(80000, 80000)").replace(b"        \n", b"\n")
    with pytest.raises(UserError, match="its header says"):
        read_channels(data)
