"""Programs beside a person on the page: ``python -m benchmarks.programs [--out results/programs.json]``.

A person uploads one photograph after the other, first alone, then while several clients call ``gates`` as fast as they
are answered. Prints the person's milliseconds in both cases and the calls' own, as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from attnviz.models.results import add_force, check_results, write_results
from benchmarks.client import Client
from benchmarks.load import hardware, photographs, spread
from benchmarks.served import serve

MODEL = "cbam"


class Program:
    """One client of the endpoint ``gates``.

    Args:
        url: Address of the app.
        photo: Path that the upload of a photograph was answered with.
    """

    def __init__(self, url: str, photo: str) -> None:
        self.client, self.photo = Client(url, config={"components": []}), photo

    def call(self) -> tuple[float, str]:
        """Milliseconds of one call, and its answer."""
        started = time.perf_counter()
        arguments = {"photo": self.photo, "model": MODEL}
        status, answer = self.client.request("POST", "gradio_api/call/v2/gates", arguments)
        if status != 200:
            raise RuntimeError(f"{status} {answer[:200]!r}")
        _, stream = self.client.request("GET", f"gradio_api/call/v2/gates/{json.loads(answer)['event_id']}")
        event, data = stream.decode().strip().split("\n\n")[-1].split("\n", 1)
        if event != "event: complete":
            raise RuntimeError(data)
        return 1000 * (time.perf_counter() - started), data


def person(client: Client, files: list[bytes], goes_on: Any) -> list[float]:
    """Milliseconds of each photograph, one after the other, as long as it goes on."""
    spent: list[float] = []
    while goes_on(len(spent)):
        started = time.perf_counter()
        answer = client.photograph(files[len(spent) % len(files)])
        if not answer["success"]:
            raise RuntimeError(str(answer["output"].get("error")))
        spent.append(1000 * (time.perf_counter() - started))
    return spent


def measure(checkpoints: str | None, count: int, calls: int, photographs_alone: int) -> dict[str, Any]:
    """The person alone and beside ``count`` clients with ``calls`` calls in all."""
    files = photographs()
    with serve(checkpoints) as app:
        visitor = Client(app.url)
        visitor.open()
        _, photo = visitor.upload(files[0])
        programs = [Program(app.url, photo) for _ in range(count)]
        expected = programs[0].call()[1]
        person(visitor, files, lambda done: done < 10)
        alone = person(visitor, files, lambda done: done < photographs_alone)
        left, guard, answers = [calls], threading.Lock(), []

        def work(program: Program) -> None:
            while True:
                with guard:
                    if not left[0]:
                        return
                    left[0] -= 1
                answers.append(program.call())

        with ThreadPoolExecutor(count) as pool:
            started = time.perf_counter()
            jobs = [pool.submit(work, program) for program in programs]
            beside = person(visitor, files, lambda _: not all(job.done() for job in jobs))
            for job in jobs:
                job.result()
            spent = time.perf_counter() - started
    return {
        "clients": count,
        "calls": calls,
        "calls per second": round(calls / spent, 1),
        "wrong answers": sum(answer != expected for _, answer in answers),
        "a call": spread([milliseconds for milliseconds, _ in answers]),
        "a person alone": {"photographs": len(alone), **spread(alone)},
        "a person beside them": {"photographs": len(beside), **spread(beside)},
        "ratio of medians": round(float(np.median(beside) / np.median(alone)), 2),
    }


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--alone", type=int, default=40, help="photographs of the person alone")
    parser.add_argument("--checkpoints", help="folder of checkpoints, instead of the bundled ones")
    parser.add_argument("--out", type=Path)
    add_force(parser)
    args = parser.parse_args(argv)
    settings = {"clients": args.clients, "calls": args.calls, "checkpoints": args.checkpoints}
    if args.out:
        check_results(args.out, settings, args.force)
    report = {
        "command": "python -m " + " ".join(["benchmarks.programs", *(argv or sys.argv[1:])]),
        "hardware": hardware(),
        **measure(args.checkpoints, args.clients, args.calls, args.alone),
    }
    if args.out:
        write_results(args.out, report, settings, args.force)
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
