import json
import math
import pickle
import zipfile
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.images.samples import load_sample
from attnviz.ui.shared import viewer_host
from attnviz.ui.shared.address import Query
from attnviz.ui.shared.page import Chosen, Photo
from attnviz.ui.shared.toasts import MOST, guarded
from attnviz.ui.shared.view import PRINTED
from attnviz.ui.shared.view_document import document_of, ranges
from attnviz.viewer.photograph import SIDE
from tests.conftest import statistics
from tests.ui.calls import changed, document, visitor
from tests.viewer.reader import unpack

CHANNEL = "stage1.0.attention.channel"
SPATIAL = "stage1.0.attention.spatial"
EVIL = "<img src=x onerror=alert(1)>"


def sent(**chosen):
    return json.dumps(chosen)


def test_a_view_survives_being_copied_for_another_process(explore):
    again = pickle.loads(pickle.dumps(explore.opening))
    assert np.array_equal(again.analysis.logits, explore.opening.analysis.logits)


def test_the_page_opens_on_the_most_telling_gate_with_all_gates_in_the_document(explore):
    view = document_of(explore.store, explore.opening)
    assert [gate["name"] for gate in view["gates"]] == [g.site.name for g in explore.opening.analysis.gates]
    assert view["open"] == view["first"]["gate"] and view["first"]["rule"] == "places"
    assert view["photograph"]["name"] == "cat" and view["model"]["title"] == "Tiny cbam"
    assert [gate for unit in view["network"]["units"] for gate in unit["gates"]] == list(range(8))


def test_of_a_channel_gate_that_opens_the_features_are_there_and_are_those_of_the_network(explore, ask):
    updates = ask("on_model", model="se")
    view, analysis = document(updates), updates["state"].analysis
    (features,) = view["features"]
    record = analysis.gates[view["open"]]
    assert features["gate"] == view["open"] and features["channel"] == int(record.scores.argmax())
    with explore.store.lease("se") as analyser:
        found = analyser.channel_map(analysis.image, record.site.name, features["channel"])
    assert np.allclose(unpack(features["values"]), found.values, rtol=2e-3, atol=1e-4)


def test_usual_ranges_come_from_the_reference_of_these_weights(explore):
    sites = [record.site for record in explore.opening.analysis.gates]
    known = statistics(sites, "x" * 64)
    found = ranges(replace(explore.opening, reference=known))
    assert found[CHANNEL].images == 1234 and np.allclose(found[CHANNEL].high, 0.5)
    assert ranges(explore.opening) == {} or set(ranges(explore.opening)) <= {site.name for site in sites}


def test_a_feature_map_is_computed_when_it_is_asked_for(explore, ask):
    update = ask("on_ask", event={"name": CHANNEL, "gate": 0, "channel": 3})["view"]
    answer = json.loads(changed(update, "features"))
    assert (answer["gate"], answer["channel"]) == (0, 3) and len(answer["values"]["shape"]) == 2


@pytest.mark.parametrize("channel", [-1, 8, 10**30, 1.5, math.nan, math.inf, True, None, "3", EVIL, [3], {"a": 1}])
def test_a_channel_that_is_not_there_is_refused(ask, channel):
    with pytest.raises(UserError, match=r"whole number in 0\.\.7"):
        ask("on_ask", event={"name": CHANNEL, "channel": channel})


@pytest.mark.parametrize("event", [{}, {"name": "nonsense"}, {"name": EVIL}, {"name": ["a"]}])
def test_a_gate_that_is_not_there_is_refused(ask, event):
    with pytest.raises(UserError, match="has no gate"):
        ask("on_ask", event=event)


