"""The app on a network that answers everywhere and one of six channels: ``python tests/browser/places_app.py``."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import attnviz  # noqa: E402
from tests.own_models import own_net, place_net  # noqa: E402

LABELS = ("soil", "<i>wood</i>", "water")


def write_pictures(folder):
    """Red above, green and blue below; and six bands of 12 bits, the last of which holds a disc."""
    flag = np.zeros((96, 96, 3), np.uint8)
    flag[:48, :, 0], flag[48:, :48, 1], flag[48:, 48:, 2] = 255, 255, 255
    Image.fromarray(flag).save(folder / "a-flag.png")
    y, x = np.mgrid[:96, :96]
    disc = np.where((x - 48) ** 2 + (y - 48) ** 2 < 900, 3900, 100)
    bands = np.stack([y * 40, x * 40, (y + x) * 20, (x - y) % 96 * 40, y * 20, disc], 2).astype(np.uint16)
    tifffile.imwrite(folder / "b-bands.tif", bands, photometric="minisblack", planarconfig="contig")
    np.save(folder / "c-bands.npy", bands[::-1])


if __name__ == "__main__":
    common = {"size": 64, "scores": "softmax", "fit": "squash"}
    places = attnviz.wrap(place_net(), mean=0.0, std=1.0, labels=LABELS, name="Places", **common)
    window = {"window": (0, 4000), "shown": (5, 0, 0)}
    bands = attnviz.wrap(own_net(channels=6), mean=0.5, std=0.5, name="Bands", **window, **common)
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder))
        attnviz.launch([places, bands], data=folder, alone=True)
