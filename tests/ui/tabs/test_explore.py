import math
import pickle
import zipfile

import gradio as gr
import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.ui.shared.strip_and_map import distinct, heading_html
from attnviz.ui.shared.toasts import MOST, guarded
from attnviz.ui.shared.view import show_channel, show_gate

CHANNEL = "stage1.0.attention.channel"
SPATIAL = "stage1.0.attention.spatial"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def scored(explore):
    return show_gate(explore.store, explore.opening, CHANNEL)


def test_the_page_opens_on_the_default_gate_and_says_why(explore):
    view = explore.opening
    assert view.record.site.kind == "spatial"
    assert view.why == "fine" and "at least 7×7 cells" in heading_html(view)


def test_a_view_survives_being_copied_for_another_process(explore):
    again = pickle.loads(pickle.dumps(explore.opening))
    assert np.array_equal(again.analysis.logits, explore.opening.analysis.logits)


def test_choosing_a_channel_gate_shows_the_channel_with_the_highest_score(ask, explore):
    updates = ask("on_tile", event={"value": CHANNEL})
    view = updates["state"]
    best = int(explore.opening.analysis.gate(CHANNEL).scores.argmax())
    assert view.channel.channel == updates["channel"] == best
    assert view.channel.rank == 1
    assert "rank 1 of" in updates["picture"]
    assert 'data-index="0"' in updates["scores"]


def test_choosing_a_spatial_gate_shows_no_bars(ask, scored):
    updates = ask("on_gate", scored, gate=SPATIAL)
    assert updates["scores"] == ""
    assert "av-veil" in updates["picture"]
    assert updates["state"].channel is None


def test_a_bar_shows_that_channel_with_its_score_and_rank(ask, scored):
    updates = ask("on_bar", scored, event={"index": 3})
    score = scored.record.scores[3]
    assert f"Channel 3: score {score:.3f}, rank {1 + int((scored.record.scores > score).sum())}" in updates["picture"]
    assert updates["state"].channel.channel == 3


@pytest.mark.parametrize("index", [-1, 8, 10**30, 1.5, math.nan, math.inf, True, None, "3", EVIL, [3], {"a": 1}])
def test_a_channel_that_is_not_there_is_refused(ask, scored, index):
    with pytest.raises(UserError, match=r"whole number in 0\.\.7"):
        ask("on_bar", scored, event={"index": index})


@pytest.mark.parametrize("event", [{}, [], "text", 3, {"value": 2}])
def test_an_event_without_an_index_is_refused(ask, scored, event):
    with pytest.raises(UserError, match="whole number"):
        ask("on_bar", scored, event=event)


def test_a_bar_of_a_gate_without_scores_is_refused(ask):
    with pytest.raises(UserError, match="no channel scores"):
        ask("on_bar", event={"index": 0})


@pytest.mark.parametrize("gate", ["", "nonsense", EVIL, None, 3, ["a"]])
def test_a_gate_that_is_not_there_is_refused(ask, gate):
    with pytest.raises(UserError, match="has no gate"):
        ask("on_tile", event={"value": gate})


@pytest.mark.parametrize("name", ["", "nonsense", EVIL, "../cat"])
def test_a_sample_that_is_not_there_is_refused(ask, name):
    with pytest.raises(UserError, match="unknown sample"):
        ask("on_sample", event={"value": name})


@pytest.mark.parametrize("model", ["", "nonsense", EVIL, None, ["cbam"]])
def test_a_model_that_is_not_there_is_refused(ask, model):
    with pytest.raises(UserError, match="no model"):
        ask("on_model", model=model)


@pytest.mark.parametrize("look", [{"cmap": EVIL}, {"scale": "x"}, {"cells": [1]}])
def test_a_look_that_is_not_known_is_refused(ask, look):
    with pytest.raises(UserError, match="unknown"):
        ask("on_look", **look)


def test_an_order_that_is_not_known_is_refused(ask, scored):
    with pytest.raises(UserError, match="unknown order"):
        ask("on_look", scored, order=EVIL)


