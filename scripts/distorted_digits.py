"""Make the data of the spatial transformer's experiment: ``python -m scripts.distorted_digits IMAGES LABELS FOLDER``.

IMAGES and LABELS are files of MNIST in its own format (``t10k-images-idx3-ubyte.gz`` and ``t10k-labels-…``).
Every digit is rotated, scaled and shifted at random, as in Jaderberg et al. 2015 (arXiv 1506.02025, "RTS"), and drawn
in white on a canvas of the grey that normalisation turns into zero: what a transformer reads beyond the edge, zero,
then continues the background. A fifth of the digits are for testing; the others are drawn several times.
The same seed gives the same files.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from attnviz.core.input_spec import InputSpec

SIDE = 42
"""Pixels of the canvas; a digit of MNIST has 28."""
ANGLE, SCALE = 45.0, (0.7, 1.2)
TEST_SHARE = 0.2
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def read(path: Path, header: int) -> npt.NDArray[np.uint8]:
    """The bytes after the header of a file of MNIST, gzipped or not."""
    data = path.read_bytes()
    return np.frombuffer(gzip.decompress(data) if path.suffix == ".gz" else data, np.uint8, offset=header)


def distort(digit: npt.NDArray[np.uint8], chance: np.random.Generator) -> npt.NDArray[np.uint8]:
    """One digit (28, 28), rotated by ±45°, scaled by 0.7 to 1.2 and moved about: (42, 42, 3)."""
    angle, factor = chance.uniform(-ANGLE, ANGLE), chance.uniform(*SCALE)
    room = max(0.0, (SIDE - 24 * factor) / 2)  # strokes lie within the inner 20 of 28 pixels
    dx, dy = chance.uniform(-room, room, 2)
    cos, sin = np.cos(np.radians(angle)) / factor, np.sin(np.radians(angle)) / factor
    middle, half = SIDE / 2, digit.shape[0] / 2
    # output pixel -> input pixel: back to the middle, turned and scaled back
    a, b, d, e = cos, sin, -sin, cos
    c = half - a * (middle + dx) - b * (middle + dy)
    f = half - d * (middle + dx) - e * (middle + dy)
    moved = Image.fromarray(digit).transform(
        (SIDE, SIDE), Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BICUBIC
    )
    ink = np.asarray(moved, np.float64)[..., None] / 255
    grey = 255 * np.array(InputSpec().mean)
    return np.asarray(np.round(grey + ink * (255 - grey)), dtype=np.uint8)


def make(images: Path, labels: Path, folder: Path, copies: int, seed: int) -> None:
    """Write ``folder/train/<class>/…`` and ``folder/test/<class>/…``."""
    digits, targets = read(images, 16).reshape(-1, 28, 28), read(labels, 8)
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty")
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(digits))
    test = round(TEST_SHARE * len(order))
    for number, index in enumerate(order):
        split, times = ("test", 1) if number < test else ("train", copies)
        place = folder / split / f"{int(targets[index])}-{NAMES[int(targets[index])]}"
        place.mkdir(parents=True, exist_ok=True)
        for copy in range(times):
            made = distort(digits[index], chance)
            Image.fromarray(made).save(place / f"{index:05d}-{copy}.png")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Distort the digits of MNIST.")
    parser.add_argument("images", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--copies", type=int, default=3, help="of every training digit, each distorted anew (default 3)"
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    make(args.images, args.labels, args.folder, args.copies, args.seed)


if __name__ == "__main__":
    main()
