"""What was asked for and not done is said, and no number stands where nothing was measured."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import attnviz.audit.replacements as replacements
from attnviz.analysis.analyse_many import save_npz
from attnviz.analysis.analyser import Analyser
from attnviz.analysis.timing import costs
from attnviz.audit.objects import ObjectTests, energy_ratio
from attnviz.audit.photographs import given, in_folder
from attnviz.audit.run import audit
from attnviz.audit.settings import Settings
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.models.wrap import wrap
from tests.audit.conftest import LABELS, Gated, follows, photographs, prepared

QUICK = Settings(tests=24, quick=True, workers=0)


class Two(Gated):
    """A mask over places beside the gate over channels."""

    def __init__(self):
        super().__init__(follows, 0.5)
        torch.manual_seed(0)
        self.mask = nn.Conv2d(3, 1, 1)

    def forward(self, x):
        return super().forward(x) + (x * torch.sigmoid(self.mask(x))).mean((2, 3))


@pytest.mark.parametrize(("largest", "replaced"), [(2**17, 2), (10, 1), (2, 0)])
def test_of_gates_that_are_too_large_nothing_is_said(monkeypatch, largest, replaced):
    monkeypatch.setattr(replacements, "LARGEST_DONOR", largest)
    pictures, classes = photographs(48)
    settings = Settings(tests=24, workers=0)
    report = audit(prepared(Two()), pictures, list(classes), settings=settings).summary
    together, rules = report["together"], {sentence["rule"] for sentence in report["sentences"]}
    assert sum(gate["replaced"] for gate in report["gates"]) == replaced
    assert ("mean" in together) == bool(replaced) and "neutral" in together
    assert bool(rules & {"would_do", "would_not_do", "constant_open"}) == bool(replaced)
    told = [sentence["en"] for sentence in report["sentences"] if sentence["rule"].startswith(("would", "constant"))]
    assert all(text.startswith("1 of 2 gates together" if replaced == 1 else "All gates together") for text in told)
    for gate in report["gates"]:
        assert "neutral" in gate["alone"] and ("mean" in gate["alone"]) == gate["replaced"]


@pytest.mark.parametrize("split", ["val", "test", "validation"])
def test_the_part_that_was_asked_for_is_taken_first(tmp_path, split):
    pictures, classes = photographs(30)
    for part in ("val", "test", "validation"):
        for number, (picture, label) in enumerate(zip(pictures, classes, strict=True)):
            (tmp_path / part / LABELS[label]).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(tmp_path / part / LABELS[label] / f"{part}{number}.png")
    assert all(split in name for name in in_folder(tmp_path, LABELS, split).names)
    (tmp_path / split).rename(tmp_path / "gone")
    assert len(in_folder(tmp_path, LABELS, split)) == 30  # what else it may be called


@pytest.mark.parametrize("form", [lambda p: p, Image.fromarray, lambda p: p.astype(np.float32) / 255])
def test_pictures_in_memory_are_told_apart(form):
    pictures, _ = photographs(12)
    one, other = [form(p) for p in pictures], [form(p[::-1].copy()) for p in pictures]
    assert given(one, LABELS).fingerprint == given(list(one), LABELS).fingerprint
    assert given(one, LABELS).fingerprint != given(other, LABELS).fingerprint
    assert given((p for p in one), LABELS).names == given(one, LABELS).names


@pytest.mark.parametrize(("images", "labels"), [(None, None), (3, None), (object(), None), ("pictures", 3)])
def test_what_is_no_list_of_photographs(follower, images, labels):
    with pytest.raises(UserError, match="several (pictures|names or numbers), got"):
        audit(follower, photographs(12)[0] if images == "pictures" else images, labels, settings=QUICK)


class Broken(Gated):
    """Some photographs come out as what is no number."""

    def __init__(self, where, value):
        super().__init__(lambda means: follows(means) + (self.bad if where == "gate" else 0), 0.5)
        self.where, self.value, self.bad = where, value, 0.0

    def forward(self, x):
        answer = super().forward(x).nan_to_num(nan=0.5)
        return (
            answer + torch.where(torch.arange(len(x)) == 0, self.bad, 0.0)[:, None]
            if self.where == "answer"
            else answer
        )


@pytest.mark.parametrize(
    ("where", "value", "says"),
    [
        ("answer", float("nan"), "the network scores some .* no finite number"),
        ("answer", float("inf"), "the network scores some .* no finite number"),
        ("gate", float("nan"), "holds what is no finite number"),
    ],
)
def test_what_is_no_number_is_not_counted(where, value, says):
    network = prepared(Broken(where, value))
    network.module.bad = value
    with pytest.raises(UserError, match=says):
        audit(network, photographs(24)[0], settings=QUICK)
    if where == "answer":
        with pytest.raises(UserError, match="no finite number"):
            Analyser(network).analyse(photographs(1)[0][0])


@pytest.mark.parametrize(
    "other", [{"mean": (0.1, 0.1, 0.1)}, {"std": (2.0, 2.0, 2.0)}, {"fit": "squash"}, {"scores": "sigmoid"}]
)
def test_an_audit_is_not_gone_on_with_where_the_network_is_given_something_else(tmp_path, other):
    pictures, net = photographs(24)[0], Gated(follows, 0.5).eval()
    asked = {"size": 12, "mean": (0.0,) * 3, "std": (1.0,) * 3, "labels": LABELS, "scores": "softmax"}
    audit(wrap(net, **asked), pictures, out=tmp_path, settings=QUICK)
    with pytest.raises(UserError, match="another meaning"):
        audit(wrap(net, **{**asked, **other}), pictures, out=tmp_path, settings=QUICK, resume=True)
    audit(wrap(net, **asked), pictures, out=tmp_path, settings=QUICK, resume=True)


def folders(root, count=24, start=0):
    pictures, classes = photographs(count + start)
    for number in range(start, count + start):
        (root / LABELS[classes[number]]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pictures[number]).save(root / LABELS[classes[number]] / f"{number}.png")
    return root


FACTORY = """
from tests.audit.conftest import Gated, LABELS, follows, prepared
def make(): return prepared(Gated(follows, 0.5))
"""


def test_finished_audits_are_compared_only_if_they_are_what_was_asked_for(tmp_path):
    pytest.importorskip("pyarrow")
    data, other = folders(tmp_path / "data"), folders(tmp_path / "other", start=5)
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(FACTORY)
    models = [f"{tmp_path / name}:make" for name in ("a.py", "b.py")]
    command = ["audit", models[0], "--compare", models[1], "--workers", "0", "--quick", "--out", str(tmp_path / "out")]
    assert main([*command, "--data", str(data), "--tests", "10"]) == 0
    assert main([*command, "--data", str(data), "--tests", "10", "--resume", "--figures", "svg"]) == 0
    assert len(list((tmp_path / "out").glob("*/figures/*.svg"))) > 1
    for asked in (["--data", str(other), "--tests", "10"], ["--data", str(data), "--tests", "5"]):
        assert main([*command, *asked, "--resume"]) == 2
    assert main([*command, "--data", str(data), "--tests", "10", "--raw", "--resume"]) == 2


def test_two_networks_do_not_share_a_folder(tmp_path, capsys):
    (tmp_path / "m").mkdir()
    for name in ("m/a.py", "m-a.py"):
        (tmp_path / name).write_text(FACTORY)
    models = [f"{tmp_path / name}:make" for name in ("m/a.py", "m-a.py")]
    command = ["audit", models[0], "--compare", models[1], "--data", str(folders(tmp_path / "data"))]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    assert "would be audited in one folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


SCRIPT = """
import attnviz
from tests.audit.conftest import Gated, follows, photographs, prepared
print("once")
report = attnviz.audit(prepared(Gated(follows, 0.5)), DATA, settings=attnviz_settings(tests=10, quick=True, workers=2))
print(report.summary["data"]["photographs"])
"""


@pytest.mark.slow
def test_a_script_without_a_guard_runs_once(tmp_path):
    data = folders(tmp_path / "data", 40)
    text = SCRIPT.replace("DATA", repr(str(data))).replace("attnviz_settings", "Settings")
    (tmp_path / "mine.py").write_text("from attnviz.audit.settings import Settings\n" + text)
    command, root = [sys.executable, str(tmp_path / "mine.py")], Path(__file__).parents[2]
    out = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert out.stdout.split() == ["once", "40"], out.stderr


def mask_of(form, file):
    """A square of 8 in the corner of 16, as a mask of some form."""
    inside = np.zeros((16, 16), bool)
    inside[:8, :8] = True
    arrays = {
        "eight bits": inside * np.uint8(3),
        "sixteen bits": inside * np.uint16(3),
        "colours": np.stack([inside * np.uint8(0), inside * np.uint8(0), inside * np.uint8(9)], 2),
        "clear outside": np.dstack([np.full((16, 16, 3), 40, np.uint8), inside * np.uint8(255)]),
        "grey and clear": np.dstack([np.full((16, 16), 9, np.uint8), inside * np.uint8(255)]),
    }
    if form == "palette":
        image = Image.fromarray(inside.astype(np.uint8), "P")
        image.putpalette([0, 0, 0, 255, 0, 0])
    elif form == "one bit":
        image = Image.fromarray(inside)
    else:
        image = Image.fromarray(arrays[form])
    image.save(file)


@pytest.mark.filterwarnings("ignore:'mode' parameter")
@pytest.mark.parametrize(
    "form",
    ["eight bits", "sixteen bits", "colours", "clear outside", "grey and clear", "palette", "one bit"],
)
def test_masks_of_any_form(tmp_path, form):
    (tmp_path / "masks").mkdir()
    mask_of(form, tmp_path / "masks" / "a.png")
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    objects = ObjectTests(tmp_path / "masks", ("a.png",), (tmp_path / "a.png",), InputSpec(size=(16, 16)))
    cover = objects._cover(0)
    assert cover.shape == (16, 16) and cover[:8, :8].min() == 1 and cover.sum() == 64


@pytest.mark.parametrize(
    "box", [(10, 10, 10.4, 15), (3, 3, 3, 3), (2, 5, 9, 5.1), (0, 0, 0.5, 0.5), (15, 15, 16, 16), (4.9, 4.9, 5.0, 5.0)]
)
def test_thin_boxes_are_a_pixel_wide(tmp_path, box):
    (tmp_path / "boxes.csv").write_text(f"file,x0,y0,x1,y1\na.png,{','.join(map(str, (*box[:2], *box[2:])))}\n")
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    objects = ObjectTests(tmp_path / "boxes.csv", ("a.png",), (tmp_path / "a.png",), InputSpec(size=(16, 16)))
    assert 0 < objects._cover(0).mean() < 1


def test_a_mask_below_zero_counts_by_its_size():
    mask, area = np.array([[-0.5, 0.5], [0.25, -0.25]]), np.array([[1.0, 0.0], [0.0, 0.0]])
    assert energy_ratio(mask, area) == pytest.approx(0.5 / 1.5 / 0.25)
    assert energy_ratio(-mask, area) == pytest.approx(energy_ratio(mask, area))


def test_pictures_of_another_form_are_named(follower, tmp_path):
    root = folders(tmp_path / "data")
    np.save(tmp_path / "data" / "red" / "odd.npy", np.zeros((12, 12, 3), np.float32))
    files = sorted(map(str, root.rglob("*.*")))
    with pytest.raises(UserError, match=r"odd\.npy: this picture is read as|others before it|cannot be read"):
        audit(follower, files, settings=QUICK)
    skip = Settings(tests=10, quick=True, workers=0, skip_unreadable=True)
    assert audit(follower, files, settings=skip).summary["data"]["photographs"] in (23, 24)


def test_a_class_of_which_nothing_can_be_read(follower, tmp_path):
    for label in LABELS[:2]:
        (tmp_path / label).mkdir()
    for number, picture in enumerate(photographs(12)[0]):
        Image.fromarray(picture).save(tmp_path / "red" / f"{number}.png")
        (tmp_path / "green" / f"{number}.png").write_bytes(b"no")
    with pytest.raises(UserError, match="there is one class only"):
        audit(follower, tmp_path, settings=Settings(tests=10, quick=True, workers=0, skip_unreadable=True))


def test_settings_take_a_path_as_text(tmp_path):
    assert Settings(boxes=str(tmp_path)).boxes == tmp_path
    with pytest.raises(UserError, match="boxes must be the path"):
        Settings(boxes=3)


def test_objects_that_could_not_be_measured_are_said(follower, tmp_path):
    data = folders(tmp_path / "data")
    rows = [f"{path.relative_to(data).as_posix()},0,0,1,1" for path in data.rglob("*.png")]
    (tmp_path / "boxes.csv").write_text("\n".join(["file,x0,y0,x1,y1", *rows]))  # all of every photograph
    settings = Settings(tests=10, quick=True, workers=0, boxes=tmp_path / "boxes.csv")
    report = audit(follower, data, settings=settings).summary
    assert report["objects"] == [] and any(english.startswith("objects: ") for english, _ in report["left_out"])


def test_costs_of_a_network_without_an_answer():
    network = wrap(Gated(follows, 0.5).eval(), size=12, scores="none")
    image = Analyser(network).prepare(photographs(1)[0][0])
    assert costs({"it": Analyser(network)}, {"it": image})["it"].parameters == 0


def test_a_table_of_gates_is_whole_or_the_old_one(follower, tmp_path, monkeypatch):
    analyser, file = Analyser(follower), tmp_path / "gates.npz"
    pairs = [("a.png", analyser.analyse(photographs(1)[0][0]))]
    assert save_npz(pairs, file) == 1
    before = file.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("attnviz.core.files._write_out", full)
    with pytest.raises(UserError, match="No space left"):
        save_npz(pairs, file)
    assert file.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["gates.npz"]
    monkeypatch.undo()
    assert save_npz(pairs, tmp_path / "plain") == 1 and (tmp_path / "plain.npz").is_file()


@pytest.mark.parametrize("factor", [1.0, 0.1, 0.01, 0.001])
def test_an_ordinary_photograph_is_about_one_however_small_the_gates_move(factor):
    network = prepared(Gated(lambda means: 0.5 + factor * follows(means), 0.5))
    settings = Settings(tests=0, workers=0)
    report = audit(network, photographs(120)[0], settings=settings).summary
    assert 0 <= max(value for _, value in report["unusual"]) < 5, json.dumps(report["unusual"])
