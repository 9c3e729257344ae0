"""The handlers of the Intervene tab: what they change, what they refuse, and that an exported file replays."""

import inspect
import json
import math
import pickle
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.gates.edits.json_format import from_json
from attnviz.gates.edits.replacements import SWAPS, Given
from attnviz.images.prepare import prepare
from attnviz.images.samples import load_sample
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.page import Page, Photo
from attnviz.ui.shared.sample_buttons import available
from attnviz.ui.tabs.intervene.handlers import Intervene
from attnviz.ui.tabs.intervene.html import TOP, channel_list, headline_html, result_html
from attnviz.ui.tabs.intervene.layout import layout
from attnviz.ui.tabs.intervene.search import searching
from attnviz.ui.tabs.intervene.state import HISTORY, open_bench, parse_channels
from tests.ui.calls import given

CHANNEL, SPATIAL, LAST = "stage1.0.attention.channel", "stage1.0.attention.spatial", "stage4.0.attention.channel"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def tab(checkpoints):
    with gr.Blocks() as demo, gr.Tab() as own:
        page = Page(demo, Store(checkpoints), own, gr.State(), Photo(sample="cat"))
        return Intervene(page, layout(page.store, page.opening))


@pytest.fixture
def bench(tab):
    return open_bench(tab.store, "cbam", Photo(sample="cat"), "en")


@pytest.fixture
def ask(tab):
    """Call a handler as the app does: ``ask("on_bars", bench, {"channels": [3]}, action="boost")``."""
    components = {name: getattr(tab.parts, name) for name in tab.parts.__dataclass_fields__ if name != "titles"}
    names = {part: name for name, part in components.items()} | {
        tab.page.photo: "page_photo",
        tab.page.chosen: "chosen",
    }
    usual = {"model": "cbam", "measure": "probability", "order": "index", "action": "knock_out", "factor": 2, "k": 3}
    usual |= {"value": 0.0, "swap": "neutral", "scope": "one", "seed": 0, "other": "coffee", "method": "alone"}

    def call(handler, bench, event=None, language="en", chosen=None, **values):
        data = {components[name]: value for name, value in {**usual, **values}.items()}
        data |= {components["state"]: bench, tab.page.photo: None, tab.page.chosen: chosen}
        run = getattr(tab, handler)
        takes = [data] if "data" in inspect.signature(run).parameters else []
        got = run(*takes, **given(run, event, language))
        updates = got if isinstance(got, dict) else {key: value for part in got for key, value in part.items()}
        return {names.get(part, part): value for part, value in updates.items()}

    return call


def at(ask, bench, gate):
    return ask("on_tile", bench, {"value": gate})["state"]


# edits --------------------------------------------------------------------------------------------------------


def test_knocking_out_the_top_channels_changes_the_answer_and_is_undone_and_redone(ask, bench):
    start = at(ask, bench, LAST)
    got = ask("on_top", start, k=10)
    after = got["state"]
    top = set(np.argsort(-start.scores, kind="stable")[:10].tolist())
    assert set(after.edits.factors(LAST)) == top and set(after.edits.factors(LAST).values()) == {0.0}
    values = after.after.gate(LAST).scores
    assert (values[list(top)] == 0).all() and not np.array_equal(after.after.logits, start.before.logits)
    assert "10 channels knocked out" in got["edits"] and "→" in got["result"]
    assert got["undo"].interactive and not got["redo"].interactive
    back = ask("on_undo", after)
    assert np.array_equal(back["state"].after.logits, start.before.logits) and back["redo"].interactive
    again = ask("on_redo", back["state"])["state"]
    assert np.array_equal(again.after.logits, after.after.logits)
    none = ask("on_reset", again)["state"]
    assert not none.edits.steps and np.array_equal(none.after.logits, start.before.logits)
    assert ask("on_undo", none)["state"].edits.steps == again.edits.steps


