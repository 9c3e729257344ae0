"""What is let in: the addresses that the page needs, and events that are whole.

gradio checks less: it fetches what an address or an event names by URL, hands paths of the machine to handlers where an
event leaves out one field, runs queued events outside the queue, and answers malformed ones with an internal error.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from gradio.routes import file_upload_statuses
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse

from attnviz.ui.server.body_limit import again, whole
from attnviz.ui.server.calls import CALL, PREFIX, as_event, public, session_of
from attnviz.ui.server.event_check import SESSION, function_of, parsed, problem, too_much, uploaded, wrong_files
from attnviz.ui.server.limits import PROGRESS_SECONDS, SMALL_EVENT
from attnviz.ui.server.shares import Shares, address_of
from attnviz.ui.shared.text import language_of, plain

Scope = MutableMapping[str, Any]

API = "/gradio_api/"
OPEN = re.compile(
    r"/|/(config|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon(/\d+)?)/?|/(assets|static)/.+"
    rf"|{API}(upload|upload_progress|queue/join|queue/data|run/predict|cancel|reset|info|app_id|startup-events)/?"
    rf"|{API}file=.+|{API}heartbeat/[\w-]{{1,64}}/?|{CALL.pattern}|{API}mcp/?|/llms\.txt"
    rf"|/attnviz/(view-[0-9a-f]{{16}}\.js|sample-[0-9a-f]{{16}}\.jpg)",
    re.DOTALL,
)
"""Addresses that are answered; every other one is unknown: development, monitoring, proxies, recordings."""
FILE = re.compile(rf"{API}file=(?P<path>.*)", re.DOTALL)
"""The address of a file; gradio would fetch what is an address of another machine and pass it on."""
LONGEST = 255
"""Most bytes between two slashes of an address: no file system takes a longer name."""
INVALID_PARAMS = -32602
"""JSON-RPC's code for arguments that cannot be used."""


