"""Hostile requests to every endpoint: ``python -m benchmarks.fuzz_endpoints [--requests 10000] [--out FILE]``.

The list is the app's own: each event of the page, each named call, each tool over MCP, uploads, files, and the
addresses that the door lets in. Each gets its share of the requests, or as many as fit into ``--seconds``; what is left
goes to the others. A request is wrong that is answered with an internal error, a traceback or a path of the server, or
not within ``HANG`` seconds; between endpoints a good request must get its right answer. Prints a table.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import corpus, messages
from benchmarks.client import Client, pictures
from benchmarks.load import hardware
from benchmarks.served import ROOT, serve

HANG = 180.0
PRIVATE = ("Traceback", 'File "', "root:x:", "site-packages", str(ROOT), sys.prefix)
"""What no answer holds."""
VISITORS = 24
"""Addresses that the requests come from in turns: one alone would be held to its pace."""
GETS = (
    "", "config", "theme.css", "favicon.ico", "robots.txt", "manifest.json", "pwa_icon", "pwa_icon/99999", "llms.txt",
    "static/img/logo.svg", "assets/index.js", "gradio_api/info", "gradio_api/app_id", "gradio_api/startup-events",
    "gradio_api/upload_progress", "gradio_api/queue/data", "gradio_api/cancel", "gradio_api/reset",
    "gradio_api/heartbeat/x", "gradio_api/call/v2/gates/0f", "attnviz/view-0123456789abcdef.js",
    "attnviz/sample-0123456789abcdef.jpg",
)  # fmt: skip
"""Addresses that are no event."""
HEADERS = (
    "Accept-Language", "Cookie", "Range", "If-None-Match", "Accept-Encoding", "X-Forwarded-Proto", "Origin", "Referer",
    "Content-Encoding", "Transfer-Encoding", "Expect",
)  # fmt: skip


@dataclass
class Row:
    """What became of the requests to one endpoint."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    seconds: float = 0.0


def judged(status: int, body: bytes, direct: bool = False) -> str:
    """A status below 500 (503: busy) and nothing internal; ``direct``: a handler's own sentence comes as 500."""
    text = body.decode(errors="replace")
    if leaks := [word for word in PRIVATE if word in text]:
        at = max(0, text.index(leaks[0]) - 80)
        raise RuntimeError(f"{status} holds {leaks[0]!r}: {text[at : at + 240]}")
    if status == 500 and direct and json.loads(text).get("error"):
        return "a sentence"
    if status >= 500 and status != 503:
        raise RuntimeError(f"{status}: {text[:200]}")
    return str(status)


