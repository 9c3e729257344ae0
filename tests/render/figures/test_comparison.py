import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.core.gate_map import HOW, Mask
from attnviz.core.sites import GateSite
from attnviz.core.types import GateRecord, PreparedImage
from attnviz.render.colour import GATE_SCALE
from attnviz.render.figures.comparison import Sheet, SheetRow, comparison_sheet, flat_facts
from attnviz.render.figures.style import to_png
from attnviz.render.masks import DEPTHS, Scores, mask_of, scores_of
from attnviz.render.shared_scales import CHOICES, GROUPS, aligned, scales, spread

RNG = np.random.default_rng(0)


def gate(kind, shape, name="layer.gate", features=(1, 4, 8, 8), pairs="place", owner="layer"):
    over = ("batch", *["channel"] * (len(shape) - 3), pairs, pairs) if kind == "pairwise" else ()
    return GateRecord(
        GateSite(name, kind, shape, features, over=over, owner=owner), RNG.random(shape, dtype=np.float32)
    )


def test_a_spatial_gate_is_its_own_mask_and_comes_before_other_kinds():
    spatial, full = gate("spatial", (1, 1, 8, 8), "a"), gate("full", (1, 4, 8, 8), "b")
    found = mask_of([full, spatial])
    assert found.how == "spatial" and found.gate == "a"
    assert np.array_equal(found.values, spatial.values[0, 0])
    assert np.allclose(mask_of([full]).values, full.values[0].mean(0))


def test_depths_pick_among_the_masks_of_a_network():
    gates = [gate("spatial", (1, 1, n, n), f"g{n}") for n in (16, 8, 4)]
    assert {depth: mask_of(gates, depth).gate for depth in DEPTHS} == {
        "fine": "g8",
        "first": "g16",
        "middle": "g8",
        "last": "g4",
    }
    assert mask_of(gates[2:], "fine").gate == "g4"
    with pytest.raises(UserError, match="unknown depth"):
        mask_of(gates, "x")


def test_rows_and_columns_of_one_module_are_multiplied():
    rows, columns = gate("strip", (1, 4, 8, 1), "m.rows"), gate("strip", (1, 4, 1, 8), "m.columns")
    expected = np.einsum("ci,cj->ij", rows.values[0, :, :, 0], columns.values[0, :, 0]) / 4
    found = mask_of([rows, columns])
    assert found.how == "strips"
    assert np.allclose(found.values, expected)
    assert mask_of([rows]).values.shape == (8, 1)


def test_rows_and_columns_of_different_modules_are_not_multiplied():
    rows = gate("strip", (1, 4, 8, 1), "layer.0:0", owner="layer.0")
    columns = gate("strip", (1, 4, 1, 8), "layer.1:0", owner="layer.1")
    assert mask_of([rows, columns]).how == "strip"


def test_weights_within_windows_are_no_map_of_the_photograph():
    record = gate("pairwise", (4, 2, 16, 16))
    windows = GateSite("w", "pairwise", (4, 2, 16, 16), (4, 2, 16, 8), over=("place", "channel", "place", "place"))
    assert mask_of([record]) is not None
    assert mask_of([GateRecord(windows, record.values)]) is None


def test_a_pairwise_gate_is_read_at_the_place_that_asks():
    record = gate("pairwise", (1, 2, 64, 16), "layer.attention")
    mean = record.values[0].mean(0)
    for query, place in (((0, 0), 0), ((0.5, 0.5), 4 * 8 + 4), ((1, 1), 63), ((0.99, 0), 56)):
        found = mask_of([record], query=query)
        assert (found.how, found.grid, found.values.shape) == ("query", (8, 8), (4, 4))
        assert np.allclose(found.values.ravel(), mean[place])
        assert found.query == divmod(place, 8)
    with pytest.raises(UserError, match="0..1"):
        mask_of([record], query=(1.5, 0))


@pytest.mark.parametrize("aspect", [0.5, 2.0])
def test_places_of_an_oblong_input_are_laid_out_in_its_shape(aspect):
    found = mask_of([gate("pairwise", (1, 32, 32), "layer")], aspect=aspect)
    assert found.values.shape == ((4, 8) if aspect == 0.5 else (8, 4))


def test_channels_that_look_at_channels_are_no_mask():
    for name in ("layer.channel", "cam", "head.1", "places"):
        for features in ((1, 16, 64), (1, 16, 16), (1, 16, 8, 8)):
            assert mask_of([gate("pairwise", (1, 16, 16), name, features, pairs="channel")]) is None
    assert mask_of([gate("pairwise", (1, 16, 16), "layer.channel")]).how == "query"  # whatever it is called
    assert mask_of([gate("pairwise", (1, 16, 16), pairs="")]) is None  # nobody knows
    assert mask_of([gate("pairwise", (1, 7, 7), "layer")]) is None  # 7 places form no square
    assert mask_of([gate("channel", (1, 4, 1, 1))]) is None
    assert mask_of([]) is None


def test_bars_are_channel_gates_else_what_is_added():
    channel, added = gate("channel", (1, 4, 1, 1), "c"), gate("added", (1, 4, 1, 1), "a")
    assert scores_of([added, channel]).gate == "c"
    assert scores_of([added]).kind == "added"
    assert scores_of([gate("spatial", (1, 1, 8, 8))]) is None


