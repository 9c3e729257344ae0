"""From an edit to its pictures: ``python -m benchmarks.editing [--model cbam] [--repeats 100]``.

Prints JSON: what the server does between a click on a bar and the markup of everything that changes (the network
under the edit, predictions, bars, tiles of all gates), as ratios to a plain forward pass measured right before it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import torch

from attnviz.ui.networks.store import Store
from attnviz.ui.shared.page import Photo
from attnviz.ui.shared.sample_buttons import available
from attnviz.ui.shared.strip_and_map import strip_html
from attnviz.ui.tabs.intervene.html import bars_html, edits_html, headline_html, paint_html, result_html
from attnviz.ui.tabs.intervene.state import Bench, choose_gate, multiply, open_bench, put


def drawn(bench: Bench) -> None:
    """Everything that the tab sends after an edit."""
    headline_html(bench)
    result_html(bench, "probability")
    bars_html(bench, "index")
    strip_html(bench.after, bench.gate, bench.language)
    paint_html(bench)
    edits_html(bench)


def quantiles(values: list[float], digits: int) -> dict[str, float]:
    """Median and 95th percentile."""
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return {"p50": round(cuts[9], digits), "p95": round(cuts[18], digits)}


def measure(model: str, repeats: int) -> dict[str, Any]:
    """Round trips of a click on a bar of the last channel gate."""
    store = Store()
    bench = open_bench(store, model, Photo(sample=available()[0]), "en")
    gate = next(r.site.name for r in reversed(bench.before.gates) if r.site.has_scores)
    bench = choose_gate(bench, gate)
    with store.lease(model) as analyser:
        network, x = analyser.loaded.module, analyser.input(bench.before.image)
    ratios, trips, forwards = [], [], []
    for turn in range(repeats + 3):
        started = time.perf_counter()
        with torch.inference_mode():
            network(x)
        middle = time.perf_counter()
        bench = put(store, bench, multiply(bench, [turn % bench.scores.size], 0.0, toggle=True))
        drawn(bench)
        ended = time.perf_counter()
        if turn >= 3:
            ratios.append((ended - middle) / (middle - started))
            trips.append(1000 * (ended - middle))
            forwards.append(1000 * (middle - started))
    return {
        "model": model,
        "gate": gate,
        "threads": torch.get_num_threads(),
        "round trips": repeats,
        "edit to picture / plain forward": quantiles(ratios, 2),
        "edit to picture ms": quantiles(trips, 1),
        "plain forward ms": quantiles(forwards, 1),
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="cbam")
    options.add_argument("--repeats", type=int, default=100)
    given = options.parse_args()
    print(json.dumps(measure(given.model, given.repeats), indent=1, ensure_ascii=False))
