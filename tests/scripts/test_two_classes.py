"""The drawn folder of two classes."""

import numpy as np
import pytest
from PIL import Image

from attnviz.audit.photographs import in_folder
from scripts.two_classes import CLASSES, make, picture


def pixels(image):
    return np.asarray(image, float)


def test_the_same_seed_draws_the_same_folder_and_another_one_another(tmp_path):
    for name, seed in {"a": 0, "b": 0, "c": 1}.items():
        assert make(tmp_path / name, seed, {"train": 3, "val": 2}) == 10
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.png"))
    assert {p.parts[:2] for p in files} == {(split, name) for split in ("train", "val") for name in CLASSES}
    for file in files:
        one, same, other = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert one == same != other
    assert len({(tmp_path / "a" / file).read_bytes() for file in files}) == 10
    assert in_folder(tmp_path / "a", CLASSES, fewest=1).targets.tolist() == [0, 0, 1, 1]


def red(image):
    """Share of the middle of a picture, where the leaf lies, that is more red than green."""
    y, x = np.mgrid[:128, :128]
    middle = pixels(image)[np.hypot(y - 64, x - 64) < 20]
    return (middle[:, 0] > middle[:, 1] + 20).mean()


def test_brown_is_on_the_leaf_in_one_class_only():
    healthy, ill = ([picture(np.random.default_rng(seed), count) for seed in range(12)] for count in (0, 4))
    assert {image.size for image in healthy + ill} == {(128, 128)}
    shares = [np.mean([red(image) for image in images]) for images in (healthy, ill)]
    assert 3 * shares[0] < shares[1] > 0.05
    beside = [(pixels(image)[..., 0] > pixels(image)[..., 1] + 20).mean() for image in healthy]
    assert np.median(beside) > 0.003, "clods lie beside healthy leaves too"


def test_a_folder_that_is_not_empty_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("kept")
    with pytest.raises(SystemExit, match="is not empty"):
        make(tmp_path)
    with pytest.raises(SystemExit, match="is not empty"):
        make(tmp_path / "a.txt")
    Image.new("RGB", (1, 1)).save(tmp_path / "b.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.png"]
