"""What a comparison costs: ``python -m benchmarks.comparing [--models a,b,c,d] [--repeats 40]``.

Prints JSON: from a photograph to the markup of the whole table (masks, bars, Grad-CAM, predictions) for four networks,
as a ratio to the sum of their plain forward passes measured right before it; its parts; and the same request once
more, which comes from a bounded cache. What the networks cost is measured once for a set of networks (that takes a
second and a half by itself) and is known here.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from attnviz.analysis.attribute import explain
from attnviz.images.prepare import prepare
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.jobs import Report
from attnviz.ui.shared.page import Photo
from attnviz.ui.shared.sample_buttons import available
from attnviz.ui.tabs.compare.compute import SIDE, Team, Work
from attnviz.ui.tabs.compare.state import OWN, ComparisonRequest
from attnviz.ui.tabs.compare.table_html import Look, table_html


def clock(call: Callable[[], Any]) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def measure(models: Sequence[str], repeats: int) -> dict[str, Any]:
    """Medians over ``repeats`` turns; every turn computes everything anew, then asks once more."""
    store, photo = Store(), Photo(sample=available()[0])
    chosen = tuple(models) or store.ids[:4]
    wanted = ComparisonRequest("networks", chosen, (photo,), OWN, "grad-cam").check(store)
    known = Work(store)
    known.compare(wanted, "en", Report())  # loads the networks
    with Team(store) as team:
        analysers = [team[name] for name in chosen]
    images = [prepare(photo.open(), analyser.loaded.spec.input, SIDE) for analyser in analysers]
    inputs = [analyser.input(image) for analyser, image in zip(analysers, images, strict=True)]

    @torch.inference_mode()
    def plain() -> None:
        for analyser, x in zip(analysers, inputs, strict=True):
            analyser.loaded.module(x)

    def attributions() -> None:
        for analyser, image in zip(analysers, images, strict=True):
            explain(analyser, image, 0, "grad-cam")

    times: dict[str, list[float]] = {}
    for turn in range(repeats + 3):
        work = Work(store)
        work._costs = known._costs
        found = known.compare(wanted, "en", Report())
        parts: dict[str, Callable[[], Any]] = {
            "plain forwards": plain,
            "whole: photograph to table": lambda work=work: table_html(
                work.compare(wanted, "en", Report()), Look(), store
            ),
            "the same once more": lambda work=work: table_html(work.compare(wanted, "en", Report()), Look(), store),
            "decode and prepare": lambda: [prepare(photo.open(), a.loaded.spec.input, SIDE) for a in analysers[:1]],
            "forwards with capture": lambda: [a.analyse(i) for a, i in zip(analysers, images, strict=True)],
            "Grad-CAM": attributions,
            "drawing": lambda found=found: table_html(found, Look(), store),
        }
        for name, call in parts.items():
            spent = clock(call)
            if turn >= 3:
                times.setdefault(name, []).append(spent)
    base = statistics.median(times["plain forwards"])
    return {
        "models": list(chosen),
        "threads": torch.get_num_threads(),
        "turns": repeats,
        "parts / the plain forwards": {name: round(statistics.median(t) / base, 2) for name, t in times.items()},
        "parts ms": {name: round(statistics.median(t), 1) for name, t in times.items()},
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--models", default="", help="ids with commas between; the first four by default")
    options.add_argument("--repeats", type=int, default=40)
    given = options.parse_args()
    names = [name for name in given.models.split(",") if name]
    print(json.dumps(measure(names, given.repeats), indent=1, ensure_ascii=False))
