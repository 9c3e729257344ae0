"""Inside a gate: what the handlers answer, and that everything that can be asked for is shown."""

import inspect
import re
from xml.etree import ElementTree

import pytest

gr = pytest.importorskip("gradio")

from attnviz.attention import ATTENTION  # noqa: E402
from attnviz.core.errors import UserError  # noqa: E402
from attnviz.core.step_values import KINDS, REGIONS, Change  # noqa: E402
from attnviz.ui.networks.store import Store  # noqa: E402
from attnviz.ui.shared.page import Chosen, Page, Photo  # noqa: E402
from attnviz.ui.shared.text import TEXTS  # noqa: E402
from attnviz.ui.tabs.inside_gate.handlers import Inside, layout  # noqa: E402
from attnviz.ui.tabs.inside_gate.html import notice_html, shape_text, stage_html, state_html  # noqa: E402
from attnviz.ui.tabs.inside_gate.state import LAYER, again, elsewhere, follow_on, open_look, subject_of, subjects  # noqa: E402
from attnviz.ui.tabs.inside_gate.step_html import DRAW  # noqa: E402

CAT, COFFEE = Photo(sample="cat"), Photo(sample="coffee")
from tests.ui.calls import given  # noqa: E402


@pytest.fixture(scope="module")
def store(checkpoints):
    return Store(checkpoints)


@pytest.fixture(scope="module")
def look(store):
    return open_look(store, CAT, "model:cbam")


def text(html):
    return re.sub(r"<[^>]+>", " ", html)


def worked(html):
    return re.findall(r'class="av-worked">.*?<strong>(.*?)</strong>', html)


@pytest.fixture(scope="module")
def ask(store):
    """Call a handler as the app does; updates come back by name of the part."""
    with gr.Blocks() as demo, gr.Tab() as tab:
        page = Page(demo, store, tab, gr.State(), CAT)
        parts = layout(store, CAT)
    inside = Inside(page, parts)
    names = {page.photo: "page_photo", page.chosen: "chosen"} | {
        getattr(parts, name): name for name in parts.__dataclass_fields__
    }
    components = {name: part for part, name in names.items()}

    def call(handler, look=None, event=None, language="en", **values):
        usual = {"subject": "model:cbam", "place": None, "photo": None, "channel": 0, "factor": 1, "region": "none"}
        usual["chosen"] = Chosen().sent()
        data = {components[n]: v for n, v in {**usual, "state": look, "page_photo": None, **values}.items()}
        run = getattr(inside, handler)
        takes = [data] if "data" in inspect.signature(run).parameters else []
        return {names[part]: value for part, value in run(*takes, **given(run, event, language)).items()}

    return call


def test_trained_modules_come_first_and_every_type_can_be_chosen(store):
    found = subjects(store)
    assert [s.key for s in found][:2] == ["model:cbam", "model:se"] and found[0].trained
    assert {s.attention for s in found} == set(ATTENTION) - {"none"}
    assert {s.key for s in found if s.volume} == {"cbam-3d", "cbam-channel-3d", "spatial-3d"}
    assert not any(s.trained for s in found if s.key.startswith("se") or s.volume)
    with pytest.raises(UserError, match="no module"):
        subject_of(store, ["cbam"])


TRAINED = ("cbam", "se", "self-attention")
EVERY = [*(f"model:{name}" for name in TRAINED), *(n for n in ATTENTION if n not in ("none", *TRAINED)), "cbam-3d"]


@pytest.mark.parametrize(
    ("key", "language"), [*((key, "en") for key in EVERY), ("model:cbam", "zh"), ("cbam-3d", "zh"), ("stn", "zh")]
)
def test_every_module_is_drawn_step_by_step_in_every_language(store, key, language):
    found = open_look(store, CAT, key, language=language)
    html = stage_html(found)
    sections = re.findall(r'<section data-step="(\w+)" data-title="[^"]+"( hidden)?>', html)
    assert [name for name, _ in sections] == [step.key for step in found.walk.steps]
    assert [bool(hidden) for _, hidden in sections] == [False] + [True] * (len(sections) - 1)
    assert html.count("data-go=") == len(sections) and TEXTS["check_same"][0][:8] in html or language == "zh"
    assert all(image.count('alt="') == 1 and 'alt=""' not in image for image in re.findall(r"<img [^>]+>", html))
    assert ("Not trained" in notice_html(found, store)) == (not found.subject.trained and language == "en")
    assert "{" not in text(html).replace("{0}", "").replace("{1}", "")
    for drawing in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        ElementTree.fromstring(drawing)


