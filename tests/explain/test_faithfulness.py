"""Deletion and insertion against Quantus and a loop over pixels, rank correlation against SciPy, and what comes of it."""

import inspect
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr
from torch import nn

from attnviz.analysis.analyser import Analyser
from attnviz.analysis.attribute import explain
from attnviz.analysis.faithfulness import judge
from attnviz.analysis.faithfulness import sensitivity as trust_sensitivity
from attnviz.cli.main import main
from attnviz.core.errors import Cancelled, UserError
from attnviz.explain.attribution.fills import fill
from attnviz.explain.faithfulness import (
    Protocol,
    cascade,
    centre_map,
    curves,
    random_map,
    rank_correlation,
    sensitivity,
    upsample,
)
from attnviz.explain.faithfulness.curves import order
from attnviz.explain.faithfulness.results import Curves, Judged
from attnviz.explain.faithfulness.study import CENTRE, MEAN, Plan, Study
from attnviz.explain.faithfulness.summary import paired, spread, verdict
from attnviz.images.prepare import prepare
from attnviz.models.checkpoints import load
from tests.explain.attribution.nets import Dropping, Plain, image, make, same, state


def noise(size=16, seed=0):
    """A map without equal values."""
    return np.random.default_rng(seed).permutation(size * size).reshape(size, size).astype(np.float32)


def pixel_by_pixel(model, x, target, values, steps, empty, insert):
    """The curve as its definition says, one pixel and one picture after the other."""
    rows, columns = values.shape
    places = sorted(((r, c) for r in range(rows) for c in range(columns)), key=lambda place: -values[place])
    picture, other = (empty.clone(), x) if insert else (x.clone(), empty)
    shares, scores = [], []
    for step in range(steps + 1):
        for r, c in places[round(len(places) * (step - 1) / steps) if step else 0 : round(len(places) * step / steps)]:
            for channel in range(x.shape[1]):
                picture[0, channel, r, c] = other[0, channel, r, c]
        with torch.no_grad():
            scores.append(float(torch.softmax(model(picture.clone()), 1)[0, target]))
        shares.append(round(len(places) * step / steps) / len(places))
    return shares, scores


@pytest.mark.parametrize(("steps", "down", "up"), [(16, "zero", "blur"), (7, "mean", "zero"), (64, "blur", "mean")])
def test_the_curves_are_those_of_a_loop_over_pixels(steps, down, up):
    model, x, values = make(Plain).eval(), image(), noise()
    (found,) = curves(model, x, 2, [values], Protocol(steps, down, up))
    for scores, insert, name in ((found.deletion, False, down), (found.insertion, True, up)):
        shares, expected = pixel_by_pixel(model, x, 2, values, steps, fill(x, name), insert)
        np.testing.assert_allclose(found.shares, shares, atol=1e-6)
        np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)
        area = found.insertion_auc if insert else found.deletion_auc
        assert area == pytest.approx(np.trapezoid(expected, shares), rel=1e-5)


@pytest.mark.slow  # Quantus brings packages that take seconds to import
@pytest.mark.parametrize("insert", [False, True])
def test_the_curves_are_those_of_quantus(insert):
    import quantus
    from sklearn.metrics import auc

    model, x, values, steps = make(Plain).eval(), image(12), noise(12), 9
    empty = fill(x, "zero" if not insert else "blur")
    start, end = (empty, x) if insert else (x, empty)
    # Quantus replaces features of the flattened picture: here by those of the picture at the other end
    flipping = quantus.PixelFlipping(
        features_in_step=3 * 144 // steps,
        normalise=False,
        perturb_func=lambda arr, indices, **_: put(arr, indices, end.numpy().reshape(1, -1)),
        disable_warnings=True,
    )
    scores = flipping(
        model=model,
        x_batch=start.numpy(),
        y_batch=np.array([2]),
        a_batch=np.broadcast_to(values[None, None], (1, 3, 12, 12)).copy(),
        softmax=True,
        device="cpu",
        channel_first=True,
    )[0]
    (found,) = curves(model, x, 2, [values], Protocol(steps, "zero", "blur"))
    ours = found.insertion if insert else found.deletion
    np.testing.assert_allclose(ours[1:], scores, rtol=1e-5, atol=1e-6)
    area = found.insertion_auc if insert else found.deletion_auc
    assert area == pytest.approx(auc(found.shares, [ours[0], *scores]), rel=1e-5)


