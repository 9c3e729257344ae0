import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

gr = pytest.importorskip("gradio")

from attnviz.core.errors import UserError  # noqa: E402
from attnviz.explain.attribution import ATTRIBUTIONS  # noqa: E402
from attnviz.images.samples import load_sample  # noqa: E402
from attnviz.models.wrap import wrap  # noqa: E402
from attnviz.render.masks import DEPTHS  # noqa: E402
from attnviz.ui.networks.store import Store  # noqa: E402
from attnviz.ui.shared.address import Query  # noqa: E402
from attnviz.ui.shared.jobs import Jobs, Report, in_steps  # noqa: E402
from attnviz.ui.shared.memory import Memory  # noqa: E402
from attnviz.ui.shared.page import Chosen, Page, Photo  # noqa: E402
from attnviz.ui.tabs.compare.address import python_of, read  # noqa: E402
from attnviz.ui.tabs.compare.compute import Work  # noqa: E402
from attnviz.ui.tabs.compare.events import wire  # noqa: E402
from attnviz.ui.tabs.compare.handlers import Compare  # noqa: E402
from attnviz.ui.tabs.compare.layout import at_first, layout  # noqa: E402
from attnviz.ui.tabs.compare.pair_html import pair_at_first, pair_html  # noqa: E402
from attnviz.ui.tabs.compare.sheet import sheet_of  # noqa: E402
from attnviz.ui.tabs.compare.state import CLASS, OWN, ComparisonRequest, common_labels, groups, spaced  # noqa: E402
from attnviz.ui.tabs.compare.table_html import Look, cells_of, notes_html, table_html  # noqa: E402
from tests.own_models import own_net  # noqa: E402

EVIL = "<img src=x onerror=alert(1)>"
FOUR = ("cbam", "none", "se", "self-attention")
CAT = Photo(sample="cat")


@pytest.fixture(scope="module")
def tab(checkpoints):
    store = Store(checkpoints)
    with gr.Blocks() as demo, gr.Tab() as own:
        made = Compare(Page(demo, store, own, gr.State(), CAT), layout(Page(demo, store, own, gr.State(), CAT)))
        wire(made)
    return made


@pytest.fixture(scope="module")
def four(tab):
    """Four networks, compared on the cat."""
    return tab.work.compare(ComparisonRequest("networks", FOUR, (CAT,)).check(tab.store), "en", Report())


@pytest.fixture
def ask(tab):
    """Call a handler as the app does; the last updates by name of the part, and how many came before."""
    parts = tab.parts
    single = {n: getattr(parts, n) for n in parts.__dataclass_fields__ if n not in ("titles", "settings", "parameters")}
    usual = {
        "state": None,
        "mode": "networks",
        "models": list(FOUR),
        "model": "cbam",
        "shots": ["cat", "coffee"],
        "uploads": None,
        "choice": OWN,
        "method": "grad-cam",
        "photo": None,
        "depth": "fine",
        "scale": "fixed",
        "cells": "nearest",
        "order": "index",
        "first": 0,
        "second": 1,
        "what": "mask",
    }

    def call(handler, event=None, page_photo=None, session="me", language="en", chosen=None, every=False, **values):
        data = {single[name]: value for name, value in {**usual, **values}.items()}
        data |= {tab.page.photo: page_photo, tab.page.chosen: None if chosen is None else chosen.sent()}
        for (method, name), control in parts.parameters.items():
            data[control] = next(p.default for p in ATTRIBUTIONS[method].parameters if p.name == name)
        visitor = SimpleNamespace(headers={"accept-language": language}, cookies={}, session_hash=session)
        own = getattr(tab, handler)
        wants = own.__code__.co_varnames[1 : own.__code__.co_argcount]
        known = {"data": data, "request": visitor, "event": gr.EventData(None, event)}
        result = own(*(known[name] for name in wants))
        updates = [result] if isinstance(result, dict) else list(result)
        names = {part: name for name, part in single.items()} | {tab.page.photo: "page_photo"}
        told = [{names.get(part, part): value for part, value in update.items()} for update in updates]
        return told if every else told[-1]

    return call