def test_every_kind_and_every_step_has_what_it_needs(store):
    assert set(DRAW) == set(KINDS)
    for name in REGIONS:
        assert f"region_{name}" in TEXTS


def test_numbers_of_the_walk_are_those_on_the_page(look):
    steps = {step.key: step for step in look.walk.steps}
    channel = look.follow.channel
    assert steps["channel_gate"].values.argmax() == channel
    gate, score = (float(steps[key].values[channel]) for key in ("channel_gate", "sum"))
    assert f"σ({score:.3f}) = {gate:.3f}".replace("-", "−") in worked(stage_html(look))


def test_another_photograph_and_another_place_give_other_numbers(store, look):
    first, second = worked(stage_html(look)), worked(stage_html(again(store, look, photo=COFFEE)))
    assert len(first) == len(second) == 10 and all(a != b for a, b in zip(first, second, strict=True))
    other = elsewhere(store, look, look.places[-1])
    assert other.walk.place == look.places[-1] and other.walk.sizes["C"] == 16


def test_a_change_is_shown_with_the_number_before(store, look):
    changed = again(store, look, change=Change(look.follow.channel, 0.0))
    html = stage_html(changed)
    assert "without the change: " in html and "the same without the change" not in worked(html)[0]
    assert worked(html)[0] == "x = 0" and "channel" in state_html(changed)
    assert changed.walk.difference < 1e-6


def test_following_another_number(look):
    found = follow_on(look, {"channel": 3, "row": 2.0, "column": 1, "slice": None}.get)
    assert (found.follow.channel, found.follow.row, found.follow.column) == (3, 2, 1)
    assert "Channel 3, row 2, column 1" in text(stage_html(found))
    assert 'data-follow="channel"' in stage_html(found)


@pytest.mark.parametrize("value", [-1, 8, 1.5, "3", True, float("nan"), [1], 10**30])
def test_wrong_indices_are_refused(look, value):
    with pytest.raises(UserError, match=r"0\.\.7"):
        follow_on(look, {"channel": value}.get)


def test_shapes_are_written_in_letters_and_numbers():
    assert shape_text(("·", "C"), (2, 32)) == "2 × C = 2 × 32"
    assert shape_text(("4", "4"), (4, 4)) == "4 × 4"


def test_the_tab_opens_with_a_walk_and_takes_up_a_photograph_of_another_tab(ask):
    opened = ask("on_open")
    assert "av-inside" in opened["stage"] and opened["page_photo"] == CAT
    again_ = ask("on_open", opened["state"], page_photo=COFFEE)
    assert again_["state"].photo == COFFEE and again_["stage"] != opened["stage"]
    assert list(ask("on_open", opened["state"])) == ["state"]


def test_network_gate_and_channel_of_another_tab_are_taken_up_and_those_chosen_here_are_told(ask, look):
    elsewhere_ = Chosen("cbam", "stage2.0.attention.channel", 5)
    opened = ask("on_open", chosen=elsewhere_.sent())
    assert opened["state"].walk.place == "stage2.0.attention" and opened["channel"] == 5
    assert list(ask("on_open", opened["state"], chosen=elsewhere_.sent())) == ["state"]
    other = ask("on_open", opened["state"], chosen=Chosen("se").sent())
    assert other["state"].subject.key == other["subject"].value == "model:se"
    assert list(ask("on_open", look, chosen=Chosen("none", "x").sent())) == ["state"], "there is no module of it"
    told = Chosen.of(ask("on_channel", opened["state"], channel=3)["chosen"])
    assert told == Chosen("cbam", "stage2.0.attention.channel", 3)
    moved = ask("on_place", opened["state"], place="stage3.0.attention")
    assert Chosen.of(moved["chosen"]).gate == "stage3.0.attention.channel"
    assert Chosen.of(ask("on_subject", look, subject="stn")["chosen"]) == Chosen()