def test_a_click_knocks_out_a_second_one_puts_back_and_a_sweep_sets_all(ask, bench):
    start = at(ask, bench, CHANNEL)
    one = ask("on_bars", start, {"channels": [3]})["state"]
    assert dict(one.edits.factors(CHANNEL)) == {3: 0.0}
    assert not ask("on_bars", one, {"channels": [3]})["state"].edits.steps
    swept = ask("on_bars", one, {"channels": [2, 3, 4]})["state"]
    assert dict(swept.edits.factors(CHANNEL)) == {2: 0.0, 3: 0.0, 4: 0.0}
    boosted = ask("on_bars", swept, {"channels": [3]}, action="boost", factor=2.5)["state"]
    assert dict(boosted.edits.factors(CHANNEL)) == {2: 0.0, 3: 2.5, 4: 0.0}
    assert boosted.after.gate(CHANNEL).scores[3] == np.float32(2.5) * start.scores[3]
    inverted = ask("on_invert", boosted)["state"]
    assert dict(inverted.edits.factors(CHANNEL)) == dict.fromkeys([0, 1, 5, 6, 7], 0.0)
    assert dict(ask("on_range", inverted, range="0-5", action="restore")["state"].edits.factors(CHANNEL)) == {
        6: 0.0,
        7: 0.0,
    }
    low = ask("on_bottom", start, k=2)["state"]
    assert set(low.edits.factors(CHANNEL)) == set(np.argsort(start.scores)[:2].tolist())


def test_the_history_is_bounded(ask, bench):
    state = at(ask, bench, CHANNEL)
    for turn in range(HISTORY + 5):
        state = ask("on_bars", state, {"channels": [turn % 8]})["state"]
    assert len(state.past) == HISTORY


@pytest.mark.parametrize(
    ("text", "channels"),
    [("3", [3]), (" 0-2, 7 ", [0, 1, 2, 7]), ("5,5 5", [5]), ("1 - 3", [1, 2, 3]), ("2–4；6", [2, 3, 4, 6])],
)
def test_channels_are_written_as_numbers_and_ranges(text, channels):
    assert parse_channels(text, 8, "en") == channels


def test_runs_of_channels_are_told_short():
    assert channel_list((3, 1, 2, 7, 9, 10)) == "1–3, 7, 9–10"
    assert channel_list(tuple(range(0, 60, 2))).endswith("22 …")


# painting and replacing ---------------------------------------------------------------------------------------


def test_painted_cells_and_no_others_change_to_the_bit(ask, bench):
    start = at(ask, bench, SPATIAL)
    got = ask("on_paint", start, {"cells": [0, 33, 1023]}, value=0.35)
    mask, old = got["state"].after.gate(SPATIAL).mask, start.before.gate(SPATIAL).mask
    changed = np.zeros(1024, bool)
    changed[[0, 33, 1023]] = True
    assert (mask.ravel()[changed] == np.float32(0.35)).all()
    assert np.array_equal(mask.ravel()[~changed], old.ravel()[~changed])
    second = ask("on_paint", got["state"], {"cells": [5]}, value=1)["state"]
    assert second.after.gate(SPATIAL).mask.ravel()[[0, 5]].tolist() == [np.float32(0.35), 1.0]
    assert len(second.edits.steps) == 1
    filled = ask("on_fill", second, value=0.5)["state"]
    assert (filled.after.gate(SPATIAL).mask == 0.5).all()


@pytest.mark.parametrize("scope", ["one", "all"])
@pytest.mark.parametrize("name", SWAPS)
def test_every_replacement_of_one_gate_or_all(ask, bench, tab, name, scope):
    start = at(ask, bench, SPATIAL if name == "shuffle_positions" else LAST)
    got = ask("on_replace", start, swap=name, scope=scope)["state"]
    fitting = [g.site.name for g in start.before.gates if SWAPS[name].fits(g.site)]
    assert set(got.edits.gates) == ({start.gate} if scope == "one" else set(fitting))
    assert not np.array_equal(got.after.logits, start.before.logits)
    values, own = got.after.gate(start.gate).values, start.before.gate(start.gate).values
    if scope == "all" and name.startswith("shuffle"):
        return  # what was shuffled before it changes what it is
    if name.startswith("shuffle"):
        assert np.array_equal(np.sort(values.ravel()), np.sort(own.ravel())) and not np.array_equal(values, own)
    wanted = {"neutral": 1, "flat": own.mean(), "mean": None, "other": None}.get(name)
    if wanted is not None:
        assert (values == wanted).all()
    if name in ("mean", "other"):
        samples = available() if name == "mean" else ("coffee",)
        with tab.store.lease("cbam") as analyser:
            spec = analyser.loaded.spec.input
            seen = [analyser.analyse(prepare(load_sample(s), spec)).gate(start.gate).values for s in samples]
        assert np.allclose(values, np.mean(seen, axis=0), atol=1e-6)


def test_neutral_says_that_the_scale_changes_too(ask, bench):
    start = at(ask, bench, LAST)
    mean = start.scores.mean()
    told = ask("on_replace", start)["edits"]
    assert f"{mean:.2f} on average" in told and f"about {1 / mean:.1f} times as large" in told