def test_the_first_look_at_the_tab_shows_every_network_on_one_scale(ask):
    updates = ask("on_open")
    table, state = updates["table"], updates["state"]
    assert table.count('<section class="av-cmp-row"') == 4
    assert [row.analysis.model for row in state.rows] == list(FOUR)
    assert {row.label for row in state.rows} == {state.label}
    assert "not a mask" in table and "no attention gate at all" in table and "av-ask" in table
    assert "Gates do not depend on the class" in updates["notes"]
    assert ask("on_open", state=state) == {"progress": ""}
    again = ask("on_open", state=state, page_photo=Photo(sample="coffee"))
    assert again["state"].wanted.photos == (Photo(sample="coffee"),)


def test_one_scale_for_all_or_one_for_each(tab, four):
    fixed, own = cells_of(four, Look()), cells_of(four, Look(scale="own"))
    assert {c.attribution_scale for c in fixed} == {fixed[0].attribution_scale}
    assert (fixed[0].mask_scale.low, fixed[0].mask_scale.high) == (0, 1)
    assert len({c.attribution_scale for c in own}) > 1
    assert notes_html(four, Look(), tab.store) != notes_html(four, Look(scale="own"), tab.store)


def test_another_class_changes_attributions_and_nothing_else(ask, four):
    other = next(label for label in four.labels if label != four.label)
    changed = ask("on_change", state=four, choice=CLASS + other)["state"]
    assert changed.label == other
    for old, new in zip(four.rows, changed.rows, strict=True):
        assert new.target != old.target
        for a, b in zip(old.gates, new.gates, strict=True):
            assert np.array_equal(a.values, b.values)
    pairs = zip(four.rows, changed.rows, strict=True)
    assert any(not np.array_equal(a.attribution.values, b.attribution.values) for a, b in pairs)


def test_a_chosen_class_stays_and_one_that_nobody_chose_follows_the_photograph(ask, four):
    other = next(label for label in four.labels if label != four.label)
    chosen = ask("on_change", state=four, choice=CLASS + other)["state"]
    stays = ask("on_sample", {"value": "coffee"}, state=chosen, choice=chosen.choice)["state"]
    assert stays.label == other
    free = ask("on_sample", {"value": "coffee"}, state=four, choice=four.choice)["state"]
    assert free.wanted.choice is None


@pytest.mark.parametrize("models", [[], ["cbam"], list(FOUR) * 3, None, "cbam"])
def test_too_few_or_too_many_networks_are_a_sentence(ask, models):
    with pytest.raises(UserError, match="Choose 2 to 8 networks"):
        ask("on_change", models=models)


@pytest.mark.parametrize("shots", [[], ["cat"], None])
def test_too_few_photographs_are_a_sentence(ask, shots):
    with pytest.raises(UserError, match="Choose 2 to 8 photographs"):
        ask("on_change", mode="photographs", shots=shots)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"mode": EVIL}, "unknown comparison"),
        ({"models": ["cbam", EVIL]}, "no model"),
        ({"models": ["cbam", "../se"]}, "no model"),
        ({"method": EVIL}, "unknown attribution"),
        ({"method": None}, "unknown attribution"),
        ({"mode": "gates", "model": None}, "no model"),
        ({"mode": "photographs", "shots": ["cat", EVIL]}, "unknown sample"),
        ({"depth": EVIL}, "unknown depth"),
        ({"scale": EVIL}, "unknown scale"),
    ],
)
def test_what_is_not_known_is_refused(ask, values, text):
    with pytest.raises(UserError, match=text):
        ask("on_change", **values)


@pytest.mark.parametrize("values", [{"first": 4}, {"second": -1}, {"first": None}, {"first": True}, {"second": "0"}])
def test_a_row_that_is_not_there_is_refused(ask, four, values):
    with pytest.raises(UserError, match=r"row must be a whole number in 0\.\.3"):
        ask("on_look", state=four, **values)


@pytest.mark.parametrize(
    "place", [{}, {"down": 2, "across": 0}, {"down": None, "across": 0}, {"down": "0", "across": 0}]
)
def test_a_place_that_is_not_there_is_refused(ask, four, place):
    with pytest.raises(UserError, match=r"place that asks must be a number in 0\.\.1"):
        ask("on_ask", place, state=four)


