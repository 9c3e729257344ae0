import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.render.colour import table, to_bytes
from attnviz.render.figures import channel_map as layers
from attnviz.render.figures.style import to_png
from tests.render.synthetic import channel, spatial


def words(figure):
    return " | ".join(t.get_text() for t in (*figure.texts, *(t for axes in figure.axes for t in axes.texts)))


def test_rows_of_the_map_are_the_sorted_scores_stretched():
    gates = [channel("a", 4), channel("b", 8, 1), channel("c", 100, 2)]
    rows = layers.map_rows(gates, columns=16)
    for row, gate in zip(rows[:2], gates[:2], strict=True):
        wanted = np.sort(gate.scores)[::-1]
        np.testing.assert_array_equal(row, np.repeat(wanted, 16 // wanted.size))
    assert rows[2].mean() == pytest.approx(gates[2].scores.mean(), abs=1e-5)


def test_the_map_shows_rows_from_first_layer_down_in_their_colours():
    gates = [channel("a", 4), spatial("b"), channel("c", 8, 1)]
    figure = layers.channel_map(gates)
    picture = figure.axes[0].images[0].get_array()
    top = to_bytes(table("viridis")[int(gates[0].scores.max() * 256)])
    bottom = to_bytes(table("viridis")[int(gates[2].scores.min() * 256)])
    assert picture[0, 0].tolist() == top.tolist() and picture[-1, -1].tolist() == bottom.tolist()
    told = words(figure)
    assert "C 4 · mean" in told and "C 8 · mean" in told and "channel gate: 1 keeps, 0 shuts" in told


def inside(figure):
    figure.canvas.draw()
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1 and box.y0 >= -1 and box.y1 <= figure.bbox.y1 + 1, text


@pytest.mark.parametrize("count", [1, 16, 60])
def test_the_map_fits_its_page(count):
    gates = [channel(f"stage{i}.a.very.long.name.of.a.module.attention.se", 8 + 40 * i, i) for i in range(count)]
    figure = layers.channel_map(gates)
    inside(figure)
    names = sorted((t.get_window_extent() for t in figure.texts if "stage" in t.get_text()), key=lambda b: b.y0)
    assert all(low.y1 <= high.y0 + 1.5 for low, high in zip(names, names[1:], strict=False))


def test_strange_names_are_text_and_nothing_else():
    name = "$\\frac{</svg>\n<script>alert(1)"
    assert to_png(layers.channel_map([channel(name, 8)]), 40).startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_a_user_error():
    with pytest.raises(UserError, match="no channel gate"):
        layers.channel_map([spatial("a")])