class Stranger:
    """Sends hostile requests to an app.

    Args:
        url: Its address.
        seed: Of everything that is sent.
        mcp: Whether it answers agents.
    """

    def __init__(self, url: str, seed: int = 0, mcp: bool = False) -> None:
        self.chance = random.Random(seed)
        config = Client(url, timeout=HANG).config
        self.clients = [Client(url, config, HANG, HANG, f"127.0.{1 + i // 200}.{1 + i % 200}") for i in range(VISITORS)]
        self.parts = {number: name for name, number in self.clients[0].parts.items()}
        self.cases = corpus.mutated(seed + 1)
        _, path = self.clients[0].upload(corpus.good()["jpeg"])
        self.uploaded = str(path)
        self.info = json.loads(self.clients[0].request("GET", "gradio_api/info")[1])["named_endpoints"]
        self.endpoints = dict(self._endpoints(config, mcp))
        self._turn = 0

    def _endpoints(self, config: dict[str, Any], mcp: bool) -> Iterator[tuple[str, Callable[[Client], str]]]:
        for one in (d for d in config["dependencies"] if d["backend_fn"] and d["api_visibility"] == "private"):
            whose = " ".join(f"{self.parts.get(number, number)}.{kind}" for number, kind in one["targets"][:1])
            yield f"event {one['id']} {whose}", lambda client, one=one: self.event(client, one)
        for name in (*self.info, "/nothing"):
            yield f"call {name}", lambda client, name=name: self.call(client, name)
            if mcp:
                yield f"mcp {name}", lambda client, name=name: self.agent(client, name)
        yield "upload, shapes", self.shape
        yield "upload, pictures", self.picture
        yield "file", self.file
        for path in GETS:
            yield f"/{path}", lambda client, path=path: self.address(client, path)
        yield "any address", self.anything

    def client(self) -> Client:
        """The next visitor."""
        self._turn += 1
        return self.clients[self._turn % len(self.clients)]

    def value(self) -> Any:
        """Anything that JSON can hold, or the uploaded file."""
        roll = self.chance.random()
        path = self.chance.choice((self.uploaded, self.uploaded + "/../../x", self.uploaded[:-3], "/etc/passwd"))
        file = {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": self.chance.choice(messages.TEXTS)}
        return file if roll < 0.1 else messages.value(self.chance)

    def event(self, client: Client, one: dict[str, Any]) -> str:
        """An event with a few values or all replaced, or one that is not whole, and its answer."""
        whole = messages.event(self.chance, one, client.inputs(one, {}), client.session)
        roll = self.chance.random()
        if roll < 0.5:
            whole["data"] = [self.value() for _ in whole["data"]]
        body = messages.broken(self.chance, whole) if roll > 0.8 else json.dumps(whole).encode()
        if one["queue"] is False:
            return judged(*client.request("POST", "gradio_api/run/predict", body), direct=True)
        status, text = client.request("POST", "gradio_api/queue/join", body)
        if status != 200 or json.loads(body)["session_hash"] != client.session:
            return judged(status, text)
        return self.ended(client, f"queue/data?session_hash={client.session}")

    def ended(self, client: Client, path: str) -> str:
        """The stream of an answer."""
        status, stream = client.request("GET", f"gradio_api/{path}")
        judged(status, stream)
        if b'"success":true' in stream or b"event: complete" in stream:
            return "answered"
        return "a sentence" if b"error" in stream else str(status)

    def arguments(self, name: str) -> dict[str, Any]:
        """Arguments of an endpoint by its own description: some right, some not, some left out, one too many."""
        right = {"photo": "sample:cat", "model": "cbam", "edits": {"format": "attnviz-edits"}, "type": "se", "only": []}
        made = {}
        for one in self.info.get(name, {"parameters": []})["parameters"]:
            if self.chance.random() < 0.9:
                key = one["parameter_name"]
                made[key] = right.get(key, 8) if self.chance.random() < 0.5 else self.value()
        if self.chance.random() < 0.1:
            made[self.chance.choice(messages.KEYS)] = self.value()
        return made

    def call(self, client: Client, name: str) -> str:
        """A call by plain HTTP, and its answer."""
        path = f"call/v2{name}"
        roll, made = self.chance.random(), json.dumps(self.arguments(name)).encode()
        body = made if roll < 0.8 else messages.broken(self.chance, {"photo": made.decode(), "data": []})
        status, text = client.request("POST", f"gradio_api/{path}", body)
        verdict = judged(status, text)
        return self.ended(client, f"{path}/{json.loads(text)['event_id']}") if status == 200 else verdict

    def agent(self, client: Client, name: str) -> str:
        """A message of an agent: a tool's call, another method, or none."""
        call = {"name": name.strip("/"), "arguments": self.arguments(name)}
        method = self.chance.choice(("tools/call", "tools/call", "tools/list", "initialize", "ping", messages.EVIL))
        message = {"jsonrpc": "2.0", "id": self.value(), "method": method, "params": call}
        whole = json.dumps(message).encode()
        body = whole if self.chance.random() < 0.8 else messages.broken(self.chance, message)
        client.headers = {"Accept": "application/json, text/event-stream"}
        try:
            return judged(*client.request("POST", "gradio_api/mcp/", body))
        finally:
            client.headers = {}

    def shape(self, client: Client) -> str:
        """An upload that is no form with a file."""
        part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n1\r\n--x--\r\n'
        cut = self.chance.randrange(len(part))
        body = self.chance.choice(
            (part[:cut], part[:cut] + bytes(self.chance.randrange(9)) + part[cut:], part * 50, b"")
        )
        kind = self.chance.choice(
            ("multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "", "x/" * 99)
        )
        query = self.chance.choice(("", "?upload_id=x", "?upload_id=%00", "?upload_id=" + "a" * 999))
        return judged(*client.request("POST", "gradio_api/upload" + query, body, kind))

    def picture(self, client: Client) -> str:
        """A damaged file under a hostile name, analysed."""
        case = next(self.cases)
        answer = client.photograph(case.data, case.file.replace("\0", "_"))
        return "answered" if answer["success"] else judged(422, str(answer["output"]).encode())

    def file(self, client: Client) -> str:
        """A file that may not be there for a visitor."""
        names = (*messages.FILES, self.uploaded, f"{self.uploaded}/..", f"{self.uploaded}%2f..%2f..%2f..%2fetc/passwd")
        return self.address(client, "gradio_api/file=" + self.chance.choice(names))

    def address(self, client: Client, path: str) -> str:
        """An address by any method, with any query and headers."""
        method = self.chance.choice(("GET", "GET", "GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE"))
        if "heartbeat" in path and method == "GET":
            method = "HEAD"  # an open heartbeat is a stream without an end, as it should be
        query = self.chance.choice(
            ("", "?session_hash=nobody", "?lang=zh", "?lang=%00", "?tab=" + "a" * 999, "?%ff=%fe")
        )
        path = (path + query).replace("\\", "%5C").replace(" ", "%20")
        sent = {name: self.header() for name in self.chance.sample(HEADERS, self.chance.randrange(3))}
        client.headers = sent
        try:
            return judged(*client.request(method, path, self.chance.choice((None, b"", b"{}", b"x" * 99))))
        finally:
            client.headers = {}
            if {"Transfer-Encoding", "Expect"} & set(sent):
                client.close()

    def header(self) -> str:
        """A header's value, of characters that a client can send."""
        text = self.chance.choice((*messages.TEXTS, "bytes=0-", "bytes=9-1,,", "br", "gzip;q=x", "attnviz_language=zh"))
        return text.encode("latin-1", "ignore").decode("latin-1").replace("\0", "")[:2000]

    def anything(self, client: Client) -> str:
        """A request that no page sends."""
        method, path, body, kind = messages.request(self.chance)
        method = "HEAD" if "heartbeat" in path and method == "GET" else method
        return judged(*client.request(method, path, body, kind))

    def run(self, name: str, count: int, seconds: float, row: Row) -> int:
        """Send at most ``count`` requests to an endpoint; returns how many fitted into ``seconds``."""
        began = time.perf_counter()
        for sent in range(count):
            if sent and time.perf_counter() - began > seconds:
                return sent
            started, client = time.perf_counter(), self.client()
            try:
                row.answers[self.endpoints[name](client)] += 1
            except Exception as error:
                client.close()
                client.session = uuid.uuid4().hex  # the old one still waits for its answer
                row.wrong.append(f"{type(error).__name__}: {error}"[:400])
            row.slowest = max(row.slowest, time.perf_counter() - started)
        row.seconds += time.perf_counter() - began
        return count


def figures(rows: dict[str, Row], good: Counter[str], log: str, before: Any, after: Any) -> dict[str, Any]:
    """What is known so far."""
    return {
        "requests": sum(sum(row.answers.values()) + len(row.wrong) for row in rows.values()),
        "endpoints": len(rows),
        "fewest for one": min(sum(row.answers.values()) + len(row.wrong) for row in rows.values()),
        "wrong": sum(len(row.wrong) for row in rows.values()),
        "tracebacks in the log": log.count("Traceback"),
        "good requests": dict(good),
        **{key: [before[key], after[key]] for key in ("rss", "threads", "files", "hooks")},
        "each": {
            name: {"answers": dict(row.answers), "slowest s": round(row.slowest, 2), "wrong": row.wrong[:5]}
            for name, row in rows.items()
        },
    }


def measure(requests: int, seconds: float, seed: int, write: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Every endpoint of an app with everything on; what is known is written after every tenth."""
    with serve(mcp=True) as app:
        stranger, friend, photograph = Stranger(app.url, seed, mcp=True), Client(app.url), corpus.good()["jpeg"]
        friend.open()
        shown = pictures(friend.photograph(photograph))
        rows, left, good, before = {name: Row() for name in stranger.endpoints}, requests, Counter[str](), app.ask()
        order = sorted(rows, key=lambda name: not name.startswith("event"))  # the quick ones last: they take the rest
        while left > 0:
            for number, name in enumerate(order):
                share = max(1, -(-left // (len(order) - number)))
                left -= stranger.run(name, share, seconds, rows[name])
                if number % 10 == 9 or number == len(order) - 1:
                    good["right" if pictures(friend.photograph(photograph)) == shown else "wrong or lost"] += 1
                    log = app.log.read_text(encoding="utf-8", errors="replace")
                    report = figures(rows, good, log, before, app.ask())
                    write(report)
                    print(f"{report['requests']} requests, {report['wrong']} wrong", file=sys.stderr, flush=True)
        return report


def main() -> None:
    """Run, print the table, and write it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=10.0, help="most for one endpoint in one go")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    report = {"command": "python -m " + " ".join(["benchmarks.fuzz_endpoints", *sys.argv[1:]]), "hardware": hardware()}

    def write(figures: dict[str, Any]) -> None:
        if given.out:
            text = json.dumps({**report, **figures}, indent=1, ensure_ascii=False)
            given.out.write_text(text + "\n", encoding="utf-8")

    report |= measure(given.requests, given.seconds, given.seed, write)
    for name, row in report["each"].items():
        print(f"{name:44} {row['slowest s']:6.2f} s  {len(row['wrong'])} wrong  {row['answers']}")
    print(json.dumps({key: value for key, value in report.items() if key != "each"}, indent=1))


if __name__ == "__main__":
    main()
