"""What a request costs, as ratios within one run: ``python -m benchmarks.latency [--model cbam] [--repeats 200]``.

Prints JSON. The variants that are compared are run in turns, so that a busy machine slows them alike; all
figures are medians at batch 1.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from PIL import Image

from attnviz.checkpoints import load
from attnviz.gates.capture import capture
from attnviz.image import open_photograph, prepare
from attnviz.pipeline import Analyser, default_gate
from attnviz.render.heatmap import overlay
from attnviz.render.markup import bars_svg
from attnviz.render.sheets import channel_map
from attnviz.render.strip import gate_strip
from attnviz.render.style import encode, to_png
from benchmarks import bars


def medians(variants: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median milliseconds of every variant, run in turns after a warm-up."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(repeats + 3):
        for name, call in variants.items():
            started = time.perf_counter()
            call()
            if turn >= 3:
                times[name].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in times.items()}


def photograph(width: int = 1600, height: int = 1200) -> bytes:
    """A JPEG of about the size that people upload after a messenger has reduced it."""
    x, y = np.meshgrid(np.linspace(0, 6, width), np.linspace(0, 6, height))
    noise = np.random.default_rng(0).normal(0, 8, (height, width))
    waves = [127 + 90 * np.sin(x * k + y) + noise for k in (1, 2, 3)]
    file = io.BytesIO()
    Image.fromarray(np.clip(np.stack(waves, 2), 0, 255).astype(np.uint8)).save(file, "JPEG", quality=88)
    return file.getvalue()


def measure(model: str, repeats: int) -> dict[str, Any]:
    """Capture against the plain forward, and the parts of a whole request."""
    analyser = Analyser(load(model))
    data = photograph()
    picture = open_photograph(data)
    image = prepare(picture, analyser.loaded.spec.input)
    x, network = analyser.input(image), analyser.loaded.module

    @torch.inference_mode()
    def plain() -> Any:
        return network(x)

    @torch.inference_mode()
    def captured() -> Any:
        with capture(network, analyser.sites):
            return network(x)

    analysis = analyser.analyse(image)
    name = default_gate(analysis)[0]
    mask = next((g.mask for g in analysis.gates if g.site.name == name and g.site.kind == "spatial"), None)
    scores = next(g.scores for g in reversed(analysis.gates) if g.site.kind == "channel")
    shown = np.zeros((8, 8), np.float32) if mask is None else mask
    forward = medians({"plain": plain, "captured": captured}, repeats)
    parts = {
        "plain forward": plain,
        "decode": lambda: open_photograph(data),
        "prepare": lambda: prepare(picture, analyser.loaded.spec.input),
        "forward with capture": lambda: analyser.analyse(image),
        "overlay": lambda: overlay(image, shown),
        "overlay as JPEG": lambda: encode(overlay(image, shown), "jpeg"),
        "bars as SVG": lambda: bars_svg(scores),
        "strip of gates": lambda: to_png(gate_strip(analysis.gates, image)),
        "layers × channels": lambda: to_png(channel_map(analysis.gates)),
    }
    spent = medians(parts, max(10, repeats // 10))
    plain_ms = spent.pop("plain forward")
    request = sum(ms for part, ms in spent.items() if part != "overlay")
    return {
        "model": model,
        "threads": torch.get_num_threads(),
        "capture / plain forward": round(forward["captured"] / forward["plain"], 3),
        "plain forward ms": round(plain_ms, 2),
        "request / plain forward": round(request / plain_ms, 1),
        "parts / plain forward": {part: round(ms / plain_ms, 2) for part, ms in spent.items()},
        "parts ms": {part: round(ms, 2) for part, ms in spent.items()},
        "bars": bars.measure(),
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="cbam")
    options.add_argument("--repeats", type=int, default=200)
    given = options.parse_args()
    print(json.dumps(measure(given.model, given.repeats), indent=1, ensure_ascii=False))
