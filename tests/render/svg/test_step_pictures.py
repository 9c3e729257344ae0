"""Pictures of steps: what is drawn where, and the numbers beside it."""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from attnviz.core.errors import UserError
from attnviz.core.step_values import Follow, Step
from attnviz.render.colour import GATE_SCALE, Scale, colourise
from attnviz.render.svg.step_pictures import (
    columns_for,
    grid_path,
    kernel_planes,
    number_table,
    plane_url,
    rgb_url,
    said,
    sheet,
    signed_bars,
    worked,
)

SIGNED = Scale(-2.0, 2.0, "diverging")


def pixels(url):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.12345, "0.123"),
        (-1.5, "−1.500"),
        (0.00001234, "1.2e−05"),
        (12345.0, "1.23e+04"),
        (np.nan, "NaN"),
        (-np.inf, "−∞"),
    ],
)
def test_numbers_as_they_are_read(value, text):
    assert said(value) == text


def test_the_worked_formula_holds_the_followed_numbers():
    scores = Step("scores", "e", np.float32([0.5, -1.25]), ("C",), "bars")
    pools = Step("pools", "v", np.float32([[1, 2], [3, 4]]), ("·", "C"), "bars", worked="{here[0]} and {here[1]}")
    gate = Step("gate", "s", np.float32([0.1, 0.2]), ("C",), "gate", worked="σ({scores}) = {here}")
    steps = (scores, pools, gate)
    assert worked(steps, 2, Follow(channel=1)) == "σ(−1.250) = 0.200"
    assert worked(steps, 1, Follow(channel=1)) == "2.000 and 4.000"
    assert worked(steps, 0, Follow()) == ""


@pytest.mark.parametrize("count", [1, 3, 8, 32, 64, 152, 256])
def test_every_map_has_its_own_place_on_the_sheet(count):
    values = np.zeros((count, 4, 5), dtype=np.float32)
    values[count - 1] = 1
    drawn = sheet(values, GATE_SCALE)
    page = pixels(drawn.url)
    assert page.shape[1::-1] == drawn.size and drawn.columns == columns_for(count, (4, 5)) <= count
    left, top, width, height = (
        v / 100 * s for v, s in zip(drawn.box(count - 1), (*drawn.size, *drawn.size), strict=True)
    )
    inner = page[round(top) : round(top + height), round(left) : round(left + width)]
    assert (inner[..., 3] == 255).all() and (inner[..., :3] == colourise([[1.0]], GATE_SCALE)[0, 0]).all()
    others = page[page[..., 3] == 255][:, :3]
    assert (others == colourise([[1.0]], GATE_SCALE)[0, 0]).all(1).sum() == inner.shape[0] * inner.shape[1]


def test_sheets_and_pictures_refuse_what_they_cannot_draw():
    with pytest.raises(UserError, match="at most 256"):
        sheet(np.zeros((257, 2, 2)), GATE_SCALE)
    with pytest.raises(UserError, match="3 colours"):
        rgb_url(np.zeros((2, 4, 4)))


def test_a_plane_has_a_pixel_for_each_cell_and_a_picture_its_own_colours():
    np.testing.assert_array_equal(pixels(plane_url([[0.0, 1.0]], GATE_SCALE)), colourise([[0.0, 1.0]], GATE_SCALE))
    red = np.zeros((3, 2, 2))
    red[0] = 1
    assert (pixels(rgb_url(red)) == [255, 0, 0]).all()


def test_bars_stand_on_zero_and_tell_their_numbers():
    drawing = signed_bars([1.0, -2.0, np.nan], SIGNED, chosen=1)
    root = ElementTree.fromstring(drawing)
    rects = [e for e in root.iter() if e.tag.endswith("rect")]
    assert [r.get("data-index") for r in rects] == ["0", "1", "2"]
    assert [r[0].text for r in rects] == ["0: 1.000", "1: −2.000", "2: NaN"]
    assert "M0.1 500V250h0.8V500z" in drawing and "M1.1 500V1000h0.8V500z" in drawing
    assert drawing.count("M1.1 500V1000") == 2  # once as a bar, once marked


def test_small_matrices_print_their_numbers():
    html = number_table([[0.25, -0.5], [1.75, -0.001]], SIGNED)
    assert re.findall(r">([^<>]+)</td>", html) == [".25", "−.50", "1.75", "0"]
    assert "color:#fff" in number_table([[-2.0]], SIGNED) and "color:#111" in number_table([[0.0]], SIGNED)


def test_the_identity_grid_covers_the_input_and_kernels_have_names():
    y, x = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 9), indexing="ij")
    path = grid_path(np.stack([x, y], 2))
    assert path.count("M") == 14 and path.startswith("M0.00 0.00L") and "L100.00 100.00" in path
    assert list(kernel_planes(np.zeros((2, 7, 7)), ("mean", "max"))) == ["mean", "max"]
    assert list(kernel_planes(np.zeros((2, 3, 3, 3)), ("mean", "max")))[:3] == [
        "mean, D -1",
        "mean, D +0",
        "mean, D +1",
    ]
