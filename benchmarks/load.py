"""Many visitors at once: ``python -m benchmarks.load [--clients 1 8 32] [--out results/load.json]``.

The app runs in a process of its own; every client uploads photographs over HTTP as a browser does and waits for the
pictures. Each answer is compared with the one that a lone client got for the same photograph. Prints JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import platform
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from attnviz.images.samples import load_sample, sample_names
from attnviz.models.results import add_force, check_results, write_results
from attnviz.ui.shared.texts import TEXTS
from benchmarks.client import Client, pictures
from benchmarks.served import Served, serve

SIZE = (1600, 1200)
"""Width and height of the photographs in pixels: about what a messenger leaves of a phone's."""
CLASS = 32
"""Clients behind one address; what one address may ask for is bounded, so more of them measure that bound."""

BUSY = TEXTS["busy"][0]
"""What a visitor is told whose event finds the queue full."""


@dataclass
class Seen:
    """What clients met: milliseconds of each answer, refusals because the queue was full, errors, and answers that
    differ from the lone client's.
    """

    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0
    errors: list[str] = field(default_factory=list)
    wrong: int = 0


def photographs() -> list[bytes]:
    """The samples as JPEG files of ``SIZE``, each different from all others."""
    files = []
    for name in sample_names():
        file = io.BytesIO()
        load_sample(name).resize(SIZE).save(file, "JPEG", quality=88)
        files.append(file.getvalue())
    return files


def alone(app: Served, files: list[bytes]) -> list[str]:
    """What one client is shown for each photograph."""
    client = Client(app.url)
    client.open()
    answers = [client.photograph(file) for file in files]
    if not all(answer["success"] for answer in answers):
        raise RuntimeError(f"a lone client is not served: {answers}")
    return [pictures(answer) for answer in answers]


def visit(client: Client, turns: Iterator[int], files: list[bytes], expected: list[str], seen: Seen) -> None:
    """Upload one photograph after the other."""
    for turn in turns:
        started = time.perf_counter()
        try:
            answer = client.photograph(files[turn % len(files)])
        except OSError as error:
            seen.errors.append(repr(error))
            continue
        if not answer["success"]:
            error = str(answer["output"].get("error"))
            if BUSY in error:
                seen.refused += 1
            else:
                seen.errors.append(error)
            continue
        seen.milliseconds.append(1000 * (time.perf_counter() - started))
        seen.wrong += pictures(answer) != expected[turn % len(files)]


def crowd(app: Served, count: int, each: int, files: list[bytes], expected: list[str]) -> dict[str, Any]:
    """``count`` clients at once, ``each`` photographs a client; no more than ``CLASS`` share an address."""
    config, addresses = Client(app.url).config, math.ceil(count / CLASS)
    clients = [Client(app.url, config, source=f"127.0.0.{1 + number % addresses}") for number in range(count)]
    for client in clients:
        client.open()
    before, seen, ready = app.ask(), Seen(), threading.Barrier(count + 1)

    def run(number: int) -> None:
        ready.wait()
        visit(clients[number], iter(range(number, number + each)), files, expected, seen)

    with ThreadPoolExecutor(count) as pool:
        jobs = [pool.submit(run, number) for number in range(count)]
        ready.wait()
        started = time.perf_counter()
        for job in jobs:
            job.result()
    spent = time.perf_counter() - started
    after = app.ask()
    return {
        "clients": count,
        "addresses": addresses,
        "requests": count * each,
        "answers": len(seen.milliseconds),
        "refused": seen.refused,
        "errors": seen.errors[:10],
        "wrong": seen.wrong,
        "answers per second": round(len(seen.milliseconds) / spent, 2),
        **spread(seen.milliseconds),
        "rss mb": [before["rss"], after["rss"]],
        "hooks": after["hooks"],
        "weights unchanged": before["weights"] == after["weights"],
    }


def spread(milliseconds: list[float]) -> dict[str, int]:
    """Median, 95th percentile and maximum."""
    values = np.percentile(milliseconds, [50, 95, 100])
    return dict(zip(("p50 ms", "p95 ms", "max ms"), (round(float(v)) for v in values), strict=True))


