import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.core.kinds import KINDS
from attnviz.render import drawings as views
from attnviz.render.figures import gate_strip as strip
from attnviz.render.figures.style import to_png
from tests.render.synthetic import analysis, channel, every_kind, record, spatial


def words(figure):
    return " | ".join(t.get_text() for t in (*figure.texts, *(t for axes in figure.axes for t in axes.texts)))


def test_every_kind_of_gate_has_a_view():
    assert set(views.DRAWINGS) == set(KINDS)
    found = analysis(every_kind())
    figure = strip.gate_strip(found.gates, found.image)
    assert to_png(figure, 50).startswith(b"\x89PNG")
    for gate in found.gates:
        assert gate.site.kind in words(figure)


@pytest.mark.parametrize("count", [1, 3, 16, 40])
def test_the_strip_numbers_all_gates_in_order_without_overlap(count):
    gates = [spatial(f"s{i}.attention.spatial") if i % 2 else channel(f"s{i}.attention.se", 16) for i in range(count)]
    found = analysis(gates)
    figure = strip.gate_strip(gates, found.image)
    drawn = figure.axes[0].texts
    assert [t.get_text().split()[0] for t in drawn[::2]] == [str(i + 1) for i in range(count)]
    figure.canvas.draw()
    boxes = [t.get_window_extent() for t in drawn]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert max(b.x1 for b in boxes) <= figure.bbox.x1 and min(b.y0 for b in boxes) >= 0


def test_the_strip_tells_the_mean_of_each_gate():
    gate = record("a", "channel", np.full((1, 16, 1, 1), 0.25))
    assert "channel 16 · mean 0.25" in words(strip.gate_strip([gate], analysis().image))


def test_names_are_shortened_only_while_they_tell_gates_apart():
    gates = [
        channel("s1.0.attention.channel", 4),
        spatial("s1.0.attention.spatial"),
        channel("s2.0.attention.channel", 4),
    ]
    assert strip.short_names(gates) == ["s1", "s1", "s2"]
    same = [channel("a.x", 4), channel("a.x.channel", 4)]
    assert strip.short_names(same) == ["a.x", "a.x.channel"]
    assert strip.short_names([channel("only.one", 4)]) == ["only.one"]


def test_profiles_are_sorted_scores():
    values = np.array([0.2, 0.9, np.nan, 0.5], np.float32)
    outline = strip.profile(values, strip.GATE_SCALE, (10, 20), (3, 1))
    np.testing.assert_allclose(outline[1:-1:2, 1], [20.1, 20.5, 20.8], atol=1e-5)
    np.testing.assert_allclose(outline[[0, -1]], [[10, 21], [13, 21]], atol=1e-5)


def test_strange_names_are_text_and_nothing_else():
    name = "$\\frac{</svg>\n<script>alert(1)"
    found = analysis([channel(name, 8)])
    assert to_png(strip.gate_strip(found.gates, found.image), 40).startswith(b"\x89PNG")


def test_a_gate_that_was_not_captured_says_so():
    gone = replace(spatial("gone"), values=np.zeros(0, np.float32))
    broken = record("nan", "spatial", np.full((1, 1, 2, 2), np.nan))
    told = words(strip.gate_strip([gone, broken], analysis().image))
    assert "not captured" in told and "no finite value" in told


FOUND = analysis()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: strip.gate_strip([], FOUND.image), "no gate to draw"),
        (lambda: strip.gate_strip([record("a", "odd", [[1.0]])], FOUND.image), "unknown kind"),
    ],
)
def test_what_cannot_be_drawn_is_a_user_error(call, text):
    with pytest.raises(UserError, match=text):
        call()


def test_neither_pyplot_nor_torch_is_imported_by_drawing():
    code = (
        "import sys\n"
        "from tests.render.synthetic import analysis\n"
        "from attnviz.render.figures import bars, gate_strip, style\n"
        "a = analysis()\n"
        "style.to_png(gate_strip.gate_strip(a.gates, a.image), 40)\n"
        "style.to_png(bars.channel_bars(a.gates[0].scores), 40)\n"
        "print([m for m in ('matplotlib.pyplot', 'torch', 'gradio') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
