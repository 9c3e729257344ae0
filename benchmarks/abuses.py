"""Abuses that ``benchmarks.attack`` replays: ``python -m benchmarks.abuses NAME URL`` goes on until its input ends.

It runs in a process of its own, so that what it costs is not counted as the innocent visitor's.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.client import Client
from benchmarks.load import photographs


class Aim(NamedTuple):
    """What is abused."""

    url: str


EVIL = "127.0.0.2"
"""Where the abuse comes from."""
Say = Callable[[Any], None]


def fresh(app: Aim, config: dict[str, Any]) -> Client:
    """A visitor who abuses, with a new session."""
    return Client(app.url, config, timeout=20, source=EVIL)


def post(client: Client, event: dict[str, Any], session: str, **more: Any) -> int:
    """Join the queue and never listen."""
    body = {"data": client.inputs(event, {}), "fn_index": event["id"], "session_hash": session, **more}
    return client.request(
        "POST", "gradio_api/queue/join" if event["queue"] is not False else "gradio_api/run/predict", body
    )[0]


def proxy(app: Aim, config: dict[str, Any], say: Say, stop: threading.Event) -> None:
    """Addresses of other machines in the place of a file."""
    client = fresh(app, config)
    for address in (
        "http://127.0.0.1:1/",
        "https://example.org/",
        "//example.org/x",
        "ftp://example.org/",
        "file:///etc/passwd",
    ):
        say(client.request("GET", f"gradio_api/file={address}")[0])


def large_event(app: Aim, config: dict[str, Any], say: Say, stop: threading.Event) -> None:
    """Events of one MiB with 19,000 files in them."""
    client = fresh(app, config)
    event = client.event("photo", "upload")
    files = [{"path": f"{os.sep}tmp{os.sep}{i:030}"} for i in range(19_000)]
    while not stop.is_set():
        say(post(client, event, uuid.uuid4().hex, event_data=files))


def silent_posts(app: Aim, config: dict[str, Any], say: Say, stop: threading.Event) -> None:
    """Small posts of ever new sessions that never listen."""
    client = fresh(app, config)
    event = client.event("photo", "upload")
    while not stop.is_set():
        say(post(client, event, uuid.uuid4().hex))


def crowd(app: Aim, config: dict[str, Any], say: Say, stop: threading.Event) -> None:
    """Thirty sessions of one address that upload and listen."""
    files = photographs()

    def visit() -> None:
        client = fresh(app, config)
        client.open()
        while not stop.is_set():
            answer = client.photograph(files[0])
            say(200 if answer["success"] else answer.get("status", "error"))

    threads = [threading.Thread(target=visit, daemon=True) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def silent_connections(app: Aim, config: dict[str, Any], say: Say, stop: threading.Event) -> None:
    """Connections that say nothing, as many as can be opened."""
    host, port = http.client.HTTPConnection(fresh(app, config).host).host, int(app.url.rstrip("/").rsplit(":", 1)[1])
    opened: list[socket.socket] = []
    while not stop.is_set():
        with contextlib.suppress(OSError):
            opened.append(socket.create_connection((host, port), 5, (EVIL, 0)))
            say("opened")
        if len(opened) >= 900:
            opened.pop(0).close()
            time.sleep(0.01)
    for one in opened:
        one.close()


def half_uploads(app: Aim, config: dict[str, Any], say: Say, stop: threading.Event) -> None:
    """Uploads that are broken off."""
    client = fresh(app, config)
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {client.host}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        'Content-Length: 1000000\r\n\r\n--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    )
    name, port = client.host.split(":")
    while not stop.is_set():
        with contextlib.suppress(OSError), socket.create_connection((name, int(port)), 5, (EVIL, 0)) as connection:
            connection.sendall(head.encode() + bytes(200_000))
            say("broken off")
        time.sleep(0.02)


def full_uploads(app: Aim, config: dict[str, Any], say: Say, stop: threading.Event) -> None:
    """Whole uploads of 30 MiB, one after another."""
    client = fresh(app, config)
    while not stop.is_set():
        say(client.upload(os.urandom(2**20) * 30)[0])


def sessions(app: Aim, config: dict[str, Any], say: Say, stop: threading.Event) -> None:
    """Light requests, each of a new session."""
    client = fresh(app, config)
    light = next(e for e in config["dependencies"] if e["backend_fn"] and e["queue"] is False)
    for _ in range(1000):
        if stop.is_set():
            return
        say(post(client, light, uuid.uuid4().hex))


def other_site(app: Aim, config: dict[str, Any], say: Say, stop: threading.Event) -> None:
    """Another site's page, and a name that was made to point here."""
    host = fresh(app, config).host
    for method, path, headers in [
        ("POST", "/gradio_api/upload", {"Origin": "http://evil.example"}),
        ("POST", "/gradio_api/queue/join", {"Origin": "null"}),
        ("GET", "/config", {"Host": "evil.example"}),
        ("GET", "/config", {"X-Forwarded-Host": "evil.example"}),
    ]:
        connection = http.client.HTTPConnection(host, timeout=10, source_address=(EVIL, 0))
        connection.request(method, path, b"", headers)
        say(connection.getresponse().status)
        connection.close()


def shapes(app: Aim, config: dict[str, Any], say: Say, stop: threading.Event) -> None:
    """Uploads that are no form with a file."""
    client = fresh(app, config)
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n1\r\n--x--\r\n'
    form = "multipart/form-data; boundary=x"
    for kind, body in [
        ("multipart/form-data", part), ("multipart/form-data; boundary=", part), ("text/plain", b"x"), ("", b""),
        ("multipart/form-data; boundary=y", part), ("multipart/form-data; boundary=\xff", part),
        ("application/json", b"{}"), (form, b""), (form, part[:40]), (form, b"--x--\r\n"), (form, bytes(999)),
        (form, part.replace(b"files", b"f")), (form, part.replace(b"a.jpg", b"")),
        (form, part.replace(b"a.jpg", b"a" * 5000)), (form, part.replace(b"a.jpg", b"..\\..\\a")),
        (form, part.replace(b"form-data;", b"")),
    ]:  # fmt: skip
        say(client.request("POST", "gradio_api/upload", body, kind)[0])


ATTACKS: dict[str, Callable[[Aim, dict[str, Any], Say, threading.Event], None]] = {
    function.__name__: function
    for function in (
        proxy, large_event, silent_posts, crowd, silent_connections, half_uploads, full_uploads, sessions, other_site,
        shapes,
    )
}  # fmt: skip


def main() -> None:
    """Abuse, and print the counted answers at the end."""
    name, url = sys.argv[1:]
    answers: Counter[str] = Counter()
    stop = threading.Event()
    aim = Aim(url)
    work = (aim, Client(url, source=EVIL).config, lambda what: answers.update([str(what)]), stop)
    evil = threading.Thread(target=ATTACKS[name], args=work, daemon=True)
    evil.start()
    print("begun", flush=True)
    sys.stdin.read()
    stop.set()
    evil.join(10)
    print(json.dumps(dict(answers)), flush=True)
    os._exit(0)  # threads may still wait for an answer


if __name__ == "__main__":
    main()
