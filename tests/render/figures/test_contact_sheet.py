import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.render.figures.contact_sheet import contact_sheet
from attnviz.render.figures.style import to_png
from tests.render.synthetic import analysis

IMAGE = analysis().image


def made(pictures=3, rows=2):
    masks = [np.full((4, 4), 0.1 * (i + 1), np.float32) for i in range(pictures)]
    given = [(f"net {r}", "stage1.spatial\n4 × 4 cells", masks) for r in range(rows)]
    return contact_sheet([IMAGE] * pictures, [f"scene {i}" for i in range(pictures)], given)


def test_every_photograph_and_every_mask_has_a_picture_and_its_numbers():
    figure = made()
    pictures = [axes for axes in figure.axes if axes.images]
    assert len(pictures) >= 3 + 2 * 3
    words = " ".join(text.get_text() for text in figure.texts)
    for text in ("scene 2", "net 0", "net 1", "4 × 4 cells", "0.20 (0.20 to 0.20)"):
        assert text in words
    assert to_png(figure)[:4] == b"\x89PNG"


def test_masks_are_on_one_scale():
    tiles = [axes.images[0].get_array() for axes in made(rows=1).axes if axes.images][3:6]
    assert not np.array_equal(tiles[0], tiles[1]) and not np.array_equal(tiles[1], tiles[2])


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(UserError, match="contact sheet needs 0"):
        contact_sheet([], [], [("a", "b", [])])
    with pytest.raises(UserError, match="1 names"):
        contact_sheet([IMAGE], ["a"], [("a", "b", [np.zeros((2, 2), np.float32)] * 2)])
    with pytest.raises(UserError, match="rows of as many masks"):
        contact_sheet([IMAGE], ["a"], [])
