"""Audits of several networks in one table."""

import copy
import json

import numpy as np
import pytest
from PIL import Image

from attnviz.audit.compare import compare, read_summary, rows_of
from attnviz.audit.run import audit
from attnviz.audit.settings import Settings
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.core.intervals import of_mean, welch
from attnviz.render.audit.comparison import comparison_html
from tests.audit.conftest import LABELS, photographs


@pytest.fixture(scope="module")
def summary(follower):
    pictures, classes = photographs(30)
    return audit(follower, pictures, classes.tolist(), settings=Settings(tests=30, quick=True, workers=0)).summary


def seed(summary, points):
    other = copy.deepcopy(summary)
    other["together"]["mean"]["points"] = points
    return other


def test_rows():
    assert rows_of(["a", "timm:b", "mine=c,d"]) == {"a": ["a"], "timm:b": ["timm:b"], "mine": ["c", "d"]}
    for texts in (["a", "a"], ["=a"], ["a="]):
        with pytest.raises(UserError, match="to compare"):
            rows_of(texts)


def test_seeds_have_t_intervals_and_one_network_one_over_photographs(summary):
    first, second = [-1.0, -2.0, -4.0], [-8.0, -9.0, -9.5]
    rows = {name: [seed(summary, p) for p in values] for name, values in (("a", first), ("b", second))}
    report = compare({**rows, "one": [summary]})
    a, b, one = (report["rows"][name]["cells"]["mean"] for name in ("a", "b", "one"))
    assert a["interval"] == pytest.approx(of_mean(first), abs=1e-3) and a["value"] == pytest.approx(
        np.mean(first), abs=1e-3
    )
    assert b["against_first"]["p"] == pytest.approx(welch(first, second).p, rel=1e-2)
    assert one["interval"] == summary["together"]["mean"]["interval"] and "against_first" not in one
    page = comparison_html(report)
    assert "a (3)" in page and "<script" not in page


def test_other_photographs_are_refused(summary):
    other = copy.deepcopy(summary)
    other["data"]["fingerprint"] = "else"
    with pytest.raises(UserError, match="another photographs|same photographs"):
        compare({"a": [summary], "b": [other]})
    with pytest.raises(UserError, match="at least 2 rows"):
        compare({"a": [summary]})


def test_what_is_no_summary(tmp_path):
    for text in ("{}", "no", "[]"):
        (tmp_path / "summary.json").write_text(text)
        with pytest.raises(UserError, match="summary of an audit"):
            read_summary(tmp_path / "summary.json")


@pytest.mark.slow
def test_the_command(checkpoints, tmp_path):
    pytest.importorskip("pyarrow")
    pictures, classes = photographs(12, 32)
    for number, (picture, label) in enumerate(zip(pictures, classes, strict=True)):
        (tmp_path / LABELS[label]).mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / LABELS[label] / f"{number}.png")
    one, other = str(checkpoints / "se"), str(checkpoints / "self-attention")
    command = ["audit", one, "--compare", f"both={one},{other}", "--data", str(tmp_path), "--workers", "0", "--quick"]
    assert main([*command, "--out", str(tmp_path.parent / "compared"), "--resume"]) == 0
    report = json.loads((tmp_path.parent / "compared" / "comparison.json").read_text())
    assert len(report["rows"]["both"]["networks"]) == 2