def test_a_pairwise_gate_is_asked_at_another_place(ask, tab, four):
    updates = ask("on_ask", {"down": 0.01, "across": 0.99}, state=four)
    assert updates["state"].query == (0.01, 0.99)
    assert 'data-row="0" data-column="7"' in updates["table"]
    assert updates["table"] != table_html(four, Look(), tab.store)


def test_drawing_needs_no_network(ask, four, tab, monkeypatch):
    monkeypatch.setattr(tab.store, "lease", None)
    plain = ask("on_look", state=four)
    changed = ask(
        "on_look", state=four, scale="own", depth="first", cells="bilinear", order="sorted", what="attribution"
    )
    assert plain["table"] != changed["table"] and plain["pair"] != changed["pair"]


def test_a_comparison_that_was_let_go_asks_for_a_reload(ask):
    with pytest.raises(UserError, match="No photograph"):
        ask("on_look", photo=None)
    with pytest.raises(UserError, match="reload"):
        ask("on_look", photo={"path": "photo.png"})


def test_the_pair_slides_and_subtracts_like_with_like(ask, four):
    same = ask("on_look", state=four, first=0, second=0)["pair"]
    assert 'type="range"' in same and "rank correlation 1.00" in same
    assert "different kinds of numbers" in ask("on_look", state=four, first=0, second=2)["pair"]
    assert "no such map" in ask("on_look", state=four, first=0, second=1)["pair"]
    both = ask("on_look", state=four, first=0, second=2, what="attribution")["pair"]
    assert "divided by its largest magnitude" in both


def test_the_pair_in_detail_opens_on_two_rows_that_have_maps(four):
    """Whatever the order of the networks: two maps that can be compared, not the first two rows."""
    look, (cbam, none, se, attention) = Look(), four.rows
    bare = [replace(row, attribution=None, strength=None) for row in (none, se)]
    for rows, expected in (
        ([*bare, cbam, replace(cbam, title="again")], (2, 3, "mask")),
        ([bare[0], cbam, bare[1], replace(cbam, title="again")], (1, 3, "mask")),
        ([none, se, cbam, attention], (0, 1, "attribution")),
        ([*bare, replace(cbam, attribution=None), replace(attention, attribution=None)], (2, 3, "mask")),
        ([*bare, cbam], (0, 1, "mask")),
    ):
        comparison = replace(four, rows=tuple(replace(row, strength=None) for row in rows))
        assert pair_at_first(comparison, look) == expected
        assert ("av-slide" in pair_html(comparison, look, *expected)) == (len(rows) > 3)


def test_several_photographs_say_how_much_the_gate_changes(ask, tmp_path):
    load_sample("rocket").save(tmp_path / "mine.png")
    updates = ask("on_change", mode="photographs", uploads=[{"path": str(tmp_path / "mine.png")}])
    rows = updates["state"].rows
    assert [row.title for row in rows][-1] == "Your photograph 1"
    assert len(rows) == 3 and len({row.analysis.model for row in rows}) == 1
    assert "from photograph to photograph" in updates["table"]
    assert updates["state"].choice == OWN


def test_the_gates_of_one_network_are_rows_and_one_without_gates_says_so(ask):
    updates = ask("on_change", mode="gates")
    assert [row.title for row in updates["state"].rows] == [f"stage{n}.0.attention" for n in (1, 2, 3, 4)]
    assert "What the network answers" in updates["table"]
    with pytest.raises(UserError, match="has no attention gates"):
        ask("on_change", mode="gates", model="none")


def test_slow_attributions_wait_until_they_are_asked_for(ask, four):
    updates = ask("on_change", state=four, method="occlusion")
    assert all(row.attribution is None and "Compute" in row.why for row in updates["state"].rows)
    computed = ask("on_compute", state=four, method="occlusion", models=["cbam", "se"])["state"]
    assert all(row.attribution.method == "occlusion" for row in computed.rows)
    kept = ask("on_change", state=four, method="occlusion", models=["cbam", "se"])["state"]
    assert all(row.attribution is not None for row in kept.rows)  # out of the cache


def test_a_stopped_attribution_keeps_the_rest_of_the_page(tab, four):
    report = Report()
    report.stop.set()
    wanted = replace(four.wanted, method="integrated-gradients", compute=True)
    stopped = tab.work.compare(wanted, "en", report)
    assert len(stopped.rows) == 4
    assert all(row.attribution is None and "Stopped" in row.why for row in stopped.rows)


