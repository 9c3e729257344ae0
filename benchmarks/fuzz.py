"""Thousands of hostile inputs: ``python -m benchmarks.fuzz --inputs 10000 --out results/fuzz.json``.

Pictures go to the decoder, pictures and events and requests to a running app (own process), arguments to the command
line. After each batch the app must give the right answer to a good request. Prints JSON: figures by category,
inputs that were answered wrongly, tracebacks in the app's log, and what refusing costs.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attnviz.core.errors import UserError
from attnviz.images.decode import open_photograph
from attnviz.models.results import add_force, check_results
from benchmarks import corpus, messages
from benchmarks.client import Client, pictures
from benchmarks.load import hardware
from benchmarks.served import ROOT, Served, serve

SHARES = {"pictures, decoded": 0.8, "pictures, uploaded": 0.02, "events": 0.05, "broken events": 0.06}
SHARES |= {"requests": 0.05, "command lines": 0.02}
"""Which part of all inputs goes where; most go where an input costs milliseconds, not a forward pass."""
BATCH = 100
"""Inputs between two good requests."""
STEP = 200
"""Inputs after which the figures so far are written."""
HANG = 120
"""Seconds after which an input counts as hanging, also while the app says that it is alive."""


class Tally:
    """What became of the inputs of one category."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.name = ""
        self.slowest = (0.0, "")

    @contextlib.contextmanager
    def one(self, name: str) -> Iterator[None]:
        """Time one input; what it raises is wrong. Who sends it may put a closer ``name``."""
        self.name, started = name, time.perf_counter()
        try:
            yield
        except TimeoutError:
            self.wrong.append(f"hangs: {self.name}"[:300])
        except Exception as error:
            self.wrong.append(f"{type(error).__name__}: {error}: {self.name}"[:300])
        self.slowest = max(self.slowest, (time.perf_counter() - started, self.name[:80]))

    def as_json(self) -> dict[str, Any]:
        """Figures, with the first wrong ones."""
        outcomes = dict(sorted(self.outcomes.items()))
        figures = {"inputs": sum(outcomes.values()) + len(self.wrong), "outcomes": outcomes, "wrong": len(self.wrong)}
        return {
            **figures,
            "first wrong": self.wrong[:10],
            "slowest s": round(self.slowest[0], 2),
            "slowest": self.slowest[1],
        }


def decoded(count: int, seed: int, tally: dict[str, Tally]) -> None:
    """Damaged files, by kind of damage, in this process."""
    for case in itertools.islice(corpus.mutated(seed), count):
        own = tally[f"pictures, decoded: {case.kind}"]
        with own.one(case.name), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                image = open_photograph(case.data)
                if image.mode != "RGB":
                    raise RuntimeError(image.mode)
                own.outcomes["opened"] += 1
            except UserError:
                own.outcomes["refused"] += 1


class Stranger:
    """Sends hostile things to an app and looks at its answers."""

    def __init__(self, app: Served, seed: int, tally: dict[str, Tally]) -> None:
        self.app, self.tally = app, tally
        self.chance = random.Random(seed)
        self.friend, self.client = (Client(app.url, timeout=HANG, patience=HANG) for _ in range(2))
        self.photograph = corpus.good()["jpeg"]
        self.friend.open()
        self.client.open()
        self.shown = pictures(self.friend.photograph(self.photograph))
        self.backend = [d for d in self.client.config["dependencies"] if d["backend_fn"]]
        self.cases = corpus.mutated(seed + 1)
        self.parts = {number: name for name, number in self.client.parts.items()}
        self.batches = self.unanswered = 0

    def chosen(self, category: str) -> dict[str, Any]:
        """Any event that has a handler, whose name the tally shall tell."""
        dependency = self.chance.choice(self.backend)
        whose = [f"{self.parts.get(number, number)}.{kind}" for number, kind in dependency["targets"]]
        self.tally[category].name = f"{category}: {' '.join(whose)}"
        return dependency

    def good(self) -> None:
        """The next good request after a batch: a photograph, and exactly the answer from before."""
        self.batches += 1
        with contextlib.suppress(OSError):
            answer = self.friend.photograph(self.photograph)
            if answer["success"] and pictures(answer) == self.shown:
                return
        self.unanswered += 1

    def run(self, category: str, count: int, send: Callable[[], str]) -> None:
        """Send ``count`` inputs of a category."""
        own = self.tally[category]
        for number in range(count):
            with own.one(category):
                own.outcomes[send()] += 1
            if number % BATCH == BATCH - 1 or number == count - 1:
                self.good()
                print(f"{category}: {number + 1} of {count}, {len(own.wrong)} wrong", file=sys.stderr, flush=True)

    def picture(self) -> str:
        """Upload a damaged file under a hostile name and have it analysed."""
        case = next(self.cases)
        self.tally["pictures, uploaded"].name = f"{case.kind}: {case.name}"
        answer = self.client.photograph(case.data, case.file.replace("\0", "_"))
        return self.judged(answer)

    def event(self) -> str:
        """Any event of any tab with hostile values."""
        dependency = self.chosen("events")
        whole = messages.event(self.chance, dependency, self.client.inputs(dependency, {}), self.client.session)
        whole["data"] = json.loads(json.dumps(whole["data"]))
        if not dependency["queue"]:
            status, body = self.client.request("POST", "gradio_api/run/predict", whole)
            return checked(status, body, direct=True)
        status, body = self.client.request("POST", "gradio_api/queue/join", whole)
        return self.judged(self.client.ended()) if status == 200 else checked(status, body)

    def broken(self) -> str:
        """An event that is not whole; should it be let in, its answer is fetched."""
        dependency = self.chosen("broken events")
        whole = messages.event(self.chance, dependency, self.client.inputs(dependency, {}), self.client.session)
        place = self.chance.choice(("queue/join", "run/predict"))
        body = messages.broken(self.chance, whole)
        status, text = self.client.request("POST", f"gradio_api/{place}", body)
        if status == 200 and place == "queue/join":
            if json.loads(body).get("session_hash") != self.client.session:
                return "status 200, answered to another session"  # nobody listens there
            return self.judged(self.client.ended())
        return checked(status, text, direct=place == "run/predict")

    def request(self) -> str:
        """A request that no page sends."""
        method, path, body, kind = messages.request(self.chance)
        if "heartbeat" in path and method == "GET":
            method = "HEAD"  # an open heartbeat is a stream without an end, as it should be
        self.tally["requests"].name = f"{method} {path[:120]}"
        status, text = self.client.request(method, path, body, kind)
        return checked(status, text)

    def judged(self, answer: dict[str, Any]) -> str:
        """An event was answered: with pictures, or with a sentence that holds no markup and nothing internal."""
        if answer.get("success"):
            return "answered"
        error = answer["output"].get("error")
        if not error:
            raise RuntimeError(f"refused without a text: {answer}")
        if "<img" in error or "Traceback" in error or 'File "' in error:
            raise RuntimeError(f"a text with markup or details: {error[:200]}")
        return "refused with a sentence"


