import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.core.kinds import KINDS
from attnviz.render import drawings as views
from attnviz.render.colour import table, to_bytes
from attnviz.render.figures import channel_map as layers
from attnviz.render.figures import gate_strip as strip
from attnviz.render.figures import report as sheets
from attnviz.render.figures.style import to_png
from tests.render.synthetic import analysis, channel, every_kind, record, spatial


def words(figure):
    return " | ".join(t.get_text() for t in (*figure.texts, *(t for axes in figure.axes for t in axes.texts)))


def test_every_kind_of_gate_has_a_view():
    assert set(views.DRAWINGS) == set(KINDS)
    found = analysis(every_kind())
    figure = sheets.gate_strip(found.gates, found.image)
    assert to_png(figure, 50).startswith(b"\x89PNG")
    for gate in found.gates:
        assert gate.site.kind in words(figure)
        assert to_png(sheets.report_sheet(found, gate.site.name), 40).startswith(b"\x89PNG")


@pytest.mark.parametrize("count", [1, 3, 16, 40])
def test_the_strip_numbers_all_gates_in_order_without_overlap(count):
    gates = [spatial(f"s{i}.attention.spatial") if i % 2 else channel(f"s{i}.attention.se", 16) for i in range(count)]
    found = analysis(gates)
    figure = sheets.gate_strip(gates, found.image, gates[-1].site.name, dark=True)
    drawn = figure.axes[0].texts
    assert [t.get_text().split()[0] for t in drawn[::2]] == [str(i + 1) for i in range(count)]
    assert drawn[2 * count - 2].get_weight() == "bold" and (count == 1 or drawn[0].get_weight() == "normal")
    figure.canvas.draw()
    boxes = [t.get_window_extent() for t in drawn]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert max(b.x1 for b in boxes) <= figure.bbox.x1 and min(b.y0 for b in boxes) >= 0


def test_the_strip_tells_the_mean_of_each_gate():
    gate = record("a", "channel", np.full((1, 16, 1, 1), 0.25))
    assert "channel 16 · mean 0.25" in words(sheets.gate_strip([gate], analysis().image))


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


@pytest.mark.parametrize("order", ["index", "sorted"])
def test_rows_of_the_map_are_the_scores_stretched(order):
    gates = [channel("a", 4), channel("b", 8, 1), channel("c", 100, 2)]
    rows = layers.map_rows(gates, order, columns=16)
    for row, gate in zip(rows[:2], gates[:2], strict=True):
        wanted = gate.scores if order == "index" else np.sort(gate.scores)[::-1]
        np.testing.assert_array_equal(row, np.repeat(wanted, 16 // wanted.size))
    assert rows[2].mean() == pytest.approx(gates[2].scores.mean(), abs=1e-5)


def test_the_map_shows_rows_from_first_layer_down_in_their_colours():
    gates = [channel("a", 4), spatial("b"), channel("c", 8, 1)]
    figure = sheets.channel_map(gates, order="index", selected="c")
    picture = figure.axes[0].images[0].get_array()
    top = to_bytes(table("viridis")[int(gates[0].scores[0] * 256)])
    bottom = to_bytes(table("viridis")[int(gates[2].scores[-1] * 256)])
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
    figure = sheets.channel_map(gates)
    inside(figure)
    names = sorted((t.get_window_extent() for t in figure.texts if "stage" in t.get_text()), key=lambda b: b.y0)
    assert all(low.y1 <= high.y0 + 1.5 for low, high in zip(names, names[1:], strict=False))


@pytest.mark.parametrize("size", [(60, 40), (40, 60)])
def test_the_report_is_one_page_with_model_prediction_gate_and_versions(size):
    facts = {"device": "cpu", "milliseconds": 38.2134, "versions": {"torch": "2.11.0"}, "sha256": "9f" * 32}
    found = analysis(model="cbam-small", facts=facts, size=size)
    for name in ("s1.se", "s2.sp"):
        figure = sheets.report_sheet(found, name)
        told = words(figure).replace("\n", " ")
        for part in ("cbam-small", name, "cat", "torch 2.11.0", "milliseconds 38.21", "scale 0–1 (fixed)", "4 gates"):
            assert part in told, part
        inside(figure)


def test_a_report_without_channel_gates():
    found = analysis([spatial("only")], facts={"a": 1})
    assert to_png(sheets.report_sheet(found, "only"), 40)


def test_strange_names_are_text_and_nothing_else():
    name = "$\\frac{</svg>\n<script>alert(1)"
    found = analysis([channel(name, 8)], labels=("$\\bad{", "b"), model="$_^$", facts={"$\\x": "$\\y{"})
    for figure in (
        sheets.gate_strip(found.gates, found.image, name),
        sheets.channel_map(found.gates),
        sheets.report_sheet(found, name),
    ):
        assert to_png(figure, 40).startswith(b"\x89PNG")


def test_a_gate_that_was_not_captured_says_so():
    gone = replace(spatial("gone"), values=np.zeros(0, np.float32))
    broken = record("nan", "spatial", np.full((1, 1, 2, 2), np.nan))
    told = words(sheets.gate_strip([gone, broken], analysis().image))
    assert "not captured" in told and "no finite value" in told


FOUND = analysis()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: sheets.gate_strip([], FOUND.image), "no gate to draw"),
        (lambda: sheets.gate_strip(FOUND.gates, FOUND.image, "s1.sx"), "did you mean 's1.s"),
        (lambda: sheets.gate_strip(FOUND.gates, FOUND.image, cmap="jet"), "unknown colour map"),
        (lambda: sheets.gate_strip([record("a", "odd", [[1.0]])], FOUND.image), "unknown kind"),
        (lambda: sheets.channel_map([spatial("a")]), "no channel gate"),
        (lambda: sheets.channel_map(FOUND.gates, order="size"), "unknown order"),
        (lambda: sheets.report_sheet(FOUND, "s3"), "no gate 's3'"),
    ],
)
def test_what_cannot_be_drawn_is_a_user_error(call, text):
    with pytest.raises(UserError, match=text):
        call()


def test_neither_pyplot_nor_torch_is_imported_by_drawing():
    code = (
        "import sys\n"
        "from tests.render.synthetic import analysis\n"
        "from attnviz.render import overlay\n"
        "from attnviz.render.figures import bars, report\n"
        "from attnviz.render.svg.bars import bars_svg\n"
        "a = analysis()\n"
        "overlay.to_png(report.report_sheet(a, 's1.sp'), 40)\n"
        "overlay.to_png(bars.channel_bars(a.gates[0].scores), 40)\n"
        "bars_svg(a.gates[0].scores)\n"
        "print([m for m in ('matplotlib.pyplot', 'torch', 'gradio') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
