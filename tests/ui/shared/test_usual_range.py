"""What the app says about how unusual a gate's answer is."""

import dataclasses
import shutil

import gradio as gr
import numpy as np
import pytest

from attnviz.models.checkpoints import save_checkpoint
from attnviz.models.gate_reference import save_reference
from attnviz.models.spec import build
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.gate_html import Settings, scores_html
from attnviz.ui.shared.gate_picture import picture_html
from attnviz.ui.shared.page import Page, Photo
from attnviz.ui.shared.usual_range import bars_usual, usual_html
from attnviz.ui.shared.view import open_view, show_channel, show_gate
from attnviz.ui.tabs.intervene.handlers import Intervene
from attnviz.ui.tabs.intervene.layout import layout
from attnviz.ui.tabs.intervene.panel import swap_choices
from attnviz.ui.tabs.intervene.state import open_bench
from tests.conftest import statistics, tiny_card, tiny_spec

CHANNEL, SPATIAL = "stage1.0.attention.channel", "stage1.0.attention.spatial"


@pytest.fixture(scope="module")
def known(checkpoints, tmp_path_factory):
    """The tiny CBAM network with statistics beside it, and self-attention with statistics of other weights."""
    folder = tmp_path_factory.mktemp("known")
    for path in checkpoints.iterdir():
        shutil.copy(path, folder)
    for name in ("coord", "sk"):
        save_checkpoint(folder, tiny_card(tiny_spec(name), name), build(tiny_spec(name)))
    store = Store(folder)
    for name in ("cbam", "coord", "sk", "self-attention"):
        weights = store.card(name).sha256 if name != "self-attention" else "0" * 64
        save_reference(folder, name, statistics(store.sites(name), weights))
    return store


@pytest.fixture(scope="module")
def opening(known):
    return open_view(known, "cbam", sample="cat")


def with_values(view, gate, values):
    """The view of a gate that says something else."""
    record = view.analysis.gate(gate)
    changed = dataclasses.replace(record, values=np.broadcast_to(np.float32(values), record.values.shape))
    gates = tuple(changed if g.site.name == gate else g for g in view.analysis.gates)
    return dataclasses.replace(view, analysis=dataclasses.replace(view.analysis, gates=gates))


def test_bars_have_the_usual_range_and_a_note_each(known, opening):
    scores = np.full((1, 8, 1, 1), 0.45)
    scores[0, :4, 0, 0] = 0.2, 0.35, 0.55, 0.9
    view = show_gate(known, opening, CHANNEL)
    view = with_values(view, CHANNEL, scores)
    usual = bars_usual(view)
    assert (usual.low == np.float32(np.float16(0.4))).all() and (usual.high == 0.5).all()
    sides = ("lower than in 99 %", "lower than in 95 %", "higher than in 95 %", "higher than in 99 %")
    for note, text in zip(usual.notes, [*sides, *["usual (0.400 to 0.500 in 90 %"] * 4], strict=True):
        assert note.startswith(text) and "1,234 validation photographs" in note
    text = scores_html(view, Settings())
    assert 'class="band" d="M0 500h1V600h-1z' in text and "rank 1 of 8, higher than in 99 % of 1,234" in text
    assert "4 of 8 values lie outside their usual range" in text and "it would be about 1." in text


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (0.9, "<strong>Channel 2: 0.90, higher than in 99 % of 1,234 validation photographs (usual: 0.40 to 0.50)."),
        (0.35, "<strong>Channel 2: 0.35, lower than in 95 % of"),
        (0.45, ">Channel 2: 0.45, nothing unusual (0.40 to 0.50 in 90 % of"),
    ],
)
def test_a_sentence_about_the_chosen_channel(known, opening, score, told):
    view = show_channel(known, show_gate(known, opening, CHANNEL), 2)
    channel = dataclasses.replace(view.channel, score=score)
    view = dataclasses.replace(with_values(view, CHANNEL, score), channel=channel)
    assert told in scores_html(view, Settings())


def test_a_line_below_a_mask(known, opening):
    view = show_gate(known, opening, SPATIAL)
    assert "Mean 0.90, higher than in 99 % of" in picture_html(with_values(view, SPATIAL, 0.9), Settings())
    assert "Mean 0.44, usual: 0.40 to 0.50 in 90 %" in picture_html(with_values(view, SPATIAL, 0.44), Settings())
    chinese = dataclasses.replace(with_values(view, SPATIAL, 0.9), language="zh")
    assert "高于 1,234 张验证照片中的 99 %" in picture_html(chinese, Settings())


def test_without_statistics_nothing_is_said(known, caplog):
    view = show_gate(known, open_view(known, "se", sample="cat"), "stage1.0.attention")
    assert view.reference is None and usual_html(view) == "" and bars_usual(view) is None
    assert "band" not in scores_html(view, Settings())
    assert known.reference("self-attention") is None and "other weights" in caplog.text


@pytest.mark.parametrize(("name", "values"), [("coord", 8), ("sk", 16)])
def test_gates_without_a_picture_say_how_many_values_are_unusual(known, name, values):
    view = open_view(known, name, sample="cat")
    gate = view.analysis.gates[0].site.name
    view = with_values(show_gate(known, view, gate), gate, 0.9)
    assert f"{values} of {values} values lie outside their usual range" in picture_html(view, Settings())


@pytest.fixture(scope="module")
def tab(known):
    with gr.Blocks() as demo, gr.Tab() as own:
        page = Page(demo, known, own, gr.State(), Photo(sample="cat"))
        return Intervene(page, layout(page.store, page.opening))


def test_intervene_takes_the_mean_over_the_validation_set_and_says_so(known, tab):
    bench = open_bench(known, "cbam", Photo(sample="cat"), "en")
    assert dict(map(reversed, swap_choices(bench)))["mean"] == "its mean over 1,234 validation photographs"
    parts = tab.parts
    data = {parts.state: bench, parts.swap: "mean", parts.scope: "all", parts.measure: "logit", parts.order: "index"}
    updates = tab.on_replace(data)
    after = updates[parts.state].after
    assert all((gate.values == np.float32(np.float16(0.45))).all() for gate in after.gates)
    assert "mean over 1,234 validation photographs" in updates[parts.edits]
    other = open_bench(known, "se", Photo(sample="cat"), "en")
    assert dict(map(reversed, swap_choices(other)))["mean"] == "its mean over the sample photographs"
