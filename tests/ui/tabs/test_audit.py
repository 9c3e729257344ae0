"""The Audit tab: what is kept is shown, and on one's own machine photographs of one's own are audited."""

import io
import json
import threading
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from torch import nn

gr = pytest.importorskip("gradio")

from attnviz.audit.summaries import FOLDER, effects_of, headline_of, summaries_in, verdicts_of  # noqa: E402
from attnviz.core.errors import Cancelled, UserError  # noqa: E402
from attnviz.models.checkpoints import checkpoint_ids  # noqa: E402
from attnviz.models.wrap import wrap  # noqa: E402
from attnviz.ui.networks.store import Store  # noqa: E402
from attnviz.ui.shared.about_network import (
    about_html,  # noqa: E402
    alone_html,  # noqa: E402
)
from attnviz.ui.shared.address import Query  # noqa: E402
from attnviz.ui.shared.jobs import Report  # noqa: E402
from attnviz.ui.shared.page import Chosen, Page, Photo  # noqa: E402
from attnviz.ui.shared.view import look  # noqa: E402
from attnviz.ui.shared.view_document import document_of  # noqa: E402
from attnviz.ui.tabs.audit import work  # noqa: E402
from attnviz.ui.tabs.audit.handlers import Audit, wire  # noqa: E402
from attnviz.ui.tabs.audit.html import audit_html, command_of, python_of, shown_html  # noqa: E402
from attnviz.ui.tabs.audit.layout import layout  # noqa: E402
from attnviz.ui.tabs.audit.state import ShownAudit, first  # noqa: E402
from attnviz.ui.tabs.audit.work import AuditRequest, make  # noqa: E402
from attnviz.ui.tabs.explore.link import follow  # noqa: E402
from tests.own_models import own_net  # noqa: E402
from tests.ui.calls import given  # noqa: E402
from tests.ui.tabs.audit_photographs import named, packed  # noqa: E402

EVIL = "<img src=x onerror=alert(1)>"
KEPT = sorted(name for name in summaries_in(FOLDER) if name in checkpoint_ids())


