"""Sentences about noise channels and about networks with and without a gate."""

import statistics

from attnviz.core.intervals import half_interval
from attnviz.models.checkpoints import load_card
from attnviz.models.results import read_results
from attnviz.training.recipe import load_recipe
from scripts.distorted_digits import ANGLE, SCALE
from tests.claims.shared import RESULTS, WORDS, Claims, rows


def noise() -> Claims:
    report, recipe = read_results("noise"), load_recipe("noise-plain")
    assert recipe.noise.kind == "gaussian" and {run["hardware"] for run in report["runs"]} == {"1 CPU thread"}
    yield RESULTS, f"{WORDS[recipe.noise.channels]} channels of loud noise, N(0, {recipe.noise.strength:.0f}²)"
    yield (
        RESULTS,
        f"CIFAR-10 at {recipe.model.size} px, a compact network, {recipe.train.epochs} epochs on one CPU thread",
    )
    names = ("R, G, B", "with noise", "with noise and a channel gate on the input", "the same, positions permuted")
    for name, row in zip(names, report["rows"], strict=True):
        top1 = row["top1"]
        yield RESULTS, f"| {name} | {top1['mean']:.2f} ± {half_interval(top1['values']):.2f} ({top1['n']}) |"
    runs = report["gates"]["noise-attention"]["runs"]
    ratios = sorted((run["ratio"] for run in runs), reverse=True)
    yield (
        RESULTS,
        f"{statistics.median(ratios):.0f}×; the {WORDS[len(runs)]}: {', '.join(f'{r:.0f}' if r > 1 else f'{r:.1f}' for r in ratios)} |",
    )
    recovery = report["recovery"]
    low, high = (100 * end for end in recovery["interval"])
    yield (
        RESULTS,
        f"{100 * recovery['recovered']:.0f} % of what the noise costs (Fieller's 95 % interval {low:.0f} to {high:.0f} %",
    )
    shut = {run["seed"]: [score < 0.01 for score in run["scores"]] for run in runs}
    (fifth,) = (seed for seed, closed in shut.items() if closed != [False] * 3 + [True] * 3)
    assert shut[fifth] == [False, True, False, True, True, True]
    top1 = rows("noise")["noise-attention"]["top1"]["values"][fifth]
    yield (
        RESULTS,
        f"In {WORDS[len(shut) - 1]} of {WORDS[len(shut)]} runs it shuts out the noise and nothing else; in the fifth it shuts out green as well",
    )
    yield RESULTS, f"worse for it ({top1:.2f} %)"
    strong = {kind: gated["noise-attention"]["median_ratio"] > 10 for kind, gated in report["kinds"].items()}
    assert [kind for kind, holds in strong.items() if not holds] == ["constant"]
    yield RESULTS, f"at strength 1 the ratio is {report['strengths']['1']['noise-attention']['median_ratio']:.1f}"
    asked = report["published"]["noise-permuted"]
    yield RESULTS, f"(`noise-permuted`, all {asked['images']:,} test images)"
    yield (
        RESULTS,
        f"it opens {asked['colours']:.2f} colours and {asked['noise']:.3f} noise channels an image, with the "
        f"best colour {asked['best_ratio']:.0f}× and the weakest {asked['weakest_ratio']:.1f}× the strongest noise",
    )


def noise_even() -> Claims:
    """The same with a start that treats all channels alike, and without weight decay."""
    report, recipe = read_results("noise-even"), load_recipe("noise-attention-even")
    assert recipe.train.weight_decay == 0 and recipe.model.attention_options == {"start_scale": 0.01}
    assert {run["hardware"] for run in report["runs"]} == {"1 CPU thread"}
    for name, row in zip(("R, G, B", "with noise", "with noise and the gate"), report["rows"], strict=False):
        top1 = row["top1"]
        yield RESULTS, f"| {name} | {top1['mean']:.2f} ± {half_interval(top1['values']):.2f} ({top1['n']}) |"
    gate = report["gates"]["noise-attention-even"]
    ratios = sorted((run["ratio"] for run in gate["runs"]), reverse=True)
    assert min(ratios) > 1000 and load_card("noise-attention-even").training["recipe"]["train"]["seed"] == 3
    assert max(gate["runs"], key=lambda run: run["ratio"])["seed"] == 3
    listed = ", ".join(f"{ratio:,.0f}" for ratio in ratios)
    yield RESULTS, f"{statistics.median(ratios):,.0f}×; the {WORDS[len(ratios)]}: {listed} |"
    reference = report["reference"]
    recovery = report["recovery"]
    low, high = (100 * end for end in recovery["interval"])
    yield (
        RESULTS,
        f"In all {WORDS[len(ratios)]} runs the gate shuts out the noise and nothing else, and wins back "
        f"{100 * recovery['recovered']:.0f} % of what it costs (Fieller's 95 % interval {low:.0f} to {high:.0f} %); the "
        f"reference, one run of another network, has {reference['suppression']}× and {100 * reference['recovered']:.0f} %.",
    )
    assert all([score < 0.01 for score in run["scores"]] == [False] * 3 + [True] * 3 for run in gate["runs"])
    kinds = {kind: gated["noise-attention-even"]["median_ratio"] for kind, gated in report["kinds"].items()}
    assert [kind for kind, ratio in kinds.items() if ratio < 10] == ["constant"]
    weak = report["strengths"]["1"]["noise-attention-even"]["median_ratio"]
    yield (
        RESULTS,
        f"At strength 1 the ratio is {weak:.1f}, and a constant instead of noise is kept ({kinds['constant']:.1f})",
    )
    told = [report["kinds"][kind]["noise-attention-even"]["top1"]["mean"] for kind in ("gaussian", "constant")]
    yield RESULTS, f"{told[0] - told[1]:.0f} points. When every channel is moved to every position"
    runs = report["positions"]["rows"]["noise-attention-even"]["runs"]
    position, content = (
        100 * statistics.median(run[f"explained_by_{key}"] for run in runs) for key in ("position", "content")
    )
    yield (
        RESULTS,
        f"position explains {position:.0f} % of the scores' spread and content {content:.1f} % (medians of the ten)",
    )


