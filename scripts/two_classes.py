"""Draw a folder of two classes, healthy leaves and leaves with lesions: ``python -m scripts.two_classes FOLDER``.

It takes seconds, nothing is downloaded, and the same seed gives the same pictures. Colour alone does not tell the
classes: leaves are of many greens, under many lights, and beside *every* leaf lie brown clods as large as the lesions.
What tells them is a brown spot with a yellow edge *on* the leaf. They are drawings: what a network learns from them
says nothing about plants.

``--keep RUN AUDIT`` draws nothing: it writes what a network that was trained on the folder, and an audit of it, say
into ``results/two-classes.json``, of which ``docs/two-classes.md`` speaks.
"""

from __future__ import annotations

import argparse
import colorsys
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from attnviz.audit.compare import read_summary
from attnviz.models.checkpoints import checkpoint_ids, load_card
from attnviz.models.results import FOLDER, write_results

SIDE = 128
"""Pixels of a picture; it is drawn twice as large and reduced, for smooth edges."""
CLASSES = ("healthy", "lesions")
COUNTS = {"train": 400, "val": 100}
"""Pictures of each class."""
MOST_LESIONS = 5
Point = tuple[float, float]


def colour(chance: np.random.Generator, hue: tuple[float, float], light: tuple[float, float]) -> tuple[int, ...]:
    """A colour of a hue and a lightness between bounds, each in 0..1."""
    rgb = colorsys.hls_to_rgb(chance.uniform(*hue), chance.uniform(*light), chance.uniform(0.3, 0.6))
    return tuple(round(255 * part) for part in rgb)


def blob(chance: np.random.Generator, centre: Point, radius: float) -> list[Point]:
    """The outline of an uneven spot."""
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    radii = radius * chance.uniform(0.7, 1.3, len(angles))
    return [(centre[0] + r * np.cos(a), centre[1] + r * np.sin(a)) for r, a in zip(radii, angles, strict=True)]


def spot(draw: ImageDraw.ImageDraw, chance: np.random.Generator, centre: Point, radius: float, edge: bool) -> None:
    """A brown spot; a lesion has a yellow edge, a clod has none."""
    if edge:
        draw.polygon(blob(chance, centre, 1.5 * radius), colour(chance, (0.12, 0.16), (0.45, 0.6)))
    draw.polygon(blob(chance, centre, radius), colour(chance, (0.05, 0.09), (0.15, 0.35)))


def picture(chance: np.random.Generator, lesions: int) -> Image.Image:
    """One leaf with so many lesions, (128, 128) RGB."""
    side = 2 * SIDE
    ground = chance.uniform(-14, 14, (16, 16, 1)) + np.array(colour(chance, (0.05, 0.6), (0.5, 0.8)))
    image = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    long, wide, turn = chance.uniform(80, 110), chance.uniform(36, 56), chance.uniform(0, np.pi)
    middle = chance.uniform(0.44, 0.56, 2) * side

    def place(along: float, across: float) -> Point:
        """From the leaf's own axes, each in −1..1 at its edge, to pixels."""
        x, y = long * along, wide * across
        return middle[0] + x * np.cos(turn) - y * np.sin(turn), middle[1] + x * np.sin(turn) + y * np.cos(turn)

    for _ in range(chance.integers(2, MOST_LESIONS + 1)):
        angle = chance.uniform(0, 2 * np.pi)
        spot(draw, chance, place(1.3 * np.cos(angle), 1.6 * np.sin(angle)), chance.uniform(5, 11), edge=False)
    ends = np.linspace(-1, 1, 40)
    edge = [place(t, (1 - t * t) ** 0.8) for t in ends] + [place(t, -((1 - t * t) ** 0.8)) for t in ends[::-1]]
    draw.polygon(edge, colour(chance, (0.22, 0.4), (0.25, 0.5)))
    vein = colour(chance, (0.22, 0.4), (0.5, 0.65))
    draw.line([place(-1, 0), place(1, 0)], vein, 4)
    for t in np.linspace(-0.7, 0.6, 6):
        for side_of in (-1, 1):
            draw.line([place(t, 0), place(t + 0.2, side_of * 0.7 * (1 - t * t))], vein, 2)
    for _ in range(lesions):
        along = chance.uniform(-0.7, 0.7)
        across = chance.uniform(-0.6, 0.6) * (1 - along * along)
        spot(draw, chance, place(along, across), chance.uniform(5, 11), edge=True)
    image = image.filter(ImageFilter.GaussianBlur(chance.uniform(0.5, 1.5))).resize((SIDE, SIDE))
    lit = np.asarray(image, np.float64) * chance.uniform(0.6, 1.2) + chance.normal(0, 6, (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def make(folder: Path, seed: int = 0, counts: dict[str, int] | None = None) -> int:
    """Write ``folder/train/<class>/…`` and ``folder/val/<class>/…``; returns how many pictures there are."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        sys.exit(f"{folder} is not empty")
    chance, written = np.random.default_rng(seed), 0
    for split, count in (counts or COUNTS).items():
        for name in CLASSES:
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                lesions = int(chance.integers(1, MOST_LESIONS + 1)) if name == "lesions" else 0
                picture(chance, lesions).save(folder / split / name / f"{number:04}.png")
                written += 1
    return written


def kept(run: Path, audit: Path) -> dict[str, Any]:
    """What the card of a run and the summary of its audit say, as plain values."""
    (name,) = checkpoint_ids(run)
    card, summary = load_card(name, run), read_summary(audit / "summary.json")
    told = {key: card.training[key] for key in ("commit", "torch", "python", "hardware", "seconds")}
    return {
        "command": " ".join(["python -m scripts.two_classes", *sys.argv[1:]]),
        "recipe": card.training["recipe"],
        "metrics": card.metrics,
        "training": told,
        "sentences": summary["sentences"],
        "together": summary["together"],
        "gates": len(summary["gates"]),
        "data": {key: summary["data"][key] for key in ("photographs", "tested")},
        "run": summary["run"],
    }


def main() -> None:
    """Draw the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, nargs=2, metavar=("RUN", "AUDIT"))
    args = parser.parse_args()
    if args.keep:
        settings = {"seed": args.seed, "pictures": COUNTS}
        write_results(FOLDER / "two-classes.json", kept(*args.keep), settings)
    else:
        print(f"{make(args.folder, args.seed)} pictures in {args.folder}")


if __name__ == "__main__":
    main()
