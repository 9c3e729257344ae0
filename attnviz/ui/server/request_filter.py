"""What is let in: the addresses that the page needs, and events that are whole.

gradio checks less: it fetches what an address or an event names by URL, hands paths of the machine to handlers where an
event leaves out one field, runs queued events outside the queue, and answers malformed ones with an internal error.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse

from attnviz.ui.shared.text import language_of, plain

Scope = MutableMapping[str, Any]

API = "/gradio_api/"
OPEN = re.compile(
    r"/|/(config|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon(/\d+)?)/?|/(assets|static)/.+"
    rf"|{API}(upload|upload_progress|queue/join|queue/data|run/predict|cancel|reset|info|app_id|startup-events)/?"
    rf"|{API}(file=|heartbeat/).+|/attnviz/view-[0-9a-f]{{16}}\.js",
    re.DOTALL,
)
"""Addresses that are answered; every other one is unknown: development, monitoring, proxies, recordings."""
FILE = re.compile(rf"{API}file=(?P<path>.*)", re.DOTALL)
"""The address of a file; gradio would fetch what is an address of another machine and pass it on."""
LONGEST = 255
"""Most bytes between two slashes of an address: no file system takes a longer name."""
FILE_KEYS = frozenset(("path", "url", "meta"))
"""Where an object has one of these, gradio may take it for a file."""
SESSION = re.compile(r"[\w-]{1,64}")
"""What a browser's name for its session looks like."""
DEEPEST = 20
"""Deepest nesting of lists and objects in an event."""


class Door:
    """ASGI middleware that lets in only what the page itself would send.

    Args:
        app: The application behind it; a limit on bodies must be in front.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer 404 or 422 to what is not let in, and 429 where the queue is full."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/")) or "/"
        if not OPEN.fullmatch(path) or max(len(part.encode(errors="replace")) for part in path.split("/")) > LONGEST:
            await _refuse(404, "There is no such page.", scope, receive, send)
            return
        file = FILE.fullmatch(path)
        if file and not uploaded(file["path"]):
            await _refuse(404, "There is no such file.", scope, receive, send)
            return
        path = path.rstrip("/")
        if path == f"{API}queue/data" and not _awaited(scope):
            await _refuse(404, "Nothing was asked in this session.", scope, receive, send)
        elif scope["method"] == "POST" and path in (f"{API}queue/join", f"{API}run/predict"):
            await self._event(path.endswith("join"), scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _event(self, queued: bool, scope: Scope, receive: Any, send: Any) -> None:
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        body = b"".join(message.get("body", b"") for message in messages)
        blocks = scope["app"].get_blocks()
        if wrong := problem(blocks, body, queued):
            await _refuse(422, wrong, scope, receive, send)
            return
        if queued and len(blocks._queue) >= (blocks._queue.max_size or math.inf):
            await _refuse(429, plain("busy", language_of(Request(scope))), scope, receive, send)
            return
        again = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def replay() -> Any:
            return next(again, None) or await receive()

        await self.app(scope, replay, send)


def problem(blocks: Any, body: bytes, queued: bool) -> str:
    """What is wrong with an event, or nothing; no value that was sent is quoted.

    Args:
        blocks: The page.
        body: The event as JSON.
        queued: Whether it was sent to the queue.
    """
    try:
        event = json.loads(body)
        # neither half a character nor a number that JSON does not have could be sent back
        json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return "An event is a JSON object."
    if not isinstance(event, dict):
        return "An event is a JSON object."
    if _depth(event) > DEEPEST:
        return f"An event is nested at most {DEEPEST} deep."
    index, data, session = event.get("fn_index"), event.get("data"), event.get("session_hash")
    if not isinstance(session, str) or not SESSION.fullmatch(session):
        return "An event names its session."
    known = blocks.state_holder
    functions = known[session].blocks_config.fns if session in known.session_data else blocks.fns
    function = functions.get(index) if type(index) is int else None
    if function is None or function.fn is None:
        return "There is no such event."
    if function.queue is not False and not queued:
        return "This event waits in the queue."
    if not isinstance(data, list) or len(data) != len(function.inputs):
        return f"This event has {len(function.inputs)} values."
    if not all(map(uploaded, _paths([data, event.get("event_data")]))):
        return "A file must have been uploaded here."
    if not all(_fits(block, value) for block, value in zip(function.inputs, data, strict=True)):
        return "A value does not fit its component."
    return ""


def uploaded(path: Any) -> bool:
    """Whether this is an absolute path in the folder where gradio puts uploads and downloads.

    What is not absolute would be looked for below the working folder, which may be that folder; anything with a
    scheme, or with two slashes in front (another machine), is no path of ours.
    """
    try:
        whole = Path(path).is_absolute() and not str(path).startswith(("//", "\\\\"))
        return whole and Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve())
    except (TypeError, ValueError, OSError, RuntimeError):
        return False


def _paths(value: Any) -> Iterator[Any]:
    """Everything in an event that could be taken for a file."""
    if isinstance(value, dict):
        if FILE_KEYS & value.keys():
            yield value.get("path")
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _paths(item)


def _depth(value: Any) -> int:
    layer, depth = [value], 0
    while layer and depth <= DEEPEST:
        nested = [item for item in layer if isinstance(item, (dict, list))]
        layer = [child for item in nested for child in (item.values() if isinstance(item, dict) else item)]
        depth += 1
    return depth


def _fits(block: Any, value: Any) -> bool:
    """Whether a component takes a value, by its own model of it; handlers check what it means."""
    model = getattr(block, "data_model", None)
    if value is None or model is None or getattr(block, "stateful", False):
        return True
    try:
        model.model_validate(value, context={"validate_meta": True})
    except ValueError:
        return False
    return True


def _awaited(scope: Scope) -> bool:
    """Whether something was asked in the session whose answers are fetched."""
    session = QueryParams(scope["query_string"]).get("session_hash", "")
    return session in scope["app"].get_blocks()._queue.pending_messages_per_session


async def _refuse(status: int, text: str, scope: Scope, receive: Any, send: Any) -> None:
    await JSONResponse({"detail": text}, status)(scope, receive, send)
