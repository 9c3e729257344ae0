"""Sentences about what attention, requests and reading gates cost."""

import inspect

from attnviz.backbones.vgg16 import BLOCKS
from attnviz.models.checkpoints import load_card
from attnviz.models.cost import measure
from attnviz.models.results import read_results
from benchmarks.latency import photograph
from tests.claims.shared import RESULTS, WORDS, Claims


def cost() -> Claims:
    table = measure("vgg16", ["local", "se", "cbam", "eca", "coord"], repeats=0)
    for line in table.as_markdown().splitlines()[2:]:
        yield RESULTS, line.rsplit(" |", 2)[0]  # without the column of times, which are another machine's
    kept = read_results("cost-vgg16-local")
    local = {
        key: 100 * (kept["rows"][1][f"{key}_ratio"] - 1) for key in ("macs", "parameters", "latency", "activation")
    }
    assert kept["facts"]["threads"] == 1
    yield RESULTS, f"after each of the {WORDS[len(BLOCKS)]} blocks of VGG16, {kept['size']} px"
    yield (
        RESULTS,
        f"adds {local['macs']:.2f} % of the multiply-accumulates and {local['parameters']:.2f} % of the "
        f"parameters, and one pass takes {local['latency']:.1f} % longer, measured in turns on one CPU thread",
    )
    yield RESULTS, f"activations in training, by {local['activation']:.0f} %"


def speed() -> Claims:
    latency = read_results("latency")
    edit, bars, plain = (
        latency["an edit"]["edit to picture / plain forward"],
        latency["bars"],
        latency["parts ms"]["plain forward"],
    )
    gates = sum(read_results("capture")["results"]["checkpoint cbam"]["kinds"].values())
    width, height = (side.default for side in inspect.signature(photograph).parameters.values())
    part = {name: ms / plain for name, ms in latency["parts ms"].items()}
    yield (
        RESULTS,
        f"`cbam` at {load_card('cbam').spec.input.size[0]} px on {WORDS[latency['threads']]} CPU cores, one plain forward pass "
        f"is about {plain:.0f} ms",
    )
    for name, text in {
        f"inside an open capture of all {gates} gates": f"{latency['forward in an open capture / plain forward']:.2f}",
        "opening the capture, forward pass, closing it": f"{latency['open, forward, close / plain forward']:.2f}",
        f"a {width}×{height} JPEG from upload to pictures": f"{part['whole: upload to pictures']:.1f}",
        "… of which decoding": f"{part['decode']:.1f}",
        "reducing the photograph for display": f"{part['prepare']:.1f}",
        "median (95th percentile)": f"{edit['p50']:.1f} ({edit['p95']:.1f})",
    }.items():
        yield RESULTS, f"{name} | {text} |"
    ms = bars["milliseconds"]
    yield RESULTS, f"Bars for {bars['channels']} channels: plain `ax.bar` to PNG takes {ms['ax_bar']:.0f} ms"
    yield RESULTS, f"is {bars['times_faster_than_ax_bar']:.1f} times faster than `ax.bar`"
    cases = {case["recipe"]: case for case in read_results("memory")["cases"]}
    (size,) = {case["size"] for case in cases.values()}
    yield RESULTS, f"(`python -m benchmarks.memory`, `results/memory.json`): at {size} px"
    for recipe, verb in {
        "none-30": "runs {} times as fast (three rounds: {})",
        "vgg-local-15": "{} times ({})",
    }.items():
        rounds = ", ".join(f"{ratio:.2f}" for ratio in cases[recipe]["ratios of the rounds"])
        yield RESULTS, f"`{recipe}` {verb.format(format(cases[recipe]['ratio'], '.2f'), rounds)}"


def live() -> Claims:
    """The camera."""
    found = read_results("live")
    assert found["when the tab is left"] == {"cameras on": 0, "frames in three seconds": 0}
    delay = found["delay"]
    yield (
        "docs/deploying.md",
        f"{found['frames a second']:.0f} frames a second, each painted {delay['p50 ms']} ms after it was taken (95 of 100 "
        f"within {delay['p95 ms']})",
    )


def programs() -> Claims:
    found = read_results("programs")
    assert found["hardware"]["cores"] == 2 and found["wrong answers"] == 0
    yield "docs/programs.md", f"While {found['clients']} clients made {found['calls']} calls of `gates`"
    yield "docs/programs.md", f"waited {found['ratio of medians']:.2f} times as long as alone"


def reading_gates() -> Claims:
    capture = read_results("capture")["results"]
    tiny = capture["checkpoint noise-attention"]
    ratio = {
        name: [each[f"batch_{n}"]["median_ratio"] for n in (1, 16)]
        for name, each in capture.items()
        if "batch_16" in each
    }
    one, many = ratio["checkpoint cbam"]
    yield RESULTS, f"`cbam` {one:.2f} at batch 1 and {many:.2f} at batch 16"
    yield (
        RESULTS,
        f"`noise-attention`, whose whole pass takes {tiny['batch_1']['plain_ms']:.1f} ms, "
        + "{:.2f} and {:.2f}".format(*ratio["checkpoint noise-attention"]),
    )
    for name in ("seresnet50", "efficientnet_b0", "mobilenetv3_large_100", "skresnet18"):
        yield RESULTS, f"{name} {ratio[name][0]:.2f} and {ratio[name][1]:.2f}"
    ours, theirs, slowest = (
        capture["beside Grad-CAM, seresnet50"][name]["median_ratio"]
        for name in ("attnviz, all gates", "torch-cam", "pytorch-grad-cam")
    )
    yield (
        RESULTS,
        f"On seresnet50 all gates take {ours:.2f} plain passes; Grad-CAM, which says something else, takes "
        f"{theirs:.2f} with torch-cam and {slowest:.2f} with pytorch-grad-cam",
    )