def mobilenet() -> Claims:
    """The reference's network at 64 px, one seed a row."""
    noise, last = read_results("noise-mobilenet-64"), read_results("last-mobilenet-64")
    top1 = {row["recipe"]: row["top1"] for row in (*noise["rows"], *last["rows"])}
    assert all(one["n"] == 1 for one in top1.values())
    recipe, reference = load_recipe("mobilenet-64"), load_recipe("mobilenet")
    yield (
        RESULTS,
        f"with pictures of {recipe.model.size} px in place of {reference.model.size} and {recipe.train.epochs} epochs in place of {reference.train.epochs}",
    )
    runs = [run for report in (noise, last) for run in report["runs"]]
    assert {run["hardware"] for run in runs} == {"1 CPU thread"}
    minutes = [round(run["seconds"] / 60) for run in runs]
    yield RESULTS, f"{min(minutes)} to {max(minutes)} minutes a row on one CPU core"
    names = {
        "mobilenet-64": "R, G, B",
        "mobilenet-64-last": "with a channel gate on the last map",
        "mobilenet-64-noise": "with noise",
        "mobilenet-64-noise-attention": "with noise and a gate on the input",
    }
    yield RESULTS, f"| R, G, B | {top1['mobilenet-64']['mean']:.2f} | | |"
    for one in (*noise["same_images"][:2], *last["same_images"]):
        assert one["interval"][1] < 0
        points, low, high = (f"{value:.2f}".replace("-", "−") for value in (one["points"], *one["interval"]))
        row, beside = names[one["of"]], names[one["beside"]]
        yield RESULTS, f"| {row} | {top1[one['of']]['mean']:.2f} | {beside} | {points} [{low}, {high}] |"
    (gate,) = noise["gates"]["mobilenet-64-noise-attention"]["runs"]
    red, green, blue, *shut = gate["scores"]
    yield (
        RESULTS,
        f"({red:.3f}, beside {green:.2f} and {blue:.2f} for green and blue, and {min(shut):.3f} to {max(shut):.3f} for the noise)",
    )
    yield RESULTS, "(`mobilenet-64-control`) has not been trained"


def positions() -> Claims:
    table = read_results("noise")["positions"]["rows"]
    position, content = (
        100 * statistics.median(run[f"explained_by_{key}"] for run in table["noise-attention"]["runs"])
        for key in ("position", "content")
    )
    yield (
        RESULTS,
        f"position explains {position:.0f} % of their spread (median of the five runs) and content {content:.1f} %",
    )
    gated, plain = ([top1["mean"] for top1 in table[name]["top1"][1:]] for name in ("noise-attention", "noise-plain"))
    assert max(plain) < 20 > max(gated)
    yield RESULTS, f"falls to {min(gated):.0f} to {max(gated):.0f} % says nothing about the gate"
    yield RESULTS, f"without one it falls as far, to {min(plain):.0f} to {max(plain):.0f} %"


def pairs() -> Claims:
    deep = [read_results(name) for name in ("densenet", "vgg")]
    assert {recipe["train"]["epochs"] for report in deep for recipe in report["recipes"].values()} == {15}
    assert {len(row["seeds"]) for report in deep for row in report["rows"]} == {3}
    assert all(abs(report["difference"]["gain"] - 2 / 3) < 0.05 and report["difference"]["p"] > 0.05 for report in deep)
    yield (
        RESULTS,
        "DenseNet and VGG have 15 epochs, which was settled before any of them was trained, so that three seeds",
    )
    yield RESULTS, "with attention both are two thirds of a point better, which three seeds cannot tell from chance"
    yield RESULTS, f"rotated by ±{ANGLE:.0f}°, scaled by {SCALE[0]} to {SCALE[1]} and shifted"
    digits, last = rows("stn"), rows("last")
    more = digits["digits"]["parameters"] / digits["digits-stn"]["parameters"] - 1
    yield RESULTS, f"its control has {100 * more:.0f} % more parameters"
    assert last["last-control"]["parameters"] == last["last-attention"]["parameters"]
    channels = load_recipe("last-attention").model.backbone_options["widths"][-1]
    assert last["last-attention"]["parameters"] - last["noise-rgb"]["parameters"] == 2 * (channels**2 + channels)
    yield RESULTS, "a channel gate, r = 1, with biases, before pooling"
    hidden = load_recipe("last-control").model.backbone_options["hidden"]
    yield RESULTS, f"a control with exactly as many parameters and {WORDS[hidden]} hidden layers instead"
    yield (
        RESULTS,
        f"The rows at {load_recipe('mobilenet').model.size} px (`--family mobilenet`) have their recipes here and want a GPU",
    )