def test_module_place_channel_and_clicks(ask, look):
    stn = ask("on_subject", look, subject="stn")
    assert stn["state"].walk.place == "" and stn["place"].value == LAYER
    elsewhere_ = ask("on_place", look, place="stage3.0.attention")
    assert elsewhere_["state"].walk.place == "stage3.0.attention"
    assert ask("on_channel", look, channel=5)["state"].follow.channel == 5
    assert ask("on_channel", look, channel=None)["state"].follow == look.follow
    clicked = ask("on_pick", look, event={"row": 1, "column": 2, "channel": None})
    assert (clicked["state"].follow.row, clicked["state"].follow.column) == (1, 2)
    assert ask("on_pick", look, event="nonsense")["state"].follow == look.follow
    assert ask("on_sample", look, event={"value": "coffee"})["state"].photo == COFFEE
    with pytest.raises(UserError):
        ask("on_sample", look, event={"value": "../../etc/passwd"})


def test_changes_stay_until_they_are_undone(ask, look):
    channel = look.follow.channel
    halved = ask("on_change", look, factor=0.5)["state"]
    assert halved.walk.change == Change(channel, 0.5) and halved.before is not None
    other = ask("on_channel", halved, channel=(channel + 1) % 8)
    assert other["factor"] == 1 and other["state"].walk.change == Change(channel, 0.5)
    both = ask("on_change", other["state"], factor=1, region="left")["state"]
    assert both.walk.change == Change(channel, 0.5, "left")
    back = ask("on_reset", both)
    assert back["state"].walk.change == Change() and back["region"] == "none" and back["state"].before is None


@pytest.mark.parametrize(
    "sent", [{"factor": None}, {"factor": 99}, {"factor": "x"}, {"region": "<b>"}, {"region": None}]
)
def test_wrong_changes_are_refused(ask, look, sent):
    with pytest.raises(UserError):
        ask("on_change", look, **sent)


def test_a_visitor_whose_state_is_gone_is_told(ask):
    for handler in ("on_subject", "on_place", "on_channel", "on_change", "on_reset"):
        with pytest.raises(UserError, match="was let go"):
            ask(handler, photo={"path": "photo.png"})


def test_another_language_keeps_the_walk_and_a_removed_photograph_takes_it_along(ask, look):
    said = ask("on_language", look, language="zh")
    assert (said["state"].walk, said["state"].photo, said["state"].language) == (look.walk, look.photo, "zh")
    gone = ask("on_clear", look)
    assert gone["state"] is None and gone["changed"] == "" and "No photograph" in gone["stage"]
    assert ask("on_sample", None, event={"value": "coffee"})["state"].photo == COFFEE


def test_without_a_photograph_a_module_is_chosen_and_nothing_false_is_said(ask):
    assert ask("on_subject", None, subject="model:se") == {"state": gr.skip()}
    assert ask("on_sample", None, event={"value": "coffee"}, subject="model:se")["state"].subject.key == "model:se"
    for handler in ("on_place", "on_channel", "on_change", "on_reset"):
        with pytest.raises(UserError, match="No photograph"):
            ask(handler, None)
        with pytest.raises(UserError, match="reload the page"):
            ask(handler, None, photo={"path": "photo.png"})


def test_what_is_said_of_a_sample_goes_with_it(ask, look, tmp_path):
    rendered = ask("on_sample", look, event={"value": "church"})["samples"]
    COFFEE.open().save(tmp_path / "own.png")
    own = ask("on_photo", look, photo={"path": str(tmp_path / "own.png")})["samples"]
    assert "is a rendering" in rendered and "is a rendering" not in own
