"""What an audit's reading pass costs beside a plain loop, and how much memory it holds.

The reading pass and a loop that only decodes (in the same way, ahead of time, in as many processes) and runs the
network in batches of the same size take turns over the same photographs; the ratio of their images a second counts.
Memory is that of processes that read so many photographs of 12×12, a few repeated. With ``--tests`` all tests are made
on so many of the photographs; ``whole_passes`` is what their passes would take if each ran the whole network.

    python -m benchmarks.audit --data FOLDER --models cbam timm:seresnet50 --images 512 --out results/audit-speed.json
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

import numpy as np
import torch

from attnviz.analysis.analyser import Analyser
from attnviz.audit.cluster import LOCAL, Cluster
from attnviz.audit.decoding import Decoder
from attnviz.audit.photographs import Photographs, in_folder
from attnviz.audit.reading import Reading, merge_all
from attnviz.audit.run import FILES, STAGES
from attnviz.audit.settings import Settings
from attnviz.audit.store import AuditFiles
from attnviz.audit.work import Work
from attnviz.models.locator import load
from attnviz.models.results import add_force, write_results
from attnviz.models.wrap import wrap
from benchmarks.cases import machine


def some(photographs: Photographs, count: int) -> Photographs:
    """Every n-th of the photographs."""
    at = np.linspace(0, len(photographs) - 1, count).astype(int)
    names, sources = (tuple(values[i] for i in at) for values in (photographs.names, photographs.sources))
    return Photographs(names, sources, photographs.targets[at])


def plain(work: Work) -> None:
    """Decode and run, nothing else."""
    numbers = range(len(work.photographs))
    parts = [numbers[i : i + work.batch] for i in range(0, len(numbers), work.batch)]
    with Decoder(work.photographs.sources, work.spec, work.settings.workers) as decoder, torch.inference_mode():
        for batch in decoder.batches(parts):
            work.network.loaded.module(work.network.input(batch.pixels, batch.numbers)).argmax(1).tolist()


def reading(work: Work) -> None:
    """The reading pass, its files included."""
    for number, arrays in work.read(list(work.readings)):
        work.store.save("reading", number, arrays)


def speed(model: str, data: Path, images: int, rounds: int, workers: int) -> dict[str, Any]:
    """Images a second of both, in turns, and the median of the ratios of neighbours.

    ``cpu_ratio`` is that of the seconds of processor time of the computing process, which others on the machine disturb
    less.
    """
    network = load(model, pretrained=not model.startswith(("timm:", "torchvision:")))
    photographs = some(in_folder(data, network.labels), images)
    with tempfile.TemporaryDirectory() as place:
        store = AuditFiles(Path(place) / "work")
        store.open({}, resume=False)
        work = Work(Analyser(network), photographs, Settings(workers=workers), store)
        taken: dict[str, list[float]] = {"plain": [], "reading": []}
        busy: dict[str, list[float]] = {"plain": [], "reading": []}
        for _ in range(rounds):
            for name, call in (("plain", plain), ("reading", reading)):
                started, computed = time.perf_counter(), time.process_time()
                call(work)
                taken[name].append(images / (time.perf_counter() - started))
                busy[name].append(time.process_time() - computed)
    ratios = [b / a for a, b in zip(taken["plain"], taken["reading"], strict=True)]
    cpu = [a / b for a, b in zip(busy["plain"], busy["reading"], strict=True)]
    rates = {name: round(statistics.median(values), 1) for name, values in taken.items()}
    return {
        "images_per_second": rates,
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(r, 3) for r in ratios],
        "cpu_ratio": round(statistics.median(cpu), 3),
        "cpu_ratios": [round(r, 3) for r in cpu],
    }


def testing(model: str, data: Path, images: int) -> dict[str, Any]:
    """Seconds of processor time of the stages of an audit of so many photographs, all of which are tested."""
    network = load(model, pretrained=not model.startswith(("timm:", "torchvision:")))
    photographs = some(in_folder(data, network.labels), images)
    with tempfile.TemporaryDirectory() as place:
        store = AuditFiles(Path(place) / "work")
        store.open({}, resume=False)
        work = Work(Analyser(network), photographs, Settings(tests=images, workers=0), store)
        busy: dict[str, float] = {}
        for kind, _, numbers in STAGES:
            started = time.process_time()
            for number, arrays in getattr(work, kind)(list(getattr(work, numbers))):
                store.save(FILES[kind], number, arrays)
            busy[kind] = time.process_time() - started
        x = torch.zeros(work.tested, *network.example().shape[1:])
        with torch.inference_mode():
            network.module(x)
            started = time.process_time()
            network.module(x)
            one = (time.process_time() - started) / len(x)
        whole = one * len(work.changes) * len(work.choice.tests)
    seconds = {f"{kind}_seconds": round(value, 2) for kind, value in busy.items()}
    return {
        "photographs": images,
        "changes": len(work.changes),
        **seconds,
        "whole_passes_seconds": round(whole, 2),
        "whole_passes_over_test": round(whole / busy["test"], 2),
    }


class Small(torch.nn.Module):
    """One gate on three channels: nearly all of the time goes into the audit itself."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x * torch.sigmoid(x.mean((2, 3), keepdim=True))).mean((2, 3))


