"""Decoding what users send, and cutting out what a network sees."""

from __future__ import annotations

import contextlib
import io
import os
import random
import socket
import struct
import subprocess
import sys
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.images import decode as module
from attnviz.images.decode import open_photograph
from attnviz.images.prepare import normalise, prepare

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]

LOSSLESS = {"PNG": {}, "WEBP": {"lossless": True, "exact": True}, "BMP": {}, "TIFF": {}, "PPM": {}}
FORMATS = {"JPEG": {"quality": 95}, **LOSSLESS, "GIF": {}}


def noise(*shape: int, seed: int = 0, dtype=np.uint8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def encode(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **{**FORMATS.get(format, {}), **options})
    return file.getvalue()


def pixels(source) -> np.ndarray:
    return np.asarray(open_photograph(source))


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[:, :, None], 3, axis=2)


def on_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    a = alpha[:, :, None] / 255
    return colour * a + 255 * (1 - a)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, raw: bytes = b"", depth=8, colour=2, extra: bytes = b"") -> bytes:
    """A PNG file with any header, whatever its pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def bomb(side: int) -> bytes:
    """A valid grey PNG of side x side black pixels, in about side**2 / 1000 bytes."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes((side + 1) * n)) for n in [500] * (side // 500)) + packer.flush()
    return png(side, side, colour=0)[:33] + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.fixture
def loads(monkeypatch) -> list:
    """Records every attempt to decode pixels."""
    calls, load = [], ImageFile.ImageFile.load

    def recorded(self):
        calls.append(self)
        return load(self)

    monkeypatch.setattr(ImageFile.ImageFile, "load", recorded)
    return calls


# Formats and modes


@pytest.mark.parametrize("format", LOSSLESS)
def test_lossless_formats_give_the_exact_pixels(format):
    expected = noise(11, 7, 3)
    opened = open_photograph(encode(Image.fromarray(expected), format))
    assert type(opened) is Image.Image and opened.mode == "RGB" and opened.size == (7, 11)
    np.testing.assert_array_equal(np.asarray(opened), expected)


