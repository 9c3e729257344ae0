from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

gr = pytest.importorskip("gradio")

from attnviz.core.errors import UserError  # noqa: E402
from attnviz.ui.networks.store import Store  # noqa: E402
from attnviz.ui.shared.page import Page, Photo  # noqa: E402
from attnviz.ui.tabs.training.handlers import TAB, Training, layout  # noqa: E402
from attnviz.ui.tabs.training.html import picture_html  # noqa: E402
from attnviz.ui.tabs.training.state import (  # noqa: E402
    first_film,
    opening_film,
    record,
    recorded,
    snapshots_of,
    taken_for,
    with_choice,
    with_step,
)


@pytest.fixture(scope="module")
def filmed(noise_checkpoints):
    return Store(noise_checkpoints)


@pytest.fixture
def training(filmed):
    with gr.Blocks() as demo, gr.Tab() as tab:
        page = Page(demo, filmed, tab, gr.State(), Photo("cat"))
        return Training(page, layout(page))


REQUEST = SimpleNamespace(headers={"accept-language": "en"}, cookies={})


def test_only_networks_with_snapshots_are_offered(filmed, checkpoints):
    assert set(recorded(filmed)) == {"cbam", "noise-attention"}
    assert recorded(Store(checkpoints)) == ()
    with gr.Blocks() as demo, gr.Tab() as tab:
        TAB.build(Page(demo, Store(checkpoints), tab, gr.State(), Photo("cat")))
    assert any("snapshots" in str(getattr(block, "value", "")) for block in demo.blocks.values())


def test_the_first_film_is_the_last_snapshot_of_the_last_spatial_gate(filmed):
    film = first_film(filmed, "cbam")
    assert (film.gate, film.step, film.probe) == ("a.spatial", 2, "church")
    assert first_film(filmed, "noise-attention").gate == "attention"
    taken = taken_for(filmed, film)
    np.testing.assert_array_equal(record(taken, film, 1).mask, taken.gates["a.spatial"][1, 0, 0])
    assert snapshots_of(filmed, "cbam") is taken


@pytest.mark.parametrize("step", [None, -1, 3, 1.5, True, "x", "-1", float("nan"), [1], "²"])
def test_wrong_snapshots_are_refused(filmed, step):
    with pytest.raises(UserError, match="0..2"):
        with_step(filmed, first_film(filmed, "cbam"), step)


def test_wrong_names_are_refused(filmed):
    film = first_film(filmed, "cbam")
    for gate, probe in (("nothing", "church"), ("a.spatial", "cat"), (None, "church"), (["a"], "church")):
        with pytest.raises(UserError, match="in these snapshots"):
            with_choice(filmed, film, gate, probe)
    for name in ("none", None, "../cbam"):
        with pytest.raises(UserError, match="with snapshots"):
            first_film(filmed, name)


def test_the_handlers(training):
    parts = training.parts
    opened = training.on_open({parts.state: None}, REQUEST)
    film = opened[parts.state]
    assert "After epoch 3 of 3" in opened[parts.picture] and opened[parts.film].count("data-pick") == 3
    assert opened[parts.curves].count("<figure") == 2 or opened[parts.curves].count("<figure") == 1
    assert training.on_open({parts.state: film}, REQUEST) == {parts.state: gr.skip()}
    moved = training.on_step({parts.state: film, parts.step: 0})
    assert "Before training" in moved[parts.picture] and moved[parts.step] == 0
    assert training.on_step({parts.state: film, parts.step: 2}) == {parts.state: gr.skip()}
    assert training.on_frame({parts.state: film}, gr.EventData(None, {"value": "1"}))[parts.state].step == 1
    other = training.on_model({parts.state: film, parts.model: "noise-attention"})
    assert other[parts.state].gate == "attention" and "noise 1" in other[parts.curves]
    assert other[parts.curves].count("<figure") == 3
    assert [name for _, name in other[parts.probe].choices] == ["church", "parachute"]
    with pytest.raises(UserError, match="idle"):
        training.on_step({parts.state: None, parts.step: 0})


def test_the_tab_opens_with_a_mask(filmed, monkeypatch):
    monkeypatch.setattr("attnviz.ui.tabs.training.state.recorded", lambda store: ("noise-attention", "cbam"))
    assert opening_film(filmed).model == "cbam"
    monkeypatch.setattr("attnviz.ui.tabs.training.state.recorded", lambda store: ("noise-attention",))
    assert opening_film(filmed).model == "noise-attention"


def test_a_picture_stays_where_the_other_network_has_it_and_is_offered_anew_where_not(training, filmed, tmp_path):
    parts = training.parts
    opened = training.on_open({parts.state: None}, REQUEST)[parts.state]
    film = replace(opened, probe="parachute")
    assert training.on_model({parts.state: film, parts.model: "noise-attention"})[parts.state].probe == "parachute"
    other = training.on_model({parts.state: replace(opened, probe="cat"), parts.model: "noise-attention"})
    assert other[parts.state].probe == "church" == other[parts.probe].value


@pytest.mark.parametrize("name", recorded(Store()))
def test_every_recorded_gate_of_every_network_is_drawn(name):
    """Whatever its kind: a mask or a grid over the picture, bars, or a matrix."""
    store = Store()
    film, card = first_film(store, name), store.card(name)
    taken = taken_for(store, film)
    drawn = {}
    for gate, kind in taken.kinds.items():
        html = picture_html(taken, replace(film, gate=gate), card)
        assert "<img" in html or "<svg" in html, gate
        drawn[gate] = kind, html
    assert all("av-picture" in html for kind, html in drawn.values() if kind in ("spatial", "strip", "geometric"))
    assert all(html.count("av-bars") > 1 for kind, html in drawn.values() if kind == "branch")


def test_another_place_asks():
    store = Store()
    film = first_film(store, "self-attention-30")
    taken, card = taken_for(store, film), store.card(film.model)
    gate = next(g for g, kind in taken.kinds.items() if kind == "pairwise")
    with gr.Blocks() as demo, gr.Tab() as tab:
        training = Training(page := Page(demo, store, tab, gr.State(), Photo("cat")), layout(page))
    film = replace(film, gate=gate)
    event = gr.EventData(None, {"down": 0.0, "across": 1.0})
    asked = training.on_ask({training.parts.state: film}, event)
    assert asked[training.parts.state].query == (0.0, 1.0)
    assert 'data-row="0"' in asked[training.parts.picture]
    assert asked[training.parts.picture] != picture_html(taken, film, card)
    with pytest.raises(UserError):
        training.on_ask({training.parts.state: film}, gr.EventData(None, {"down": 2, "across": 0}))


def test_the_film_plays_to_its_end_and_stops(training):
    parts = training.parts
    film = training.on_open({parts.state: None}, REQUEST)[parts.state]
    begun = training.on_play({parts.state: film})
    assert begun[parts.state].step == 0 and begun[parts.state].playing and begun[parts.clock].active
    second = training.on_tick({parts.state: begun[parts.state]})
    assert second[parts.state].step == 1 and second[parts.clock].active
    third = training.on_tick({parts.state: second[parts.state]})
    assert third[parts.state].step == 2 and not third[parts.state].playing and not third[parts.clock].active
    halted = training.on_play({parts.state: second[parts.state]})
    assert halted[parts.state].step == 1 and not halted[parts.state].playing
