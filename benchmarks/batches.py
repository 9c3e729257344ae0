"""Whether visitors should share a pass: ``python -m benchmarks.batches [--out results/batches.json]``.

Milliseconds of CPU, on one thread, of four passes of one photograph through the app's first network, and of one pass of
four, in turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import torch

from attnviz.models.locator import load
from attnviz.models.results import add_force, check_results, write_results
from benchmarks.load import hardware

MODEL, COUNT = "cbam", 4


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=25)
    options.add_argument("--out", type=Path)
    add_force(options)
    given = options.parse_args()
    torch.set_num_threads(1)
    network = load(MODEL)
    single = [torch.randn(1, 3, *network.spec.input.size) for _ in range(COUNT)]
    together, spent = torch.cat(single), {"single": list[float](), "together": list[float]()}
    with torch.inference_mode():
        for _ in range(given.rounds):
            started = time.process_time()
            for one in single:
                network.module(one)
            spent["single"].append(1000 * (time.process_time() - started))
            started = time.process_time()
            network.module(together)
            spent["together"].append(1000 * (time.process_time() - started))
    settings = {"model": MODEL, "photographs": COUNT, "rounds": given.rounds}
    report = {"command": "python -m " + " ".join(["benchmarks.batches", *sys.argv[1:]]), "hardware": hardware()}
    report |= {f"{how}, cpu ms a photograph": round(min(ms) / COUNT, 1) for how, ms in spent.items()}
    report["ratio of medians"] = round(statistics.median(spent["together"]) / statistics.median(spent["single"]), 2)
    print(json.dumps(report, indent=1))
    if given.out:
        check_results(given.out, settings, given.force)
        write_results(given.out, report, settings, given.force)


if __name__ == "__main__":
    main()
