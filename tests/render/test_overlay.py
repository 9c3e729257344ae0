import io
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from attnviz.core.errors import UserError
from attnviz.render import overlay as heatmap
from attnviz.render.colour import Scale, colourise, table, to_bytes
from attnviz.render.figures.style import encode, to_png
from attnviz.render.resample import resample, taps

from .synthetic import photograph


def owner(pixel: int, pixels: int, cells: int) -> int:
    """The cell that the centre of a pixel lies in, by exact arithmetic."""
    return int(Fraction(2 * pixel + 1, 2) * cells / pixels)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((48, 96), (0, 24, 48, 72)),  # portrait
        ((96, 48), (24, 0, 72, 48)),  # landscape
        ((96, 60), (27, 9, 69, 51)),  # less than the shorter side
        ((101, 77), (13, 5, 76, 68)),  # reduced for display: odd sizes
    ],
)
@pytest.mark.parametrize("cell", [(0, 0), (2, 5), (7, 7), (7, 0)])
def test_one_hot_cell_lands_on_exactly_its_share_of_the_box(size, box, cell):
    image = photograph(*size, box)
    mask = np.zeros((8, 8), np.float32)
    mask[cell] = 1
    changed = heatmap.overlay(image, mask, opacity=1, dim=1)
    left, top, right, bottom = box
    hot = to_bytes(table("viridis")[255])
    cold = to_bytes(table("viridis")[0])
    for y in range(size[1]):
        for x in range(size[0]):
            if not (left <= x < right and top <= y < bottom):
                wanted = image.pixels[y, x]
            else:
                here = owner(y - top, bottom - top, 8), owner(x - left, right - left, 8)
                wanted = hot if here == cell else cold
            assert changed[y, x].tolist() == wanted.tolist(), (x, y)


def test_cells_cover_whole_multiples_exactly():
    image = photograph(50, 60, (5, 10, 45, 50))
    mask = np.zeros((4, 8))
    mask[1, 2] = 1
    hot = (heatmap.overlay(image, mask, opacity=1) == to_bytes(table("viridis")[255])).all(-1)
    rows, columns = np.nonzero(hot)
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (20, 30, 15, 20)
    assert hot.sum() == 50


def test_outside_is_dimmed_and_knows_nothing_of_the_mask():
    image = photograph(40, 30, (10, 5, 30, 25))
    outside = np.ones((30, 40), bool)
    outside[5:25, 10:30] = False
    one, other = (heatmap.overlay(image, np.full((3, 3), v), dim=0.35)[outside] for v in (0.0, 1.0))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(one, image.pixels[outside] * 0.35, atol=0.51)
    np.testing.assert_array_equal(heatmap.overlay(image, [[0.5]], dim=1)[outside], image.pixels[outside])


def test_opacity_goes_from_the_photograph_to_the_colour():
    image = photograph(20, 20, (0, 0, 20, 20))
    mask = np.random.default_rng(0).uniform(0, 1, (20, 20))
    np.testing.assert_array_equal(heatmap.overlay(image, mask, opacity=0), image.pixels)
    np.testing.assert_array_equal(heatmap.overlay(image, mask, opacity=1), colourise(mask))
    grey = (image.pixels @ [0.299, 0.587, 0.114])[..., None]
    half = 0.4 * grey + 0.6 * colourise(mask)
    np.testing.assert_allclose(heatmap.overlay(image, mask, opacity=0.6), half, atol=1.01)


def test_the_scale_decides_the_colours():
    image = photograph(8, 8, (0, 0, 8, 8))
    mask = np.array([[0.4, 0.6]])
    fixed, stretched = (heatmap.overlay(image, mask, opacity=1, scale=s) for s in ("fixed", "stretch"))
    assert stretched[0, 7].tolist() == to_bytes(table("viridis")[255]).tolist()
    assert fixed[0, 7].tolist() == to_bytes(table("viridis")[int(0.6 * 256)]).tolist()
    same = heatmap.overlay(image, mask, opacity=1, scale=Scale(0.4, 0.6, "stretch"))
    np.testing.assert_array_equal(same, stretched)


