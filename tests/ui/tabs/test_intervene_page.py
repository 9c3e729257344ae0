"""The Intervene tab as a page: what it opens with, its controls, its address, its language, and what is taken away."""

import inspect
import re
import shutil
from dataclasses import replace
from urllib.parse import urlsplit

import gradio as gr
import numpy as np
import pytest

from attnviz.gates.edits.channel_search import Search
from attnviz.gates.edits.json_format import Document, to_json
from attnviz.gates.edits.replacements import painted
from attnviz.models.gate_reference import save_reference
from attnviz.models.wrap import wrap
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.page import Chosen, Page, Photo
from attnviz.ui.tabs.intervene.handlers import Intervene
from attnviz.ui.tabs.intervene.html import (
    ALONE,
    FULL,
    edits_html,
    outline,
    paint_html,
    python_of,
    result_html,
    search_html,
)
from attnviz.ui.tabs.intervene.layout import layout
from attnviz.ui.tabs.intervene.panel import swap_choices
from attnviz.ui.tabs.intervene.state import PICKS, at_random, choose_gate, open_bench, picked_anew, put
from tests.conftest import statistics
from tests.own_models import own_net
from tests.ui.calls import given

CHANNEL, SPATIAL = "stage1.0.attention.channel", "stage1.0.attention.spatial"


@pytest.fixture(scope="module")
def tab(checkpoints):
    with gr.Blocks() as demo, gr.Tab() as own:
        page = Page(
            demo, Store(checkpoints), own, gr.State(), Photo(sample="cat"), "intervene", address=go("intervene")
        )
        return Intervene(page, layout(page.store, page.opening))


def go(name):
    from attnviz.ui.shared.page import address_component

    return address_component((name,))


@pytest.fixture
def bench(tab):
    return choose_gate(open_bench(tab.store, "cbam", Photo(sample="cat"), "en"), CHANNEL)


@pytest.fixture
def ask(tab):
    parts = tab.parts
    usual = {parts.measure: "probability", parts.order: "index", parts.action: "knock_out", parts.factor: 2, parts.k: 3}
    usual |= {parts.model: "cbam", parts.swap: "neutral", parts.scope: "one", parts.seed: 0, parts.other: "coffee"}

    def call(handler, bench, event=None, language="en", photo=None, chosen=None):
        run = getattr(tab, handler)
        data = {
            **usual,
            parts.state: bench,
            tab.page.photo: photo,
            tab.page.chosen: None if chosen is None else chosen.sent(),
        }
        return run(*([data] if "data" in inspect.signature(run).parameters else []), **given(run, event, language))

    return call


def mask_bench(bench, value):
    """A bench whose mask is one value everywhere."""
    gates = tuple(
        replace(g, values=np.full_like(g.values, value)) if g.site.name == SPATIAL else g for g in bench.before.gates
    )
    return choose_gate(replace(bench, before=replace(bench.before, gates=gates)), SPATIAL)


@pytest.mark.parametrize(("value", "brush"), [(0.05, 1.0), (0.49, 1.0), (0.5, 0.0), (0.97, 0.0)])
def test_the_brush_starts_opposite_to_the_mask(tab, value, brush):
    bench = open_bench(tab.store, "cbam", Photo(sample="cat"), "en")
    assert mask_bench(bench, value).brush == brush


def test_the_outline_runs_around_cells_and_not_between_them():
    changed = np.zeros((4, 5), bool)
    changed[1, 2] = True
    assert sorted(re.findall("M[^M]*", outline(changed))) == ["M2 1h1", "M2 1v1", "M2 2h1", "M3 1v1"]
    changed[1, 3] = True
    assert len(re.findall("M", outline(changed))) == 6  # two cells side by side: the side between them is no edge
    assert outline(np.zeros((4, 5), bool)) == ""
    assert len(re.findall("M", outline(np.ones((4, 5), bool)))) == 18


def test_painted_cells_are_outlined_on_the_picture(ask, tab, bench):
    at = choose_gate(bench, SPATIAL)
    assert "av-edited" not in paint_html(at)
    done = put(tab.store, at, at.edits.then(SPATIAL, painted(at.mask, [0], 1 if at.brush else 0)))
    assert "av-edited" in paint_html(done)