@pytest.mark.parametrize("make", [bytes, bytearray], ids=["bytes", "bytearray"])
def test_a_jpeg_gives_the_pixels_of_pillow(make):
    data = encode(Image.fromarray(noise(24, 40, 3)), "JPEG")
    np.testing.assert_array_equal(pixels(make(data)), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr"])
def test_every_mode_becomes_rgb(mode):
    rgb, alpha = noise(6, 9, 3), noise(6, 9, seed=1)
    alpha[0] = [0, 255, 255, 255, 0, 0, 1, 128, 254]
    luma = noise(6, 9, seed=2)
    indices = np.arange(54, dtype=np.uint8).reshape(6, 9)
    palette = noise(256, 3, seed=3)
    p = Image.fromarray(indices)
    p.putpalette(palette.tobytes())
    rgba = Image.fromarray(np.dstack([rgb, alpha]))
    la = Image.merge("LA", [Image.fromarray(luma), Image.fromarray(alpha)])
    pa = p.convert("PA")
    pa.putalpha(Image.fromarray(alpha))
    opaque = np.full_like(alpha, 255)
    black = Image.new("L", (9, 6))  # without black ink, each other ink takes away one primary
    inks = Image.merge("CMYK", [*map(Image.fromarray, np.moveaxis(255 - rgb, 2, 0)), black])
    cases = {
        "1": (Image.fromarray(luma > 127), grey(np.where(luma > 127, 255, 0)), opaque, 0),
        "L": (Image.fromarray(luma), grey(luma), opaque, 0),
        "LA": (la, grey(luma), alpha, 1),
        "La": (la.convert("La"), grey(luma), alpha, 2),
        "P": (p, palette[indices], opaque, 0),
        "PA": (pa, palette[indices], alpha, 1),
        "RGB": (Image.fromarray(rgb), rgb, opaque, 0),
        "RGBX": (Image.fromarray(rgb).convert("RGBX"), rgb, opaque, 0),
        "RGBA": (rgba, rgb, alpha, 1),
        "RGBa": (rgba.convert("RGBa"), rgb, alpha, 2),
        "CMYK": (inks, rgb, opaque, 0),
        "YCbCr": (Image.fromarray(rgb).convert("YCbCr"), rgb, opaque, 4),
    }
    given_, colour, alpha, tolerance = cases[mode]
    assert given_.mode == mode
    result = pixels(given_)
    assert np.abs(result - on_white(colour, alpha)).max() <= tolerance
    np.testing.assert_array_equal(result[alpha == 0], 255)
    if mode not in ("YCbCr", "RGBa"):
        np.testing.assert_array_equal(result[alpha == 255], np.asarray(colour)[alpha == 255])


@pytest.mark.parametrize("mode, format", [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("LAB", "TIFF"), ("YCbCr", "JPEG")])
def test_print_and_video_colours_keep_their_colour(mode, format):
    colours = np.repeat(
        np.repeat(np.array([[[200, 40, 40], [40, 160, 60], [60, 60, 200], [230, 230, 230]]], np.uint8), 16, 0), 16, 1
    )
    source = Image.fromarray(colours)
    if mode == "LAB":
        source = ImageCms.profileToProfile(
            source, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    data = encode(source.convert(mode), format)
    assert Image.open(io.BytesIO(data)).mode == ("RGB" if mode == "YCbCr" else mode)
    assert np.abs(pixels(data).astype(int) - colours)[:, 4:12].max() <= 6


def test_transparency_in_files_is_laid_on_white():
    rgb, alpha = noise(4, 4, 3), np.array([[0, 85, 170, 255]] * 4, np.uint8)
    expected = on_white(rgb, alpha)
    data = np.dstack([rgb, alpha])
    for format in ("PNG", "WEBP", "TIFF"):
        assert np.abs(pixels(encode(Image.fromarray(data), format)) - expected).max() <= 1, format


@pytest.mark.parametrize("colour", [0, 2, 3], ids=["grey", "rgb", "palette"])
def test_a_transparent_colour_of_a_png_becomes_white(colour):
    raw = {0: b"\0\x28\x32", 2: b"\0" + bytes([40, 41, 42, 50, 51, 52]), 3: b"\0\0\1"}[colour]
    clear = {0: b"\0\x28", 2: b"\0\x28\0\x29\0\x2a", 3: b"\0"}[colour]
    palette = chunk(b"PLTE", bytes([40, 41, 42, 50, 51, 52])) if colour == 3 else b""
    result = pixels(png(2, 1, raw, colour=colour, extra=palette + chunk(b"tRNS", clear)))
    assert result.tolist() == [[[255] * 3, [50, 50, 50] if colour == 0 else [50, 51, 52]]]


def test_a_transparent_16_bit_grey_becomes_white():
    raw = b"\0" + struct.pack(">3H", 1000, 257 * 7, 65535)
    result = pixels(png(3, 1, raw, depth=16, colour=0, extra=chunk(b"tRNS", struct.pack(">H", 1000))))
    assert result.tolist() == [[[255] * 3, [7] * 3, [255] * 3]]


def test_a_transparent_gif_becomes_white():
    frame = Image.fromarray(np.array([[0, 1]], np.uint8))
    frame.putpalette([200, 0, 0, 0, 0, 200])
    assert pixels(encode(frame, "GIF", transparency=0)).tolist() == [[[255] * 3, [0, 0, 200]]]


# 16 bits and more


def sixteen_bits() -> np.ndarray:
    values = noise(8, 8, dtype=np.uint16)
    values[0] = np.array([0, 128, 129, 257, 32768, 65406, 65407, 65535], np.uint16)
    return values


@pytest.mark.parametrize("format", ["PNG", "TIFF", "PPM"])
def test_16_bits_are_scaled_not_clipped(format):
    values = sixteen_bits()
    result = pixels(encode(Image.fromarray(values), format))
    np.testing.assert_array_equal(result, grey(np.floor(values / 257 + 0.5).astype(np.uint8)))
    assert result[0, :, 0].tolist() == [0, 0, 1, 1, 128, 254, 255, 255]


@pytest.mark.parametrize("mode, dtype", [("I;16", "<u2"), ("I;16B", ">u2"), ("I;16L", "<u2"), ("I", "<i4")])
def test_16_bit_modes_agree(mode, dtype):
    values = sixteen_bits()
    given_ = Image.frombytes(mode, (8, 8), values.astype(dtype).tobytes())
    np.testing.assert_array_equal(pixels(given_), pixels(values))


@pytest.mark.parametrize(
    "values, expected",
    [
        ([[-10, 0, 10]], [0, 128, 255]),
        ([[0, 2**31 - 1, 65535]], [0, 255, 0]),
        ([[0.0, 0.5, 1.0]], [0, 128, 255]),
        ([[0.2, 0.4, 0.2]], [51, 102, 51]),
        ([[-1.0, 0.0, 1.0]], [0, 128, 255]),
        ([[-3e38, 0.0, 3e38]], [0, 128, 255]),
        ([[1.0, np.nan, 3.0, np.inf, -np.inf]], [0, 0, 255, 0, 0]),
        ([[0.5, np.nan, np.inf]], [128, 0, 0]),
        ([[np.nan, np.inf]], [0, 0]),
        ([[7.0, 7.0]], [0, 0]),
    ],
)
@pytest.mark.filterwarnings("error")
def test_integer_and_float_pictures(values, expected):
    array = np.array(values, np.float32 if isinstance(values[0][0], float) else np.int32)
    result = pixels(encode(Image.fromarray(array), "TIFF"))
    assert result[0, :, 1].tolist() == expected


def test_arrays_of_every_accepted_kind():
    values = noise(5, 6, 3)
    np.testing.assert_array_equal(pixels(values), values)
    np.testing.assert_array_equal(pixels(values[::-1, ::2]), values[::-1, ::2])
    np.testing.assert_array_equal(pixels(values[:, :, 0]), grey(values[:, :, 0]))
    np.testing.assert_array_equal(pixels(values[:, :, :1]), grey(values[:, :, 0]))
    np.testing.assert_array_equal(pixels(values.astype(">u2") * 257), values)
    np.testing.assert_array_equal(pixels(values / 255), values)
    np.testing.assert_array_equal(pixels(values > 99), np.where(values > 99, 255, 0))
    half = np.dstack([values, np.full((5, 6), 51, np.uint8)])
    assert np.abs(pixels(half) - (values * 0.2 + 204)).max() <= 1
    assert np.abs(pixels(half[:, :, 2:]) - (grey(values[:, :, 2]) * 0.2 + 204)).max() <= 1


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(5), np.zeros((3, 4, 5)), np.zeros((0, 4), np.uint8), np.zeros((1, 4, 4, 3), np.uint8),
        np.full((2, 2), 1.5),
        np.full((2, 2), np.nan), np.zeros((2, 2), np.int64), np.zeros((2, 2), complex), np.full((2, 2), None),
        np.zeros((1, 2000), np.uint8), np.broadcast_to(np.uint8(0), (6000, 6000)),
    ],
)  # fmt: skip
def test_other_arrays_are_refused(array):
    with pytest.raises(UserError, match="got"):
        open_photograph(array)


