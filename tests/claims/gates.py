"""Sentences about attention types, what their gates do, and masks."""

import statistics

from attnviz.core.intervals import welch
from attnviz.models.checkpoints import load_card
from attnviz.models.results import read_results
from attnviz.training.recipe import load_recipe
from tests.claims.shared import RESULTS, WORDS, Claims, loss, rows


def networks() -> Claims:
    card = load_card("cbam")
    weakest, second = sorted(card.metrics["per_class"].items(), key=lambda item: item[1])[:2]
    assert (weakest[0], second[0]) == ("gas pump", "chain saw") and card.training["hardware"] == "2 CPU threads"
    yield RESULTS, f"was trained on two CPU cores in {card.training['seconds'] / 60:.0f} minutes"
    yield RESULTS, f"weakest on gas pumps ({weakest[1]:.1f} %) and chain saws ({second[1]:.1f} %)"


def types() -> Claims:
    table, long = rows("types"), rows("types-90")
    plain = table["none-30"]
    gated = {name: row for name, row in table.items() if row is not plain}
    seeds, epochs = plain["top1"]["n"], load_recipe("none-30").train.epochs
    yield RESULTS, f"**{WORDS[len(gated)].capitalize()} attention types and a network without any, trained alike**"
    yield RESULTS, f"for {epochs} epochs. Of none, SE, ECA and CBAM there are {WORDS[seeds]} seeds"
    several = {name for name, row in table.items() if row["top1"]["n"] == seeds}
    assert several == {"none-30", "se-30", "eca-30", "cbam-30"}
    beside = {name: welch(plain["top1"]["values"], table[name]["top1"]["values"]) for name in several - {"none-30"}}
    low, *_, high = sorted(difference.p for difference in beside.values())
    yield RESULTS, f"(Welch's t test: p from {low:.2f} to {high:.2f}); ECA's, one point, comes nearest"
    assert beside["eca-30"].p == low and round(beside["eca-30"].value) == 1
    single = [row["top1"]["mean"] for name, row in table.items() if name not in several]
    yield RESULTS, f"The others have one seed and lie between {min(single):.1f} and {max(single):.1f} %"
    sizes = sorted((row["parameters"], name) for name, row in table.items())
    assert sizes[-1][1] == "sk-30" and all(round(sizes[-1][0] / size) == 2 for size, _ in sizes[:-1])
    yield RESULTS, "selective kernels have twice the parameters of the rest"
    assert {row["top1"]["n"] for row in long.values()} == {1} and set(long) == {"none", "eca", "cbam"}
    assert load_card("none").metrics["correct"] == load_card("cbam").metrics["correct"]
    yield RESULTS, f"The {load_recipe('none').train.epochs}-epoch networks (`none`, `eca`, `cbam`; one seed each)"
    yield RESULTS, "`none` and `cbam` name exactly as many photographs there"


def replaced_gates() -> Claims:
    table = {name: row for name, row in rows("types").items() if row["attention"] != "none"}
    mean = {name: loss(row, "mean") for name, row in table.items()}
    follows = {"sk-30": "selective kernels", "simam-30": "SimAM", "self-attention-30": "self-attention"}
    little = [value for name, value in mean.items() if name not in follows and name != "eca-30"]
    yield RESULTS, f"{WORDS[len(little)]} of the {WORDS[len(mean)]} lose {min(little):.1f} to {max(little):.1f} points"
    seeds = [seed["mean"]["beyond_chance"] for seed in table["se-30"]["ablations"]]
    yield RESULTS, f"(of the {WORDS[len(seeds)]} SE networks {WORDS[seeds.count(False)]} loses nothing beyond chance)"
    yield RESULTS, ", ".join(f"{title} {mean[name]:.1f}" for name, title in follows.items())
    eca = table["eca-30"]
    yield (
        RESULTS,
        f"mean costs {loss(eca, 'mean'):.0f} points, and swapping all of them with another image's costs "
        f"{loss(eca, 'shuffle'):.0f}",
    )
    dense, vgg = ([loss(row, key) for key in ("mean", "shuffle")] for row in rows("ablations-pairs").values())
    yield RESULTS, f"SE in every layer of DenseNet ({dense[0]:.0f} points, swapped {dense[1]:.0f})"
    yield RESULTS, f"local attention after every block of VGG ({vgg[0]:.0f} and {vgg[1]:.0f};"
    even = [loss(table[name], "neutral") for name in ("gc-30", "sk-30", "self-attention-30")]
    yield RESULTS, f"costs {min(even):.1f} to {max(even):.1f} points"
    yield RESULTS, f"its mean costs {loss(rows('ablations-noise')['noise-permuted'], 'mean'):.0f} points"
    digits = rows("ablations-digits")["digits-stn"]["ablations"][0]
    assert digits["mean"]["top1"] < 50 > digits["shuffle"]["top1"]
    yield RESULTS, "with a mean or another digit's transform most answers are wrong"