def checked(status: int, body: bytes, direct: bool = False) -> str:
    """A status below 500 (503: busy), and nothing internal in the body."""
    text = body.decode(errors="replace")
    if "Traceback" in text or "root:x:" in text or 'File "/' in text:
        raise RuntimeError(f"{status} with details: {text[:200]}")
    if status == 500 and direct and json.loads(text).get("error"):
        if "<img" in text:
            raise RuntimeError(f"a text with markup: {text[:200]}")
        return "refused with a sentence"  # so gradio answers a handler's own error
    if status >= 500 and status != 503:
        raise RuntimeError(f"{status}: {text[:200]}")
    return f"status {status}"


def lines(count: int, seed: int, tally: dict[str, Tally]) -> None:
    """Hostile arguments of the command line, in this process."""
    from attnviz.cli.main import main

    chance, own = random.Random(seed), tally["command lines"]
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(count):
            arguments = messages.command_line(chance, folder)
            said = io.StringIO()
            with own.one(repr(arguments)), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                try:
                    status = main(arguments)
                except SystemExit as end:
                    status = end.code
                if status not in (0, 2):
                    raise RuntimeError(f"exit status {status}")
                own.outcomes[f"exit status {status}"] += 1


def written(found: dict[str, Any], tally: dict[str, Tally], out: Path | None) -> dict[str, Any]:
    """What is known so far, also as a file, so that an interrupted run is not lost."""
    results = {name: own.as_json() for name, own in sorted(tally.items())}
    wrong = [text for own in tally.values() for text in own.wrong]
    sums = {"inputs": sum(row["inputs"] for row in results.values()), "wrong": len(wrong)}
    sums["hangs"] = sum(text.startswith("hangs") for text in wrong)
    whole = {**found, **sums, "categories": results}
    if out:
        out.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return whole


def here(options: argparse.Namespace, counts: dict[str, int], tally: dict[str, Tally], found: dict[str, Any]) -> None:
    """What runs in this process, and what refusing costs, in a fresh one."""
    child = [sys.executable, "-m", "benchmarks.refusals"]
    found["refusing"] = json.loads(subprocess.run(child, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    for done, (category, run) in enumerate({"pictures, decoded": decoded, "command lines": lines}.items()):
        for start in range(0, counts[category], STEP):
            run(min(STEP, counts[category] - start), options.seed + 1000 * done + start, tally)
            written(found, tally, options.out)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that is asked for, written after each category."""
    seed, out, part = options.seed, options.out, options.part
    counts = {name: round(options.inputs * share) for name, share in SHARES.items()}
    tally: dict[str, Tally] = defaultdict(Tally)
    found: dict[str, Any] = {"command": "python -m " + " ".join(["benchmarks.fuzz", *sys.argv[1:]])}
    found |= {"hardware": hardware(), "finished": False, "settings": settings_of(options)}
    if part != "app":
        here(options, counts, tally, found)
    if part == "here":
        return written({**found, "finished": True}, tally, out)
    with serve(options.checkpoints) as app:
        stranger = Stranger(app, seed, tally)
        before = app.ask()
        ways = {"requests": stranger.request, "broken events": stranger.broken, "events": stranger.event}
        for category, send in {**ways, "pictures, uploaded": stranger.picture}.items():
            stranger.run(category, counts[category], send)
            after, log = app.ask(), app.errors
            found["app"] = {key: [before[key], after[key]] for key in ("rss", "hooks", "weights", "threads", "files")}
            found["tracebacks in the log"] = sum("Traceback" in line for line in log)
            found["log"] = log[:10]
            found["weights unchanged"] = all(
                after["weights"].get(name, digest) == digest for name, digest in before["weights"].items()
            )
            found["good requests after a batch"] = {"asked": stranger.batches, "wrong or lost": stranger.unanswered}
            written(found, tally, out)
    return written({**found, "finished": True}, tally, out)


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """What was chosen and decides the numbers."""
    return {key: getattr(options, key) for key in ("inputs", "seed", "part", "checkpoints")}


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inputs", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--part", choices=("all", "here", "app"), default="all", help="in this process, over HTTP")
    options.add_argument("--checkpoints", help="folder; default the bundled one")
    options.add_argument("--out", type=Path, help="also write the JSON to this file")
    add_force(options)
    given = options.parse_args()
    if given.out:
        check_results(given.out, settings_of(given), given.force)
    found = measure(given)
    print(json.dumps(found, indent=1, ensure_ascii=False))
