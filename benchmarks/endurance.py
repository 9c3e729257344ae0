"""Does anything grow? ``python -m benchmarks.endurance [--minutes 60] [--out FILE]``.

All abuses of ``benchmarks.abuses`` take turns of a minute in a shuffled order, over and over, while an innocent visitor
uploads photographs; after every turn the app rests until all it had queued is done, and says what it holds. Prints a
line a turn, and at the end how much was added from the first full round to the last.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.abuses import ATTACKS
from benchmarks.attack import abused, spread
from benchmarks.client import Client, pictures
from benchmarks.load import alone, hardware, photographs
from benchmarks.served import serve

PAUSE = 0.5
"""Seconds between her photographs: without it she would have used up what one address may upload in an hour."""
HELD = ("rss", "threads", "descriptors", "files_mb", "hooks")


def turn(client: Client, files: list[bytes], expected: list[str], seconds: float) -> dict[str, Any]:
    """What an innocent visitor meets for so long."""
    seen: list[float] = []
    lost = wrong = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        which = len(seen) % len(files)
        started = time.perf_counter()
        try:
            answer = client.photograph(files[which])
        except (OSError, http.client.HTTPException):
            answer = {"success": False}
        seen.append(1000 * (time.perf_counter() - started))
        time.sleep(PAUSE)
        lost += not answer["success"]
        wrong += answer["success"] and pictures(answer) != expected[which]
    return {"requests": len(seen), **spread(seen, lost), "wrong": wrong}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seconds", type=float, default=60, help="of one turn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    files, turns, answers = photographs(), [], Counter[str]()
    shuffled = random.Random(args.seed)
    end = time.monotonic() + 60 * args.minutes
    with serve() as app:
        expected = alone(app, files)
        client = Client(app.url)
        client.open()
        turn(client, files, expected, 10)
        begin = app.ask()
        while time.monotonic() < end:
            for name in shuffled.sample(sorted(ATTACKS), len(ATTACKS)):
                with abused(name, app.url, answers):
                    met = turn(client, files, expected, args.seconds)
                time.sleep(5)
                now = app.ask()
                turns.append({"abuse": name, **met, **{key: now[key] for key in HELD}})
                print(json.dumps(turns[-1]), flush=True)
                if time.monotonic() > end:
                    break
        last = app.ask()
        report = {
            "command": f"python -m benchmarks.endurance --minutes {args.minutes:g} --seconds {args.seconds:g}",
            "hardware": hardware(),
            "begin": {key: begin[key] for key in HELD},
            "medians of a round": [
                {key: statistics.median(each[key] for each in turns[i : i + len(ATTACKS)]) for key in HELD}
                for i in range(0, len(turns) - len(ATTACKS) + 1, len(ATTACKS))
            ],
            "end": {key: last[key] for key in HELD},
            "weights unchanged": begin["weights"].items() <= last["weights"].items(),
            "tracebacks": len(app.errors),
            "log_kb": round(app.log.stat().st_size / 1024),
            "innocent": {key: sum(each[key] for each in turns) for key in ("requests", "lost", "wrong")},
            "answers to abuse": dict(answers),
            "turns": turns,
        }
    print(json.dumps({key: value for key, value in report.items() if key != "turns"}, indent=1))
    if args.out:
        args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