def test_a_change_that_comes_late_keeps_what_was_stopped(ask, tab, four, monkeypatch):
    wanted = ComparisonRequest("networks", FOUR, (CAT,), OWN, "occlusion", compute=True)
    report = Report()
    report.stop.set()
    monkeypatch.setattr(tab.work, "_attributions", Memory(64))  # of other tests
    monkeypatch.setattr(tab.work, "compare", lambda wanted, language, own: compare(wanted, language, report))
    compare = type(tab.work).compare.__get__(tab.work)
    stopped = ask("on_compute", state=replace(four, wanted=wanted), method="occlusion")["state"]
    assert all("Stopped" in row.why for row in stopped.rows)
    monkeypatch.undo()
    [late] = ask("on_change", state=stopped, method="occlusion", every=True)
    assert set(late) == {"progress", "stop", "halt"} and not late["stop"].interactive
    other = ask("on_change", state=stopped, method="grad-cam", every=True)[-1]
    assert not any("Stopped" in row.why for row in other["state"].rows)


def test_an_attribution_that_fits_no_budget_says_so(tab, four, monkeypatch):
    monkeypatch.setattr("attnviz.ui.tabs.compare.compute.BUDGET_S", 0.0)
    wanted = replace(four.wanted, method="gradient-x-input")
    assert all("were spent" in row.why for row in tab.work.compare(wanted, "en", Report()).rows)


def test_a_network_that_cannot_be_used_is_left_out(checkpoints, tmp_path):
    for file in Path(checkpoints).iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "se.safetensors").write_bytes(b"nothing")
    store = Store(tmp_path)
    found = Work(store).compare(ComparisonRequest("networks", FOUR, (CAT,)), "en", Report())
    assert len(found.rows) == 3
    assert any("Tiny se is left out" in note for note in found.notes)


def test_a_photograph_of_one_colour_is_drawn(ask, four, tmp_path):
    load_sample("cat").resize((40, 40), box=(0, 0, 1, 1)).save(tmp_path / "flat.png")
    updates = ask("on_photo", state=four, photo={"path": str(tmp_path / "flat.png")})
    assert updates["table"].count('<section class="av-cmp-row"') == 4
    assert updates["page_photo"].path.endswith("flat.png")


def test_networks_without_a_common_class_explain_their_own_answers(four):
    other = replace(four.rows[1].analysis, labels=("x", "y", "z"))
    assert common_labels([four.rows[0].analysis, other]) == ()


def test_what_was_computed_once_is_not_computed_again(tab, four, monkeypatch):
    monkeypatch.setattr(tab.store, "lease", None)
    again = tab.work.compare(four.wanted, "en", Report())
    assert [row.attribution for row in again.rows] == [row.attribution for row in four.rows]


def test_names_are_escaped(four, tab):
    rows = tuple(replace(row, title=EVIL, why=EVIL, attribution=None) for row in four.rows)
    bad = replace(four, rows=rows, notes=(EVIL,))
    for look in (Look(), Look(depth="first")):
        assert "<img src=x" not in table_html(bad, look, tab.store) + notes_html(bad, look, tab.store)


def test_the_sheet_is_a_picture(ask, four):
    path = Path(ask("on_export", state=four)["file"])
    assert path.read_bytes().startswith(b"\x89PNG") and path.name == "attnviz-compare-cbam-none-se-self-attention.png"


@pytest.mark.slow
def test_the_trust_panel_stands_beside_random_and_centre(ask, four):
    updates = ask("on_panel", state=four)
    html = updates["trust"]
    assert html.count('<section class="av-trust">') == 4
    assert "random 0." in html and "Centre blob" in html and "random weights" in html


def test_rows_are_spread_over_all_gates():
    assert spaced(3) == [0, 1, 2]
    assert spaced(20) == [0, 3, 5, 8, 11, 14, 16, 19]


def test_gates_of_one_module_stand_together(four):
    assert [len(group) for group in groups(four.rows[0].gates)] == [2, 2, 2, 2]
    assert [len(group) for group in groups(four.rows[2].gates)] == [1, 1, 1, 1]