def leaks(app: Served, count: int, files: list[bytes], expected: list[str]) -> dict[str, Any]:
    """One client, many photographs: what grows, and what is left behind."""
    client, seen = Client(app.url), Seen()
    client.open()
    visit(client, iter(range(20)), files, expected, Seen())
    before = app.ask()
    memory = [before["rss"]]
    for start in range(0, count, 50):
        visit(client, iter(range(start, min(start + 50, count))), files, expected, seen)
        memory.append(app.ask()["rss"])
    after = app.ask()
    return {
        "requests": count,
        "errors": seen.errors[:10],
        "wrong": seen.wrong,
        "rss mb, every 50 requests": memory,
        "hooks": [before["hooks"], after["hooks"]],
        "weights": [before["weights"], after["weights"]],
        "weights unchanged": before["weights"] == after["weights"],
        "threads": [before["threads"], after["threads"]],
        "temporary files": [before["files"], after["files"]],
    }


def opening(app: Served, count: int = 20) -> dict[str, Any]:
    """Fetching the document, which holds the first picture."""
    client, spent, size = Client(app.url), [], 0
    for _ in range(count):
        started = time.perf_counter()
        size = len(client.request("GET", "")[1])
        spent.append(1000 * (time.perf_counter() - started))
    return {"bytes": size, **spread(spent)}


def parts(checkpoints: str | None, files: list[bytes], count: int = 40) -> dict[str, float]:
    """Where the milliseconds of one upload go, as medians of a lone client."""
    with serve(checkpoints, parts=True) as app:
        client = Client(app.url)
        client.open()
        client.photograph(files[0])
        app.ask()
        uploads, totals = [], []
        for turn in range(count):
            started = time.perf_counter()
            _, path = client.upload(files[turn % len(files)])
            uploads.append(1000 * (time.perf_counter() - started))
            file = {"path": path, "orig_name": "photograph.jpg", "meta": {"_type": "gradio.FileData"}}
            client.send(client.event("photo", "upload"), {"photo": file})
            totals.append(1000 * (time.perf_counter() - started))
        spent = {part: statistics.median(values) for part, values in app.ask()["parts"].items() if values}
    handler = spent.pop("whole handler")
    table = {
        "upload the file": statistics.median(uploads),
        **spent,
        "rest of the handler": handler - sum(spent.values()),
    }
    table["queue, answer, transfer"] = statistics.median(totals) - handler - table["upload the file"]
    table["whole"] = statistics.median(totals)
    return {part: round(ms, 1) for part, ms in table.items()}


def hardware() -> dict[str, Any]:
    """What it ran on."""
    model = [line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if "model name" in line]
    versions = {"python": platform.python_version(), **{name: version(name) for name in ("torch", "gradio", "pillow")}}
    load = [round(value, 2) for value in os.getloadavg()]
    return {"cpu": model[0].split(": ")[1], "cores": os.cpu_count(), "load before": load, **versions}


def measure(counts: list[int], total: int, checkpoints: str | None) -> dict[str, Any]:
    """Everything, on a fresh app."""
    files, machine = photographs(), hardware()
    with serve(checkpoints) as app:
        expected = alone(app, files)
        if len(set(expected)) != len(files):
            raise RuntimeError("two photographs look alike: a mixed-up answer would not be seen")
        groups = [crowd(app, count, max(4, total // count), files, expected) for count in counts]
        found = {
            "page": opening(app),
            "upload to pictures": groups,
            "leak check": leaks(app, 200, files, expected),
            "errors in the log": app.errors[:10],
        }
    return {
        "command": "python -m " + " ".join(["benchmarks.load", *sys.argv[1:]]),
        "hardware": machine,
        "photographs": {"count": len(files), "size": SIZE, "bytes": [len(file) for file in files]},
        **found,
        "parts of one upload, ms": parts(checkpoints, files),
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    options.add_argument("--requests", type=int, default=128, help="about how many for each number of clients")
    options.add_argument("--checkpoints", help="folder; default the bundled one")
    options.add_argument("--out", type=Path, help="also write the JSON to this file")
    add_force(options)
    given = options.parse_args()
    settings = {"clients": given.clients, "requests": given.requests, "checkpoints": given.checkpoints}
    if given.out:
        check_results(given.out, settings, given.force)
    measured = measure(given.clients, given.requests, given.checkpoints)
    print(json.dumps(measured, indent=1, ensure_ascii=False))
    if given.out:
        write_results(given.out, measured, settings, given.force)
