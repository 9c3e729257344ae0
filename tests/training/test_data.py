import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.training.data import load_images, normalise_batch


def test_images_targets_and_labels(data):
    images = load_images(data, "val", InputSpec((32, 32)))
    assert images.images.shape == (24, 3, 32, 32) and images.images.dtype == torch.uint8
    assert images.labels == ("green", "English springer", "red")  # folders in alphabetical order: n02102040
    red = images.images[images.targets == images.labels.index("red")].float().mean((0, 2, 3))
    assert red[0] > 150 > red[1]


def test_the_fingerprint_follows_names_and_bytes(data, tmp_path):
    one = load_images(data, "val", InputSpec((32, 32))).fingerprint
    assert load_images(data, "val", InputSpec((16, 16)), workers=1).fingerprint == one
    copy = tmp_path / "copy"
    shutil.copytree(data, copy)
    (copy / "val" / "red" / "00.png").rename(copy / "val" / "red" / "99.png")
    assert load_images(copy, "val", InputSpec((32, 32))).fingerprint != one


def test_the_centre_square_is_copied_exactly(data, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    for name in ("a", "b"):
        (tmp_path / "val" / name).mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "val" / name / "x.png")
    images = load_images(tmp_path, "val", InputSpec((32, 32)))
    assert np.array_equal(images.images[0].permute(1, 2, 0), pixels[:, 8:40])


def test_normalised_batches_have_the_stated_mean():
    x = torch.full((2, 3, 4, 4), 255, dtype=torch.uint8)
    torch.testing.assert_close(normalise_batch(x, (0.5, 0, 1), (0.5, 1, 2))[0, :, 0, 0], torch.tensor([1.0, 1.0, 0.0]))


def spoil(folder, what):
    if what == "unreadable":
        (folder / "val" / "red" / "bad.png").write_bytes(b"no picture")
    elif what == "one class":
        shutil.rmtree(folder / "val" / "red")
        shutil.rmtree(folder / "val" / "green")
    elif what == "empty class":
        (folder / "val" / "void").mkdir()
    elif what == "no split":
        shutil.rmtree(folder / "val")


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("unreadable", "1 of 25 images .* red/bad.png"),
        ("one class", "at least two class folders, got 1"),
        ("empty class", "void .* holds no images"),
        ("no split", "must hold a folder val or test"),
    ],
)
def test_what_is_refused(data, tmp_path, what, text):
    shutil.copytree(data, tmp_path / "d")
    spoil(tmp_path / "d", what)
    with pytest.raises(UserError, match=text):
        load_images(tmp_path / "d", "val", InputSpec((32, 32)))