def test_every_channel_of_every_gate_knocked_out_is_said_and_the_page_goes_on(ask, bench):
    state = bench
    for record in bench.before.gates:
        state = at(ask, state, record.site.name)
        if state.scored:
            state = ask("on_range", state, range=f"0-{state.scores.size - 1}")["state"]
        else:
            state = ask("on_fill", state)["state"]
    got = ask("on_range", at(ask, state, LAST), range="0")
    assert "All weights of all 8 gates are 0" in got["edits"] and np.isfinite(got["state"].after.logits).all()
    assert not ask("on_reset", got["state"])["state"].edits.steps


def test_a_replacement_that_does_not_fit_is_named(ask, bench):
    with pytest.raises(UserError, match="channel gate, which cannot be replaced"):
        ask("on_replace", at(ask, bench, LAST), swap="shuffle_positions")
    with pytest.raises(UserError, match="needs the gate for another photograph"):
        SWAPS["other"].make(Given())


# photographs and networks -------------------------------------------------------------------------------------


def test_edits_stay_for_another_photograph_and_go_with_another_network(ask, bench):
    state = ask("on_bars", at(ask, bench, CHANNEL), {"channels": [3]})["state"]
    got = ask("on_sample", state, {"value": "coffee"})
    assert got["page_photo"] == Photo(sample="coffee") and got["state"].edits.steps == state.edits.steps
    assert got["state"].gate == CHANNEL and len(got["state"].past) == 1
    other = ask("on_model", got["state"], model="se")["state"]
    assert other.edits.model == "se" and not other.edits.steps and not other.past


def test_a_network_without_gates_says_so(ask, bench):
    got = ask("on_model", bench, model="none")
    assert "no attention gates" in got["gates"] and got["bars"] == got["paint"] == ""
    for handler in ("on_replace", "on_top", "on_fill"):
        with pytest.raises(UserError):
            ask(handler, got["state"])


def test_the_state_can_be_copied_for_another_process(ask, bench):
    state = ask("on_paint", at(ask, bench, SPATIAL), {"cells": [1]})["state"]
    assert np.array_equal(pickle.loads(pickle.dumps(state)).after.logits, state.after.logits)


# what is shown ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["probability", "logit"])
def test_pairs_show_numbers_of_both_and_their_difference(ask, bench, measure):
    state = ask("on_top", at(ask, bench, LAST), k=10)["state"]
    html = result_html(state, measure)
    assert html.count("<tr>") == 1 + min(TOP, 3)
    for old, new in zip(
        *(getattr(a, "logits" if measure == "logit" else "probabilities") for a in (state.before, state.after)),
        strict=True,
    ):
        old, new = (float(v) if measure == "logit" else 100 * float(v) for v in (old, new))
        digits = 2 if measure == "logit" else 1
        assert f"{old:.{digits}f}".replace("-", "\N{MINUS SIGN}") in html
        assert f"{new:.{digits}f}".replace("-", "\N{MINUS SIGN}") in html


def test_nothing_changed_is_said_and_chinese_is_spoken(ask, bench, tab):
    assert "nothing is changed yet" in headline_html(bench)
    chinese = open_bench(tab.store, "cbam", Photo(sample="cat"), "zh")
    assert "尚未改动" in headline_html(chinese)


# searching ----------------------------------------------------------------------------------------------------


def test_a_search_shows_what_it_found_and_its_channels_can_be_knocked_out(ask, bench):
    start = at(ask, bench, LAST)
    got = ask("on_search", start)
    assert "16 of 16 variants" in got["searched"] and got["worst"].visible and not got["stop"].interactive
    model, gate, channels = got["found"]
    assert (model, gate, len(channels)) == ("cbam", LAST, 16)
    base = start.before.logits
    target = int(base.argmax())
    drops = {}
    for channel in channels:
        logits = ask("on_bars", start, {"channels": [channel]})["state"].after.logits
        drops[channel] = base[target] - logits[target]
    ordered = [drops[channel] for channel in channels]
    assert all(a >= b - 1e-5 for a, b in zip(ordered, ordered[1:], strict=False))
    state = ask("on_worst", start, found=got["found"], k=2)["state"]
    assert set(state.edits.factors(LAST)) == set(channels[:2])
    with pytest.raises(UserError, match="search again"):
        ask("on_worst", at(ask, start, CHANNEL), found=got["found"])
    with pytest.raises(UserError, match="search again"):
        ask("on_worst", start, found=None)


