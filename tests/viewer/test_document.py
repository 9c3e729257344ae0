import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import attnviz.viewer.document
from attnviz.core.errors import UserError
from attnviz.core.kinds import KINDS
from attnviz.core.outline import Unit
from attnviz.core.types import ChannelMap, PreparedImage
from attnviz.viewer.document import BUDGET, Range, document, to_json
from attnviz.viewer.packing import pack
from attnviz.viewer.photograph import SIDE, reduced
from tests.render.synthetic import analysis, channel, every_kind, record, spatial
from tests.viewer.reader import unpack
from tests.viewer.schema import check

SCHEMA = json.loads(Path(attnviz.viewer.document.__file__).with_suffix(".schema.json").read_text())
EVIL = "</script><img src=x onerror=alert(1)>\"'&\N{LINE SEPARATOR}"


def view_of(gates=None, **options):
    """A document that went through text, as a browser gets it."""
    text = to_json(document(analysis(gates), **options))
    view = json.loads(text)
    check(view, SCHEMA)
    return view


def values(gate, part):
    return unpack(gate[part])


def test_scores_keep_every_bit_and_maps_about_three_digits():
    scored, mask = channel("a", 512), spatial("b", 14)
    view = view_of((scored, mask))
    assert np.array_equal(values(view["gates"][0], "scores"), scored.scores)
    assert np.allclose(values(view["gates"][1], "map"), mask.mask, rtol=1e-3)


@pytest.mark.parametrize("gate", every_kind(), ids=lambda gate: gate.site.kind)
def test_every_kind_has_something_to_draw_and_a_name_in_both_languages(gate):
    entry = view_of((gate,))["gates"][0]
    assert entry["parts"] and entry["left_out"] is None
    assert entry["words"] == dict(zip(("en", "zh"), KINDS[gate.site.kind].words, strict=True))


def test_what_a_pairwise_gate_asks_is_whole_where_it_is_small_and_one_map_where_it_is_not():
    rng = np.random.default_rng(0)
    small, large = (record("a", "pairwise", rng.uniform(size=(1, 2, n, n))) for n in (64, 256))
    first, second = (view_of((gate,))["gates"][0] for gate in (small, large))
    assert np.allclose(values(first, "asks"), small.values[0].mean(0), rtol=1e-3)
    assert second["parts"] == ["map"] and second["grid"] == [16, 16]


def test_what_an_audit_says_of_a_gate_stands_with_it():
    said = {"photographs": 300, "sentences": [{"en": "It would do.", "zh": "够了。", "costs": False}]}
    first, second = view_of((channel("a", 8), spatial("b", 8)), verdicts={"b": said, "not there": said})["gates"]
    assert first["verdict"] is None and second["verdict"] == said


def test_4096_channels_one_channel_and_nan():
    many, one = channel("many", 4096), channel("one", 1)
    holed = channel("holed", 8)
    holed = replace(holed, values=np.where(np.arange(8).reshape(1, 8, 1, 1) == 3, np.nan, holed.values))
    lost = replace(channel("lost", 8), values=np.full((1, 8, 1, 1), np.nan, np.float32))
    entries = view_of((many, one, holed, lost))["gates"]
    assert values(entries[0], "scores").size == 4096 and values(entries[1], "scores").size == 1
    assert np.isnan(values(entries[2], "scores")).sum() == 1
    assert entries[3]["left_out"] == "empty" and entries[3]["parts"] == []


def test_what_is_too_large_is_left_out_and_said():
    view = view_of((spatial("huge", 400), spatial("small", 8)))
    assert [gate["left_out"] for gate in view["gates"]] == ["large", None]
    full = view_of(tuple(channel(f"g{i}", 4096) for i in range(60)))
    left = [gate["left_out"] for gate in full["gates"]]
    assert left[0] is None and left[-1] == "crowded" and len(to_json(full)) < 1_000_000


def test_two_hundred_gates_and_none():
    view = view_of(tuple(channel(f"g{i}", 64, i) for i in range(200)))
    assert len(view["gates"]) == 200 and view["network"]["units"][0]["gates"] == list(range(200))
    none = document(replace(analysis(), gates=()))
    check(none, SCHEMA)
    assert none["first"] is none["open"] is None and none["gates"] == []


def test_a_document_fits_its_budget_and_a_grainy_photograph_loses_quality_for_that():
    """Noise is the worst that a JPEG can get."""
    pixels = np.random.default_rng(0).integers(0, 256, (640, 480, 3), np.uint8)
    grainy = PreparedImage(pixels, (0, 0, 480, 480), np.zeros((32, 32, 3), np.uint8), (480, 640))
    smooth = replace(grainy, pixels=np.full_like(pixels, 90))
    sizes = [len(to_json(document(replace(analysis(), image=image)))) for image in (grainy, smooth)]
    assert sizes[1] < sizes[0] <= BUDGET


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1), (641, 639)])
def test_photographs_of_any_shape(size):
    width, height = size
    image = PreparedImage(
        np.zeros((height, width, 3), np.uint8), (0, 0, width, height), np.zeros((8, 8, 3), np.uint8), size
    )
    check(document(replace(analysis(), image=image)), SCHEMA)


def test_the_box_stays_inside_and_is_never_empty():
    for box in ((0, 0, 1, 1), (4999, 0, 5000, 1), (17, 0, 18, 1)):
        pixels, (left, top, right, bottom) = reduced(np.zeros((1, 5000, 3), np.uint8), box)
        assert pixels.shape[1] == SIDE and 0 <= left < right <= SIDE and (top, bottom) == (0, 1)


def test_usual_ranges_features_and_the_line_are_in_it():
    gates = (channel("s1.se", 16), spatial("s1.sp"))
    thirds = [np.full(16, v, np.float32) for v in (0.2, 0.4, 0.6)]
    found = ChannelMap(gates[0].site, 3, np.ones((8, 8), np.float32), 0.5, 1)
    line = (Unit("stem", 3, False, False, (8, 16, 16)), Unit("s1", 9, True, True, (16, 8, 8), ("s1.se", "s1.sp")))
    made = document(
        replace(analysis(gates), outline=line),
        usual={"s1.se": Range(*thirds, 99), "other": Range(*thirds, 99)},
        features=[found],
        labels={"cat": "猫"},
        gate="s1.se",
    )
    check(made, SCHEMA)
    assert values(made["gates"][0]["usual"], "high")[0] == np.float32(0.6) and made["gates"][1]["usual"] is None
    assert made["features"][0]["channel"] == 3 and made["open"] == 0
    assert [unit["gates"] for unit in made["network"]["units"]] == [[], [0, 1]]
    assert made["prediction"]["top"][0] == {"en": "cat", "zh": "猫", "text": "50.6 %"}
    with pytest.raises(UserError, match="no gate"):
        document(analysis(gates), gate="nonsense")


def test_names_are_carried_as_they_are():
    view = json.loads(to_json(document(analysis((channel(EVIL, 8),), labels=(EVIL, "b"), model=EVIL))))
    assert view["model"]["id"] == view["gates"][0]["name"] == view["prediction"]["top"][0]["en"] == EVIL


def test_packing_is_little_endian_and_float16_does_not_overflow():
    assert pack(np.float32([1.0]), "f4")["data"] == "AACAPw=="
    big = unpack(pack(np.float32([1e9, -1e9, np.nan]), "f2"))
    assert big[0] == 65504 and big[1] == -65504 and np.isnan(big[2])