def test_a_choice_of_channels_replaces_the_one_before_so_that_the_control_can_be_compared(bench):
    top = PICKS["top"](bench, 3, 0.0)
    assert len(top.factors(CHANNEL)) == 3
    control = PICKS["random"](put_edits(bench, top), 3, 0.0)
    assert len(control.factors(CHANNEL)) == 3


def put_edits(bench, edits):
    return replace(bench, edits=edits, past=(*bench.past, bench.edits))


def test_the_control_draws_other_channels_each_time_and_the_same_ones_again(bench):
    first = at_random(bench, 4)
    assert first == at_random(bench, 4) and len(set(first)) == 4
    later = put_edits(bench, picked_anew(bench, first, 0.0))
    draws = {tuple(sorted(at_random(later, 4))), tuple(sorted(first))}
    assert len(draws) == 2


def test_the_average_gate_is_the_gates_mean_over_photographs(ask, tab, bench):
    got = ask("on_average", bench)[tab.parts.state]
    reference = tab.reference(bench, CHANNEL)
    np.testing.assert_allclose(got.after.gate(CHANNEL).values, reference.mean(0, keepdims=True), atol=1e-6)


def searched(bench, points):
    """A search in which the channels change the probability of the first class by so many points."""
    base = bench.before.logits.astype(np.float32)
    target = int(base.argmax())
    share = float(bench.before.probabilities[target])
    rows = []
    for change in points:
        wanted = min(max(share + change / 100, 1e-6), 1 - 1e-6)
        others = np.delete(np.exp(base - base.max()), target).sum()
        row = base.copy()
        row[target] = np.log(wanted / (1 - wanted) * others) + base.max()
        rows.append(row)
    return Search(target, base, tuple(range(len(points))), np.stack(rows), len(points), len(points))


def test_a_search_says_when_no_channel_matters_alone_and_draws_small_bars_small(bench):
    markup = search_html(bench, searched(bench, [-0.4, 0.1, -0.2]), "alone")
    assert "No channel of this gate matters alone" in markup and "0.4 points" in markup
    widths = [float(w) for w in re.findall(r"width:([\d.]+)%", markup)]
    assert max(widths) == pytest.approx(100 * 0.4 / FULL, abs=0.6)
    assert "probability rises" not in markup
    rises = search_html(bench, searched(bench, [-0.4, 2.1, -0.2]), "alone")
    assert "without channel 1 the probability rises, by +2.1 points" in rises
    matters = search_html(bench, searched(bench, [-3 * ALONE, 0.0, 0.0]), "alone")
    assert "matters alone" not in matters


def test_a_risen_probability_is_explained_and_a_fallen_one_is_not(bench):
    first = int(bench.before.logits.argmax())
    for change, told in ((+2.0, True), (-2.0, False)):
        logits = bench.before.logits.copy()
        logits[first] += change
        moved = replace(bench, after=replace(bench.before, logits=logits))
        assert ("no sign of a better answer" in result_html(moved, "probability")) is told


def query_of(markup):
    return urlsplit(re.search(r'class="av-link" href="([^"]+)"', markup)[1].replace("&amp;", "&")).query


def test_an_address_brings_the_same_edits_back(ask, tab, bench):
    state = put(tab.store, bench, PICKS["top"](bench, 2, 0.5))
    got = ask("on_go", None, {"query": "?" + query_of(edits_html(state, tab.store))})[tab.parts.state]
    assert to_json(Document(got.edits)) == to_json(Document(state.edits))
    assert (got.gate, got.photo) == (state.gate, state.photo)
    np.testing.assert_array_equal(got.after.logits, state.after.logits)


def test_a_wrong_address_opens_what_it_can_and_says_the_rest(ask, tab, monkeypatch):
    told = []
    monkeypatch.setattr(gr, "Warning", told.append)
    got = ask("on_go", None, {"query": "?model=no&sample=../x&gate=<b>&edits=AAAA"})[tab.parts.state]
    assert (got.before.model, got.photo.sample, got.edits.steps) == ("cbam", "cat", ())
    assert len(told) == 4 and "<b>" not in "".join(told)
    ask("on_go", None, {"query": 7})
    assert len(told) == 5


