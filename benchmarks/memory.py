"""How much faster the training engine is on a CPU when the process keeps the memory that it frees.

The same network trains the same pictures in processes of its own, with and without, in turns; each process trains one
epoch of a few images to warm up and measures the next, at the size of the recipe's last epochs.

    python -m benchmarks.memory --data FOLDER --recipe vgg-local-15 --out results/memory.json

An existing file of results gets one more case, or the same case anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from attnviz.models.machine import keep_memory
from attnviz.models.results import add_force
from attnviz.training.loop import Trainer
from attnviz.training.recipe import load_recipe
from benchmarks.cases import add_case, machine
from benchmarks.training import Silent, link


def epoch(name: str, data: Path, keep: bool) -> dict[str, float]:
    """Images a second, and the most memory that the process held, in MB."""
    if keep and not keep_memory():
        sys.exit("this C library has no such setting")
    recipe = load_recipe(name)
    trainer = Trainer(recipe, data, data.parent / "run")
    last = recipe.train.epochs - 1
    trainer.train_epoch(last, Silent())
    started = time.perf_counter()
    trainer.train_epoch(last, Silent())
    images = trainer.steps_per_epoch * recipe.train.batch_size / (time.perf_counter() - started)
    status = Path("/proc/self/status").read_text()
    peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    return {"images_per_second": images, "mb": peak}


def measure(name: str, data: Path, count: int, rounds: int) -> dict[str, Any]:
    """Both in turns, each in a process of its own."""
    recipe = load_recipe(name)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        link(data, count, folder)
        command = [sys.executable, "-m", "benchmarks.memory", "--data", str(folder), "--recipe", name, "--one"]
        taken: dict[str, list[dict[str, float]]] = {"kept": [], "given back": []}
        for _ in range(rounds):
            for how, found in taken.items():
                done = subprocess.run([*command, how], capture_output=True, text=True, check=True)
                found.append(json.loads(done.stdout.splitlines()[-1]))
    kept, back = taken["kept"], taken["given back"]
    ratios = [a["images_per_second"] / b["images_per_second"] for a, b in zip(kept, back, strict=True)]
    return {
        "recipe": name,
        "size": recipe.train.size_at(recipe.train.epochs - 1),
        "batch_size": recipe.train.batch_size,
        **{
            how: {key: round(statistics.median(each[key] for each in found)) for key in found[0]}
            for how, found in taken.items()
        },
        "ratio": round(statistics.median(ratios), 2),
        "ratios of the rounds": [round(ratio, 2) for ratio in ratios],
    }


def main() -> None:
    """Measure one case and add it to the file."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True, help="folder with train/<class>/… and val/<class>/…")
    options.add_argument("--recipe", default="none-30")
    options.add_argument("--images", type=int, default=640, help="in an epoch (default 640)")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--out", type=Path)
    add_force(options)
    options.add_argument("--one", choices=("kept", "given back"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        print(json.dumps(epoch(given.recipe, given.data, given.one == "kept")))
        return
    started = time.perf_counter()
    case = measure(given.recipe, given.data, given.images, given.rounds)
    case["command"] = (
        f"python -m benchmarks.memory --data FOLDER --recipe {given.recipe} --images {given.images} "
        f"--rounds {given.rounds}"
    )
    case["run"] = machine(torch.device("cpu"), time.perf_counter() - started)
    add_case(given.out, case, given.force)


if __name__ == "__main__":
    main()
