import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

gr = pytest.importorskip("gradio")

from attnviz.core.errors import UserError  # noqa: E402
from attnviz.ui.networks.store import Store  # noqa: E402
from attnviz.ui.shared.address import Query  # noqa: E402
from attnviz.ui.shared.page import Chosen, Page, Photo  # noqa: E402
from attnviz.ui.tabs.training.handlers import TAB, Training, layout  # noqa: E402
from attnviz.ui.tabs.training.html import film_pictures, large_html, link_html, stage_html  # noqa: E402
from attnviz.ui.tabs.training.state import (  # noqa: E402
    first_film,
    opening_film,
    record,
    recorded,
    snapshots_of,
    taken_for,
    wanted,
    with_choice,
)
from tests.ui.calls import visitor  # noqa: E402


@pytest.fixture(scope="module")
def filmed(noise_checkpoints):
    return Store(noise_checkpoints)


@pytest.fixture
def training(filmed):
    with gr.Blocks() as demo, gr.Tab() as tab:
        page = Page(demo, filmed, tab, gr.State(), Photo("cat"))
        return Training(page, layout(page))


REQUEST = visitor()


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


def test_wrong_names_are_refused(filmed):
    film = first_film(filmed, "cbam")
    for gate, probe in (("nothing", "church"), ("a.spatial", "cat"), (None, "church"), (["a"], "church")):
        with pytest.raises(UserError, match="in these snapshots"):
            with_choice(filmed, film, gate, probe)
    for name in ("none", None, "../cbam"):
        with pytest.raises(UserError, match="with snapshots"):
            first_film(filmed, name)


def test_the_handlers(training):
    parts, page = training.parts, training.page
    nothing = {parts.state: None, page.chosen: None}
    opened = training.on_open(nothing, REQUEST)
    film = opened[parts.state]
    stage = opened[parts.stage]
    assert "After epoch 3 of 3" in stage and stage.count("data-step=") == 4 and "data-play" in stage
    assert len(re.findall('class="tr-frame', stage)) == 3, "every snapshot is in the page"
    assert opened[page.chosen] is None or opened[page.chosen] == Chosen(), "nobody has chosen anything yet"
    assert training.on_open({parts.state: film, page.chosen: None}, REQUEST) == {parts.state: gr.skip()}
    other = training.on_model({parts.state: film, parts.model: "noise-attention"})
    assert other[parts.state].gate == "attention" and "noise 1" in other[parts.stage]
    assert other[parts.stage].count('<figure class="av-curves"') == 3
    assert [name for _, name in other[parts.probe].choices] == ["church", "parachute"]
    said = training.on_language({parts.state: film}, visitor("zh"))
    assert replace(said[parts.state], language="en") == film and "播放" in said[parts.stage]
    assert "门是怎样长成的" in said[parts.intro]
    with pytest.raises(UserError, match="was let go"):
        training.on_choice({parts.state: None})


def test_what_another_tab_shows_is_taken_up(training, filmed):
    parts, page = training.parts, training.page
    film = first_film(filmed, "cbam")
    gate = next(gate for gate in taken_for(filmed, film).kinds if gate != film.gate)
    got = training.on_open({parts.state: film, page.chosen: Chosen("cbam", gate)}, REQUEST)
    assert got[parts.state].gate == gate
    got = training.on_open({parts.state: film, page.chosen: Chosen("noise-attention", "no such gate")}, REQUEST)
    assert got[parts.state].model == "noise-attention"
    assert training.on_open({parts.state: film, page.chosen: Chosen("se", "x")}, REQUEST) == {parts.state: gr.skip()}


def test_an_address_brings_the_film_back_and_what_is_wrong_is_said(filmed):
    film = replace(first_film(filmed, "noise-attention"), probe="parachute", step=1)
    query = Query(re.search(r'href="([^"]+)"', link_html(film))[1].replace("&amp;", "&"), "en")
    assert (wanted(filmed, query), query.missed) == (film, [])
    bad = Query("?model=../cbam&gate=<b>&probe=cat&step=99", "en")
    assert wanted(filmed, bad) == opening_film(filmed) and len(bad.missed) == 4


def test_the_film_is_a_gif_with_a_frame_for_every_snapshot(training, filmed):
    parts = training.parts
    for model in ("cbam", "noise-attention"):
        path = training.on_export({parts.state: first_film(filmed, model)})[parts.file]
        with Image.open(path) as film:
            assert (film.format, film.n_frames) == ("GIF", 3)
            assert film.info["duration"] > 0 and film.info.get("loop") == 0


def test_the_tab_opens_with_a_mask(filmed, monkeypatch):
    monkeypatch.setattr("attnviz.ui.tabs.training.state.recorded", lambda store: ("noise-attention", "cbam"))
    assert opening_film(filmed).model == "cbam"
    monkeypatch.setattr("attnviz.ui.tabs.training.state.recorded", lambda store: ("noise-attention",))
    assert opening_film(filmed).model == "noise-attention"


def test_a_picture_stays_where_the_other_network_has_it_and_is_offered_anew_where_not(training):
    parts = training.parts
    opened = training.on_open({parts.state: None, training.page.chosen: None}, REQUEST)[parts.state]
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
        html = large_html(taken, replace(film, gate=gate), card)
        assert html.count("tr-frame") == len(taken.epochs), gate
        assert len(film_pictures(taken, replace(film, gate=gate), card, ())) == len(taken.epochs)
        assert "<img" in html or "<svg" in html, gate
        drawn[gate] = kind, html
    assert all("av-picture" in html for kind, html in drawn.values() if kind in ("spatial", "strip"))


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
    assert 'data-row="0"' in asked[training.parts.stage]
    assert asked[training.parts.stage] != stage_html(taken, film, card, store.sites(film.model))
    with pytest.raises(UserError):
        training.on_ask({training.parts.state: film}, gr.EventData(None, {"down": 2, "across": 0}))
