"""What strangers write: values in events, requests, and command lines; all made from one source of chance."""

from __future__ import annotations

import json
import random
from typing import Any

EVIL = "<img src=x onerror=alert(1)>"
TEXTS = (
    EVIL, "", " ", "\0", "a" * 5000, "../../etc/passwd", "/etc/passwd", "http://127.0.0.1:1/x.png", "file:///etc/passwd",
    "data:image/png;base64,iVBORw0KGgo=", "__class__", "{0.__class__}", "%s%n", "${7*7}", "{{7*7}}", "'; DROP TABLE x",
    "cbam", "viridis", "golf-ball", "stage1.0.attention.channel", "nan", "-1", "1e999",
    "\u202e", "照片", "🏌️", "\ud83d\ude00",
)  # fmt: skip
NUMBERS = (-1, 0, 1, 7, 151, 152, 10**6, 2**31, 2**53, -(2**63), 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"))
KEYS = ("index", "value", "path", "gate", "channel", "points", "mask", "name", "row", "column", "x", "y")


def value(chance: random.Random, depth: int = 0) -> Any:
    """Anything that JSON can hold, and things that a page might take for something else."""
    roll = chance.random()
    if roll < 0.35:
        return chance.choice(TEXTS)
    if roll < 0.6:
        return chance.choice(NUMBERS)
    if roll < 0.75 or depth > 2:
        return chance.choice((None, True, False, [], {}))
    if roll < 0.85:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    if roll < 0.95:
        return {chance.choice(KEYS): value(chance, depth + 1) for _ in range(chance.randrange(1, 3))}
    return {"path": chance.choice(TEXTS), "meta": {"_type": "gradio.FileData"}, "url": chance.choice(TEXTS)}


def told(chance: random.Random) -> Any:
    """What a script of the page might send with its event."""
    return chance.choice((None, {chance.choice(KEYS): value(chance)}, {"index": chance.choice(NUMBERS)}, value(chance)))


def event(chance: random.Random, dependency: dict[str, Any], shown: list[Any], session: str) -> dict[str, Any]:
    """An event of the page with one to all of its values replaced."""
    data = list(shown)
    for _ in range(chance.randrange(0, 4) if data else 0):
        data[chance.randrange(len(data))] = value(chance)
    return {"data": data, "event_data": told(chance), "fn_index": dependency["id"], "session_hash": session}


def broken(chance: random.Random, whole: dict[str, Any]) -> bytes:
    """An event that is not whole: wrong types, fields left out or added, cut JSON, no JSON."""
    made = dict(whole)
    for _ in range(chance.randrange(1, 3)):
        key = chance.choice(("data", "fn_index", "session_hash", "trigger_id", "simple_format", "batched", "request"))
        made[key] = value(chance)
        if chance.random() < 0.2:
            del made[key]
    body = json.dumps(made).encode()
    roll = chance.random()
    if roll < 0.15:
        return body[: chance.randrange(len(body))]
    if roll < 0.2:
        return chance.choice((b"[" * 50_000, b"\xff\xfe", b"null", b'"x"', b"{}", b'{"a":' * 9000, b"9" * 9999))
    return body


FILES = (
    "/etc/passwd",
    "../../../etc/passwd",
    "..%2f..%2fetc/passwd",
    "%00",
    "app.py",
    "checkpoints/cbam.json",
    "C:\\x",
)
FILES += (
    "/proc/self/environ",
    "/proc/self/fd/0",
    "/dev/zero",
    "/tmp",
    "//127.0.0.1/x",
    "http://127.0.0.1:1/",
    "a" * 3000,
)
PLACES = (
    "queue/join",
    "queue/data",
    "run/predict",
    "upload",
    "upload_progress",
    "cancel",
    "reset",
    "info",
    "heartbeat",
)
PLACES += ("proxy=http://127.0.0.1:1/", "monitoring", "vibe-edit", "dev/reload", "component_server", "call/x/y", "runs")
PLACES += ("stream/a/b/1/playlist.m3u8", "custom_component/a/b/c/d", "process_recording", "token", "login", "deep_link")


def request(chance: random.Random) -> tuple[str, str, bytes | None, str]:
    """Method, path, body and content type of a request that no page sends."""
    method = chance.choice(("GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"))
    prefix = chance.choice(("gradio_api/", "gradio_api/", "", "static/", "assets/", "gradio_api//"))
    place = chance.choice((*PLACES, *(f"file={name}" for name in FILES), *FILES))
    query = chance.choice(
        ("", f"?session_hash={chance.choice(('nobody', '', '%00', 'a' * 99))}", "?upload_id=%00", "?x")
    )
    path = (prefix + place + query).replace("\\", "%5C").replace(" ", "%20")
    kinds = ("application/json", "multipart/form-data", "multipart/form-data; boundary=x", "text/html", "x", "")
    body = chance.choice(
        (None, b"", b"{}", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data; name=f\r\n\r\na", EVIL.encode())
    )
    return method, path, body, chance.choice(kinds)


OPTIONS = (
    "--model",
    "--out",
    "--opacity",
    "--cmap",
    "--scale",
    "--json",
    "--size",
    "--channels",
    "--option",
    "--run",
    "--x",
)
WORDS = (*TEXTS, "-1", "0", "x=y", "=", "width=-1", "timm:x", "torchvision:", "no/such/file.jpg", "--", "-", "NaN")


def command_line(chance: random.Random, folder: str) -> list[str]:
    """Arguments of ``attnviz``; what is written goes to a folder, and nothing is fetched or trained."""
    words = [word for word in WORDS if "\0" not in word]
    command = chance.choice(
        ("explore", "explore", "describe", "cost", "gates", "verify", "evaluate", "train", EVIL, "")
    )
    rest = [chance.choice((chance.choice(words), chance.choice(OPTIONS))) for _ in range(chance.randrange(4))]
    needed: dict[str, list[str]] = {
        "explore": [chance.choice(words), "--out", folder, "--model", chance.choice(words)],
        "gates": [EVIL + chance.choice(words), "--untrained"],
        "cost": [EVIL + chance.choice(words)],
        "verify": [EVIL + chance.choice(words)],
        "evaluate": [EVIL + chance.choice(words), "--data", f"{folder}/nothing"],
        "train": [EVIL + chance.choice(words), "--data", f"{folder}/nothing", "--run", f"{folder}/run"],
    }
    return [command, *needed.get(command, [chance.choice(words)]), *rest]
