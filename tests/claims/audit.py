"""Sentences about audits of the bundled networks, and what larger ones would cost."""

import json

from attnviz.models.checkpoints import FOLDER, load_card
from attnviz.models.results import read_results
from tests.claims.shared import Claims, rows
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
    data = reports[0]["data"]
    yield "docs/audit.md", f"on {data['tested']:,} of the {data['photographs']:,} validation photographs"
    mean, donor = (reports[1]["together"][key] for key in ("mean", "same_class"))
    low, high = sorted(-value for value in donor["interval"])
    assert reports[1]["sentences"][0]["rule"] == "constant_open" and low > 0
    yield "docs/audit.md", f"open whether a constant would do ({points(mean)} points)"
    yield "docs/audit.md", f"the same class cost {-donor['points']:.1f} points [{low:.1f}, {high:.1f}], so something"
    medians = [gate["gain"]["median"] for gate in reports[0]["gates"]]
    yield "docs/audit.md", f"own feature is {min(medians):.2f} to {max(medians):.2f} from".replace("-", "−")
    own, other = (reports[0]["together"][key]["points"] for key in ("class_mean", "other_class_mean"))
    assert own < other and max(medians) < -0.7


def every_test() -> Claims:
    """What the audit with every test says about CBAM."""
    report = summary("cbam")
    mean, donor = report["together"]["mean"], report["together"]["same_class"]
    assert mean["interval"][0] < -1 and mean["interval"][1] > 0 and donor["interval"][1] < 0
    yield "docs/audit.md", f"its mean over the data changes {points(mean)} points, so"
    yield "docs/audit.md", f"another photograph's gates of the same class change {points(donor)}, so"
    ablated = rows("types-90")["cbam"]["ablations"][0]
    every, (low, high) = ablated["mean"], ablated["mean"]["interval"]
    assert every["beyond_chance"] and report["data"]["photographs"] == ablated["images"]["count"]
    changes = f"{every['change']:.2f} [{low:.2f}, {high:.2f}]".replace("-", "−")
    yield (
        "docs/audit.md",
        f"On all {report['data']['photographs']:,} photographs the mean of all gates changes {changes} points",
    )
    worst = min(gate["alone"]["mean"]["points"] for gate in report["gates"])
    yield "docs/audit.md", f"No gate alone costs more than {-worst:.1f} points by its mean"
    row = next(row for row in report["knock_outs"] if row["k"] == 32)
    most, least = (-row[key]["points"] for key in ("gate", "gate_low"))
    yield (
        "docs/audit.md",
        f"without the 32 most open channels of every channel gate accuracy falls by {most:.1f} points, without the 32 least open by {least:.1f}",
    )
    yield "docs/audit.md", f"with every test, on {report['data']['tested']:,} of the photographs"


def masks_on_objects() -> Claims:
    names = ("cbam", "local-30", "spatial-30", "cbam-30")
    gates = {name: summary(name)["objects"] for name in names}
    every = [gate for of in gates.values() for gate in of]
    (photographs,) = {gate["photographs"] for gate in every}
    yield "docs/audit.md", f"On {photographs} photographs with boxes, ten of each class"
    centre = [gate["centre"][0] for gate in every]
    assert all(gate["energy"][2] < gate["centre"][1] for gate in every)
    yield "docs/audit.md", f"{min(centre):.2f} to {max(centre):.2f} times the object's share of the area"
    for name, of in gates.items():
        value, low, high = max(gate["energy"] for gate in of)
        yield "docs/audit.md", f"`{name}` {value:.2f} [{low:.2f}, {high:.2f}]"
    more = [gate["energy"][0] for gate in every if gate["energy"][1] > 1]
    assert sum(value < 1.12 for value in more) > len(more) / 2
    yield "docs/audit.md", f"{len(more)} of {len(every)} masks hold more than an even one does"