class Door:
    """ASGI middleware that lets in only what the page itself would send.

    Args:
        app: The application behind it; a limit on bodies must be in front.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app
        self._shares: Shares | None = None

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer 404 or 422 to what is not let in, and 429 where the queue or a visitor's share of it is full."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self._shares is None or self._shares.blocks is not scope["app"].get_blocks():
            self._shares = Shares(scope["app"].get_blocks())
        path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/")) or "/"
        if not OPEN.fullmatch(path) or max(len(part.encode(errors="replace")) for part in path.split("/")) > LONGEST:
            await _refuse(404, "There is no such page.", scope, receive, send)
            return
        file = FILE.fullmatch(path)
        if file and not uploaded(file["path"]):
            await _refuse(404, "There is no such file.", scope, receive, send)
            return
        if file:
            scope = _without(scope, b"range")  # gradio would send back what else the request says, and fail on some
        elif path in ("/", "/config", "/config/"):
            scope = _of_first_page(scope)
        path, call = path.rstrip("/"), CALL.fullmatch(path)
        if path in (f"{API}upload", f"{API}upload_progress"):
            await self._upload(scope, receive, send)
        elif scope["method"] == "POST" and path in (f"{API}cancel", f"{API}reset"):
            await self._control(scope, receive, send)
        elif path == f"{API}queue/data":
            session = QueryParams(scope["query_string"]).get("session_hash", "")
            await self._listen(self._shares, session, scope, receive, send)
        elif call and call["event"] and scope["method"] == "GET":
            session = session_of(self._shares.queue, call["event"]) or ""
            await self._listen(self._shares, session, scope, receive, send)
        elif call and scope["method"] == "POST":
            await self._event(self._shares, True, scope, receive, send, call["name"])
        elif scope["method"] == "POST" and path in (f"{API}queue/join", f"{API}run/predict"):
            await self._event(self._shares, path.endswith("join"), scope, receive, send)
        elif scope["method"] == "POST" and path == f"{API}mcp":
            await self._message(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _listen(self, shares: Shares, session: str, scope: Scope, receive: Any, send: Any) -> None:
        if session not in shares.queue.pending_messages_per_session:
            await _refuse(404, "Nothing was asked in this session.", scope, receive, send)
            return
        with shares.listening(session):
            await self.app(scope, receive, send)
        if session.startswith(PREFIX):  # it was one call, which has been answered
            shares.forget(session)

    async def _event(
        self, shares: Shares, queued: bool, scope: Scope, receive: Any, send: Any, name: str | None = None
    ) -> None:
        """Check an event, or the call of an endpoint by its name, and pass it on."""
        body = await whole(receive)
        blocks, wrong = shares.blocks, ""
        # in a thread: others must not wait for the largest event; a small one costs less than a thread
        check = run_sync if len(body) > SMALL_EVENT else _at_once
        if name is not None:
            body, wrong = await check(as_event, blocks, name, body)
        event = {} if wrong else await check(parsed, body)
        if wrong := wrong or await check(problem, blocks, event, queued):
            of_program = name is not None or public(function_of(blocks.fns, event))
            await _refuse(422, invalid(wrong) if of_program else wrong, scope, receive, send)
            return
        session, address = event["session_hash"], address_of(scope)
        lane = blocks.default_config.fns[event["fn_index"]].concurrency_id if queued else None
        if queued and shares.full(session, address, lane):
            await _refuse(429, plain("busy", language_of(Request(scope))), scope, receive, send)
            return
        shares.remember(session, address)
        if queued:
            shares.asks(session)
        if name is not None:
            scope = {**scope, "path": f"{scope.get('root_path', '').rstrip('/')}{API}queue/join"}
        await self.app(scope, again(body, receive), send)
        if queued:
            shares.joined()

    async def _upload(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass on an upload, or who wants to know how far it is; gradio keeps for ever what either was called."""
        names = QueryParams(scope["query_string"]).getlist("upload_id")
        if not all(map(SESSION.fullmatch, names)):
            await _refuse(400, "There is no such upload.", scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            for name in names:
                asyncio.get_running_loop().call_later(PROGRESS_SECONDS, _forget_upload, name)

    async def _control(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass on what ends events, if it is an object that JSON can hold."""
        body = await whole(receive)
        if not await run_sync(parsed, body):
            await _refuse(422, "What ends events is a JSON object.", scope, receive, send)
            return
        await self.app(scope, again(body, receive), send)

    async def _message(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass on what an agent sends, if it is an object that JSON can hold and names no file of this machine.

        gradio answers agents as a client of the app itself, and uploads for them whatever file of the machine an
        argument names.
        """
        message = await run_sync(parsed, await whole(receive))
        if not message:
            await _refuse(400, "A message is a JSON object.", scope, receive, send)
            return
        if wrong := await run_sync(too_much, message) or wrong_files(message):
            wrong += ' Send "sample:NAME" or a data: URL.'
        elif message.get("method") == "prompts/get":  # gradio would call a tool for a prompt that is not there
            wrong = "There are no prompts here: tools/list tells what can be called."
        if wrong:
            number = message.get("id")
            error = {"code": INVALID_PARAMS, "message": wrong}
            answer = {"jsonrpc": "2.0", "id": number if isinstance(number, (int, str)) else None, "error": error}
            await JSONResponse(answer)(scope, receive, send)
            return
        body = json.dumps(message).encode()  # what was looked at: of a key that stands twice both might be read
        await self.app(scope, again(body, receive), send)


def _without(scope: Scope, name: bytes) -> Scope:
    """A request without one of its headers."""
    return {**scope, "headers": [header for header in scope["headers"] if header[0] != name]}


def _of_first_page(scope: Scope) -> Scope:
    """A request for the page without the name of another one: there is one page, and gradio fails on others."""
    query = [(key, value) for key, value in QueryParams(scope["query_string"]).multi_items() if key != "page"]
    return {**scope, "query_string": urlencode(query).encode()}


def _forget_upload(name: str) -> None:
    """What gradio keeps of an upload that has a name, so that its browser can ask how far it is."""
    file_upload_statuses.stop_tracking(name)
    file_upload_statuses._signals.pop(name, None)


async def _at_once(function: Callable[..., Any], *values: Any) -> Any:
    return function(*values)


def invalid(text: str) -> list[dict[str, Any]]:
    """What is wrong with a call, in the form from which gradio's client makes a ``ValidationError``."""
    return [{"__type__": "validate", "is_valid": False, "parameter_name": "call", "message": text}]


async def _refuse(status: int, text: Any, scope: Scope, receive: Any, send: Any) -> None:
    await JSONResponse({"detail": text}, status)(scope, receive, send)
