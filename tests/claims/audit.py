"""Sentences about audits of the bundled networks, and what larger ones would cost."""

import json

from tests.claims.shared import Claims
from tests.test_layering import ROOT

REPLACED = {
    "own": "own gates put back",
    "mean": "mean over the data",
    "class_mean": "mean of the own class",
    "other_class_mean": "mean of another class",
    "same_class": "gate of another photograph, same class",
    "other_class": "gate of another photograph, other class",
    "neutral": "gates that do nothing",
}


def summary(name):
    return json.loads((ROOT / "results" / "audits" / f"{name}.json").read_text(encoding="utf-8"))


def points(effect):
    low, high = effect["interval"]
    return f"{effect['points']:.1f} [{low:.1f}, {high:.1f}]".replace("-0.0", "0.0").replace("-", "−")


def audits() -> Claims:
    reports = [summary(name) for name in ("eca-30", "se-30")]
    for key, words in REPLACED.items():
        cells = " | ".join(points(report["together"][key]) for report in reports)
        yield "docs/audit.md", f"| {words} | {cells} |"
    for report in reports:
        assert report["data"]["tested"] == 1000 and report["plan"]["quick"]
    medians = [gate["gain"]["median"] for gate in reports[0]["gates"]]
    yield "docs/audit.md", f"own feature is {min(medians):.2f} to {max(medians):.2f} from".replace("-", "−")
    own, other = (reports[0]["together"][key]["points"] for key in ("class_mean", "other_class_mean"))
    assert own < other and max(medians) < -0.7
