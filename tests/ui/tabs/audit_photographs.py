"""Photographs to be audited: small, of three classes that the tiny networks know."""

import io
import zipfile

import numpy as np
from PIL import Image

LABELS = ("red", "green", "blue")


def picture(number, side=24):
    """A noisy PNG that is reddish, greenish or bluish."""
    pixels = np.random.default_rng(number).normal(100, 30, (side, side, 3))
    pixels[:, :, number % 3] += 80
    buffer = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def named(count=12, root=""):
    """Name -> picture, in a folder for each class."""
    return {f"{root}{LABELS[i % 3]}/{i}.png": picture(i) for i in range(count)}


def packed(path, files, how=zipfile.ZIP_DEFLATED):
    """A ZIP of them."""
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
