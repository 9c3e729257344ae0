"""Tables, figures and the report: complete, and nothing in them acts."""

import base64
import hashlib
import json
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import attnviz
from attnviz.audit.run import audit
from attnviz.audit.settings import Settings
from attnviz.audit.thumbnails import thumbnails
from attnviz.cli.commands.audit import view_of
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.render.audit.charts import CHARTS
from attnviz.render.audit.files import write_figures
from attnviz.render.audit.networks import objects
from attnviz.render.audit.photographs import shown_photographs, telling_gate
from attnviz.render.audit.report import report_html
from attnviz.render.audit.words import WORDS, word
from tests.audit.conftest import LABELS, photographs

NASTY = '<img src=x onerror="alert(1)">&"\'.png'


@pytest.fixture(scope="module")
def found(follower, tmp_path_factory):
    """An audit of 40 photographs, one with a name that would be markup."""
    root = tmp_path_factory.mktemp("nasty")
    pictures, classes = photographs(40)
    for number, (picture, label) in enumerate(zip(pictures, classes, strict=True)):
        (root / LABELS[label]).mkdir(exist_ok=True)
        Image.fromarray(picture).save(root / LABELS[label] / (NASTY if number == 0 else f"{number}.png"))
    return audit(follower, root, settings=Settings(tests=40, workers=0))


@pytest.fixture(scope="module")
def pictures(found):
    return thumbnails(found.work.photographs, shown_photographs(found.summary))


@pytest.fixture(scope="module")
def page(found, pictures):
    return report_html(found.summary, pictures)


@pytest.fixture(scope="module")
def opening(found, pictures):
    """A report in which photographs can be opened."""
    return report_html(found.summary, pictures, view=view_of(found))


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))


def tags(page):
    parser = Tags()
    parser.feed(page)
    return parser.seen


def test_nothing_in_the_report_acts_or_is_fetched(page):
    for tag, attributes in tags(page):
        assert tag not in {"script", "iframe", "object", "link", "form", "base"}
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        assert attributes.get("src", "data:image/").startswith("data:image/") and "href" not in attributes


def test_a_report_with_a_view_runs_that_script_only(opening):
    (policy,) = [a["content"] for tag, a in tags(opening) if a.get("http-equiv") == "Content-Security-Policy"]
    scripts = re.findall(r"<script>(.*?)</script>", opening, re.DOTALL)
    assert len(scripts) == 1 and "unsafe" not in policy and "connect-src" not in policy
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy
    for tag, attributes in tags(opening):
        assert tag not in {"iframe", "object", "link", "form", "base"}
        assert tag != "script" or attributes in ({}, {"type": "application/json", "id": attributes.get("id")})
        assert not any(name.startswith("on") or name == "style" for name in attributes)


def test_the_most_telling_photographs_can_be_opened(found, opening):
    buttons = [a for tag, a in tags(opening) if tag == "button"]
    gate = found.summary["gates"][telling_gate(found.summary)]
    channel = gate["photographs"][0]
    assert len(channel["most"]) == len(channel["least"]) == 8
    first = [a for a in buttons if a["data-gate"]]
    assert [a["title"] for a in first] == [name for row in ("most", "least") for name, _ in channel[row]]
    assert {(a["data-gate"], a["data-channel"]) for a in first} == {(gate["name"], str(channel["index"]))}
    for button in buttons:
        text = re.search(rf'<script type="application/json" id="{button["data-document"]}">(.*?)</script>', opening)
        view = json.loads(text[1])
        assert view["photograph"]["name"] == button["title"]
        assert [g["name"] for g in view["gates"]] == [g["name"] for g in found.summary["gates"]]
    assert len({a["data-document"] for a in buttons}) == len({a["title"] for a in buttons})


def test_the_report_says_how_much_of_it_is_the_view(opening, page):
    said = float(re.search(r"\(([\d.]+) MB of it\)", opening)[1])
    assert said == pytest.approx((len(opening) - len(page)) / 1e6, abs=0.05) and "MB of it" not in page


