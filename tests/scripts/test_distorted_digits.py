"""The data of the spatial transformer's experiment."""

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def made(folder, out):
    command = [sys.executable, "-m", "scripts.distorted_digits", folder / "images.gz", folder / "labels", out]
    return subprocess.run([*map(str, command), "--copies", "2"], cwd=ROOT, capture_output=True, text=True)


def test_every_digit_is_drawn_somewhere_on_the_canvas_and_again_alike(tmp_path):
    digits = np.zeros((20, 28, 28), np.uint8)
    digits[:, 6:22, 12:16] = 255
    (tmp_path / "images.gz").write_bytes(gzip.compress(bytes(16) + digits.tobytes()))
    (tmp_path / "labels").write_bytes(bytes(8) + bytes([3, 7] * 10))
    assert made(tmp_path, tmp_path / "a").returncode == made(tmp_path, tmp_path / "b").returncode == 0
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.png"))
    assert len([f for f in files if f.parts[0] == "test"]) == 4 and len(files) == 4 + 2 * 16
    assert {f.parts[1] for f in files} == {"3-three", "7-seven"}
    middles = set()
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
        pixels = np.asarray(Image.open(tmp_path / "a" / file).convert("RGB"), float)
        assert pixels.shape == (42, 42, 3)
        ink = (pixels - pixels[0, 0])[..., 2]
        rows, columns = np.nonzero(ink > 40)
        assert 20 < len(rows) < 150
        middles.add((round(rows.mean()), round(columns.mean())))
    assert len(middles) > 15
    assert "is not empty" in made(tmp_path, tmp_path / "a").stderr
