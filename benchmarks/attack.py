"""An attack and an innocent visitor beside it: ``python -m benchmarks.attack [--only NAME …] [--out FILE]``.

Each abuse is replayed against the app from another loopback address than the innocent visitor's (Linux), while she
uploads photographs. She is measured in turns: alone, beside the abuse, and beside the same abuse of another app on the
same machine, which costs the machine as much and her app nothing. Prints a table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.abuses import ATTACKS
from benchmarks.client import Client
from benchmarks.load import hardware, photographs
from benchmarks.served import ROOT, Served, serve


def cpu(app: Served) -> float:
    """Milliseconds of CPU that an app has taken."""
    fields = Path(f"/proc/{app.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def abused(name: str, url: str, answers: Counter[str]) -> Iterator[None]:
    """While an abuse goes on."""
    pipe, command = subprocess.PIPE, [sys.executable, "-m", "benchmarks.abuses", name, url]
    process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    process.stdout.readline()
    time.sleep(1)
    try:
        yield
    finally:
        said, _ = process.communicate(timeout=60)
        answers.update(json.loads(said))


def innocent(client: Client, files: list[bytes], times: int) -> tuple[list[float], int]:
    """Milliseconds from upload to pictures of a visitor on a page that stays open, and how many were lost."""
    seen, lost = [], 0
    for turn in range(times):
        started = time.perf_counter()
        answer = client.photograph(files[turn % len(files)])
        seen.append(1000 * (time.perf_counter() - started))
        lost += not answer["success"]
    return seen, lost


def spread(seen: list[float], lost: int) -> dict[str, int]:
    """Median and 95th percentile."""
    ordered = sorted(seen)
    return {
        "median": round(statistics.median(seen)),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))]),
        "lost": lost,
    }


def run(name: str, times: int, rounds: int) -> dict[str, Any]:
    """One abuse against a fresh app, with an innocent visitor before and beside it, in turns."""
    files = photographs()
    with serve() as app, serve() as other:
        client = Client(app.url)
        client.open()
        innocent(client, files, 3)
        before, answers = app.ask(), Counter[str]()
        elsewhere: Counter[str] = Counter()
        seen: dict[str, list[float]] = {"alone": [], "beside": [], "elsewhere": []}
        lost, spent = Counter[str](), 0.0

        def visit(which: str) -> None:
            milliseconds, failed = innocent(client, files, times)
            seen[which] += milliseconds
            lost[which] += failed

        for _ in range(rounds):
            started = cpu(app)
            visit("alone")
            own = cpu(app) - started
            with abused(name, app.url, answers):
                started = cpu(app)
                visit("beside")
            spent += cpu(app) - started - own
            with abused(name, other.url, elsewhere):
                visit("elsewhere")
        after = app.ask()
        median = {which: statistics.median(values) for which, values in seen.items()}
        return {
            "abuse": (ATTACKS[name].__doc__ or "").strip(),
            "answers": dict(answers),
            **{which: spread(values, lost[which]) for which, values in seen.items()},
            "ratio to alone": round(median["beside"] / median["alone"], 2),
            "ratio to the same abuse elsewhere": round(median["beside"] / median["elsewhere"], 2),
            "app's cpu ms for one answer to the abuse": round(spent / max(1, answers.total()), 2),
            "log_kb": round(app.log.stat().st_size / 1024),
            "tracebacks": len(app.errors),
            "rss_mb": [before["rss"], after["rss"]],
            "files_mb": [before["files_mb"], after["files_mb"]],
            "threads": [before["threads"], after["threads"]],
        }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=tuple(ATTACKS), default=tuple(ATTACKS))
    parser.add_argument("--times", type=int, default=20, help="photographs of the innocent visitor in a turn")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    report: dict[str, Any] = {
        "command": "python -m " + " ".join(["benchmarks.attack", *sys.argv[1:]]),
        "hardware": hardware(),
    }
    for name in args.only:
        report[name] = run(name, args.times, args.rounds)
        print(name, json.dumps(report[name]), flush=True)
        if args.out:
            args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