@pytest.mark.parametrize("said", [None, "", "nonsense", 7, ["x"], {"a": 1}])
def test_what_is_asked_of_another_document_is_refused_by_name(ask, explore, said):
    """A network was chosen, and before its document came something was asked of the one before."""
    for event in ({"name": CHANNEL, "channel": 3, "document": said}, [], "text", 3, None):
        with pytest.raises(UserError, match="shown before"):
            ask("on_ask", event=event)
    other = ask("on_sample", event={"value": "coffee"})["state"]
    assert other.id != explore.opening.id
    with pytest.raises(UserError, match="shown before"):
        ask("on_ask", other, {"name": CHANNEL, "channel": 3, "document": explore.opening.id})


def test_a_document_its_view_and_an_answer_carry_one_name(explore, ask):
    sample = ask("on_sample", event={"value": "coffee"})
    view = sample["state"]
    assert json.loads(changed(sample["view"], "value"))["id"] == view.id
    assert ask("on_language", view, language="zh")["state"].id == view.id, "the document stays"
    answer = changed(ask("on_ask", view, {"name": CHANNEL, "channel": 3})["view"], "features")
    assert json.loads(answer)["document"] == view.id
    assert json.loads(explore.parts.view.value)["id"] == explore.opening.id


def test_features_of_a_gate_without_channels_are_refused(ask):
    with pytest.raises(UserError, match="no channel scores"):
        ask("on_ask", event={"name": SPATIAL, "channel": 0})