class Tags(HTMLParser):
    """Every tag, and whether each is closed."""

    def __init__(self, page):
        super().__init__()
        self.seen, self.open = [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in {"img", "circle", "line", "path", "rect", "br", "i"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in {"circle", "line", "path", "rect", "i"}:
            assert self.open.pop() == tag


def test_only_what_costs_more_than_chance_among_so_many_gates_decides_the_opening():
    def gate(name, points, p):
        return {"name": name, "alone": {"mean": {"points": points, "p": p, "changed": 10.0}}}

    gates = [gate("wins", 0.9, 1e-9), gate("chance", -0.9, 0.03), gate("costs", -4.0, 0.001), gate("none", 0.0, 1.0)]
    assert effects_of({"gates": gates}) == {"costs": 0.1}
    assert effects_of({"gates": [*gates, *(gate(f"g{i}", 0.0, 1.0) for i in range(60))]}) == {}


@pytest.fixture(scope="module")
def local(checkpoints):
    return Store(checkpoints, public=False)


@pytest.fixture(scope="module")
def tab(local):
    return made(local)


def made(store):
    with gr.Blocks() as demo, gr.Tab() as own:
        page = Page(demo, store, own, gr.State(), Photo("cat"))
        found = Audit(page, layout(page))
        wire(found)
    return found


def caller(tab):
    """Call a handler as the app does; returns all of its updates by name of the part."""
    parts, own = tab.parts, tab.parts.own
    names = {getattr(parts, name): name for name in ("state", "intro", "model", "source", "audit")}
    names |= {tab.page.chosen: "chosen", tab.page.address: "address"}
    names |= {} if own is None else {getattr(own, name): name for name in own.__dataclass_fields__}
    components = {name: part for part, name in names.items()}
    usual = {"state": None, "model": "cbam", "source": "kept", "chosen": Chosen().sent()}
    usual |= {} if own is None else {"folder": "", "archive": None, "depth": "quick", "skip": False}

    def call(handler, event=None, language="en", **values):
        run = getattr(tab, handler)
        data = {components[name]: value for name, value in {**usual, **values}.items()}
        updates = run(*([data] if "data" in run.__code__.co_varnames else []), **given(run, event, language))
        every = [updates] if isinstance(updates, dict) else list(updates)
        return [{names[part]: value for part, value in update.items()} for update in every]

    return call


@pytest.fixture
def ask(tab):
    return caller(tab)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return packed(tmp_path_factory.mktemp("zip") / "photographs.zip", named())


@pytest.fixture(scope="module")
def finished(local, archive):
    return make(local, AuditRequest("cbam", archive=archive, thorough=True), "en", Report())


# what is kept -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KEPT)
def test_each_gate_that_was_replaced_alone_has_its_verdict_where_it_is_looked_at(name):
    summary = summaries_in(FOLDER)[name][0]
    verdicts = verdicts_of(summary)
    alone = [gate for gate in summary["gates"] if gate["alone"]]
    assert list(verdicts) == [gate["name"] for gate in alone] and verdicts_of(None) == effects_of(None) == {}
    for gate in alone:
        told, first = verdicts[gate["name"]], gate["sentences"]
        assert told["photographs"] == summary["data"]["tested"]
        assert all(any(said["en"] == sentence["en"] for sentence in first) for said in told["sentences"])
        low, high = gate["alone"]["mean"]["interval"]
        assert told["sentences"][0]["costs"] == (high < 0 and low <= -1), "the gate's mean"
        assert told["sentences"][0]["zh"] in alone_html(summary, gate["name"], "zh")
    assert alone_html(summary, "not there", "en") == alone_html(None, None, "en") == ""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", KEPT)
def test_every_audit_that_is_kept_is_shown_with_its_numbers(name, language):
    store, summary = Store(), summaries_in(FOLDER)[name][0]
    assert store.audit(name) is summary, "of these very weights"
    page = shown_html(store, ShownAudit(name, language))
    Tags(page)
    assert all(sentence[language] in page for sentence in summary["sentences"])
    for what, effect in summary["together"].items():
        low, high = effect["interval"]
        told = f"[{low:.1f}, {high:.1f}]".replace("-", "−").replace("−0.0", "0.0")
        assert told in page, what
    assert all(f"<code>{gate['name']}</code>" in page for gate in summary["gates"])
    assert ("Right answers" if language == "en" else "答对的比例") in page
    assert f"?tab=audit&amp;model={name}" in page and f"attnviz audit {name} --data" in page


def test_the_tables_of_the_audits_of_old_say_what_was_measured_by_hand():
    table = {"eca-30": "−26.6", "se-30": "−1.5"}
    for name, by_hand in table.items():
        effect = summaries_in(FOLDER)[name][0]["together"]["same_class"]
        assert effect["interval"][0] <= float(by_hand.replace("−", "-")) <= effect["interval"][1]


def test_without_an_audit_the_command_that_makes_one_stands_there(local, ask):
    (update,) = ask("on_open")
    assert "No audit of Tiny cbam is kept here" in update["audit"] and "attnviz audit cbam --data" in update["audit"]
    assert update["source"].visible is False
    from attnviz.cli.main import command_of as of_command_line

    for model in ("cbam", "torchvision:efficientnet_b0"):
        (line,) = command_of(model)
        given_to = of_command_line("audit").make_context("audit", line.split()[2:]).params
        assert given_to["model"] == model and ":" not in str(given_to["out"])


@pytest.fixture(scope="module")
def mine():
    return wrap(own_net(classes=3), size=32, mean=0.5, std=0.25, labels=("red", "green", "blue"), name="mine")


@pytest.mark.slow  # starts a process that decodes
def test_the_lines_for_a_network_of_ones_own_make_what_the_app_takes(mine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, data in named().items():
        path = tmp_path / "photographs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    exec("\n".join(python_of("mine")), {"network": mine})
    store = Store(live=[mine], alone=True, public=False, audits=tmp_path / "audits")
    assert store.audit("mine")["data"]["photographs"] == 12


def test_a_network_of_ones_own_stands_there_with_its_audit(mine, archive, tmp_path):
    network, store = mine, Store(live=[mine], alone=True, public=False)
    summary = make(store, AuditRequest("mine", archive=archive), "en", Report()).summary
    (tmp_path / "audits" / "mine").mkdir(parents=True)
    (tmp_path / "audits" / "mine" / "summary.json").write_text(json.dumps(summary))
    store = Store(live=[network], alone=True, public=False, audits=tmp_path / "audits")
    assert store.audit("mine")["data"]["photographs"] == 12
    assert "Does the attention of mine do anything?" in shown_html(store, first(store, Chosen(), "en"))
    assert "network, &#39;photographs&#39;" in shown_html(store, ShownAudit("mine"))
    other = Store(
        live=[wrap(nn.Sequential(own_net(classes=3)), size=32, mean=0.5, std=0.25, name="mine")],
        alone=True,
        audits=tmp_path / "audits",
    )
    assert other.audit("mine") is None, "an audit of other weights"
    (tmp_path / "empty").mkdir()
    for folder, says in (("empty", "holds no audit"), ("nowhere", "is no folder")):
        with pytest.raises(UserError, match=says):
            Store(live=[network], alone=True, audits=tmp_path / folder)


def test_a_damaged_file_among_them_is_passed_over(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "summary.json").write_bytes((FOLDER / "eca-30.json").read_bytes())
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text('{"schema": 1, "rows": {}}')
    assert list(summaries_in(tmp_path)) == ["eca-30"]


def test_names_in_an_audit_are_text(finished):
    text = json.dumps(finished.summary).replace("stage1.0.attention.channel", EVIL).replace("red", EVIL)
    page = str(audit_html(json.loads(text), EVIL, "made", "en"))
    assert not [tag for tag, _ in Tags(page).seen if tag == "img"] and "&lt;img" in page


# an own one -------------------------------------------------------------------------------------------------------


def test_an_audit_of_ones_own_is_shown_and_its_files_are_whole(ask, tab, archive):
    waiting = ask("on_asked")[0]
    assert "Waiting" in waiting["progress"] and waiting["stop"].interactive is True
    *steps, last = ask("on_run", archive={"path": str(archive)}, skip=True)
    assert all("progressbar" in step["progress"] or "<progress" in step["progress"] for step in steps)
    assert "Done: 12 photographs" in last["progress"] and last["stop"].interactive is False
    assert "on your photographs; nothing of it is kept" in last["audit"] and "12 photographs" in last["audit"]
    page, numbers = (Path(last[name].value["path"]) for name in ("report", "numbers"))
    report = page.read_text(encoding="utf-8")
    assert "Does the attention of cbam do anything?" in report and page.name == "attnviz-audit-cbam.html"
    assert str(archive.parent) not in report and "/tmp" not in report
    with zipfile.ZipFile(numbers) as found:
        assert set(found.namelist()) == {"summary.json", "images.parquet", "gates.parquet"}
        assert json.load(io.BytesIO(found.read("summary.json")))["data"]["photographs"] == 12
    state = last["state"]
    (other,) = ask("on_model", state=state, model="se")
    assert "No audit of Tiny se" in other["audit"]
    (back,) = ask("on_language", state=state, language="zh")
    assert "刚刚用你的照片测得" in back["audit"] and "一个常数" in back["audit"]


def test_a_thorough_audit_has_a_line_for_each_gate(finished):
    page = str(audit_html(finished.summary, "Tiny", "made", "en"))
    assert page.count("alone:") == 2 and "Change where one gate is replaced" in page
    assert "No gate was replaced alone" not in page
    gates = finished.summary["gates"]
    for gate in gates:
        mean = gate["alone"]["mean"]
        assert (gate["name"] in effects_of(finished.summary)) is (mean["points"] < 0 and mean["p"] * len(gates) < 0.05)
    assert headline_of(finished.summary, "zh") == [s["zh"] for s in finished.summary["sentences"][:3]]


@pytest.fixture(scope="module")
def audited(checkpoints, finished, tmp_path_factory):
    """A store with an audit of its tiny CBAM network, in which one gate matters more than the others."""
    folder, summary = tmp_path_factory.mktemp("audits"), json.loads(json.dumps(finished.summary))
    for gate in summary["gates"]:
        gate["alone"]["mean"] |= {"changed": 25.0, "points": -25.0, "interval": [-30.0, -20.0], "p": 1e-6}
        if gate["name"] != "stage2.0.attention.channel":
            gate["alone"]["mean"]["changed"] = 1.0
    (folder / "cbam.json").write_text(json.dumps(summary))
    return Store(checkpoints, public=False, audits=folder)


def test_both_audits_of_a_network_can_be_chosen(audited, finished):
    ask, both = caller(made(audited)), ShownAudit("cbam", made=("cbam", finished.summary), source="made")
    (update,) = ask("on_source", state=both, source="kept")
    assert update["source"].visible is True and update["source"].value == "kept"
    assert "Measured before" in update["audit"]
    (update,) = ask("on_source", state=both, source="made")
    assert "Measured just now" in update["audit"] and update["source"].value == "made"
    assert ask("on_source", state=both, source=EVIL)[0]["source"].value == "kept"
    assert ask("on_model", state=both, model="se")[0]["source"].visible is False
    assert ask("on_open")[0]["state"].model == "cbam", "the first that has one"


def test_the_view_opens_on_the_gate_whose_replacement_changes_most_answers(audited, local):
    view = look(audited, "cbam", sample="cat")
    whole = document_of(audited, view)
    assert whole["first"]["rule"] == "effect" and whole["first"]["value"] == 0.25
    assert whole["gates"][whole["first"]["gate"]]["name"] == "stage2.0.attention.channel"
    assert [found["gate"] for found in whole["features"]] == [whole["first"]["gate"]], "what lies on the photograph"
    assert document_of(local, view)["first"]["rule"] != "effect"
    query = Query("model=cbam&channel=7", "en")
    assert follow(audited, query, "cbam", "cat")[1] == {"channel": 7} and query.missed == [], (
        "a channel of the gate that is shown first"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_known_of_a_network_begins_with_its_audit(audited, language):
    summary, card = audited.audit("cbam"), audited.card("cbam")
    page = about_html(card, language, summary)
    assert all(sentence in page for sentence in headline_of(summary, language))
    assert 'href="?tab=audit&amp;model=cbam"' in page and "av-link" not in page
    bare = replace(card, metrics={})
    assert headline_of(summary, language)[0] in about_html(bare, language, summary) and about_html(bare, language) == ""


def test_it_runs_on_a_copy_so_that_nobody_waits(local, archive, monkeypatch):
    inside = threading.Event()
    seen = []

    def watched(network, *args, **kwargs):
        with local.lease("cbam") as analyser:  # would wait for ever if the audit had leased it
            seen.append(analyser.loaded.module is not network.module)
        inside.set()
        raise Cancelled("enough")

    monkeypatch.setattr(work, "audit", watched)
    with pytest.raises(Cancelled):
        make(local, AuditRequest("cbam", archive=archive), "en", Report())
    assert inside.is_set() and seen == [True]


def test_a_network_that_cannot_be_copied_is_said(archive):
    net = own_net()
    net.lock = threading.Lock()
    store = Store(live=[wrap(net, size=32, mean=0.5, std=0.25, name="locked")], alone=True, public=False)
    with pytest.raises(UserError, match="locked cannot be copied"):
        make(store, AuditRequest("locked", archive=archive), "en", Report())


def test_it_is_cancelled_while_it_waits_and_nothing_is_left(ask, tab, archive, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ask("on_asked")
    assert ask("on_stop")[0]["stop"].interactive is False
    last = ask("on_run", archive={"path": str(archive)})[-1]
    assert "Cancelled. Nothing of it was kept." in last["progress"] and "audit" not in last
    assert list(tmp_path.glob("attnviz-audit-*")) == []


@pytest.mark.parametrize(
    ("step", "says"),
    [("reading", "1 of 3"), ("donors", "2 of 3"), ("testing", "3 of 3")],
)
def test_it_is_cancelled_at_every_step(local, archive, step, says):
    class Stopping(Report):
        def say(self, text, share=0.0):
            if says in text:
                self.stop.set()

    with pytest.raises(Cancelled):
        report = Stopping()
        make(local, AuditRequest("se", archive=archive, thorough=True), "en", report)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "Name a folder"),
        ({"model": "../x"}, "no model"),
        ({"model": ["cbam"]}, "no model"),
        ({"model": "none", "zip": True}, "no attention gates"),
        ({"archive": {"path": "/nowhere/a.zip"}}, "is gone: choose it again"),
    ],
)
def test_what_cannot_be_audited(ask, archive, values, says):
    if values.pop("zip", False):
        values["archive"] = {"path": str(archive)}
    with pytest.raises(UserError, match=says):
        ask("on_run", **values)


def test_photographs_that_cannot_be_read_are_named_and_left_out_when_asked(ask, tmp_path):
    path = packed(tmp_path / "a.zip", {**named(), "red/broken.png": b"no picture"})
    with pytest.raises(
        UserError, match="1 of 13 photographs cannot be read: red/broken.png.*Tick “Leave out"
    ) as refused:
        ask("on_run", archive={"path": str(path)})
    assert "--resume" not in str(refused.value)
    assert "Done: 12 photographs" in ask("on_run", archive={"path": str(path)}, skip=True)[-1]["progress"]
    assert ask("on_failed")[0]["stop"].interactive is False


def test_on_a_public_page_nothing_is_audited(checkpoints):
    public = made(Store(checkpoints, public=True))
    assert public.parts.own is None
    functions = {fn.fn.__name__ for fn in public.page.demo.fns.values() if fn.fn}
    assert functions == {"on_open", "on_go", "on_language", "on_model", "on_source"}
    assert "On this public page" in caller(public)("on_open")[0]["intro"]


def test_an_address_brings_the_network_and_a_wrong_one_is_told(ask, monkeypatch):
    told = []
    monkeypatch.setattr(gr, "Warning", told.append)
    (update,) = ask("on_go", event={"query": "?tab=audit&model=se"})
    assert update["model"] == "se" and update["address"].startswith("explore") and told == []
    (update,) = ask("on_go", event={"query": "?tab=audit&model=<b>"})
    assert update["model"] == "cbam" and len(told) == 1 and "<b>" not in told[0]


def test_the_network_of_another_tab_is_taken_up(ask):
    (update,) = ask("on_open", chosen=Chosen("se").sent())
    assert update["state"].model == "se"
    (again,) = ask("on_open", chosen=Chosen("se").sent(), state=update["state"])
    assert set(again) == {"state"}


@pytest.mark.parametrize("public", [True, False])
def test_what_others_can_reach_is_public(checkpoints, monkeypatch, public):
    from attnviz.ui.server.origin import others_come

    for name in ("SPACE_ID", "ATTNVIZ_HOSTS", "GRADIO_ROOT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0" if public else "127.0.0.1")
    assert others_come({}) is public
    assert others_come({"share": True}) and others_come({"server_name": "10.0.0.7"})
    assert not others_come({"server_name": "localhost"})
    for name, value in (("ATTNVIZ_HOSTS", "attn.example.org"), ("GRADIO_ROOT_PATH", "/attnviz")):
        with monkeypatch.context() as only:
            only.setenv(name, value)
            assert others_come({"server_name": "localhost"})
