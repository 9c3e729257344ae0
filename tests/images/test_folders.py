"""Folders of photographs: every file that can be opened counts."""

import numpy as np
import pytest
from PIL import Image

from attnviz.images.decode import FORMATS, open_photograph
from attnviz.images.folders import SUFFIXES, list_images
from attnviz.images.own_samples import spread_over

READ = {suffix for suffix, name in Image.registered_extensions().items() if name in (*FORMATS, "MPO")}


def test_endings_hold_those_of_the_formats_that_are_opened():
    assert READ <= SUFFIXES


@pytest.mark.parametrize("suffix", sorted(READ | {".PGM", ".Jpg"}))
def test_photographs_of_every_ending_are_listed(suffix, tmp_path):
    mode = {".pgm": "L", ".pbm": "1", ".pfm": "F"}.get(suffix.lower(), "RGB")
    picture = Image.fromarray(np.arange(768, dtype=np.uint8).reshape(16, 16, 3)).convert(mode)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        picture.save(tmp_path / name / f"a{suffix}")
        (tmp_path / name / "notes.txt").write_text("no picture")
    classes, files = list_images(tmp_path)
    assert classes == ("cat", "dog") and [path.name for path, _ in files] == [f"a{suffix}"] * 2
    assert spread_over(tmp_path)[1] == 2
    assert open_photograph(files[0][0]).size == (16, 16)