def peak(images: int) -> float:
    """Most memory in MB of this process, after it has read and merged so many photographs."""
    from attnviz.core.input_spec import InputSpec

    few = [np.random.default_rng(i).integers(0, 256, (12, 12, 3), np.uint8) for i in range(64)]
    names = tuple(f"{i:09}.png" for i in range(images))
    photographs = Photographs(names, tuple(few[i % 64] for i in range(images)), np.arange(images) % 3)
    network = wrap(Small(), transform=InputSpec(size=(12, 12)), labels=("a", "b", "c"), scores="softmax")
    with tempfile.TemporaryDirectory() as place:
        store = AuditFiles(Path(place) / "work")
        store.open({}, resume=False)
        work = Work(Analyser(network), photographs, Settings(workers=0), store)
        reading(work)
        total = merge_all(Reading.restore(store.load("reading", n), 1) for n in work.readings)
        assert total.gates[0].values.count == images
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def memory(counts: list[int]) -> dict[str, float]:
    """Each in a process of its own."""
    found = {}
    for count in counts:
        command = [sys.executable, "-m", "benchmarks.audit", "--peak", str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[str(count)] = round(float(done.stdout.split()[-1]), 1)
    return found


def actors(model: str, data: Path, rounds: int) -> dict[str, Any]:
    """Photographs a second that one and two actors of Ray read, in turns, and the median of the ratios of neighbours.

    The clock runs from the first block that is finished, or with two actors the second one, to the last: without the
    start of Ray and of the actors.
    """
    network = load(model)
    photographs = in_folder(data, network.labels)
    rates: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as place:
        store = AuditFiles(Path(place) / "work")
        store.open({}, resume=False)
        work = Work(Analyser(network), photographs, Settings(workers=0), store)
        for _ in range(rounds):
            for count, found in rates.items():
                cluster, ended = Cluster(LOCAL, model, count), []
                try:
                    for number, _ in cluster.run(work, "read", list(work.readings), lambda _: None):
                        ended.append((time.perf_counter(), len(work.numbers(number))))
                finally:
                    cluster.close()
                images = sum(size for _, size in ended[count:])
                found.append(images / (ended[-1][0] - ended[count - 1][0]))
    ratios = [two / one for one, two in zip(rates[1], rates[2], strict=True)]
    return {
        "model": model,
        "images_per_second": {str(count): round(statistics.median(found), 1) for count, found in rates.items()},
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--models", nargs="+", default=["cbam", "timm:seresnet50"])
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--tests", type=int, default=0, help="test so many photographs too, and say what it takes")
    parser.add_argument("--memory", type=int, nargs="*", default=[1000, 100_000])
    parser.add_argument("--actors", action="store_true", help="only this: two actors of Ray beside one")
    parser.add_argument("--peak", type=int, help="only this: the most memory after so many photographs, in MB")
    parser.add_argument("--out", type=Path)
    add_force(parser)
    args = parser.parse_args()
    if args.peak:
        print(peak(args.peak))
        return
    if args.data is None:
        parser.error("--data is needed")
    begun = time.perf_counter()
    if args.actors:
        found = actors(args.models[0], args.data, args.rounds)
        made = machine(torch.device("cpu"), time.perf_counter() - begun)
        report = {"benchmark": "audit --actors", "run": made, **found}
        print(json.dumps(report, indent=1))
        if args.out is not None:
            write_results(args.out, report, {"model": args.models[0], "rounds": args.rounds}, args.force)
        return
    speeds = {model: speed(model, args.data, args.images, args.rounds, args.workers) for model in args.models}
    tests = {model: testing(model, args.data, args.tests) for model in args.models} if args.tests else {}
    memories = memory(args.memory)
    made = machine(torch.device("cpu"), time.perf_counter() - begun)
    report = {"benchmark": "audit", "run": made, "speed": speeds, "tests": tests, "memory_mb": memories}
    print(json.dumps(report, indent=1))
    if args.out is not None:
        settings = {name: getattr(args, name) for name in ("models", "images", "rounds", "workers", "tests")}
        write_results(args.out, report, settings, args.force)


if __name__ == "__main__":
    main()