def test_another_language_keeps_photograph_gate_and_edits(ask, tab, bench):
    state = put(tab.store, bench, PICKS["top"](bench, 1, 0.0))
    got = ask("on_language", state, language="zh")
    said = got[tab.parts.state]
    assert (said.edits, said.gate, said.past, said.language) == (state.edits, state.gate, state.past, "zh")
    assert "关闭了 1 个通道" in got[tab.parts.edits]
    assert tab.parts.photo not in got


def test_removing_the_photograph_removes_what_came_of_it(ask, tab, bench):
    got = ask("on_clear", bench)
    assert got[tab.parts.state] is None
    parts = tab.parts
    assert all(got[part] == "" for part in (parts.result, parts.bars, parts.paint, parts.gates, parts.edits))
    assert got[tab.page.photo] == tab.page.opening
    again = ask("on_sample", None, {"value": "coffee"})
    assert again[parts.state].photo.sample == "coffee"


def test_what_another_tab_shows_is_taken_up(ask, tab, bench):
    got = ask("on_open", bench, photo=bench.photo, chosen=Chosen("cbam", SPATIAL))
    assert got[tab.parts.state].gate == SPATIAL
    got = ask("on_open", None, chosen=Chosen("se", None))
    assert got[tab.parts.state].before.model == "se"
    unknown = ask("on_open", bench, photo=bench.photo, chosen=Chosen("cbam", "no such gate"))
    assert unknown[tab.parts.state] == gr.skip()
    chosen = ask("on_tile", bench, {"value": SPATIAL}, chosen=Chosen("cbam", CHANNEL, 3))[tab.page.chosen]
    assert Chosen.of(chosen) == Chosen("cbam", SPATIAL, None)


def test_the_python_gives_the_same_answer(tab, bench, capsys, monkeypatch):
    import attnviz

    state = put(tab.store, bench, PICKS["top"](bench, 2, 0.5))
    loaded = attnviz.load("cbam", folder=tab.store.folder)
    monkeypatch.setattr(attnviz, "load", lambda name: loaded, raising=False)
    exec("\n".join(python_of(state, tab.store)), {})
    out = capsys.readouterr().out.strip().splitlines()
    assert out == [str(state.before.top(3)), str(state.after.top(3))]


@pytest.mark.parametrize("name", ["mine", "it's mine", "a\nb"])
def test_the_python_of_a_network_of_ones_own_uses_that_network(name, capsys):
    mine = wrap(own_net(classes=3).eval(), size=32, mean=0.5, std=0.25, labels=("red", "green", "blue"), name=name)
    store = Store(live=[mine], alone=True, public=False)
    bench = open_bench(store, store.ids[0], Photo(sample="coffee"), "en")
    state = put(store, bench, PICKS["top"](bench, 2, 0.5)) if bench.scored else bench
    exec("\n".join(python_of(state, store)), {"network": mine})
    assert capsys.readouterr().out.strip().splitlines()[0] == str(state.before.top(3))


@pytest.mark.parametrize(
    "sent", [None, 7, "", "[]", "{", '{"model": 1, "gate": ["x"], "channel": true}', "x" * 9999, "[" * 1500]
)
def test_whatever_is_sent_as_chosen_counts_as_nothing_where_it_cannot_be_read(sent):
    assert Chosen.of(sent) == Chosen()
    assert Chosen.of(Chosen("a", "b", 3).sent()) == Chosen("a", "b", 3)


@pytest.fixture(scope="module")
def known(checkpoints, tmp_path_factory):
    """The tiny CBAM network with statistics beside it, and self-attention with statistics of other weights."""
    folder = tmp_path_factory.mktemp("known")
    for path in checkpoints.iterdir():
        shutil.copy(path, folder)
    store = Store(folder)
    for name in ("cbam", "self-attention"):
        weights = store.card(name).sha256 if name != "self-attention" else "0" * 64
        save_reference(folder / f"{name}.reference", statistics(store.sites(name), weights))
    return store


def test_intervene_takes_the_mean_over_the_validation_set_and_says_so(known):
    with gr.Blocks() as demo, gr.Tab() as own:
        page = Page(demo, known, own, gr.State(), Photo(sample="cat"))
        tab = Intervene(page, layout(page.store, page.opening))
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
