"""Pictures by their own numbers: the same by path, bytes and Pillow image, and no answer on what is damaged."""

import io

import numpy as np
import pytest
from PIL import Image

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.images.channels import prepared, read_channels

VALUES = np.random.default_rng(0).integers(0, 256, (24, 36, 3), dtype=np.uint8)
TURNED = {1: VALUES, 2: VALUES[:, ::-1], 3: VALUES[::-1, ::-1], 4: VALUES[::-1], 5: VALUES.transpose(1, 0, 2),
          6: np.rot90(VALUES, 3), 7: np.rot90(VALUES, 2).transpose(1, 0, 2), 8: np.rot90(VALUES)}  # fmt: skip
"""EXIF orientation -> what it looks like upright."""


def encode(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def sources(data, tmp_path):
    """An encoded picture as people give it."""
    path = tmp_path / "picture"
    path.write_bytes(data)
    return {"path": path, "bytes": data, "Pillow": Image.open(path)}


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", TURNED)
def test_pictures_are_upright(orientation, format, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if format == "WEBP" else {}
    data = encode(Image.fromarray(VALUES), format, exif=exif, **options)
    for way, source in sources(data, tmp_path).items():
        assert np.array_equal(read_channels(source), TURNED[orientation]), way


PALETTES = {
    "PNG": lambda: encode(Image.fromarray(VALUES).quantize(16), "PNG"),
    "GIF": lambda: encode(Image.fromarray(VALUES).quantize(16), "GIF"),
    "BMP": lambda: encode(Image.fromarray(VALUES).quantize(16), "BMP"),
    "TIFF": lambda: encode(Image.fromarray(VALUES).quantize(16), "TIFF"),
}


@pytest.mark.parametrize("name", PALETTES)
def test_a_palette_is_colours(name, tmp_path):
    wanted = np.asarray(Image.fromarray(VALUES).quantize(16).convert("RGB"))
    for way, source in sources(PALETTES[name](), tmp_path).items():
        assert np.array_equal(read_channels(source), wanted), way


def test_a_palette_in_memory_is_colours():
    image = Image.fromarray(VALUES).quantize(16)
    assert np.array_equal(read_channels(image), np.asarray(image.convert("RGB")))
    spec = InputSpec((24, 36), mean=(0.5,), std=(0.5,), window=(0, 255))
    given = [prepared(source, spec).values for source in (image, image.convert("RGB"))]
    assert np.array_equal(*given)


def damaged(data, start, length):
    return data[:start] + b"\0" * length + data[start + length :]


PNG = encode(Image.fromarray(VALUES), "PNG")
DAMAGED = {
    "PNG from its first line on": damaged(PNG, 60, 300),
    "PNG in its middle": damaged(PNG, 800, 40),
    "PNG, cut": PNG[:700],
    "PNG of greys": damaged(encode(Image.fromarray(VALUES[:, :, 0]), "PNG"), 60, 300),
    "PNG of a palette": damaged(encode(Image.fromarray(VALUES).quantize(16), "PNG"), 140, 200),
    "PNG of 16 bits": damaged(encode(Image.fromarray(VALUES[:, :, 0].astype(np.uint16) * 200), "PNG"), 60, 300),
    "JPEG, cut": encode(Image.fromarray(VALUES), "JPEG")[:900],
    "WebP": encode(Image.fromarray(VALUES), "WEBP", lossless=True)[:600],
    "GIF, cut": encode(Image.fromarray(VALUES[:, :, 0]), "GIF")[:900],
    "BMP, cut": encode(Image.fromarray(VALUES), "BMP")[:900],
}


@pytest.mark.parametrize("way", ["path", "bytes", "Pillow"])
@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_is_said(name, way, tmp_path):
    for ask in (read_channels, lambda source: prepared(source, InputSpec((24, 36), window=(0, 255)))):
        try:
            source = sources(DAMAGED[name], tmp_path)[way]  # each time anew: Pillow tells of a damage once
        except OSError:  # it does not even open it
            source = DAMAGED[name]
        with pytest.raises(UserError, match="is damaged or cut short|is no picture"):
            ask(source)


def test_a_pillow_image_is_measured_before_it_is_decoded(monkeypatch):
    image = Image.open(io.BytesIO(encode(Image.new("1", (6000, 5000)), "PNG")))
    monkeypatch.setattr(image, "load", lambda: pytest.fail("it was decoded"))
    with pytest.raises(UserError, match="too many pixels"):
        read_channels(image)