def test_greedy_goes_on_from_the_search_and_time_ends_both(ask, bench, tab):
    start = at(ask, bench, LAST)
    steps = list(searching(tab.store, start, "greedy"))
    assert steps[0].method == "alone" and steps[-1].method == "greedy"
    assert len(steps[-1].search.channels) == 10 and not steps[-1].late
    assert "+ " in ask("on_search", start, method="greedy")["searched"]
    few = list(searching(tab.store, at(ask, bench, CHANNEL), "greedy", seconds=-1))
    assert few[-1].method == "greedy" and few[-1].late and len(few[-1].search.channels) == 1


# files --------------------------------------------------------------------------------------------------------


def test_the_download_is_replayed_by_the_command_to_the_same_bits(ask, bench, checkpoints, tmp_path, capsys):
    state = ask("on_top", at(ask, bench, LAST), k=10)["state"]
    state = ask("on_paint", at(ask, state, SPATIAL), {"cells": list(range(400))}, value=0.3)["state"]
    state = ask("on_replace", at(ask, state, "stage2.0.attention.channel"), swap="mean")["state"]
    file = ask("on_take", state)["file"]
    assert file.endswith("attnviz-cbam-edits.json")
    load_sample("cat").save(tmp_path / "cat.png")
    assert main(["replay", file, str(tmp_path / "cat.png"), "--model", str(checkpoints / "cbam"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["recorded"] == "equal"
    got = {row["label"]: np.float32(row["logit_after"]) for row in told["classes"]}
    assert [got[label] for label in state.after.labels] == list(state.after.logits)


def test_edits_come_back_from_a_file_or_a_paste_and_can_be_undone(ask, bench, tmp_path):
    state = ask("on_top", at(ask, bench, LAST), k=4)["state"]
    file = ask("on_take", state)["file"]
    sent = ask("on_upload", bench, upload={"path": file})["state"]
    pasted = ask("on_paste", bench, paste=Path(file).read_text())["state"]
    for got in (sent, pasted):
        assert np.array_equal(got.after.logits, state.after.logits) and got.edits.weights == bench.edits.weights
        assert not ask("on_undo", got)["state"].edits.steps


def test_edits_of_another_network_are_refused_by_name(ask, bench, tab):
    other = open_bench(tab.store, "se", Photo(sample="cat"), "en")
    file = ask("on_take", other)["file"]
    with pytest.raises(UserError, match="made for the model 'se', not for 'cbam'"):
        ask("on_upload", bench, upload=[{"path": file}])
    text = Path(file).read_text().replace('"se"', '"cbam"')
    with pytest.raises(UserError, match="other weights"):
        ask("on_paste", bench, paste=text)
    assert from_json(text).edits.steps == ()


# what anybody can send ----------------------------------------------------------------------------------------

WRONG = [-1, 8, 10**30, 1.5, math.nan, math.inf, True, None, "3", EVIL, [3], {"a": 1}]


@pytest.mark.parametrize("index", WRONG)
def test_a_channel_that_is_not_there_is_refused(ask, bench, index):
    with pytest.raises(UserError, match=r"whole number in 0\.\.7"):
        ask("on_bars", at(ask, bench, CHANNEL), {"channels": [index]})


@pytest.mark.parametrize("cell", [-1, 1024, 10**30, 1.5, math.nan, True, None, "3", EVIL, [3]])
def test_a_cell_that_is_not_there_is_refused(ask, bench, cell):
    with pytest.raises(UserError, match=r"whole number in 0\.\.1023"):
        ask("on_paint", at(ask, bench, SPATIAL), {"cells": [cell]})


@pytest.mark.parametrize(
    ("handler", "gate", "event", "values", "message"),
    [
        ("on_bars", CHANNEL, {"channels": list(range(9))}, {}, "1 to 8"),
        ("on_bars", CHANNEL, {"channels": []}, {}, "1 to 8"),
        ("on_bars", CHANNEL, {"channels": EVIL}, {}, "1 to 8"),
        ("on_bars", CHANNEL, {}, {}, "1 to 8"),
        ("on_bars", SPATIAL, {"channels": [1]}, {}, "no channel scores"),
        ("on_bars", CHANNEL, {"channels": [1]}, {"action": EVIL}, "unknown action"),
        ("on_bars", CHANNEL, {"channels": [1]}, {"action": "boost", "factor": 1e9}, r"0\.\.10"),
        ("on_bars", CHANNEL, {"channels": [1]}, {"action": "boost", "factor": None}, r"0\.\.10"),
        ("on_bars", CHANNEL, {"channels": [1]}, {"action": "boost", "factor": math.nan}, r"0\.\.10"),
        ("on_bars", CHANNEL, {"channels": [1]}, {"order": EVIL}, "unknown order"),
        ("on_bars", CHANNEL, {"channels": [1]}, {"measure": [1]}, "unknown measure"),
        ("on_paint", SPATIAL, {"cells": list(range(1025))}, {}, "1 to 1024"),
        ("on_paint", SPATIAL, {"cells": [0]}, {"value": 1.5}, r"0\.\.1"),
        ("on_paint", SPATIAL, {"cells": [0]}, {"value": math.nan}, r"0\.\.1"),
        ("on_paint", SPATIAL, {"cells": [0]}, {"value": None}, r"0\.\.1"),
        ("on_paint", CHANNEL, {"cells": [0]}, {}, "mask"),
        ("on_fill", CHANNEL, None, {}, "mask"),
        ("on_top", CHANNEL, None, {"k": 9}, r"k must be a whole number in 1\.\.8"),
        ("on_top", CHANNEL, None, {"k": 0}, r"1\.\.8"),
        ("on_bottom", CHANNEL, None, {"k": None}, r"1\.\.8"),
        ("on_top", SPATIAL, None, {}, "no channel scores"),
        ("on_range", CHANNEL, None, {"range": ""}, "written like"),
        ("on_range", CHANNEL, None, {"range": "0-8"}, r"0\.\.7"),
        ("on_range", CHANNEL, None, {"range": "5-2"}, "written like"),
        ("on_range", CHANNEL, None, {"range": EVIL}, "written like"),
        ("on_range", CHANNEL, None, {"range": "1," * 9999}, "written like"),
        ("on_range", CHANNEL, None, {"range": None}, "written like"),
        ("on_replace", CHANNEL, None, {"swap": EVIL}, "unknown replacement"),
        ("on_replace", CHANNEL, None, {"scope": "everywhere"}, "unknown scope"),
        ("on_replace", CHANNEL, None, {"swap": "other", "other": "../cat"}, "unknown sample"),
        ("on_replace", CHANNEL, None, {"swap": "shuffle_channels", "seed": -1}, "Seed must be"),
        ("on_replace", CHANNEL, None, {"swap": "shuffle_channels", "seed": None}, "Seed must be"),
        ("on_tile", CHANNEL, {"value": EVIL}, {}, "has no gate"),
        ("on_gate", CHANNEL, None, {"gate": None}, "has no gate"),
        ("on_sample", CHANNEL, {"value": ["cat"]}, {}, "unknown sample"),
        ("on_model", CHANNEL, None, {"model": "../cbam"}, "no model"),
        ("on_search", CHANNEL, None, {"method": EVIL}, "unknown method"),
        ("on_search", SPATIAL, None, {}, "no channel scores"),
        ("on_paste", CHANNEL, None, {"paste": None}, "must be JSON"),
        ("on_paste", CHANNEL, None, {"paste": EVIL}, "must be JSON"),
        ("on_upload", CHANNEL, None, {"upload": None}, "Choose a file"),
        ("on_upload", CHANNEL, None, {"upload": [7]}, "Choose a file"),
        ("on_upload", CHANNEL, None, {"upload": {"path": "/nowhere"}}, "Choose a file"),
    ],
)
def test_what_cannot_be_used_is_a_clear_error(ask, bench, handler, gate, event, values, message):
    with pytest.raises(UserError, match=message) as caught:
        ask(handler, at(ask, bench, gate), event, **values)
    assert len(str(caught.value)) < 600


def test_without_a_state_the_visitor_is_told_to_reload(ask):
    with pytest.raises(UserError, match="reload the page"):
        ask("on_top", None)
    with pytest.raises(UserError, match="reload the page"):
        ask("on_model", None, photo={"path": "photo.png"})


def test_without_a_photograph_a_network_is_chosen_for_the_next_one(ask):
    assert ask("on_model", None, photo=None, model="se") == {"state": gr.skip()}
    assert ask("on_sample", None, {"value": "coffee"}, model="se")["state"].before.model == "se"


def test_a_gate_that_is_not_edited_is_not_put_back(ask, bench):
    got = ask("on_remove", bench, {"value": EVIL})
    assert list(got) == ["state"]
    state = ask("on_bars", at(ask, bench, CHANNEL), {"channels": [3]})["state"]
    assert not ask("on_remove", state, {"value": CHANNEL})["state"].edits.steps