def test_looks_are_drawn_without_another_forward_pass(ask, explore, scored, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(explore.store, "lease", refuse)
    for view in (explore.opening, scored):
        plain = ask("on_look", view)
        changed = ask("on_look", view, scale="stretch", cells="bilinear", order="sorted", cmap="magma")
        assert plain["picture"] != changed["picture"]
        assert "state" not in plain
    assert "strip" in ask("on_colours", cmap="magma")


def test_clearing_the_photograph_keeps_everything(ask, explore):
    assert ask("on_photo", photo=None) == {"state": explore.opening}


def test_a_photograph_is_analysed_and_the_chosen_gate_stays(ask, scored, photograph, tmp_path):
    photograph.save(tmp_path / "mine.png")
    view = ask("on_photo", scored, photo={"path": str(tmp_path / "mine.png")})["state"]
    assert view.gate == CHANNEL
    assert view.sample is None
    assert view.analysis.image.original_size == (160, 120)


@pytest.mark.parametrize("content", [b"", b"no picture", b"<svg xmlns='x'/>", b"\x89PNG\r\n\x1a\n broken"])
def test_a_wrong_file_is_an_error_with_a_text(ask, tmp_path, content):
    file = tmp_path / "picture.jpg"
    file.write_bytes(content)
    with pytest.raises(UserError):
        ask("on_photo", photo={"path": str(file)})
    assert set(ask("on_refused")) == {"photo"}


def test_a_file_that_is_gone_is_an_error_with_a_text(ask, tmp_path):
    with pytest.raises(UserError, match="send it again"):
        ask("on_photo", photo={"path": str(tmp_path / "gone.png")})


def test_a_network_without_gates_shows_its_prediction(ask):
    updates = ask("on_model", model="none")
    assert "no attention gates" in updates["picture"]
    assert updates["state"].gate is None
    assert "%" in updates["prediction"]
    assert updates["samples"].count("data-pick") >= 10


def test_an_analysis_that_was_let_go_asks_for_a_reload(explore):
    with pytest.raises(UserError, match="reload"):
        explore.view({explore.parts.state: None})


def test_limits_and_accuracy_stand_beside_the_prediction(ask):
    html = ask("on_sample", event={"value": "cat"})["prediction"]
    assert "It knows 3 classes: anything else is forced into one of them." in html
    assert "Right for 33.33 % of 3 validation images." in html


def test_an_archive_holds_pictures_and_numbers(ask):
    path = ask("on_export")["file"]
    with zipfile.ZipFile(path) as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist()]
    assert {"gates.csv", "analysis.json", f"overlay-{SPATIAL}.png", f"channels-{CHANNEL}.png"} <= set(names)


def test_names_from_outside_are_escaped_everywhere(explore):
    from dataclasses import replace

    from attnviz.ui.shared import strip_and_map
    from attnviz.ui.shared.gate_html import Settings, scores_html
    from attnviz.ui.shared.gate_picture import picture_html
    from attnviz.ui.tabs.explore.link import link_html

    analysis = explore.opening.analysis
    record = analysis.gate(CHANNEL)
    record = replace(record, site=replace(record.site, name=EVIL))
    analysis = replace(analysis, labels=(EVIL, "b", "c"), model=EVIL, gates=(record,))
    view = replace(explore.opening, analysis=analysis, gate=EVIL, why="channel")
    card = replace(explore.store.card("cbam"), limits=(EVIL,))
    settings = Settings()
    parts = [
        strip_and_map.strip_html(view, settings),
        strip_and_map.map_html(view, settings),
        strip_and_map.heading_html(view),
    ]
    parts += [link_html(view), strip_and_map.prediction_html(view, card), scores_html(view, settings)]
    parts.append(picture_html(replace(view, gate=EVIL), settings))
    assert not any("<img src=x" in part for part in parts)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["stage1.0.attention.channel", "stage2.0.attention.channel"], None),
        ([f"features.block1.layer{i}.attention" for i in (1, 2)], ["layer1", "layer2"]),
        ([f"features.of.a.network.{i}.attention" for i in ("1", "10.2")], ["network.1", "network.10.2"]),
        (["a.network.with.long.names.gate", "a.network.with.long.names.gate.1"], ["gate", "gate.1"]),
        (["a_single_gate_with_a_very_long_name.gate"], None),
        (["one_long_name_without_any_dots_in_it", "other"], None),
        ([], None),
    ],
)
def test_rows_of_the_map_show_what_differs_in_the_names(names, shown):
    assert distinct(names) == (names if shown is None else shown)


def test_errors_reach_visitors_escaped_and_short():
    @guarded
    def wrong():
        raise UserError(EVIL + "x" * 10_000)

    with pytest.raises(gr.Error) as caught:
        wrong()
    assert "<img" not in caught.value.message
    assert "&lt;img" in caught.value.message
    assert len(caught.value.message) < MOST + 100


def test_a_crash_tells_visitors_nothing_about_the_inside(caplog):
    @guarded
    def crash():
        raise KeyError("/secret/path")

    with pytest.raises(gr.Error) as caught:
        crash()
    assert "secret" not in caught.value.message
    assert "secret" in caplog.text


def test_indices_from_numpy_free_json_only(explore, scored):
    assert show_channel(explore.store, scored, 2.0).channel.channel == 2


def test_a_photograph_chosen_in_another_tab_is_taken_up_when_this_one_is_opened(explore, ask):
    from attnviz.ui.shared.page import Photo

    assert set(ask("on_open", page_photo=None)) == {"state"}
    assert set(ask("on_open", page_photo=Photo("cat"))) == {"state"}
    updates = ask("on_open", page_photo=Photo("coffee"))
    assert updates["state"].sample == "coffee" and updates["page_photo"] == Photo("coffee")
    assert updates["photo"].size == Photo("coffee").shown.size
