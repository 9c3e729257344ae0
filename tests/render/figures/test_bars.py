import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from attnviz.core.errors import UserError
from attnviz.render.colour import GATE_SCALE
from attnviz.render.figures import bars
from attnviz.render.figures.style import to_png
from attnviz.render.ranking import ranking, tick_positions
from attnviz.render.svg import bars as markup
from tests.render.synthetic import analysis

COUNTS = (1, 2, 16, 128, 160, 161, 512, 2048)


def scores(count, seed=0):
    return np.random.default_rng(seed).uniform(0.05, 0.95, count).astype(np.float32)


def heights(figure):
    """Heights of all bars from left to right, read back from what was drawn."""
    drawn = next(c for c in figure.axes[0].collections if isinstance(c, PolyCollection))
    paths = [path.vertices for path in drawn.get_paths()]
    if len(paths) > 1 or len(paths[0]) == 5:
        return np.array([corners[:, 1].max() for corners in paths])
    count = int(round(np.ptp(paths[0][:, 0])))
    return paths[0][1 : 2 * count + 1 : 2, 1]


def channel_labels(figure):
    """The numbers above the plot, which name channels."""
    return [text for text in figure.axes[0].texts if text.get_position()[1] > 1 + 1e-6]


def words(figure):
    return " | ".join(t.get_text() for t in (*figure.texts, *(t for axes in figure.axes for t in axes.texts)))


@pytest.mark.parametrize("order", ["index", "sorted"])
@pytest.mark.parametrize("count", COUNTS)
def test_heights_are_the_scores(count, order):
    values = scores(count)
    figure = bars.channel_bars(values, order=order)
    wanted = values if order == "index" else np.sort(values)[::-1]
    np.testing.assert_allclose(heights(figure), wanted, atol=1e-6)
    low, high = figure.axes[0].get_ylim()
    assert low == 0 and 1 < high < 1.2
    assert to_png(figure, 50).startswith(b"\x89PNG")


def test_the_figure_tells_mean_spread_and_extremes():
    values = np.array([0.5, 0.9, 0.1, 0.4, 0.6, 0.45, 0.55, 0.35])
    told = words(bars.channel_bars(values))
    assert "mean 0.48 · sd 0.21 · max 0.90 · scale 0–1 (fixed)" in told
    assert "8 channels · highest 1 (0.90), 4 (0.60), 6 (0.55) · lowest 2 (0.10), 7 (0.35), 3 (0.40)" in told
    labels = [text.get_text() for text in channel_labels(bars.channel_bars(values))]
    assert labels[0] == "1" and {"1", "2"} <= set(labels)


def test_labels_do_not_touch_and_stay_inside():
    figure = bars.channel_bars(scores(2048))
    places = sorted(text.get_position()[0] for text in channel_labels(figure))
    assert len(places) < 12 and np.diff(places).min() > 40
    assert places[0] >= 0 and places[-1] <= 2047


def test_nan_is_a_gap_and_ranks_last():
    values = np.array([0.2, np.nan, 0.8])
    assert ranking(values).ranks.tolist() == [2, 3, 1]
    assert "1 not finite" in words(bars.channel_bars(values))


def test_equal_scores_rank_by_index():
    assert ranking([0.5, 0.7, 0.5, 0.7], "sorted").shown.tolist() == [1, 3, 0, 2]


def test_ticks_are_round_and_name_both_ends():
    assert tick_positions(128) == [0, 16, 32, 48, 64, 80, 96, 112, 127]
    assert tick_positions(512, 9, 1)[:3] == [1, 64, 128]
    for count in range(1, 400):
        for first in (0, 1):
            ticks = tick_positions(count, 9, first)
            assert ticks[0] == first and ticks[-1] == first + count - 1 and len(ticks) <= 10
            assert ticks == sorted(set(ticks))


def test_labels_from_outside_are_escaped():
    attack = "<img src=x onerror=alert(1)>&\"'"
    text = markup.top_bars(analysis(labels=(attack, "b", "c")), 2)
    assert "<img" not in text and "&lt;img src=x" in text
    root = ElementTree.fromstring(text)
    assert root.find("li/div/span").text == attack and len(root.findall("li")) == 2
    assert [s.text for s in root.iter("span")][1] == f"{100 * analysis().probabilities[0]:.1f}%"


VALUES = scores(8)


@pytest.mark.parametrize(
    ("values", "options", "text"),
    [
        (np.full(4, np.nan), {}, "no finite number"),
        (np.zeros((2, 2)), {}, "channel scores must have 1 axes"),
        ([], {}, "empty"),
        (VALUES, {"order": "sort"}, "did you mean 'sorted'"),
    ],
)
def test_what_cannot_be_drawn_is_a_user_error(values, options, text):
    with pytest.raises(UserError, match=text):
        bars.channel_bars(values, **options)


def test_the_stretched_axis_is_labelled():
    figure = bars.channel_bars([-0.5, 0.25, 1.0], scale="stretch")
    assert "-0.50 to 1 (stretched)" in words(figure).replace("\N{MINUS SIGN}", "-")
    assert figure.axes[0].get_ylim()[0] == -0.5
    assert GATE_SCALE.label not in words(figure)


@pytest.mark.parametrize("k", [0, 1.5, "3", True])
def test_how_many_classes_is_checked(k):
    with pytest.raises(UserError, match="at least 1"):
        markup.top_bars(analysis(), k)