def test_a_place_is_asked_by_two_numbers_in_a_pairwise_gate_only(ask):
    view = ask("on_model", model="self-attention")["state"]
    gate = view.analysis.gates[0].site.name
    answer = json.loads(
        changed(ask("on_ask", view, {"name": gate, "place": {"down": 0.25, "across": 1}})["view"], "features")
    )
    rows, columns = answer["values"]["shape"]
    assert answer["query"] == [rows // 4, columns - 1] and "channel" not in answer
    for sent_ in ({}, {"down": 2, "across": 0}, {"down": "x", "across": 0}, {"down": True, "across": 0}, []):
        with pytest.raises(UserError, match=r"place that asks must be a number in 0\.\.1"):
            ask("on_ask", view, {"name": gate, "place": sent_})
    with pytest.raises(UserError, match="no places that ask"):
        ask("on_ask", event={"name": SPATIAL, "place": {"down": 0, "across": 0}})


@pytest.mark.parametrize("name", ["", "nonsense", EVIL, "../cat"])
def test_a_sample_that_is_not_there_is_refused(ask, name):
    with pytest.raises(UserError, match="unknown sample"):
        ask("on_sample", event={"value": name})


@pytest.mark.parametrize("model", ["", "nonsense", EVIL, None, ["cbam"]])
def test_a_model_that_is_not_there_is_refused(ask, model):
    with pytest.raises(UserError, match="no model"):
        ask("on_model", model=model)


def test_clearing_the_photograph_keeps_everything(ask, explore):
    assert ask("on_photo", photo=None) == {"state": gr.skip()}


def test_removing_the_photograph_removes_what_came_of_it(ask, explore):
    gone = ask("on_clear")
    assert gone["state"] is None and gone["link"] == "" and "No photograph" in gone["prediction"]
    assert gone["page_photo"] == explore.page.opening
    assert ask("on_sample", state=None, event={"value": "coffee"})["state"].sample == "coffee"


def test_without_a_photograph_a_network_is_chosen_and_nothing_false_is_said(ask, explore):
    empty, there = {"photo": None}, {"photo": {"path": "photo.png"}}
    held = {"state": None, "model": "se"}
    assert ask("on_model", **held, **empty) == {"state": gr.skip()}
    assert ask("on_fetch", **held) == {"prediction": gr.skip()} and ask("on_kept", **held) == {"model": gr.skip()}
    assert ask("on_sample", **held, event={"value": "coffee"})["state"].analysis.model == "se"
    for handler in ("on_bands", "on_export"):
        with pytest.raises(UserError, match="No photograph"):
            ask(handler, **held, **empty)
    for handler in ("on_model", "on_export"):
        with pytest.raises(UserError, match="reload the page"):
            ask(handler, **held, **there)


def test_what_is_said_of_a_sample_goes_with_it(ask, tmp_path):
    """No word of the rendering that the page opens with stays beside a visitor's own photograph."""
    rendered = ask("on_sample", event={"value": "church"})["samples"]
    load_sample("coffee").save(tmp_path / "own.png")
    own = ask("on_photo", photo={"path": str(tmp_path / "own.png")})["samples"]
    assert "is a rendering" in rendered and "is a rendering" not in own


def test_what_another_tab_shows_is_taken_up(ask, explore):
    gate = explore.opening.analysis.gates[0].site.name
    same = {"page_photo": Photo("cat")}
    assert set(ask("on_open", chosen=Chosen("cbam", gate, 2).sent(), **same)) == {"view"}, "no analysis for a gate"
    assert ask("on_open", chosen=Chosen("se").sent(), **same)["state"].analysis.model == "se"
    assert set(ask("on_open", chosen=Chosen("cbam", "no such gate").sent(), **same)) == {"state"}
    assert set(ask("on_open", chosen=Chosen("../x", gate).sent(), **same)) <= {"state", "view"}


def test_an_address_opens_the_gate_the_channel_and_the_look(ask, explore, monkeypatch):
    told = []
    monkeypatch.setattr(gr, "Warning", told.append)
    record = next(r for r in explore.opening.analysis.gates if r.site.has_scores)
    sent = f"?model=cbam&sample=coffee&gate={record.site.name}&channel=3&scale=stretch&cmap=nonsense"
    got = ask("on_go", event={"query": sent})
    assert got["state"].sample == "coffee" and len(told) == 1 and "nonsense" in told[0]
    assert got["address"].startswith("explore ")
    assert ask("on_language", language="zh")["state"].language == "zh"


def test_the_gate_stays_where_the_visitor_chose_one_and_only_there(ask):
    for own, kept in ((True, True), (False, False)):
        update = ask("on_sample", event={"value": "coffee"}, selected=sent(gate=CHANNEL, own=own))["view"]
        assert (changed(update, "picked") is not None) == kept
    update = ask("on_model", model="none", selected=sent(gate=CHANNEL, own=True))["view"]
    assert changed(update, "picked") is None


def test_a_photograph_of_ones_own_is_analysed(ask, photograph, tmp_path):
    photograph.save(tmp_path / "mine.png")
    updates = ask("on_photo", photo={"path": str(tmp_path / "mine.png")})
    view = updates["state"]
    assert view.sample is None and view.analysis.image.original_size == (160, 120)
    assert "not part of the link" in updates["link"] and document(updates)["photograph"]["name"] == ""


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
    view = document(updates)
    assert view["gates"] == [] and view["open"] is None and "Conv2d" in view["facts"]["contents"]
    assert "%" in updates["prediction"]
    assert updates["samples"].count("data-pick") >= 10


def test_an_analysis_that_was_let_go_asks_for_a_reload(explore):
    with pytest.raises(UserError, match="reload"):
        explore.view({explore.parts.state: None})


def test_limits_and_accuracy_stand_beside_the_prediction(ask):
    html = ask("on_sample", event={"value": "cat"})["prediction"]
    assert "It knows 3 classes: anything else is forced into one of them." in html
    assert "Right for 33.33 % of 3 validation images." in html


def test_an_archive_holds_pictures_and_numbers_as_the_view_draws_them(ask):
    look = {"opacity": 1, "cmap": "magma", "scale": "stretch", "cells": "exact"}
    path = ask("on_export", selected=sent(look=look), kind="svg")
    with zipfile.ZipFile(path["file"]) as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist()]
    assert {"gates.csv", "captions.txt", f"overlay-{SPATIAL}.svg", f"channels-{CHANNEL}.svg"} <= set(names)


