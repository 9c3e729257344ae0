"""Text that is put together from glyphs looks like matplotlib's own, and stands where it would."""

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from attnviz.render.figures.style import new_figure, write
from attnviz.render.figures.text import TextLine, line


def drawn(kind, text, dpi=100, **style):
    """Darkness of a figure with nothing but one text, (H, W) in [0, 1]."""
    figure = Figure(figsize=(6, 1), dpi=dpi)
    FigureCanvasAgg(figure)
    artist = kind(0.5, 0.5, text, transform=figure.transFigure, parse_math=False, **style)
    artist.set_figure(figure)
    figure.texts.append(artist)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi)
    return 1 - np.asarray(Image.open(file).convert("L"), np.float32) / 255


def edges(picture):
    rows, columns = np.nonzero(picture > 0.2)
    return np.array([rows.min(), rows.max(), columns.min(), columns.max()])


@pytest.mark.parametrize("dpi", [72, 100, 200])
@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("Channel gate: 1 keeps, 0 shuts", {"fontsize": 11, "va": "top", "ha": "left"}),
        ("mean 0.39 · sd 0.20 · scale 0–1 (fixed) · ± σ ≥ café", {"fontsize": 7.5, "va": "center"}),
        ("AVTo. jgyq", {"fontsize": 8.5, "va": "bottom", "ha": "right", "weight": "bold"}),
        ("511", {"fontsize": 7.5, "va": "baseline", "ha": "center", "style": "italic"}),
        ("-", {"fontsize": 20, "va": "top", "ha": "center", "color": "#d55e00"}),
        ("1  2", {"fontsize": 8.5, "ha": "right", "alpha": 0.5}),
    ],
)
def test_it_looks_like_matplotlibs(text, style, dpi):
    ours, theirs = drawn(TextLine, text, dpi, **style), drawn(Text, text, dpi, **style)
    # every glyph stands at a whole pixel
    assert np.abs(edges(ours) - edges(theirs)).max() <= 2 + len(text) / 2
    assert ours.sum() == pytest.approx(theirs.sum(), rel=0.12)
    assert ours.max() == pytest.approx(theirs.max(), abs=0.1)


@pytest.mark.parametrize("text", ["two\nlines", "שלום", "e\u0301", "क्षि"])
@pytest.mark.filterwarnings("ignore:.*Glyph:UserWarning")
@pytest.mark.filterwarnings("ignore:Matplotlib currently does not support:UserWarning")
def test_text_that_must_be_laid_out_is_left_to_matplotlib(text):
    assert np.array_equal(drawn(TextLine, text), drawn(Text, text))


@pytest.mark.parametrize("style", [{"rotation": 30}, {"bbox": {"facecolor": "red"}}])
def test_special_text_is_left_to_matplotlib(style):
    assert np.array_equal(drawn(TextLine, "0.5", **style), drawn(Text, "0.5", **style))


def test_nothing_to_draw_and_other_formats():
    assert (
        not drawn(TextLine, "").any()
        and not drawn(TextLine, "   ").any()
        and not drawn(TextLine, "a", visible=False).any()
    )
    figure = new_figure(3, 1)
    write(figure, 0.1, 0.1, "a $x^2$ & <b>")
    for format, wanted in (("svg", b"<path"), ("pdf", b"%PDF")):
        file = io.BytesIO()
        figure.savefig(file, format=format)
        assert wanted in file.getvalue()


def test_a_line_may_stand_outside_its_axes_and_outside_the_canvas():
    figure = new_figure(2, 1)
    axes = figure.add_axes((0.5, 0.5, 0.2, 0.2))
    axes.set_axis_off()
    for x in (-1.0, -9.0, 9.0):
        axes.add_artist(line(x, 0.5, "label", fontsize=8))
    file = io.BytesIO()
    figure.savefig(file, format="png")
    left = np.asarray(Image.open(file).convert("L"))[:, :90]
    assert (left < 128).any() and [t.get_text() for t in axes.texts] == ["label"] * 3
