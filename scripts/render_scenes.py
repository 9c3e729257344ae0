"""Render the sample pictures of attnviz: ``python scripts/render_scenes.py [name ...]``.

Every scene is computed from its seed with numpy alone: no network, no external picture. The pictures are
written to ``assets/samples/<name>.jpg`` with a mask of each object, ``<name>.<class>.mask.png``, white on black.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from scenes import aeroplane, car, church, digit, golf, parachute, pump, ship, truck  # noqa: E402 - the folder is not a package that is installed
from scenes.optics import Array, develop, reduce  # noqa: E402

Scene = Callable[[int, int, int], tuple[Array, dict[str, Array]]]

SCENES: dict[str, tuple[Scene, int, int, float]] = {
    "golf-ball": (golf.render, 640, 480, 0.80),
    "parachute": (parachute.render, 480, 640, 0.92),
    "church": (church.render, 640, 480, 0.86),
    "church-and-parachute": (church.render_with_parachute, 640, 480, 0.86),
    "aeroplane": (aeroplane.render, 640, 480, 0.90),
    "ship": (ship.render, 640, 480, 0.86),
    "car": (car.render, 640, 480, 0.88),
    "gas-pump": (pump.render, 480, 640, 0.88),
    "garbage-truck": (truck.render, 640, 480, 0.88),
    "digit": (digit.render, 480, 480, 0.95),
}
"""Name -> scene, width, height, exposure."""


def render(
    name: str, width: int, height: int, samples: int = 2
) -> tuple[npt.NDArray[np.uint8], dict[str, npt.NDArray[np.bool_]]]:
    """Render one scene.

    Args:
        name: A key of ``SCENES``.
        width: Columns of the picture.
        height: Rows of the picture.
        samples: Rays per pixel in each direction; 2 means four rays.

    Returns:
        The picture, (height, width, 3) uint8 sRGB, and per class the pixels that show the object for more than
        a half, (height, width).
    """
    scene, _, _, exposure = SCENES[name]
    light, owners = scene(width, height, samples)
    picture = develop(reduce(light, samples), exposure)
    return picture, {label: reduce(owner, samples) > 0.5 for label, owner in owners.items()}


def main(arguments: list[str] | None = None) -> None:
    """Render the named scenes, or all of them, into ``assets/samples``."""
    parser = argparse.ArgumentParser(description="Render the sample pictures.")
    parser.add_argument("names", nargs="*", help=f"scenes out of {', '.join(SCENES)}; all by default")
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "samples")
    parser.add_argument("--samples", type=int, default=2, help="rays per pixel in each direction")
    parser.add_argument("--scale", type=float, default=1.0, help="size, 1 for the committed pictures")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or SCENES:
        if name not in SCENES:
            parser.error(f"unknown scene {name!r}; known: {', '.join(SCENES)}")
        start = time.perf_counter()
        _, width, height, _ = SCENES[name]
        size = round(width * options.scale), round(height * options.scale)
        picture, masks = render(name, *size, options.samples)
        Image.fromarray(picture).save(options.out / f"{name}.jpg", quality=91, subsampling=0, optimize=True)
        for label, mask in masks.items():
            file = f"{name}.{label.replace(' ', '-')}.mask.png"
            Image.fromarray(mask).save(options.out / file, optimize=True)
        print(f"{name}: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