def put(arr, indices, values):
    changed = arr.copy()
    np.put_along_axis(changed, indices, np.take_along_axis(values, indices, 1), 1)
    return changed


class Corner(nn.Module):
    """Class 1 is how bright the upper left quarter is; nothing else matters."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(4.0))

    def forward(self, x):
        bright = self.scale * x[:, :, : x.shape[2] // 2, : x.shape[3] // 2].mean((1, 2, 3))
        return torch.stack((torch.zeros_like(bright), bright), 1)


def test_the_map_that_is_right_wins_and_its_opposite_loses():
    x = torch.full((1, 3, 16, 16), 1.0)
    right = np.zeros((16, 16), np.float32)
    right[:8, :8] = 1
    best, worst, centre = curves(Corner(), x, 1, [right, -right, centre_map((16, 16))], Protocol(16, "zero", "zero"))
    assert best.deletion_auc < centre.deletion_auc < worst.deletion_auc
    assert best.insertion_auc > centre.insertion_auc > worst.insertion_auc
    np.testing.assert_allclose(best.deletion[4:], 0.5)  # after a quarter of the pixels nothing is left
    np.testing.assert_allclose(worst.deletion[:13], worst.deletion[0])
    np.testing.assert_allclose(best.deletion[::-1], worst.insertion, rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(-3, 3, width=16)),
    st.integers(0, 99),
)
def test_pixels_go_from_the_largest_value_to_the_smallest(values, seed):
    places = order(values, seed)
    assert sorted(places.ravel()) == list(range(values.size))
    assert (np.diff(values.ravel()[np.argsort(places.ravel())]) <= 0).all()


def test_equal_values_go_in_no_order():
    flat = np.zeros((20, 20))
    middles = [order(flat, seed)[:10].mean() for seed in range(20)]
    assert 180 < np.mean(middles) < 220 and np.std(middles) > 1
    assert np.array_equal(order(flat, 3), order(flat, 3)) and not np.array_equal(order(flat, 3), order(flat, 4))


@pytest.mark.parametrize("training", [False, True])
def test_the_model_is_left_as_it_was(training):
    model, x = make(Dropping, training), image()
    before, given = state(model), x.clone()
    one, again = (curves(model, x, 0, [noise()]) for _ in range(2))
    assert np.array_equal(one[0].deletion, again[0].deletion)  # dropout is off
    assert same(before, state(model)) and torch.equal(x, given)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (3, 2)])
def test_pictures_with_fewer_pixels_than_steps(size):
    (found,) = curves(Corner(), torch.ones(1, 3, *size), 1, [np.ones(size)], Protocol(64, "zero", "zero"))
    assert len(found.shares) == size[0] * size[1] + 1 or size == (1, 1)
    assert found.shares[0] == 0 and found.shares[-1] == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"maps": [np.zeros((8, 8))]}, r"size of the input \(16, 16\), got \(8, 8\)"),
        ({"maps": [np.full((16, 16), np.nan)]}, "256 values that are not"),
        ({"maps": [np.zeros((1, 16, 16))]}, r"\(H, W\)"),
        ({"target": 4}, r"0\.\.3, got 4"),
        ({"target": -1}, r"0\.\.3, got -1"),
        ({"protocol": Protocol(deletion_fill="grey")}, "unknown fill 'grey'"),
        ({"protocol": Protocol(insertion_fill="black")}, "unknown fill 'black'"),
        ({"x": torch.zeros(2, 3, 16, 16)}, "one image"),
    ],
)
def test_what_cannot_be_measured(change, reason):
    given = {"x": image(), "target": 0, "maps": [noise()]} | change
    with pytest.raises(UserError, match=reason):
        curves(make(Plain), **given)


@pytest.mark.parametrize(
    "wrong", [{"steps": 1}, {"steps": 513}, {"steps": 8.0}, {"steps": True}, {"seed": -1}, {"seed": 0.5}]
)
def test_a_protocol_says_its_limits(wrong):
    with pytest.raises(UserError, match="steps|seed"):
        Protocol(**wrong)


def test_progress_and_cancel():
    seen = []
    curves(make(Plain), image(), 0, [noise()] * 3, progress=seen.append)
    assert len(seen) == 8 and seen == sorted(seen) and seen[0] == 0 and seen[-1] == 1
    with pytest.raises(Cancelled):
        curves(make(Plain), image(), 0, [noise()], cancelled=lambda: True)
    with pytest.raises(UserError, match="budget"):
        curves(make(Plain), image(), 0, [noise()], budget_s=-1)


maps = arrays(np.float32, (4, 5), elements=st.floats(-2, 2, width=16))


@settings(max_examples=60, deadline=None)
@given(maps, maps)
def test_rank_correlation_is_that_of_scipy(a, b):
    found = rank_correlation(a, b)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic, abs=1e-9)


def test_rank_correlation_needs_one_shape():
    assert rank_correlation(noise(), noise()) == 1 and rank_correlation(noise(), -noise()) == -1
    with pytest.raises(UserError, match="upsample"):
        rank_correlation(noise(4), noise(5))


def test_baseline_maps():
    hot = np.zeros((4, 4), np.float32)
    hot[1, 2] = 1
    large = upsample(hot, (16, 16))
    assert (
        np.unravel_index(large.argmax(), large.shape)[0] in range(4, 8) and large[4:8, 8:12].sum() > 0.5 * large.sum()
    )
    centre = centre_map((9, 21))
    assert centre.max() == centre[4, 10] == 1 and np.array_equal(centre, centre[::-1, ::-1])
    assert centre_map((1, 1)).tolist() == [[1.0]]
    coarse, fine = random_map((32, 32), [(4, 4)], [0, 1]), random_map((32, 32), [(32, 32)], [0, 1])
    assert np.abs(np.diff(coarse)).mean() < 0.3 * np.abs(np.diff(fine)).mean()
    assert np.array_equal(coarse, random_map((32, 32), [(4, 4)], [0, 1]))
    assert not np.array_equal(coarse, random_map((32, 32), [(4, 4)], [0, 2]))
    assert random_map((8, 8), [(4, 4), (8, 8)], [0]).shape == (8, 8)
    with pytest.raises(UserError, match="at least one grid"):
        random_map((8, 8), [], [0])


def test_randomising_goes_from_the_last_layer_to_the_first_on_a_copy():
    model = make(Plain).eval()
    before = state(model)
    names, weights = [], []
    for name, changed in cascade(model, seed=3):
        names.append(name)
        weights.append({n: p.detach().clone() for n, p in changed.named_parameters()})
    assert names == ["head", "bn", "conv2", "conv1"] and same(before, state(model))
    own = dict(model.named_parameters())
    for done, values in enumerate(weights, 1):
        for name, value in values.items():
            constant = bool(own[name].std() == 0)
            assert torch.equal(value, own[name]) is (name.split(".")[0] not in names[:done] or constant), name
    wide = weights[-1]["conv2.weight"]
    assert wide.std() == pytest.approx(own["conv2.weight"].detach().std().item(), rel=0.2)
    assert [n for n, _ in cascade(model, 3, 1)] == ["conv1"] and [n for n, _ in cascade(model, 3, 2)] == ["bn", "conv1"]
    assert len(list(cascade(model, 3, 100))) == 4
    again = [p for _, m in cascade(model, 3, 1) for p in m.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(again, weights[-1].values(), strict=True))


def test_a_picture_that_does_not_depend_on_the_weights_is_found_out():
    model, x = make(Plain).eval(), image()
    edges = sensitivity(model, lambda m: x[0, 0].numpy(), points=2)
    assert [rho for _, rho in edges] == [1.0, 1.0]

    def strength(m):
        with torch.no_grad():
            return m.features(x).abs().mean(1)[0].numpy()

    reached = dict(sensitivity(model, strength))
    assert reached["head"] == 1.0 and abs(reached["conv1"]) < 0.9
    for points in (0, -1, 1.5, True):
        with pytest.raises(UserError, match="points"):
            sensitivity(model, strength, points=points)
    with pytest.raises(UserError, match="no parameters"):
        list(cascade(nn.ReLU()))


def test_intervals_hold_the_true_difference_as_often_as_they_say(monkeypatch):
    monkeypatch.setattr("attnviz.explain.faithfulness.summary.RESAMPLES", 500)
    rng = np.random.default_rng(0)
    inside = 0
    for trial in range(200):
        baseline = rng.normal(0, 1, 60)
        found = paired(baseline + rng.normal(0.3, 0.5, 60), baseline, higher=True, seed=trial)
        inside += found["low"] <= 0.3 <= found["high"]
    assert 178 <= inside <= 199


def test_a_difference_has_a_direction():
    low, high = np.linspace(0.1, 0.2, 30), np.linspace(0.5, 0.7, 30)
    assert paired(low, high, higher=False)["sign"] == 1 and paired(low, high, higher=True)["sign"] == -1
    assert paired(low, low, higher=True)["sign"] == 0
    found = paired(high, low, higher=True)
    assert found["better"] == 1 and found["low"] < found["difference"] < found["high"]
    assert found["difference"] == pytest.approx(np.mean(high - low))
    assert verdict(1, 1) == "more faithful" and verdict(0, -1).endswith("less faithful by insertion")
    assert spread([1.0, None, 3.0]) == {"mean": 2.0, "sd": pytest.approx(2**0.5), "images": 2}
    assert spread([None])["mean"] is None and spread([1.0])["sd"] is None


@pytest.fixture(scope="module")
def analyser(checkpoints):
    return Analyser(load("cbam", checkpoints))


def test_a_study_of_many_images(analyser):
    plan = Plan(Protocol(steps=4), ("grad-cam",), random_seeds=2, weight_seeds=1)
    study = Study(analyser.loaded.module, analyser.sites, analyser.example(), plan)
    pictures = [torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(i)) for i in range(3)]
    for x in pictures:
        study.add(x)
    found = study.summary()
    gates = [f"stage{s}.0.attention.spatial" for s in (1, 2, 3, 4)]
    assert [row["map"] for row in found["maps"]] == [*gates, MEAN, "grad-cam"]
    assert found["maps"][0]["cells"] == [[32, 32]] and found["maps"][4]["cells"] == [[32, 32], [16, 16], [8, 8]]
    model, x = analyser.loaded.module, pictures[1]
    gate = found["maps"][3]
    masks = [analyser_mask(analyser, p, gates[3]) for p in pictures]
    target = int(model(x).argmax())
    (direct,) = curves(model, x, target, [upsample(masks[1], (128, 128))], plan.protocol)
    assert study.aucs[gates[3]][1] == (direct.deletion_auc, direct.insertion_auc)
    assert gate["deletion"]["mean"] == pytest.approx(np.mean([d for d, _ in study.aucs[gates[3]]]))
    random = np.mean([[d for d, _ in study.aucs[f"random 8x8 #{k}"]] for k in range(2)], axis=0)
    own = [d for d, _ in study.aucs[gates[3]]]
    assert gate["versus"]["random"]["deletion"]["difference"] == pytest.approx(np.mean(own - random), abs=1e-6)
    assert set(gate["versus"]) == {"random", CENTRE, "grad-cam"} and set(found["maps"][5]["versus"]) == {
        "random",
        CENTRE,
    }
    assert found["agreement"][gates[0]]["grad-cam"]["images"] <= 3
    assert abs(found["randomised_weights"][gates[3]]["mean"]) < 1
    json.dumps(found)
    with pytest.raises(UserError, match="at least 2 images"):
        Study(model, analyser.sites, analyser.example(), plan).summary()


def analyser_mask(analyser, x, name):
    from attnviz.gates.capture import capture

    with torch.no_grad(), capture(analyser.loaded.module, [analyser.site(name)]) as tape:
        analyser.loaded.module(x)
    return tape[name].values[0, 0].numpy()


def test_a_study_needs_something_to_measure(checkpoints, analyser):
    plain = Analyser(load("none", checkpoints))
    with pytest.raises(UserError, match="no 2-D spatial gate"):
        Study(plain.loaded.module, plain.sites, plain.example(), Plan(methods=()))
    with pytest.raises(UserError, match="unknown attribution method"):
        Plan(methods=("nonsense",))
    with pytest.raises(UserError, match="random_seeds"):
        Plan(random_seeds=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from PIL import Image

    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for label in ("blue", "green", "red"):
        (root / "val" / label).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(
                root / "val" / label / f"{number}.png"
            )
    return root


def test_the_command_writes_its_numbers(checkpoints, folder, tmp_path, capsys):
    out = tmp_path / "new" / "f.json"
    given = ["--data", str(folder), "--steps", "3", "--images", "4", "--random-seeds", "1", "--weight-seeds", "1"]
    assert main(["faithfulness", str(checkpoints / "cbam"), *given, "--deletion-fill", "black", "--out", str(out)]) == 0
    report = json.loads(out.read_text())
    assert report["data"]["images"] == 4 and report["data"]["of"] == 6 and len(report["data"]["fingerprint"]) == 64
    assert report["recipe"]["protocol"] == {"steps": 3, "deletion_fill": "black", "insertion_fill": "blur", "seed": 0}
    assert report["run"]["torch"] == torch.__version__ and report["run"]["seconds"] >= 0 and report["run"]["commit"]
    printed = capsys.readouterr().out
    assert "Lower is more faithful" in printed and "stage4.0.attention.spatial" in printed and str(out) in printed
    again = tmp_path / "again.json"
    assert (
        main(["faithfulness", str(checkpoints / "cbam"), *given, "--deletion-fill", "black", "--out", str(again)]) == 0
    )
    assert {**json.loads(again.read_text()), "run": None} == {**report, "run": None}


def test_an_interrupted_command_sums_up_what_it_has(checkpoints, folder, tmp_path, monkeypatch):
    add, seen = Study.add, []

    def interrupted(self, x):
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(1)
        add(self, x)

    monkeypatch.setattr(Study, "add", interrupted)
    given = ["--data", str(folder), "--steps", "3", "--images", "5", "--random-seeds", "1", "--weight-seeds", "0"]
    assert main(["faithfulness", str(checkpoints / "cbam"), *given, "--out", str(tmp_path / "f.json")]) == 0
    report = json.loads((tmp_path / "f.json").read_text())
    assert report["data"]["images"] == report["maps"][0]["deletion"]["images"] == 3
    assert report["randomised_weights"]["grad-cam"]["mean"] is None


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (["--images", "1"], "--images must be at least 2, got 1"),
        (["--images", "7"], "at most 6"),
        (["--steps", "0"], "steps must be"),
        (["--method", "nonsense"], "unknown attribution method"),
        (["--deletion-fill", "pink"], "unknown fill 'pink'"),
        (["--seed", "-1"], "seed must be"),
    ],
)
def test_the_command_says_what_is_wrong(checkpoints, folder, tmp_path, capsys, wrong, reason):
    out = tmp_path / "f.json"
    given = ["--data", str(folder), "--images", "2", "--steps", "3", "--out", str(out), *wrong]
    assert main(["faithfulness", str(checkpoints / "cbam"), *given]) == 2
    assert reason in capsys.readouterr().err and not out.exists()


def test_judging_the_maps_of_one_photograph(analyser, photograph):
    seen = prepare(photograph, analyser.loaded.spec.input)
    analysis = analyser.analyse(seen)
    mask = analysis.gate("stage4.0.attention.spatial").mask
    cam = explain(analyser, seen, 1, "grad-cam")
    found = judge(analyser, seen, 1, {"mask": mask, "cam": cam}, protocol=Protocol(8, "black"), seeds=2)
    assert [m.name for m in found.maps] == ["mask", "cam"] and found.maps[0].cells == found.maps[1].cells == (8, 8)
    x = analyser.input(seen)
    black = -torch.tensor(analyser.loaded.spec.input.mean) / torch.tensor(analyser.loaded.spec.input.std)
    given = [upsample(mask, (128, 128)), cam.values, centre_map((128, 128)), random_map((128, 128), [(8, 8)], [0, 1])]
    direct = curves(analyser.loaded.module, x, 1, given, Protocol(8, "black"), black=black)
    assert np.array_equal(found.maps[0].curves.deletion, direct[0].deletion)
    assert np.array_equal(found.maps[1].curves.insertion, direct[1].insertion)
    assert np.array_equal(found.centre.insertion, direct[2].insertion)
    assert found.maps[0].random_deletion[1] == direct[3].deletion_auc and len(found.maps[1].random_insertion) == 2
    assert found.agreement["mask", "cam"] == rank_correlation(given[0], given[1])
    assert set(found.agreement) == {("mask", "cam"), ("mask", "centre"), ("cam", "centre")}
    text = found.maps[0].as_text()
    assert text.startswith("mask: deletion 0.") and "lower is better" in text and text.endswith(".")
    for wrong in ({}, {"centre": mask}, {"mask": np.zeros((2, 2, 2))}):
        with pytest.raises(UserError):
            judge(analyser, seen, 1, wrong)
    for seeds in (0, 100, 1.5):
        with pytest.raises(UserError, match="seeds"):
            judge(analyser, seen, 1, {"mask": mask}, seeds=seeds)


def test_one_colour_flat_maps_and_flat_pictures_divide_by_nothing(analyser):
    from PIL import Image

    seen = prepare(Image.new("RGB", (64, 64), (90, 90, 90)), analyser.loaded.spec.input)
    found = judge(analyser, seen, 0, {"flat": np.zeros((8, 8), np.float32)}, protocol=Protocol(4), seeds=1)
    assert found.agreement["flat", "centre"] is None and 0 <= found.maps[0].curves.deletion_auc <= 1
    assert np.isfinite(found.maps[0].curves.insertion).all()


def test_sensitivity_of_masks_and_attributions(analyser, photograph):
    seen = prepare(photograph, analyser.loaded.spec.input)
    before, steps = state(analyser.loaded.module), []
    gate = trust_sensitivity(analyser, seen, 0, gate="stage1.0.attention.spatial", points=3, progress=steps.append)
    assert len(gate) == 3 and steps[-1] == 1 and gate[-1][0] == "stem.0.0" and gate[0][1] == 1.0
    cam = trust_sensitivity(analyser, seen, 0, method="grad-cam", points=2)
    assert len(cam) == 2 and all(rho is None or -1 <= rho <= 1 for _, rho in cam)
    assert same(before, state(analyser.loaded.module))
    with pytest.raises(Cancelled):
        trust_sensitivity(analyser, seen, 0, method="grad-cam", cancelled=lambda: True)
    for wrong in (
        {},
        {"gate": "x"},
        {"gate": "stage1.0.attention.channel"},
        {"gate": "stage1.0.attention.spatial", "method": "grad-cam"},
    ):
        with pytest.raises(UserError):
            trust_sensitivity(analyser, seen, 0, **wrong)
    with pytest.raises(UserError, match="points"):
        trust_sensitivity(analyser, seen, 0, method="grad-cam", points=0)


def test_areas():
    shares = np.linspace(0, 1, 5, dtype=np.float32)
    found = Curves(shares, np.array([1, 0, 0, 0, 0], np.float32), np.ones(5, np.float32))
    assert found.deletion_auc == 0.125 and found.insertion_auc == 1


@pytest.mark.parametrize(
    ("deletion", "insertion", "beats"),
    [
        (0.34, 0.66, (False, False)),  # the same as noise
        (0.332, 0.668, (False, False)),  # outside the range of three random maps, by less than a hundredth
        (0.32, 0.65, (True, False)),
        (0.35, 0.68, (False, True)),
        (0.10, 0.90, (True, True)),
    ],
)
def test_noise_is_beaten_by_a_margin_only(deletion, insertion, beats):
    shares = np.array([0, 1], np.float32)
    flat = Curves(shares, np.full(2, deletion, np.float32), np.full(2, insertion, np.float32))
    judged = Judged("mask", (7, 7), flat, (0.34, 0.341, 0.344), (0.655, 0.66, 0.66))
    assert judged.beats_random == beats
    assert judged.chance == 1 / (1 + len(judged.random_deletion)) and "noise would beat them" in judged.as_text()
    assert ("no more faithful than noise" in judged.as_text()) == (beats == (False, False))


def test_pure_noise_rarely_passes_for_a_faithful_map():
    """By construction: a noise map among 19 others is the best of all by one measure in 1 of 20 cases, not 1 of 4."""
    chance, seeds = np.random.default_rng(0), inspect.signature(judge).parameters["seeds"].default
    assert seeds >= 19
    shares = np.linspace(0, 1, 3, dtype=np.float32)
    passed = {count: 0 for count in (3, seeds)}
    for _ in range(2000):
        own, *others = chance.normal(0.5, 0.1, seeds + 1)
        curve = Curves(shares, np.full(3, own, np.float32), np.full(3, own, np.float32))
        for count in passed:
            judged = Judged("noise", (8, 8), curve, tuple(others[:count]), tuple(others[:count]))
            passed[count] += any(judged.beats_random)
    assert passed[seeds] / 2000 <= 2 * judged.chance < passed[3] / 2000
