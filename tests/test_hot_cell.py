"""A mask with one hot cell is drawn over that cell's place of the photograph, by every drawing, for every shape."""

import base64
import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from attnviz.core.gate_map import Mask
from attnviz.core.input_spec import FITS, InputSpec
from attnviz.core.sites import GateSite
from attnviz.core.types import Analysis, GateRecord
from attnviz.images.prepare import prepare
from attnviz.render.colour import GATE_SCALE
from attnviz.render.figures.comparison import Sheet, SheetRow, comparison_sheet
from attnviz.render.figures.contact_sheet import contact_sheet
from attnviz.render.figures.gate_strip import gate_strip
from attnviz.render.overlay import overlay, overlay_figure

ROWS, COLUMNS, AT = 8, 8, (1, 5)
SIZES = {"4:3": (160, 120), "3:4": (120, 160), "1:3": (80, 240)}


def analysis(size, fit, hot):
    """A grey photograph and one spatial gate, 0 but for one cell."""
    image = prepare(Image.new("RGB", size, (90, 90, 90)), InputSpec((128, 128), fit=fit))
    values = np.zeros((1, 1, ROWS, COLUMNS), np.float32)
    values[0, 0][AT] = float(hot)
    site = GateSite("look", "spatial", values.shape, (1, 4, ROWS, COLUMNS))
    return Analysis("net", image, ("a", "b", "c"), np.zeros(3, np.float32), (GateRecord(site, values),))


def in_html(html):
    sources = re.findall(r"data:image/\w+;base64,([\w+/=]+)", html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")) for data in sources]


def in_figure(figure):
    return [np.asarray(picture.get_array()) for axes in figure.axes for picture in axes.images]


def sheet_of(a):
    mask = Mask(a.gates[0].mask, "look")
    row = SheetRow("net", (), a.image, mask, GATE_SCALE, None, None, mask.values, GATE_SCALE, "a", a.top(3), a.scores)
    return comparison_sheet(Sheet("t", "s", (row,), "m", "a", "fixed"))


def strip(a):
    pytest.importorskip("gradio")
    from attnviz.ui.shared.strip_and_map import strip_html

    return in_html(strip_html(a, "look", "en"))


def paint(a):
    pytest.importorskip("gradio")
    from attnviz.gates.edits.edit_list import EditList
    from attnviz.ui.shared.page import Photo
    from attnviz.ui.tabs.intervene.html import paint_html
    from attnviz.ui.tabs.intervene.state import Bench

    return in_html(paint_html(Bench(Photo(sample="cat"), a, a, "look", EditList("net"))))


def cells(a):
    from attnviz.ui.shared.page import Photo
    from attnviz.ui.tabs.compare.state import Row
    from attnviz.ui.tabs.compare.table_html import Cells

    made = SimpleNamespace(values=a.gates[0].mask)
    row = Row("net", Photo(sample="cat"), a, 0, attribution=made)
    return Cells(row, Mask(a.gates[0].mask, "look"), GATE_SCALE, None, None, GATE_SCALE)


def slider(a):
    pytest.importorskip("gradio")
    from attnviz.ui.tabs.compare.pair_html import _slider, side_of
    from attnviz.ui.tabs.compare.table_html import Look

    return [
        i for what in ("mask", "attribution") for i in in_html(_slider(*[side_of(cells(a), what)] * 2, Look(), "en"))
    ]


def inside(a):
    pytest.importorskip("gradio")
    from attnviz.ui.tabs.inside_gate.step_html import DRAW, StepScene

    mask = a.gates[0].mask
    walk = SimpleNamespace(steps=[SimpleNamespace(key="features")])
    follow = SimpleNamespace(at=lambda step, axes: mask, row=0, column=0)
    subject = SimpleNamespace(volume=False)
    look = SimpleNamespace(image=a.image, walk=walk, follow=follow, subject=subject, language="en")
    return in_html(DRAW["mask"](StepScene(look, 0)))


DRAWINGS = {
    "overlay": (lambda a: [overlay(a.image, a.gates[0].mask)], True),
    "bilinear overlay": (lambda a: [overlay(a.image, a.gates[0].mask, interpolation="bilinear")], True),
    "exported overlay": (lambda a: in_figure(overlay_figure(a.image, a.gates[0].mask)), True),
    "exported strip": (lambda a: in_figure(gate_strip(a.gates, a.image)), False),
    "contact sheet": (lambda a: in_figure(contact_sheet([a.image], ["x"], [("g", "", [a.gates[0].mask])])), False),
    "comparison sheet": (lambda a: in_figure(sheet_of(a)), False),
    "step of a walk": (inside, False),
    "strip of the page": (strip, False),
    "Intervene": (paint, True),
    "slider of Compare": (slider, False),
}
"""Drawing -> its pictures, and whether they show the whole photograph or only what the network saw of it."""


def place_of(hot, flat):
    """Left, top, right and bottom of where two pictures differ, as shares of their sides."""
    y, x = np.nonzero(np.abs(hot.astype(int) - flat.astype(int)).sum(-1) > 90)
    height, width = hot.shape[:2]
    return np.array([x.min() / width, y.min() / height, (x.max() + 1) / width, (y.max() + 1) / height])


def expected(image, whole):
    (row, column), (height, width) = AT, image.pixels.shape[:2]
    cell = np.array([column / COLUMNS, row / ROWS, (column + 1) / COLUMNS, (row + 1) / ROWS])
    if not whole:
        return cell
    left, top, right, bottom = image.box
    start, size = np.array([left, top] * 2), np.array([right - left, bottom - top] * 2)
    return (start + cell * size) / np.array([width, height] * 2)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_hot_cell_is_drawn_where_it_is(name, size, fit):
    draw, whole = DRAWINGS[name]
    hot, flat = (analysis(SIZES[size], fit, value) for value in (True, False))
    pairs = [
        (a, b) for a, b in zip(draw(hot), draw(flat), strict=True) if a.shape == b.shape and not np.array_equal(a, b)
    ]
    assert pairs, "the mask is drawn nowhere"
    loose = 0.09 if name == "bilinear overlay" else 0.03
    for a, b in pairs:
        found = place_of(a, b)
        wanted = expected(hot.image, whole)
        assert np.abs(found - wanted).max() <= loose, (found, wanted)


@pytest.mark.parametrize("size", SIZES)
def test_a_squashed_photograph_is_seen_whole(size):
    image = analysis(SIZES[size], "squash", True).image
    assert image.box == (0, 0, *SIZES[size]) and image.network.shape == (128, 128, 3)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", SIZES)
def test_the_frame_and_the_ring_on_the_page_are_where_the_mask_is(size, fit):
    """What a pointer hits and what marks the place that asks are laid out in per cent of the photograph."""
    pytest.importorskip("gradio")
    from attnviz.ui.shared.bars_html import marker
    from attnviz.ui.shared.gate_html import frame

    image = analysis(SIZES[size], fit, True).image
    left, top, wide, high = (float(v) / 100 for v in re.findall(r":([\d.]+)%", frame(image)))
    (row, column), cell = AT, expected(image, True)
    assert left + wide * column / COLUMNS == pytest.approx(cell[0], abs=1e-3)
    assert top + high * (row + 1) / ROWS == pytest.approx(cell[3], abs=1e-3)
    mask = Mask(np.zeros((ROWS, COLUMNS), np.float32), "g", "query", (ROWS, COLUMNS), AT)
    x, y = (float(v) / 100 for v in re.findall(r":([\d.]+)%", marker(mask, image)))
    assert (x, y) == pytest.approx((cell[[0, 2]].mean(), cell[[1, 3]].mean()), abs=1e-3)
