"""Pictures that strangers send, made by script: good ones of every kind, and hostile ones that must be refused.

Everything is a pure function of a seed. ``good()`` comes with Pillow's own conversion as the expected pixels.
"""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms


@dataclass(frozen=True)
class Case:
    """One input: what kind it is, a name for reports, the bytes, and the name of its file."""

    kind: str
    name: str
    data: bytes
    file: str = "photograph.jpg"


def _scene(width: int = 48, height: int = 32, seed: int = 0) -> Image.Image:
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    noise = np.random.default_rng(seed).normal(0, 12, (height, width, 3))
    return Image.fromarray(np.clip(np.stack((x, y, 255 - x), 2) + noise, 0, 255).astype(np.uint8))


def _file(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixels: bytes = b"", depth: int = 8, colour: int = 2, extra: bytes = b"") -> bytes:
    """A PNG file with any header, whatever its pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def bomb(width: int, height: int) -> bytes:
    """A valid PNG of one bit a pixel, all black: 12000 x 12000 in about 17 KB."""
    packer = zlib.compressobj(9)
    line = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(line) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif_bomb(frames: int = 300, side: int = 8000) -> bytes:
    """An animation whose first frame claims more pixels than are decoded."""
    first = _file(Image.new("P", (1, 1)), "GIF")
    screen = first[:6] + struct.pack("<HH", side, side) + first[10:]
    return screen[:-1] + b"\x21\xf9\x04\0\x0a\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0" * frames + b"\x3b"


def _with_exif(orientation: int, cut: int | None = None) -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, "a description " * 9
    return _file(_scene(), "JPEG", quality=95, exif=exif.tobytes()[:cut])


def good() -> dict[str, bytes]:
    """Valid files of every format and mode, by name."""
    scene, srgb = _scene(), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    alpha = scene.copy()
    alpha.putalpha(Image.linear_gradient("L").resize(scene.size))
    grey = scene.convert("L")
    la = Image.merge("LA", [grey, alpha.getchannel("A")])
    palette = scene.quantize(16)
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    frames = [_scene(seed=seed) for seed in range(3)]
    files = {
        "jpeg": _file(scene, "JPEG", quality=95),
        "jpeg progressive": _file(scene, "JPEG", progressive=True),
        "jpeg grey": _file(grey, "JPEG"),
        "jpeg cmyk": _file(scene.convert("CMYK"), "JPEG"),
        "jpeg icc": _file(scene, "JPEG", icc_profile=srgb),
        "jpeg broken icc": _file(scene, "JPEG", icc_profile=srgb[:200]),
        "png": _file(scene, "PNG"),
        "png grey": _file(grey, "PNG"),
        "png 1 bit": _file(grey.convert("1"), "PNG"),
        "png 16 bit": _file(deep, "PNG"),
        "png la": _file(la, "PNG"),
        "png rgba": _file(alpha, "PNG"),
        "png palette": _file(palette, "PNG"),
        "png palette with transparency": _file(palette, "PNG", transparency=3),
        "gif": _file(palette, "GIF"),
        "gif with transparency": _file(palette, "GIF", transparency=3),
        "gif animated": _file(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "webp": _file(scene, "WEBP"),
        "webp lossless rgba": _file(alpha, "WEBP", lossless=True, exact=True),
        "webp animated": _file(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "bmp": _file(scene, "BMP"),
        "tiff": _file(scene, "TIFF", compression="tiff_lzw"),
        "tiff cmyk": _file(scene.convert("CMYK"), "TIFF"),
        "tiff 16 bit": _file(deep, "TIFF"),
        "ppm": _file(scene, "PPM"),
        "pgm": _file(grey, "PPM"),
        "one pixel": _file(scene.crop((0, 0, 1, 1)), "PNG"),
        "1 x 300": _file(scene.resize((1, 300)), "PNG"),
        "exif cut short": _with_exif(6, 25),
        "with a tail": _file(scene, "PNG") + b"<script>alert(1)</script>",
    }
    return files | {f"exif orientation {n}": _with_exif(n) for n in range(1, 9)}


def expected(data: bytes) -> np.ndarray:
    """Pillow's own conversion to upright RGB on white, (H, W, 3) uint8; only for files of ``good()``."""
    image = Image.open(io.BytesIO(data))
    orientation = 1
    with contextlib.suppress(Exception):  # EXIF data cut short say nothing
        orientation = image.getexif().get(0x0112, 1)
    if image.mode.startswith("I"):
        image = Image.fromarray(np.rint(np.asarray(image) / 257).astype(np.uint8))
    rgb = image.convert("RGB")
    if image.has_transparency_data:
        rgb = Image.composite(rgb, Image.new("RGB", image.size, "white"), image.convert("RGBA").getchannel("A"))
    flip, turn = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180
    steps = {2: [flip], 3: [turn], 4: [flip, turn], 5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_270]}
    steps |= {7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_90]}
    for step in steps.get(orientation, []):
        rgb = rgb.transpose(step)
    return np.asarray(rgb)