def test_gates_share_a_fixed_scale_and_other_maps_a_range_of_their_own_kind():
    low, high = np.full((2, 2), 0.2, np.float32), np.full((2, 2), 0.6, np.float32)
    small = np.full((2, 2), 0.01, np.float32)
    pictures = [("spatial", low), None, ("channel", high), ("query", small), ("attribution", -high)]
    fixed = scales(pictures)
    assert fixed[0] is GATE_SCALE and fixed[2] is GATE_SCALE and fixed[1] is None
    assert (fixed[3].low, fixed[3].high) == (0, pytest.approx(0.01))
    assert fixed[4].mode == "diverging"
    shared = scales(pictures, "shared")
    assert shared[0] == shared[2] and (shared[0].low, shared[0].high) == (pytest.approx(0.2), pytest.approx(0.6))
    own = scales(pictures, "own")
    assert own[0] != own[2]
    with pytest.raises(UserError, match="unknown scale"):
        scales(pictures, "x")


def test_every_way_to_a_mask_can_be_scaled_and_named():
    assert set(HOW) <= set(GROUPS)
    assert {"fixed", "shared", "own"} == set(CHOICES)


@pytest.mark.parametrize("choice", CHOICES)
def test_flat_maps_have_a_scale(choice):
    for value in (0.0, 0.5):
        for scale in scales([(kind, np.full((3, 3), value, np.float32)) for kind in GROUPS], choice):
            assert scale.low < scale.high


def test_maps_are_compared_on_the_finer_grid():
    a, b = np.arange(4, dtype=np.float32).reshape(2, 2), np.zeros((4, 4), np.float32)
    left, right = aligned(a, b)
    assert left.shape == right.shape == (4, 4)
    assert np.array_equal(left, np.kron(a, np.ones((2, 2))))


def test_the_spread_of_a_gate_over_images_is_zero_where_it_ignores_them():
    one = RNG.random((4, 4)).astype(np.float32)
    between, within = spread([one, one, one])
    assert between == pytest.approx(0, abs=1e-7)
    assert within == pytest.approx(one.std(), rel=1e-5)
    maps = [one, one + np.float32(0.2)]
    assert spread(maps)[0] == pytest.approx(0.2 / np.sqrt(2), rel=1e-4)
    for wrong in ([one], [one, one[:2]]):
        with pytest.raises(UserError, match="two or more maps of one shape"):
            spread(wrong)


def sheet(count, **changes):
    pixels = RNG.integers(0, 255, (60, 80, 3), dtype=np.uint8)
    image = PreparedImage(pixels, (10, 0, 70, 60), pixels[:32, :32], (80, 60))
    mask, scores = Mask(RNG.random((4, 4), dtype=np.float32), "$g_1$"), RNG.random(16, dtype=np.float32)
    row = {
        "title": "net <b>$x$",
        "about": ("Accuracy 90 %",),
        "image": image,
        "mask": mask,
        "mask_scale": GATE_SCALE,
        "scores": Scores(scores, "c", "channel"),
        "scores_scale": GATE_SCALE,
        "attribution": RNG.random((32, 32), dtype=np.float32),
        "attribution_scale": GATE_SCALE,
        "explained": "church",
        "top": (("church", 0.9), ("cat", 0.1)),
        "numbers": "softmax",
    }
    made = SheetRow(**{**row, **changes})
    return Sheet("Two", "Photograph", (made,) * count, "Grad-CAM", "class “church”", "fixed", {"attnviz": "1.2.3"})


def test_a_sheet_names_rows_class_scale_and_versions():
    figure = comparison_sheet(sheet(2))
    texts = " ".join(t.get_text() for t in figure.texts)
    for part in ("net <b>$x$", "Accuracy 90 %", "church", "Grad-CAM", "attnviz 1.2.3", "$g_1$", "90.0 %"):
        assert part in texts
    assert to_png(figure, 40).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("numbers", "value", "text", "bars"),
    [
        ("softmax", 0.9, "90.0 %", True),
        ("sigmoid", 0.25, "25.0 %", True),
        ("logits", 5.256, "5.256", False),
        ("logits", -3.5, "-3.5", False),
    ],
)
def test_only_a_probability_is_told_in_per_cent_and_has_a_bar(numbers, value, text, bars):
    figure = comparison_sheet(sheet(1, mask=None, scores=None, top=(("church", value),), numbers=numbers))
    assert text in {t.get_text() for t in figure.texts}
    assert bool(figure.axes[-1].patches) == bars


def test_a_sheet_says_what_is_missing_and_how_many_rows_fit():
    figure = comparison_sheet(sheet(1, mask=None, scores=None, attribution=None))
    texts = " ".join(t.get_text().replace("\n", " ") for t in figure.texts)
    assert "no gate with one weight per place" in texts and "not computed" in texts
    for count in (0, 9):
        with pytest.raises(UserError, match=f"1..8 rows, got {count}"):
            comparison_sheet(sheet(count))


def test_facts_are_short_texts():
    facts = {"device": "cpu", "milliseconds": 38.2134, "versions": {"torch": "2.11.0"}}
    assert flat_facts(facts) == ["device cpu", "milliseconds 38.21", "torch 2.11.0"]