def test_saved_pictures_have_more_of_the_photograph_than_the_page(ask, tmp_path):
    path, saved = tmp_path / "large.png", tmp_path / "saved"
    load_sample("cat").resize((2000, 1500)).save(path)
    view = ask("on_photo", photo={"path": str(path)})["state"]
    assert max(view.analysis.image.pixels.shape) == SIDE
    with zipfile.ZipFile(ask("on_export", state=view, selected=sent())["file"]) as archive:
        archive.extractall(saved)
    numbers = json.loads(next(saved.rglob("*.json")).read_text(encoding="utf-8"))
    assert numbers["photograph"]["shown_width"] == PRINTED
    path.unlink()
    with pytest.raises(UserError, match="photograph"):
        ask("on_export", state=view, selected=sent())


@pytest.mark.parametrize("look", [{"cmap": EVIL}, {"scale": "x"}, {"opacity": "much"}, {"opacity": 3}])
def test_a_look_that_is_not_known_is_refused(ask, look):
    with pytest.raises(UserError):
        ask("on_export", selected=sent(look=look))


@pytest.mark.parametrize("how", [{"kind": EVIL}, {"kind": None}, {"dpi": 601}, {"dpi": "300"}, {"dpi": None}])
def test_another_format_or_resolution_is_refused(ask, how):
    with pytest.raises(UserError):
        ask("on_export", selected=sent(), **how)


@pytest.mark.parametrize("value", [None, 3, "", "{", "[]", "3", "null", "[" * 1500, "x" * 3000, {"gate": "a"}])
def test_whatever_is_sent_as_a_choice_is_read_or_counts_as_none(value):
    assert set(viewer_host.chosen(value).values()) == {None}


def test_a_choice_is_told_every_time_and_an_unknown_one_is_a_mistake():
    first, second = viewer_host.picks(gate=CHANNEL), viewer_host.picks(gate=CHANNEL)
    assert changed(first, "picked") != changed(second, "picked")
    with pytest.raises(TypeError, match="colour"):
        viewer_host.picks(colour="red")


def test_names_from_outside_are_escaped_everywhere(explore):
    from attnviz.ui.shared import strip_and_map
    from attnviz.ui.tabs.explore.link import link_html

    analysis = replace(explore.opening.analysis, labels=(EVIL, "b", "c"), model=EVIL)
    view = replace(explore.opening, analysis=analysis)
    card = replace(explore.store.card("cbam"), limits=(EVIL,))
    assert not any("<img src=x" in part for part in (link_html(view), strip_and_map.prediction_html(view, card)))


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


def test_a_photograph_chosen_in_another_tab_is_taken_up_when_this_one_is_opened(explore, ask):
    from attnviz.ui.shared.page import Photo

    assert set(ask("on_open", page_photo=None)) == {"state"}
    assert set(ask("on_open", page_photo=Photo("cat"))) == {"state"}
    updates = ask("on_open", page_photo=Photo("coffee"))
    assert updates["state"].sample == "coffee" and updates["page_photo"] == Photo("coffee")
    assert updates["photo"].size == Photo("coffee").shown.size


def test_an_address_that_was_faster_than_the_page_is_not_undone(explore):
    """The page's own first event never chooses a photograph, nor puts its first view over what an address brought."""
    parts, page = explore.parts, explore.page
    opened = explore.followed(Query("sample=coffee", "en"))[parts.state]
    assert set(explore.on_load({parts.state: opened}, visitor("zh"))) == {parts.state}
    for language in ("en", "zh"):
        updates = explore.on_load({parts.state: None}, visitor(language))
        assert updates[parts.state].language == language and updates[parts.state].sample == explore.opening.sample
        assert page.photo not in updates and parts.view not in updates and page.chosen not in updates


def test_an_address_with_a_channel_brings_its_features(explore):
    updates = explore.followed(Query(f"gate={CHANNEL}&channel=3", "en"))
    view = document({"view": updates[explore.parts.view]})
    index = [gate["name"] for gate in view["gates"]].index(CHANNEL)
    assert (index, 3) in {(each["gate"], each["channel"]) for each in view["features"]}


def test_a_wrong_file_after_a_removal_leaves_the_place_empty(ask):
    assert ask("on_refused", state=None) == {"photo": None}
