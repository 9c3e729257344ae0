import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from attnviz.analysis.analyser import analyse
from attnviz.core.errors import UserError
from attnviz.core.kinds import KINDS
from attnviz.core.sites import GateSite
from attnviz.core.types import Analysis, GateRecord
from attnviz.render.export import file_name, gates_csv, summary, write_exports


@pytest.fixture(scope="module")
def analysis(checkpoints):
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    return analyse(checkpoints / "cbam.json", Image.fromarray(pixels))


def test_the_files(analysis, tmp_path):
    files = write_exports(analysis, tmp_path / "new" / "folder")
    names = [f.name for f in files]
    assert sorted(names) == sorted(p.name for p in (tmp_path / "new" / "folder").iterdir())
    assert sum(n.startswith("overlay-") for n in names) == 4 and sum(n.startswith("channels-") for n in names) == 4
    assert {"gates.png", "channel-map.png", "gates.csv", "analysis.json"} <= set(names)
    for path in files:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                assert picture.format == "PNG" and min(picture.size) > 100


@pytest.mark.parametrize(("kind", "begins"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_pictures_of_every_format_have_a_caption_in_words(analysis, kind, begins, tmp_path):
    few = Analysis("m", analysis.image, analysis.labels, analysis.logits, analysis.gates[:2], {"attnviz": "9.9"})
    pictures = [p for p in write_exports(few, tmp_path, kind=kind, dpi=50) if p.suffix == f".{kind}"]
    assert all(p.read_bytes().startswith(begins) for p in pictures)
    text = (tmp_path / "captions.txt").read_text(encoding="utf-8")
    assert "Network m, a photograph of 120×90 pixels" in text and "attnviz 9.9" in text
    told = dict(line.split(": ", 1) for line in text.split("\n\n")[1].splitlines())
    assert set(told) == {p.name for p in pictures}
    channel, spatial = (record.site.name for record in few.gates)
    assert f"channel gate {channel}, 8 channels; min" in told[f"channels-{channel}.{kind}"]
    mask = told[f"overlay-{spatial}.{kind}"]
    assert f"spatial gate {spatial}" in mask and "scale 0–1 (fixed)" in mask and "viridis, opacity 55%" in mask


def test_the_table_has_every_weight(analysis):
    rows = list(csv.DictReader(io.StringIO(gates_csv(analysis))))
    assert len(rows) == sum(g.values.size for g in analysis.gates)
    mask = analysis.gate("stage3.0.attention.spatial").mask
    mine = [r for r in rows if r["gate"] == "stage3.0.attention.spatial"]
    assert {r["channel"] for r in mine} == {""}
    for r in mine:
        assert float(r["value"]) == pytest.approx(mask[int(r["row"]), int(r["column"])], rel=1e-5)
    scores = [float(r["value"]) for r in rows if r["gate"] == "stage4.0.attention.channel"]
    assert scores == pytest.approx(analysis.gate("stage4.0.attention.channel").scores.tolist(), rel=1e-5)


def test_the_summary_is_json_with_every_prediction_and_gate(analysis):
    values = json.loads(json.dumps(summary(analysis)))
    assert sum(p["probability"] for p in values["predictions"]) == pytest.approx(1, abs=1e-5)
    assert [g["name"] for g in values["gates"]] == [g.site.name for g in analysis.gates]
    assert values["photograph"]["seen_by_network"] == {"left": 15, "top": 0, "right": 105, "bottom": 90}


SHAPES = {
    "channel": (1, 3, 1, 1), "spatial": (1, 1, 2, 2), "strip": (1, 3, 2, 1), "branch": (1, 2, 3, 1, 1),
    "full": (1, 3, 2, 2), "pairwise": (1, 1, 4, 4), "added": (1, 3, 1, 1), "geometric": (1, 2, 3),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_can_be_written(analysis, kind, tmp_path):
    shape = SHAPES[kind]
    over = ("batch", *["channel"] * (len(shape) - 3), "place", "place") if kind == "pairwise" else ()
    record = GateRecord(GateSite("g", kind, shape, (1, 3, 2, 2), over=over), np.full(shape, 0.5, np.float32))
    one = Analysis("m", analysis.image, analysis.labels, analysis.logits, (record,))
    assert (tmp_path / "gates.csv") in write_exports(one, tmp_path)
    pictures = {p.name for p in tmp_path.glob("*-g.png")}
    places, numbers = kind in ("spatial", "strip", "full", "pairwise"), kind in ("channel", "added")
    assert pictures == ({"overlay-g.png"} if places else {"channels-g.png"} if numbers else set())
    rows = (tmp_path / "gates.csv").read_text().splitlines()[1:]
    assert len(rows) == (0 if kind == "pairwise" else record.values.size)


@pytest.mark.parametrize("shape", [(1, 3, 1, 1), (1, 3, 2, 2), (1, 0, 2, 2)])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_what_json_cannot_say_is_null(analysis, number, shape, tmp_path):
    def refuse(constant):
        raise ValueError(constant)

    kind = "full" if shape[2] > 1 else "channel"
    record = GateRecord(GateSite("g", kind, shape, (1, 3, 2, 2)), np.full(shape, number, np.float32))
    logits = np.full_like(analysis.logits, number)
    write_exports(Analysis("m", analysis.image, analysis.labels, logits, (record,), scores="logits"), tmp_path)
    values = json.loads((tmp_path / "analysis.json").read_text(), parse_constant=refuse)
    assert [values["gates"][0][key] for key in ("min", "mean", "max", "std")] == [None] * 4
    assert {p["logit"] for p in values["predictions"]} == {None}


@pytest.mark.parametrize(
    ("kind", "last", "first"),
    [("channel", (1, 1, 1, 3), (1, 3, 1, 1)), ("spatial", (1, 2, 3, 1), (1, 1, 2, 3))],
)
def test_a_table_of_a_network_with_channels_last(analysis, kind, last, first):
    def table(shape):
        values = np.linspace(0, 1, 3 if kind == "channel" else 6, dtype=np.float32).reshape(shape)
        record = GateRecord(GateSite("g", kind, shape, (1, 3, 2, 3)), values)
        return gates_csv(Analysis("m", analysis.image, analysis.labels, analysis.logits, (record,)))

    assert table(last) == table(first)


@pytest.mark.parametrize("options", [{"opacity": 2}, {"cmap": "viridiss"}, {"scale": "fix"}])
def test_a_bad_setting_writes_nothing(analysis, options, tmp_path):
    with pytest.raises(UserError):
        write_exports(analysis, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made(analysis, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot be written"):
        write_exports(analysis, tmp_path / "file" / "out")


def test_gate_names_make_safe_file_names():
    assert file_name("stage1.0.attention.channel") == "stage1.0.attention.channel"
    assert file_name("../../etc/passwd") == "-..-etc-passwd"
    assert file_name("a:b#2<c>") == "a-b-2-c-" and file_name("...") == "gate"