def test_bilinear_agrees_with_torch():
    torch = pytest.importorskip("torch")
    mask = np.random.default_rng(1).uniform(0, 1, (5, 7)).astype(np.float32)
    ours = resample(mask, taps(5, 33, "bilinear"), taps(7, 50, "bilinear"))
    given_ = torch.from_numpy(mask)[None, None]
    theirs = torch.nn.functional.interpolate(given_, (33, 50), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(ours, theirs[0, 0], atol=1e-6)


def test_a_mask_finer_than_the_box_is_averaged_so_that_no_cell_is_lost():
    mask = np.random.default_rng(2).uniform(0, 1, (12, 9)).astype(np.float32)
    small = resample(mask, taps(12, 4), taps(9, 3))
    np.testing.assert_allclose(small, mask.reshape(4, 3, 3, 3).mean((1, 3)), atol=1e-6)
    one = heatmap.overlay(photograph(1, 1, (0, 0, 1, 1)), mask, opacity=1)
    np.testing.assert_array_equal(one, colourise([[mask.mean()]]))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_a_nan_stays_in_its_cell(interpolation):
    mask = np.full((4, 4), 0.5)
    mask[1, 1] = np.nan
    picture = heatmap.overlay(photograph(40, 40, (0, 0, 40, 40)), mask, opacity=1, interpolation=interpolation)
    grey = (picture == 128).all(-1)
    assert grey[15, 15] and not grey[30:].any() and not grey[:, 30:].any() and 60 <= grey.sum() <= 144


@settings(max_examples=60, deadline=None)
@given(data=st.data(), interpolation=st.sampled_from(["nearest", "bilinear"]))
def test_any_size_any_box_any_mask(data, interpolation):
    number = st.integers(1, 60)
    width, height, h, w = (data.draw(number) for _ in range(4))
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right, bottom = data.draw(st.integers(left + 1, width)), data.draw(st.integers(top + 1, height))
    image = photograph(width, height, (left, top, right, bottom))
    mask = np.random.default_rng(3).uniform(0, 1, (h, w))
    picture = heatmap.overlay(image, mask, opacity=1, dim=1, interpolation=interpolation)
    assert picture.shape == (height, width, 3) and picture.dtype == np.uint8
    inside = np.zeros((height, width), bool)
    inside[top:bottom, left:right] = True
    np.testing.assert_array_equal(picture[~inside], image.pixels[~inside])
    if interpolation == "nearest" and bottom - top >= h and right - left >= w:
        colours = colourise(mask)
        y, x = data.draw(st.integers(top, bottom - 1)), data.draw(st.integers(left, right - 1))
        cell = owner(y - top, bottom - top, h), owner(x - left, right - left, w)
        assert picture[y, x].tolist() == colours[cell].tolist()
    for cells, pixels in ((h, bottom - top), (w, right - left)):
        weights = taps(cells, pixels, interpolation)
        if weights.ndim == 2:
            np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)


def test_bands_of_a_large_photograph_fit_together(monkeypatch):
    image = photograph(50, 64, (3, 2, 47, 60))
    mask = np.random.default_rng(4).uniform(0, 1, (7, 7))
    whole = heatmap.overlay(image, mask, interpolation="bilinear")
    monkeypatch.setattr(heatmap, "_BAND", 100)
    np.testing.assert_array_equal(heatmap.overlay(image, mask, interpolation="bilinear"), whole)


IMAGE = photograph(20, 10, (0, 0, 10, 10))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: heatmap.overlay(IMAGE, np.zeros(4)), "mask must have 2 axes"),
        (lambda: heatmap.overlay(IMAGE, np.full((2, 2), np.nan)), "no finite"),
        (lambda: heatmap.overlay(IMAGE, [[1]], opacity=1.5), r"opacity must be in 0..1, got 1.5"),
        (lambda: heatmap.overlay(IMAGE, [[1]], opacity=float("nan")), "opacity"),
        (lambda: heatmap.overlay(IMAGE, [[1]], dim=-0.1), "dim must be"),
        (lambda: heatmap.overlay(IMAGE, [[1]], cmap="magme"), "did you mean 'magma'"),
        (lambda: heatmap.overlay(IMAGE, [[1]], interpolation="cubic"), "unknown interpolation"),
        (lambda: heatmap.overlay(replace(IMAGE, box=(0, 0, 21, 10)), [[1]]), "box must lie inside"),
        (lambda: heatmap.overlay(replace(IMAGE, box=(5, 5, 5, 9)), [[1]]), "box must lie inside"),
        (lambda: heatmap.overlay(replace(IMAGE, pixels=np.zeros((10, 20, 3))), [[1]]), "uint8"),
        (lambda: encode(np.zeros((2, 2)), "png"), "uint8"),
        (lambda: encode(IMAGE.pixels, "gif"), "unknown picture format"),
        (lambda: to_png(heatmap.overlay_figure(IMAGE, [[1]]), 5000), "dpi must be"),
    ],
)
def test_what_cannot_be_drawn_is_a_user_error(call, text):
    with pytest.raises(UserError, match=text):
        call()


def test_files():
    for name in ("jpeg", "jpg"):
        assert Image.open(io.BytesIO(encode(IMAGE.pixels, name))).format == "JPEG"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode(IMAGE.pixels, "png")))), IMAGE.pixels)


def words(figure):
    return " | ".join(text.get_text() for text in figure.texts)


@pytest.mark.parametrize("size", [(20, 10), (10, 30), (1, 1), (300, 2)])
def test_the_figure_tells_title_meaning_and_scale(size):
    image = photograph(*size, (0, 0, min(size), min(size)))
    figure = heatmap.overlay_figure(image, [[0.25, 0.75]], title="$\\frac{ is no formula")
    told = words(figure)
    assert "$\\frac{" in told and "spatial gate: 1 keeps, 0 shuts" in told
    assert "min 0.25 · mean 0.50 · max 0.75 · scale 0–1 (fixed)" in told
    picture = Image.open(io.BytesIO(to_png(figure, 50)))
    assert picture.size == tuple(int(s * 50) for s in figure.get_size_inches())