def test_the_policy_names_the_style_sheet(page):
    (policy,) = [a["content"] for tag, a in tags(page) if a.get("http-equiv") == "Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'") and f"'sha256-{digest}'" in policy


def test_a_notebook_shows_the_report_in_a_frame(found):
    assert attnviz.audit is sys.modules["attnviz.audit"] and callable(attnviz.audit)
    (frame,) = tags(found._repr_html_())
    assert frame[0] == "iframe" and frame[1]["sandbox"] == "" and NASTY not in found._repr_html_()
    assert "<h1>" in frame[1]["srcdoc"]


def test_names_from_outside_are_text(found, page):
    names = shown_photographs(found.summary)
    assert any(NASTY in name for name in names) or found.summary["unusual"]
    hostile = json.loads(json.dumps(found.summary).replace("Gated", "<script>x</script>"))
    hostile["unusual"] = [[NASTY, 3.0]]
    made = report_html(hostile, {NASTY: b"jpeg"})
    assert "<script>x" not in made and 'onerror="' not in made and "&lt;script&gt;x" in made


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_sentence_is_in_the_report(found, language):
    made = report_html(found.summary, {}, language)
    for sentence in [*found.summary["sentences"], *found.summary["gates"][0]["sentences"]]:
        assert sentence[language] in made.replace("&#39;", "'")


def test_words_are_complete():
    assert all(len(pair) == 2 and all(pair) for pair in WORDS.values())
    with pytest.raises(UserError, match="unknown language"):
        word("short", "fr")


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_figures(found, tmp_path, kind):
    paths = write_figures(found.summary, tmp_path, kind)
    assert {path.stem for path in paths} == set(CHARTS)
    assert all(path.stat().st_size > 1000 for path in paths)


def test_a_report_without_classes_or_tests(follower, tmp_path):
    bare = audit(follower, photographs(12)[0], settings=Settings(tests=0, workers=0))
    made = report_html(bare.summary, {})
    assert "no tests were asked for" in made and 'id="together"' not in made


def test_the_command(checkpoints, tmp_path, capsys):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    pictures, classes = photographs(24, 32)
    for number, (picture, label) in enumerate(zip(pictures, classes, strict=True)):
        (tmp_path / "data" / "val" / LABELS[label]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "data" / "val" / LABELS[label] / f"{number}.png")
    out = tmp_path / "out"
    command = ["audit", str(checkpoints / "se"), "--data", str(tmp_path / "data"), "--out", str(out), "--workers", "0"]
    assert main([*command, "--tests", "12", "--quick", "--figures", "svg"]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert summary["data"]["photographs"] == 24 and summary["plan"]["weights"]
    images, gates = pq.read_table(out / "images.parquet"), pq.read_table(out / "gates.parquet")
    assert images.num_rows == 24 and gates.num_rows == 24 * len(summary["gates"])
    assert sum(images["right"].to_pylist()) / 24 == pytest.approx(summary["network"]["top1"] / 100, abs=1e-4)
    first = [row for row in gates.to_pylist() if row["gate"] == summary["gates"][0]["name"]]
    mean = np.mean([np.mean(np.array(row["values"], float)) for row in first])
    assert mean == pytest.approx(summary["gates"][0]["variation"]["mean"], abs=1e-3)
    assert "report.html" in capsys.readouterr().out
    assert main(command) == 2
    assert "holds another audit" in capsys.readouterr().err


def test_masks_of_several_networks_are_drawn_beside_the_centre(found):
    row = {"gate": "g", "energy": [1.2, 1.1, 1.3], "centre": [1.7, 1.4, 2.0], "random": [1.0, 0.9, 1.1]}
    one, two = ({**found.summary, "objects": rows} for rows in ([row, row], [row]))
    assert objects([{**found.summary, "objects": []}]) is None
    (axes,) = objects([one, two]).axes
    drawn = sorted(x for line in axes.lines for x in line.get_xdata() if x != 1)
    assert len(axes.get_yticklabels()) == 2 and drawn.count(1.2) == 3 and drawn.count(1.7) == 3