def test_a_job_can_be_stopped_by_its_visitor_only():
    jobs = Jobs()
    with jobs.started("me") as report:
        assert not jobs.stop("you") and not report.stop.is_set()
        assert jobs.at_work("me") and not jobs.at_work("you")
        assert jobs.stop("me") and report.stop.is_set()
    assert not jobs.stop("me") and not jobs.at_work("me")


def test_a_change_that_meets_a_computation_takes_its_stop_from_nobody():
    jobs = Jobs()
    jobs.asked("me")
    with jobs.started("me", asked=True) as computed:
        with jobs.started("me"):
            pass
        assert jobs.at_work("me")
        with jobs.started("me") as changed:
            assert jobs.stop("me") and computed.stop.is_set() and changed.stop.is_set()
        assert not jobs.at_work("me")
    jobs.asked("me")  # and refused, so that it never starts
    assert jobs.at_work("me") and jobs.stop("me") and not jobs.at_work("me")


def test_what_waits_for_its_turn_can_be_stopped_already(monkeypatch):
    jobs = Jobs()
    jobs.asked("me")
    with jobs.started("me") as other:  # something else, asked for before
        assert jobs.stop("me") and other.stop.is_set()
    with jobs.started("me", asked=True) as report:
        assert report.stop.is_set()
    jobs.asked("me")
    with jobs.started("me", asked=True) as report:
        assert not report.stop.is_set()
    monkeypatch.setattr("attnviz.ui.shared.jobs.MOST_WAITING", 2)
    for who in "abc":
        jobs.asked(who)
    assert not jobs.stop("a") and jobs.stop("b") and jobs.stop("c")


def test_a_generator_that_is_closed_stops_its_work():
    report, seen = Report(), []

    def work(own):
        own.stop.wait(30)
        seen.append(own.stop.is_set())

    steps = in_steps(work, report)
    next(steps)
    steps.close()
    assert seen == [True]


def test_errors_of_the_work_come_out():
    def work(own):
        raise UserError("no")

    with pytest.raises(UserError, match="no"):
        list(in_steps(work, Report()))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [("ABAAAA", "0234"), ("ABB", "012"), ("A", "0")],
    ids=["those like the best", "nothing like the best", "one alone"],
)
def test_at_first_networks_that_know_the_same_classes_are_compared(labels, expected):
    cards = {str(i): SimpleNamespace(labels=label) for i, label in enumerate(labels)}
    assert "".join(at_first(SimpleNamespace(ids=tuple(cards), card=cards.__getitem__))) == expected


def test_it_says_that_it_is_at_work_from_the_start_on_and_can_be_stopped_only_then(ask, tab):
    assert not tab.parts.stop.interactive and not tab.parts.halt.interactive
    first, *_, last = ask("on_change", every=True)
    assert "av-progress" in first["progress"] and first["stop"].interactive and first["halt"].interactive
    assert last["progress"] == "" and not last["stop"].interactive and not last["halt"].interactive
    failed = ask("on_failed")
    assert not failed["stop"].interactive and failed["progress"] == ""
    measured = ask("on_panel", state=last["state"], every=True)
    assert "av-progress" in measured[0]["trust"] and not measured[-1]["halt"].interactive


def test_an_address_brings_the_comparison_back(ask, tab, four):
    depth = next(name for name in DEPTHS if name != "fine")
    sent = re.search(r'class="av-link" href="([^"]+)"', notes_html(four, Look(depth, "own"), tab.store))[1]
    got = ask("on_go", {"query": sent.replace("&amp;", "&")})
    assert (got["depth"], got["scale"], got["mode"]) == (depth, "own", "networks")
    assert got["state"].wanted.models == FOUR and got["state"].wanted.photos == four.wanted.photos
    gates = ask("on_go", {"query": "?mode=gates&model=cbam&sample=coffee"})
    assert gates["state"].wanted.mode == "gates" and gates["page_photo"] == Photo(sample="coffee")


def changed(parameter):
    """A value that is not the default."""
    if parameter.choices:
        return next(word for word in parameter.choices if word != parameter.default)
    return parameter.high if parameter.default != parameter.high else parameter.low


