"""Sentences with numbers in the published results and on the page, beside the data that they speak of."""

import json
import re
import statistics

import pytest

from attnviz.core.intervals import half_interval
from attnviz.models.results import read_results
from attnviz.training.recipe import load_recipe
from attnviz.ui.tabs.noise_lab.texts import TEXTS
from tests.test_layering import ROOT

RESULTS = " ".join((ROOT / "docs" / "results.md").read_text(encoding="utf-8").split())
NOISE = read_results("noise")


def test_the_noise_table_is_that_of_the_experiment():
    names = ("R, G, B", "with noise", "with noise and a channel gate on the input", "the same, positions permuted")
    for name, row in zip(names, NOISE["rows"], strict=True):
        top1 = row["top1"]
        assert f"| {name} | {top1['mean']:.2f} ± {half_interval(top1['values']):.2f} ({top1['n']}) |" in RESULTS
    ratios = sorted((run["ratio"] for run in NOISE["gates"]["noise-attention"]["runs"]), reverse=True)
    assert f"{ratios[2]:.0f}×; the five: {', '.join(f'{r:.0f}' if r > 1 else f'{r:.1f}' for r in ratios)} |" in RESULTS
    weaker = NOISE["strengths"]["1"]["noise-attention"]["median_ratio"]
    assert f"at strength 1 the ratio is {weaker:.1f}" in RESULTS
    told = NOISE["recovery"]
    low, high = (100 * end for end in told["interval"])
    assert (
        f"{100 * told['recovered']:.0f} % of what the noise costs (Fieller's 95 % interval {low:.0f} to {high:.0f} %"
        in RESULTS
    )


def test_what_follows_position_are_scores_and_the_control_falls_as_far():
    rows = NOISE["positions"]["rows"]
    shares = {
        key: 100 * statistics.median(run[f"explained_by_{key}"] for run in rows["noise-attention"]["runs"])
        for key in ("position", "content")
    }
    assert (
        f"position explains {shares['position']:.0f} %" in RESULTS and f"content {shares['content']:.1f} %" in RESULTS
    )
    moved = {name: [top1["mean"] for top1 in rows[name]["top1"][1:]] for name in ("noise-attention", "noise-plain")}
    gated, plain = moved["noise-attention"], moved["noise-plain"]
    assert f"falls to {min(gated):.0f} to {max(gated):.0f} % says nothing about the gate" in RESULTS
    assert f"as far, to {min(plain):.0f} to {max(plain):.0f} %" in RESULTS and max(plain) < 20 > max(gated)


def test_a_permuted_gate_is_told_in_the_orders_it_was_trained_with():
    asked = NOISE["published"]["noise-permuted"]
    said = f"it opens {asked['colours']:.2f} colours and {asked['noise']:.3f} noise channels an image"
    assert (
        said in RESULTS
        and f"best colour {asked['best_ratio']:.0f}× and the weakest {asked['weakest_ratio']:.1f}×" in RESULTS
    )


def test_the_masks_of_cbam_are_counted_by_what_was_measured_against_noise():
    maps = read_results("faithfulness-cbam")["maps"]
    said = {row["map"]: row["versus"]["random"]["verdict"] for row in maps if "spatial" in row["map"]}
    stages = {name: re.search(r"stage(\d\.\d)", name).group(1) for name in said}
    by = {verdict: [stages[name] for name in said if said[name] == verdict] for verdict in said.values()}
    assert by.pop("more faithful") == ["2.0", "2.1", "3.1"] and "(stages 2.0, 2.1 and 3.1)" in RESULTS
    assert by.pop("no difference shown by deletion, more faithful by insertion") == ["1.1"]
    assert by.pop("less faithful") == ["1.0"] and "stage 1.0 by both measures" in RESULTS
    assert by.pop("less faithful by deletion, no difference shown by insertion") == ["3.0", "4.0", "4.1"]
    assert "stages 3.0, 4.0 and 4.1 by deletion" in RESULTS and not by


def test_what_local_attention_costs_vgg_is_said_with_its_time():
    plain, local = json.loads((ROOT / "results" / "cost-vgg16-local.json").read_text())["rows"]
    for key, text in (
        ("macs_ratio", "{:.2f} % of the multiply-accumulates"),
        ("parameters_ratio", "{:.2f} % of the parameters"),
        ("latency_ratio", "one pass takes {:.1f} % longer"),
    ):
        assert text.format(100 * (local[key] - 1)) in RESULTS, key
    assert f"by {100 * (local['activation_ratio'] - 1):.0f} %" in RESULTS and plain["latency_ratio"] == 1


def test_tables_with_different_recipes_are_not_subtracted():
    short, long = load_recipe("none-30"), load_recipe("none")
    assert short.augment != long.augment and short.train.sizes != long.train.sizes
    assert short.train.ema_decay != long.train.ema_decay
    assert "points better and bring them" not in RESULTS and "the two tables cannot be subtracted" in RESULTS


@pytest.mark.parametrize("key", TEXTS)
def test_the_lab_quotes_the_reference_as_it_was_given(key):
    reference = NOISE["reference"]
    for text in TEXTS[key]:
        for value in re.findall(r"\d\d\.\d\d(?= %)", text):
            assert float(value) in reference["top1"].values()
        for value in re.findall(r"(\d+)(?:×| 倍)", text):
            assert int(value) == reference["suppression"]


def test_a_score_is_computed_from_all_channels():
    """The gate is a dense network: changing one channel moves the others' scores too."""
    import torch

    from attnviz.attention import ATTENTION

    torch.manual_seed(0)
    gate, x = ATTENTION["cbam-channel"](6, reduction=1).eval(), torch.randn(1, 6, 8, 8)
    with torch.no_grad():
        changed = x.clone()
        changed[:, 3] *= 20
        ratio = (gate(changed) / changed)[0, 0, 0, 0] / (gate(x) / x)[0, 0, 0, 0]
    assert abs(float(ratio) - 1) > 1e-3
    english, chinese = TEXTS["help_noise_text"]
    assert "of that channel: its" not in english and "all six channels together" in english and "共同" in chinese