def refused() -> dict[str, bytes]:
    """Files that cannot be used, by name: each must be refused at once."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(10**6))
    jpeg = _file(_scene(), "JPEG")
    box = struct.pack(">I", 24) + b"ftyp"
    riff = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4)
    return {
        "zero bytes": b"",
        "one byte": b"\xff",
        "png 12000 x 12000": bomb(12000, 12000),
        "png 1 x 20000": bomb(1, 20000),
        "png 20000 x 1": bomb(20000, 1),
        "png 2^31 x 2^31": png(2**31 - 1, 2**31 - 1),
        "png 0 x 0": png(0, 0),
        "png text bomb": png(4, 4, bytes(52), extra=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80 * 10**6), 9))),
        "gif animated bomb": gif_bomb(),
        "webp 16384 x 16384": riff + b"\xff\x3f\0\xff\x3f\0" + bytes(8),
        "bmp 30000 x 30000": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 30000, 30000, 1, 24, *[0] * 6),
        "tiff 50000 x 50000": _tiff(50000, 50000),
        "ppm 99999 x 99999": b"P6 99999 99999 255\n" + bytes(99),
        "jpeg of endless scans": jpeg[:-2] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0\0" * 3000 + jpeg[-2:],
        "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "svg with entities": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>',
        "html": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
        "html with a picture inside": b"<html>" + jpeg,
        "zip": archive.getvalue(),
        "pdf": b"%PDF-1.7\n" + bytes(200),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
        "avif": box + b"avif" + bytes(64),
        "heic": box + b"heic" + bytes(64),
        "video": box + b"isom" + bytes(64),
        "program": b"\x7fELF" + bytes(200),
        "pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        "text": "一张照片".encode() * 50,
        "zeros": bytes(4096),
        "xbm": b"#define x_width 9\n#define x_height 9\nstatic char x_bits[] = {0};",
    }


def _tiff(width: int, height: int) -> bytes:
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (279, 4, 1)]
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + body + bytes(4)


ENDINGS = (".jpg", ".png", ".gif", ".svg", ".html", ".exe", "", ".php.jpg", ".jpg\0.exe")
NAMES = (
    "photo",
    "../../etc/passwd",
    "<img src=x onerror=alert(1)>",
    "照片",
    "a" * 300,
    "CON",
    "' OR 1=1",
    "%00",
    "\u202egpj",
)


def mutated(seed: int) -> Iterator[Case]:
    """Damaged files without end: cut, flipped, spliced, renamed, padded."""
    chance, files = random.Random(seed), list({**good(), **refused()}.items())  # noqa: S311 - no secret
    small = [(name, data) for name, data in files if len(data) < 10**5]
    while True:
        name, data = chance.choice(small)
        kind = chance.choice(tuple(MUTATIONS))
        other = chance.choice(small)[1]
        ending = chance.choice(ENDINGS)
        yield Case(kind, name, MUTATIONS[kind](bytearray(data), other, chance), chance.choice(NAMES) + ending)


def _flip(data: bytearray, other: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 3, 30)) if data else 0):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _header(data: bytearray, other: bytes, chance: random.Random) -> bytes:
    for place in range(min(len(data), 64)):
        if chance.random() < 0.15:
            data[place] = chance.choice((0, 255, 127, 128, chance.randrange(256)))
    return bytes(data)


def _splice(data: bytearray, other: bytes, chance: random.Random) -> bytes:
    return bytes(data[: chance.randrange(len(data) + 1)]) + other[chance.randrange(len(other) + 1) :]


def _repeat(data: bytearray, other: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.randrange(1, 64))
    return bytes(data[:start]) + bytes(data[start:end]) * chance.choice((2, 50, 500)) + bytes(data[end:])


MUTATIONS = {
    "cut short": lambda data, other, chance: bytes(data[: len(data) * chance.randrange(10) // 10]),
    "bits flipped": _flip,
    "header changed": _header,
    "two files spliced": _splice,
    "part repeated": _repeat,
    "wrong ending": lambda data, other, chance: bytes(data),
    "prefix of nonsense": lambda data, other, chance: chance.randbytes(chance.randrange(1, 40)) + bytes(data),
    "random bytes": lambda data, other, chance: bytes(data[:4]) + chance.randbytes(chance.randrange(400)),
    "polyglot": lambda data, other, chance: bytes(data) + other,
}
"""Ways to damage a file, given another one and a source of chance."""