@pytest.mark.parametrize("method", [name for name, each in ATTRIBUTIONS.items() if each.parameters])
def test_a_link_brings_the_settings_of_the_attribution_back(method, tab, four):
    given = {p.name: changed(p) for p in ATTRIBUTIONS[method].parameters}
    asked = replace(four, wanted=replace(four.wanted, method=method, parameters=given))
    sent = re.search(r'class="av-link" href="([^"]+)"', notes_html(asked, Look(), tab.store))[1].replace("&amp;", "&")
    query = Query(sent, "en")
    wanted, _, controls = read(query, tab.store, CAT, tab.parts)
    assert wanted.parameters == given and not query.missed
    assert {name: controls[tab.parts.parameters[method, name]] for name in given} == given
    for wrong in ("<b>", "1e99", "-7", "²", "nan"):
        query = Query("?method=" + method + "".join(f"&with_{name}={wrong}" for name in given), "en")
        wanted, _, _ = read(query, tab.store, CAT, tab.parts)
        assert wanted.parameters == {p.name: p.default for p in ATTRIBUTIONS[method].parameters}
        assert len(query.missed) == len(given)


def test_a_wrong_address_opens_what_it_can_and_says_the_rest(ask, monkeypatch):
    told = []
    monkeypatch.setattr(gr, "Warning", told.append)
    sent = "?mode=<b>&models=cbam,../x&model=no&sample=x&class=class:<b>&method=guess&depth=1&scale=2&cells=3&order=4"
    got = ask("on_go", {"query": sent})
    assert got["state"].wanted.mode == "networks" and len(told) == 6
    assert not any("<b>" in text for text in told)


def test_another_language_keeps_the_comparison(ask, four):
    got = ask("on_language", state=four, language="zh")
    assert (got["state"].wanted.models, got["state"].choice) == (four.wanted.models, four.choice)
    assert got["state"].language == "zh" and "门与类别无关" in got["notes"]
    assert ask("on_language", state=None) == {"progress": ""}


def test_removing_the_photograph_removes_what_came_of_it(ask, tab, four):
    got = ask("on_clear", state=four)
    assert got["state"] is None and got["page_photo"] == tab.page.opening
    assert got["notes"] == got["pair"] == got["trust"] == "" and "No photograph" in got["table"]


def test_the_network_of_another_tab_is_among_those_compared_first(ask):
    models = list(FOUR[:3])
    got = ask("on_open", models=models, chosen=Chosen("self-attention", "x"))
    assert got["state"].wanted.models == ("self-attention", "cbam", "none")
    assert ask("on_open", models=models, chosen=Chosen("no such network"))["state"].wanted.models == tuple(models)


def test_the_picture_for_a_paper_names_no_internal_keys(four, tab):
    told = " ".join(map(str, (sheet_of(four, Look(), tab.store).facts, sheet_of(four, Look(), tab.store).method)))
    assert "ms_" not in told and "torch" in told


@pytest.mark.parametrize("count", [1, 2])
def test_the_python_of_networks_of_ones_own_uses_them(count, checkpoints, capsys):
    mine = [wrap(own_net(classes=3).eval(), size=32, mean=0.5, std=0.25, name=f"mine {i}") for i in range(count)]
    store = Store(checkpoints, live=mine, public=False)
    with gr.Blocks() as demo, gr.Tab() as own:
        page = Page(demo, store, own, gr.State(), CAT)
        made = Compare(page, layout(page))
    names = (*(f"mine {i}" for i in range(count)), "se")[:2]
    compared = made.work.compare(ComparisonRequest("networks", names, (CAT,)).check(store), "en", Report())
    own_names = {"network": mine[0]} if count == 1 else {"network_1": mine[0], "network_2": mine[1]}
    text = "\n".join(python_of(compared, store)).replace("attnviz.load('se')", "attnviz.load('se', folder=folder)")
    exec(text, {**own_names, "folder": checkpoints})
    lines = capsys.readouterr().out.strip().splitlines()
    assert all(str(row.analysis.top(3)) in line for row, line in zip(compared.rows, lines, strict=True))


def test_the_python_compares_the_same(four, tab, capsys, monkeypatch):
    import attnviz

    loaded = {name: attnviz.load(name, folder=tab.store.folder) for name in FOUR}
    monkeypatch.setattr(attnviz, "load", loaded.__getitem__, raising=False)
    exec("\n".join(python_of(four, tab.store)), {})
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 4
    assert all(str(row.analysis.top(3)) in line for row, line in zip(four.rows, lines, strict=True))