def test_the_result_is_detached():
    values = noise(4, 4, 3)
    before = values.copy()
    opened = open_photograph(values)
    values[:] = 0
    np.testing.assert_array_equal(np.asarray(opened), before)
    source = Image.fromarray(before)
    opened = open_photograph(source)
    source.paste((0, 0, 0), (0, 0, 4, 4))
    np.testing.assert_array_equal(np.asarray(opened), before)


# Orientation

SIDES = {
    1: "top left",
    2: "top right",
    3: "bottom right",
    4: "bottom left",
    5: "left top",
    6: "right top",
    7: "right bottom",
    8: "left bottom",
}
"""EXIF 2.3: where the stored row 0 and the stored column 0 are to be seen."""


def side(array: np.ndarray, name: str) -> np.ndarray:
    """The middle third of the outermost line on one side, where no corner disturbs."""
    line = {"top": array[0], "bottom": array[-1], "left": array[:, 0], "right": array[:, -1]}[name]
    return line[len(line) // 3 : 2 * len(line) // 3]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", SIDES)
def test_every_orientation_is_turned_upright(orientation, format):
    stored = np.zeros((32, 48, 3), np.uint8)
    stored[:, :8], stored[:8] = (0, 0, 255), (255, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_photograph(encode(Image.fromarray(stored), format, exif=exif))
    assert opened.size == ((48, 32) if orientation <= 4 else (32, 48))
    row, column = SIDES[orientation].split()
    upright = np.asarray(opened)
    assert (np.abs(side(upright, row).astype(int) - (255, 0, 0)) <= 40).all()
    assert (np.abs(side(upright, column).astype(int) - (0, 0, 255)) <= 40).all()
    again = open_photograph(opened)
    assert not opened.info and not opened.getexif() and again.size == opened.size
    np.testing.assert_array_equal(np.asarray(again), upright)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_unknown_orientation_changes_nothing(orientation):
    values, exif = noise(4, 6, 3), Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(pixels(encode(Image.fromarray(values), "PNG", exif=exif)), values)


def test_damaged_exif_does_not_matter():
    values, exif = noise(16, 16, 3), Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description " * 9
    whole = exif.tobytes()
    for format in ("PNG", "JPEG", "WEBP"):
        for end in range(0, len(whole) - 1, 5):
            opened = open_photograph(encode(Image.fromarray(values), format, exif=whole[:end] + b"\xff"))
            assert opened.size == (16, 16)


# Colour profiles


def swapped_profile() -> bytes:
    """sRGB with the red and the blue primary exchanged, so that a conversion cannot be missed."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    tags = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, blue = (profile[tags[t] + 4 : tags[t] + 12] for t in (b"rXYZ", b"bXYZ"))
    profile[tags[b"rXYZ"] + 4 : tags[b"rXYZ"] + 12] = blue
    profile[tags[b"bXYZ"] + 4 : tags[b"bXYZ"] + 12] = red
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "RGBX"])
def test_a_profile_is_converted_to_srgb(mode):
    source = Image.new("RGB", (4, 4), (200, 100, 20)).convert(mode, palette=Image.Palette.ADAPTIVE)
    result = pixels(encode(source, "TIFF", icc_profile=swapped_profile()))
    assert np.abs(result.astype(int) - (20, 100, 200)).max() <= 3
    assert "icc_profile" not in open_photograph(encode(source, "TIFF", icc_profile=swapped_profile())).info


def linear_grey_profile() -> bytes:
    """The smallest grey profile: its values are proportional to light."""
    d50 = struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1.0, 0.8249)))
    tags = {b"wtpt": b"XYZ \0\0\0\0" + d50, b"kTRC": b"curv" + bytes(8)}
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data
    header = struct.pack(">I4sI", 132 + 12 * len(tags) + len(body), b"", 0x02100000) + b"mntrGRAYXYZ "
    header = (header.ljust(36, b"\0") + b"acsp").ljust(68, b"\0") + d50
    return header.ljust(128, b"\0") + table + body


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_grey_profile_is_converted_to_srgb(mode):
    source = Image.new("I;16", (2, 2), 128 * 257) if mode == "I;16" else Image.new("L", (2, 2), 128).convert(mode)
    result = pixels(encode(source, "PNG", icc_profile=linear_grey_profile()))
    assert np.abs(result.astype(int) - 188).max() <= 1  # 128 / 255 of the light is 188 in sRGB


def test_an_srgb_profile_changes_nothing():
    values = noise(32, 32, 3)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(pixels(encode(Image.fromarray(values), "PNG", icc_profile=srgb)), values)


def test_a_profile_keeps_transparency():
    source = Image.new("RGBA", (2, 1), (200, 100, 20, 255))
    source.putpixel((1, 0), (200, 100, 20, 0))
    result = pixels(encode(source, "PNG", icc_profile=swapped_profile())).astype(int)
    assert np.abs(result - [[[20, 100, 200], [255, 255, 255]]]).max() <= 3


@pytest.mark.parametrize("mode", ["L", "LA", "1", "RGB", "CMYK"])
@pytest.mark.parametrize("broken", ["junk", "truncated", "misfit"])
def test_a_broken_profile_is_ignored(mode, broken):
    good = swapped_profile()
    profile = {"junk": b"junk" * 99, "truncated": good[:200], "misfit": good}[broken]
    if (mode, broken) == ("RGB", "misfit"):  # a profile for Lab does not fit an RGB picture
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    source = Image.fromarray(noise(5, 5, 3)).convert(mode)
    np.testing.assert_array_equal(
        pixels(encode(source, "TIFF", icc_profile=profile)), np.asarray(source.convert("RGB"))
    )


# Animations: the first frame only


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_many_frames_the_first_is_taken(format):
    frames = [Image.new("RGB", (8, 6), (40 * i, 10, 200)) for i in range(6)]
    data = encode(frames[0], format, save_all=True, append_images=frames[1:])
    assert Image.open(io.BytesIO(data)).n_frames == 6
    np.testing.assert_array_equal(pixels(data), np.asarray(frames[0]))


# Damage


@pytest.mark.parametrize("format", FORMATS)
def test_files_cut_short_are_refused(format):
    data = encode(Image.fromarray(noise(32, 48, 3)), format)
    for tenth in range(10):
        with pytest.raises(UserError, match="attnviz reads JPEG"):
            open_photograph(data[: len(data) * tenth // 10])
    assert open_photograph(data).size == (48, 32)


@pytest.mark.parametrize("format", FORMATS)
def test_flipped_bits_give_a_picture_or_a_user_error(format):
    data = encode(Image.fromarray(noise(12, 17, 3)), format, **({"exif": Image.Exif()} if format == "JPEG" else {}))
    for seed in range(80):
        dice, damaged = random.Random(seed), bytearray(data)
        for _ in range(dice.choice([1, 1, 3])):
            damaged[dice.randrange(min(len(data), dice.choice([64, 10**6])))] ^= 1 << dice.randrange(8)
        try:
            opened = open_photograph(damaged)
        except UserError as error:
            assert "attnviz reads" in str(error)
        else:
            assert opened.mode == "RGB" and opened.width * opened.height <= module.MAX_PIXELS


SIGNATURES = [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8X", b"BM"]
SIGNATURES += [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"P6 ", b"P5\n9 9\n"]


@given(st.sampled_from(SIGNATURES), st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_no_bytes_raise_anything_but_a_user_error(signature, rest):
    with contextlib.suppress(UserError):
        assert open_photograph(signature + rest).mode == "RGB"


RAISED = [OSError("x"), SyntaxError("x"), ValueError("x"), struct.error("x"), zlib.error("x"), OverflowError("x")]
RAISED += [MemoryError(), EOFError(), IndexError(), KeyError(1), RuntimeError()]
RAISED += [Image.DecompressionBombError("x"), Image.DecompressionBombWarning("x")]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("where", ["open", "load"])
def test_whatever_pillow_raises_becomes_a_user_error(monkeypatch, error, where):
    def fail(*args, **options):
        raise error

    data = encode(Image.new("RGB", (4, 4)), "PNG")
    monkeypatch.setattr(*((Image, "open") if where == "open" else (ImageFile.ImageFile, "load")), fail)
    with pytest.raises(UserError, match="attnviz reads JPEG"):
        open_photograph(data)


@pytest.mark.parametrize(
    "data, hint",
    [
        (b"", "empty"),
        (b"hello world", "hello world"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg width='1'>", "SVG"),
        (b"\n<!DOCTYPE html><html><body><svg></svg>", "web page"),
        (b"\xef\xbb\xbf<html>", "web page"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1avif", "AVIF"),
        (b"\0\0\0\x1cftypisom\0\0\0\0isommp42", "video"),
        (b"%PDF-1.7", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        (b"PK\x03\x04" + bytes(30), "ZIP"),
        (b"\xff\xd8\xff\xe0" + bytes(30), "damaged"),
        (b"GIF89a" + b"<html>" * 9, "attnviz reads"),
    ],
)
def test_what_is_no_image_is_named(data, hint):
    with pytest.raises(UserError, match=hint) as caught:
        open_photograph(data)
    assert "attnviz reads JPEG" in str(caught.value)


@pytest.mark.parametrize("format", ["EPS", "PDF", "JPEG2000", "TGA", "ICO", "PCX"])
def test_formats_that_are_not_listed_are_refused(format):
    with pytest.raises(UserError, match="attnviz reads JPEG"):
        open_photograph(encode(Image.new("RGB", (32, 32)), format))


@pytest.mark.parametrize("tail", [b"<html><script>alert(1)</script>", bytes(999), b"\x89PNG\r\n\x1a\n"])
@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF"])
def test_what_follows_a_picture_does_not_matter(format, tail):
    data = encode(Image.fromarray(noise(9, 9)), format)
    np.testing.assert_array_equal(pixels(data + tail), pixels(data))


@pytest.mark.parametrize("source", [None, 3, [1], io.BytesIO(b""), {}])
def test_other_sources_are_refused(source):
    with pytest.raises(UserError, match=f"got {type(source).__name__}"):
        open_photograph(source)


# Limits


@pytest.mark.parametrize("size, fine", [((1, 1), 1), ((1, 300), 1), ((1000, 1), 1), ((1, 1001), 0), ((1, 20000), 0)])
def test_narrow_pictures(size, fine):
    data = encode(Image.new("RGB", size, (1, 2, 3)), "PNG")
    if fine:
        assert open_photograph(data).size == size
    else:
        with pytest.raises(UserError, match=f"too long a strip.*1000:1, got {size[0]}x{size[1]}"):
            open_photograph(data)


def test_the_largest_photograph_is_opened_and_one_more_row_is_not(loads):
    assert open_photograph(encode(Image.new("L", (6250, 4000)), "PNG", compress_level=1)).size == (6250, 4000)
    loads.clear()
    with pytest.raises(UserError, match="25,000,000 pixels.*got 6250x4001"):
        open_photograph(png(6250, 4001))
    assert not loads


@pytest.mark.parametrize("side", [5001, 12000, 20000])
def test_a_bomb_is_refused_before_it_is_decoded(side, loads):
    data = bomb(side)
    assert len(data) < 500_000
    tracemalloc.start()
    with pytest.raises(UserError, match="too many pixels.*25,000,000"):
        open_photograph(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not loads and peak < 3_000_000


def test_headers_of_every_format_are_checked(loads):
    gif = struct.pack("<6sHHBBB", b"GIF89a", 9000, 9000, 0xF0, 0, 0) + bytes(6)
    gif += struct.pack("<BHHHHB", 0x2C, 0, 0, 9000, 9000, 0) + b"\x08\x00\x3b"
    bmp = bytearray(encode(Image.new("RGB", (4, 4)), "BMP"))
    struct.pack_into("<ii", bmp, 18, 9000, 9000)
    jpeg = bytearray(encode(Image.new("RGB", (8, 8)), "JPEG"))
    struct.pack_into(">HH", jpeg, jpeg.index(b"\xff\xc0") + 5, 9000, 9000)
    tiff = encode(Image.new("RGB", (90, 90)), "TIFF")
    for tag in (256, 257):
        at = tiff.index(struct.pack("<H", tag), 4)
        tiff = tiff[:at] + struct.pack("<HHII", tag, 4, 1, 9000) + tiff[at + 12 :]
    for data in (gif, bmp, jpeg, tiff, b"P6 9000 9000 255 "):
        with pytest.raises(UserError, match="too many pixels"):
            open_photograph(data)
    assert not loads


def test_a_huge_tile_behind_a_small_picture_is_refused(loads):
    """The decoder unpacks a tile whole: this picture has 8x8 pixels, its only tile 40000x40000."""
    tags = [(256, 8), (257, 8), (258, 8), (259, 8), (262, 1), (277, 1), (322, 40000), (323, 40000), (324, 8), (325, 99)]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    data = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + directory + bytes(200)
    assert Image.open(io.BytesIO(data)).size == (8, 8)
    with pytest.raises(UserError, match="got 40000x40000"):
        open_photograph(data)
    assert not loads


def test_a_jpeg_of_endless_scans_is_refused(loads):
    data = encode(Image.fromarray(noise(32, 32, 3)), "JPEG", progressive=True)
    assert open_photograph(data).size == (32, 32)
    loads.clear()
    start, end = data.rindex(b"\xff\xda"), len(data) - 2
    with pytest.raises(UserError, match="scans: at most 1,000"):
        open_photograph(data[:end] + data[start:end] * 1500 + data[end:])
    assert not loads


def test_compressed_text_and_profiles_are_not_unpacked_without_limit():
    zeros = zlib.compress(bytes(80_000_000))
    rows = b"\0\1\2\3" * 1
    for extra in (
        chunk(b"zTXt", b"k\0\0" + zeros),
        chunk(b"iCCP", b"k\0\0" + zeros),
        chunk(b"iTXt", b"k\0\1\0\0\0" + zeros),
    ):
        data = png(1, 1, rows, extra=extra)
        tracemalloc.start()
        with contextlib.suppress(UserError):
            assert open_photograph(data).size == (1, 1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8_000_000


def test_large_files_are_refused_without_being_read(tmp_path, loads):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(module.MAX_BYTES + 1)
    for source in (path, bytes(module.MAX_BYTES + 1)):
        tracemalloc.start()
        with pytest.raises(UserError, match=r"32 MiB.*got 32\.0 MiB"):
            open_photograph(source)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.stop()
    assert not loads


# Paths


def test_a_path_is_opened_whatever_its_ending(tmp_path):
    values = noise(5, 5, 3)
    path = tmp_path / "photo ü.jpg"
    path.write_bytes(encode(Image.fromarray(values), "PNG"))
    for source in (path, str(path)):
        np.testing.assert_array_equal(pixels(source), values)
    path.unlink()  # nothing still holds the file


def test_paths_that_cannot_be_read(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "text.png").write_text("hello")
    for name, what in {
        "absent.png": "absent.png.*No such file", ".": "folder", "pipe.png": "pipe.png.*no regular file",
        "text.png": "text.png.*no picture", "a\0b": "null", "x" * 5000: "too long",
    }.items():  # fmt: skip
        with pytest.raises(UserError, match=f"(?s){what}") as caught:
            open_photograph(str(tmp_path) + "/" + name)
        assert len(str(caught.value)) < 700
    with pytest.raises(UserError, match="folder"):
        open_photograph("")

    def denied(self, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(UserError, match="text.png.*Permission denied"):
        open_photograph(tmp_path / "text.png")


@pytest.mark.parametrize(
    "url",
    ["http://example.org/a.png", "HTTPS://x/y", "ftp://x/y.png", "file:///etc/passwd", "data:image/png;base64,AAAA"],
)
def test_urls_are_never_fetched(url, monkeypatch):
    def connect(*args, **options):
        raise SystemExit("a connection was tried")

    monkeypatch.setattr(socket, "socket", connect)
    with pytest.raises(UserError, match="no URLs"):
        open_photograph(url)


# Shared state


def corpus() -> list[bytes]:
    files = [encode(Image.fromarray(noise(40, 30, 3, seed=i)), format) for i, format in enumerate(FORMATS)]
    return [*files, encode(Image.fromarray(sixteen_bits()), "PNG"), files[0][:900], b"<html>", bomb(12000)]


def outcome(data: bytes) -> bytes | str:
    try:
        return open_photograph(data).tobytes()
    except UserError as error:
        return str(error)


def test_threads_give_what_one_thread_gives():
    files = corpus()
    alone = [outcome(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(outcome, files * 10)) == alone * 10


def test_no_global_state_is_changed():
    def state():
        return Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters), warnings.showwarning

    before = state()
    for data in corpus():
        outcome(data)
        assert state() == before


def test_no_other_plugin_and_neither_torch_nor_gradio_is_loaded():
    code = """if True:
        import sys, io
        from PIL import Image
        from attnviz.core.errors import UserError
        from attnviz.images.decode import open_photograph
        try: open_photograph(b"%!PS-Adobe-3.0 EPSF-3.0")
        except UserError: pass
        file = io.BytesIO(); Image.new("RGB", (2, 2)).save(file, "PNG"); open_photograph(file.getvalue())
        assert "EPS" not in Image.OPEN and {"TIFF", "WEBP"} <= set(Image.OPEN), sorted(Image.OPEN)
        assert not {"torch", "gradio", "PIL.EpsImagePlugin"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", code], check=True)


# What the network sees


def photograph(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(noise(height, width, 3, seed=seed))


@pytest.mark.parametrize(
    "size, input_size, fraction, box",
    [
        ((300, 200), (128, 128), 1.0, (50, 0, 250, 200)),
        ((200, 300), (128, 128), 1.0, (0, 50, 200, 250)),
        ((256, 256), (224, 224), 0.875, (16, 16, 240, 240)),
        ((512, 256), (224, 224), 0.875, (144, 16, 368, 240)),
        ((400, 400), (100, 200), 1.0, (0, 100, 400, 300)),
        ((400, 100), (200, 100), 1.0, (175, 0, 225, 100)),
        ((1, 1), (128, 128), 1.0, (0, 0, 1, 1)),
        ((1, 300), (128, 128), 0.5, (0, 149, 1, 150)),
        ((300, 1), (64, 128), 1.0, (149, 0, 151, 1)),
    ],
)
def test_the_box_is_centred_and_of_the_right_shape(size, input_size, fraction, box):
    prepared = prepare(photograph(*size), InputSpec(size=input_size, crop_fraction=fraction))
    assert prepared.box == box
    assert prepared.network.shape == (*input_size, 3) and prepared.original_size == size
    assert prepared.pixels.shape == (size[1], size[0], 3)


def test_no_resize_is_an_exact_copy():
    square = photograph(128, 128)
    np.testing.assert_array_equal(prepare(square, InputSpec()).network, np.asarray(square))
    wide = photograph(512, 256)
    prepared = prepare(wide, InputSpec(size=(224, 224), crop_fraction=0.875))
    np.testing.assert_array_equal(prepared.network, np.asarray(wide)[16:240, 144:368])
    np.testing.assert_array_equal(prepared.pixels, np.asarray(wide))


def test_resizing_is_antialiased_bicubic():
    stripes = Image.fromarray(np.tile(np.array([[[0] * 3, [255] * 3]], np.uint8), (1024, 512, 1)))
    network = prepare(stripes, InputSpec(size=(64, 64))).network
    assert np.abs(network.astype(int) - 127.5).max() <= 10  # nearest or plain bicubic would give 0 or 255
    source = photograph(300, 200)
    expected = source.resize((64, 64), Image.Resampling.BICUBIC, box=(50, 0, 250, 200))
    np.testing.assert_array_equal(prepare(source, InputSpec(size=(64, 64))).network, np.asarray(expected))


@pytest.mark.parametrize("size", [(300, 200), (200, 300)], ids=["landscape", "portrait"])
@pytest.mark.parametrize("at", [(60, 100), (130, 110), (188, 150)])
@pytest.mark.parametrize("input_size", [(96, 96), (64, 96)], ids=["square", "wide"])
def test_a_hot_spot_lands_where_the_box_says(size, at, input_size):
    source = Image.new("RGB", size)
    source.paste((255, 255, 255), (at[0], at[1], at[0] + 4, at[1] + 4))
    prepared = prepare(source, InputSpec(size=input_size), display_side=150)
    left, top, right, bottom = prepared.box
    for array, scale, offset in (
        (prepared.pixels, 2.0, (0.0, 0.0)),
        (prepared.network, 2 * (right - left) / 96, (2.0 * left, 2.0 * top)),
    ):
        y, x = np.unravel_index(np.argmax(array.sum(axis=2)), array.shape[:2])
        assert abs((x + 0.5) * scale + offset[0] - at[0] - 2) <= 4
        assert abs((y + 0.5) * scale + offset[1] - at[1] - 2) <= 4


@pytest.mark.parametrize(
    "size, side, shown",
    [
        ((3000, 2000), 1280, (1280, 853)),
        ((300, 200), 1280, (300, 200)),
        ((1, 900), 30, (1, 30)),
        ((3000, 2000), None, (3000, 2000)),
    ],
)
def test_the_display_is_reduced_and_never_enlarged(size, side, shown):
    prepared = prepare(photograph(*size), InputSpec(), side)
    assert prepared.pixels.shape == (shown[1], shown[0], 3) and prepared.original_size == size


@pytest.mark.parametrize("size", [(1600, 1200), (1203, 2001), (641, 640), (5000, 700)])
def test_the_display_shows_every_place_where_it_is(size):
    width, height = size
    gradient = np.zeros((height, width, 3), np.uint8)
    gradient[:, :, 0], gradient[:, :, 1] = np.linspace(0, 255, width), np.linspace(0, 255, height)[:, None]
    shown = prepare(Image.fromarray(gradient), InputSpec(), 320).pixels.astype(int)
    expected = Image.fromarray(gradient).resize(shown.shape[1::-1], Image.Resampling.BICUBIC)
    assert np.abs(shown - np.asarray(expected)).max() <= 2


SIDE = st.integers(1, 90)


@given(SIDE, SIDE, st.integers(8, 40), st.integers(8, 40), st.floats(0.01, 1), st.integers(1, 100))
@settings(max_examples=150, deadline=None)
def test_the_box_is_always_inside(width, height, rows, columns, fraction, side):
    spec = InputSpec(size=(rows, columns), crop_fraction=fraction)
    whole, small = prepare(photograph(width, height), spec, None), prepare(photograph(width, height), spec, side)
    for prepared in (whole, small):
        left, top, right, bottom = prepared.box
        shown = prepared.pixels.shape
        assert 0 <= left < right <= shown[1] and 0 <= top < bottom <= shown[0]
        assert prepared.network.shape == (rows, columns, 3) and prepared.original_size == (width, height)
    np.testing.assert_array_equal(whole.network, small.network)
    assert max(small.pixels.shape) <= max(side, 3)
    left, top, right, bottom = whole.box
    assert abs(left - (width - right)) <= 1 and abs(top - (height - bottom)) <= 1
    scale = min(width / columns, height / rows) * fraction
    assert abs(right - left - max(1, columns * scale)) <= 0.51 and abs(bottom - top - max(1, rows * scale)) <= 0.51
    for a, b, old, new in zip(whole.box, small.box, (width, height) * 2, small.pixels.shape[1::-1] * 2, strict=True):
        assert abs(a * new / old - b) <= 1.0


def test_prepared_arrays_are_frozen_and_independent():
    source = photograph(128, 128)
    prepared = prepare(source, InputSpec())
    before = prepared.network.copy()
    source.paste((0, 0, 0), (0, 0, 128, 128))
    np.testing.assert_array_equal(prepared.network, before)
    np.testing.assert_array_equal(prepared.pixels, before)
    for array in (prepared.pixels, prepared.network):
        assert array.dtype == np.uint8
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 0


def test_prepare_refuses_what_it_cannot_use():
    for source, side in (
        (Image.new("L", (9, 9)), 10),
        (photograph(9, 9), 0),
        (Image.new("RGB", (1, 2000)), 10),
        (Image.new("RGB", (0, 5)), 10),
    ):
        with pytest.raises(UserError, match="got"):
            prepare(source, InputSpec(), side)


# Normalisation


def test_normalise_is_the_formula():
    network = noise(8, 12, 3)
    spec = InputSpec(size=(8, 12), mean=(0.1, 0.5, 0.9), std=(0.2, 1.0, 3.0))
    values = normalise(network, spec)
    assert values.dtype == np.float32 and values.shape == (3, 8, 12) and values.flags.c_contiguous
    for c in range(3):
        expected = (network[:, :, c] / 255 - spec.mean[c]) / spec.std[c]
        np.testing.assert_allclose(values[c], expected, rtol=1e-5, atol=1e-6)
    values[:] = 0  # a new, writable array
    assert network.any()


def test_normalise_equals_torch_to_the_bit():
    """The arithmetic of torchvision's ToTensor and Normalize, whose import alone takes seconds."""
    torch = pytest.importorskip("torch")
    network, spec = noise(16, 16, 3), InputSpec()
    mean, std = (torch.tensor(values)[:, None, None] for values in (spec.mean, spec.std))
    expected = torch.from_numpy(network).permute(2, 0, 1).contiguous().float().div(255).sub(mean).div(std)
    np.testing.assert_array_equal(normalise(network, spec), expected.numpy())


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4), np.uint8), np.zeros((3, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)]
)
def test_normalise_refuses_other_arrays(array):
    with pytest.raises(UserError, match="uint8, got"):
        normalise(array, InputSpec())