def a_mask_on_objects() -> Claims:
    """The network whose answer is read through its mask."""
    report = summary("pool")
    (gate,) = report["objects"]
    assert gate["photographs"] == 100 and gate["energy"][1] > gate["centre"][2]
    value, low, high = gate["energy"]
    yield "docs/audit.md", f"The mask holds {value:.2f} [{low:.2f}, {high:.2f}] times the object's share"
    value, low, high = (100 * share for share in gate["pointing"])
    yield "docs/audit.md", f"lies on the object in {value:.0f} of 100 photographs [{low:.0f}, {high:.0f}]"
    yield "docs/audit.md", f"that of the map of the centre in {100 * gate['centre_pointing'][0]:.0f}"
    donor = report["together"]["same_class"]
    low, high = sorted(-value for value in donor["interval"])
    yield "docs/audit.md", f"cost {-donor['points']:.1f} points [{low:.1f}, {high:.1f}]"
    ours, none = (load_card(name, FOLDER).metrics["top1"] for name in ("pool", "none"))
    assert ours < none
    yield "docs/audit.md", f"{ours:.2f} %, is not better than that of `none`, {none:.2f} %"


def a_mask_on_objects_that_hardly_matters() -> Claims:
    report = summary("gc-30")
    more = [gate for gate in report["objects"] if gate["energy"][1] > gate["centre"][2]]
    beside = [gate for gate in report["objects"] if gate["energy"][1] > gate["centre"][0]]
    assert more and all(gate["gate"].endswith("pooling") for gate in report["objects"])
    yield "docs/audit.md", f"in {len(beside)} of {len(report['objects'])} gates more than the map of the centre"
    value, low, high = report["objects"][0]["energy"]
    yield "docs/audit.md", f"({value:.2f} [{low:.2f}, {high:.2f}] in the first)"
    mean = report["together"]["mean"]
    assert mean["interval"][0] < 0 < mean["interval"][1]
    yield "docs/audit.md", f"replaced by their mean change {points(mean)} points"
    report = summary("abn")
    (gate,) = report["objects"]
    assert gate["energy"][1] > 1 and gate["energy"][2] < gate["centre"][1]
    value, low, high = gate["energy"]
    yield "docs/audit.md", f"The mask holds {value:.2f} [{low:.2f}, {high:.2f}] times the object's share, more than"
    assert report["sentences"][0]["rule"] == "would_do"
    yield "docs/audit.md", f"its mean over the data changes {points(report['together']['mean'])} points."


def measured() -> Claims:
    """What an audit costs here."""
    speed, memory = read_results("audit-speed")["speed"], read_results("audit-speed")["memory_mb"]
    assert list(speed) == ["cbam", "timm:seresnet50"] and list(memory) == ["1000", "100000"]
    few, many = memory.values()
    yield (
        "docs/scale.md",
        f"makes {speed['cbam']['ratio']:.2f} times as many photographs a second on `cbam` and "
        f"{speed['timm:seresnet50']['ratio']:.2f} times on",
    )
    yield (
        "docs/scale.md",
        f"has read 100,000 photographs took {many:.0f} MB at its highest, one that has read 1,000 took {few:.0f} MB",
    )
    actors = read_results("audit-actors")
    yield "docs/scale.md", f"one thread each read {actors['ratio']:.2f} times as many as one"
    whole = summary("cbam")
    data = whole["data"]
    yield (
        "docs/scale.md",
        f"every test on {data['tested']:,} of {data['photographs']:,} photographs took {whole['run']['seconds']} seconds",
    )


RATE, GATES = 1000, 15_000
"""Photographs a second and process, and weights of gates, of the example on paper."""
SETS = {"ImageNet": 1_281_167, "a billion": 10**9}


def scale() -> Claims:
    """What two data sets would cost, by the formulas of the page."""
    hours = [count / RATE / 3600 for count in SETS.values()]
    size = [2 * count * GATES for count in SETS.values()]
    yield "docs/scale.md", f"| photographs | {SETS['ImageNet']:,} | {SETS['a billion']:,} |"
    yield (
        "docs/scale.md",
        f"| reading, one process at {RATE:,} a second | {60 * hours[0]:.0f} minutes | {hours[1] / 24:.1f} days |",
    )
    yield (
        "docs/scale.md",
        f"| reading, 64 such processes | {3600 * hours[0] / 64:.0f} seconds | {hours[1] / 64:.1f} hours |",
    )
    yield (
        "docs/scale.md",
        f"| `gates.parquet` of {GATES:,} weights, at most | {size[0] / 1e9:.0f} GB | {size[1] / 1e12:.0f} TB |",
    )