def masks() -> Claims:
    tables = [row for name in ("types", "types-90", "ablations-pairs") for row in rows(name).values()]
    beats = []
    for row in (row for row in tables if row.get("focus")):
        for gate in row["focus"][0]["gates"]:
            share = statistics.fmean(value for seed in row["focus"] for value in seed["gates"][gate])
            beats += [(row["name"], gate, share)] if share >= row["focus"][0]["centre"] else []
    ((name, gate, share),) = beats
    yield RESULTS, f"all but one of them (`{name}`, {'.'.join(gate.split('.')[:2])}: {share:.2f})"
    (pool,) = rows("ablations-pool").values()
    yield (
        RESULTS,
        f"seed): {pool['focus'][0]['mean']:.2f} on these scenes, the centre map {pool['focus'][0]['centre']:.2f}",
    )
    mean, other = (-pool["ablations"][0][how]["change"] for how in ("mean", "shuffle"))
    yield RESULTS, f"Replaced by its mean it costs {mean:.1f} points, by another photograph's {other:.1f}"
    (branch,) = rows("ablations-abn").values()
    yield RESULTS, f"(`abn`, one seed) does not: {branch['focus'][0]['mean']:.2f}, and its mean"
    replaced = branch["ablations"][0]["mean"]
    assert not replaced["beyond_chance"]
    yield RESULTS, f"costs {-replaced['change']:.1f} points, within chance"
    report = read_results("faithfulness-cbam")
    everything = {row["map"]: row for row in report["maps"] + report["baselines"] if len(row["cells"]) in (0, 1)}
    everything["random"] = max(report["baselines"], key=lambda row: len(row["cells"]))
    everything["gates"] = next(row for row in report["maps"] if row["map"] == "mean of the gates")
    grad, centre, gates, noise = (
        " / ".join(f"{everything[key][by]['mean']:.2f}" for by in ("deletion", "insertion"))
        for key in ("grad-cam", "centre", "gates", "random")
    )
    yield RESULTS, f"On {report['data']['images']} validation photographs (`results/faithfulness-cbam.json`)"
    yield (
        RESULTS,
        f"Grad-CAM {grad}, a plain centre-weighted map {centre}, mean of all spatial gates {gates}, "
        f"random maps of the same grains {noise}",
    )
    verdicts = [row["versus"]["random"]["verdict"] for row in report["maps"] if "spatial" in row["map"]]
    yes, no = (sum(text.startswith(word) for text in verdicts) for word in ("more faithful", "less faithful"))
    yield RESULTS, f"{WORDS[yes]} of {WORDS[len(verdicts)]} beat noise by both measures (stages 2.0, 2.1 and 3.1)"
    yield (
        RESULTS,
        f"one by insertion alone (1.1), and {WORDS[no]} are *less* faithful than noise: stage 1.0 by both "
        "measures, stages 3.0, 4.0 and 4.1 by deletion",
    )
