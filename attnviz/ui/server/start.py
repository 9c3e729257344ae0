"""From a page to a running server, with limits on the connections themselves."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import importlib.util
import json
from collections import Counter, OrderedDict
from typing import Any

import httpx
from anyio.to_thread import run_sync

from attnviz.core.errors import UserError
from attnviz.models.machine import keep_memory
from attnviz.ui.server import limits
from attnviz.ui.shared.text import plain

KEPT = 2**28
"""Bytes that may lie free in a process that serves: some photographs, and what is computed from them."""


def start(demo: Any, **options: Any) -> None:
    """``demo.launch(**options)`` with limits on connections, which gradio cannot be given.

    Args:
        demo: The page.
        **options: As ``Blocks.launch`` takes them; without ``prevent_thread_lock`` it returns when the app ends.

    Raises:
        UserError: ``mcp_server`` is asked for, and what it needs is not installed.
    """
    if options.get("mcp_server") and importlib.util.find_spec("mcp") is None:
        raise UserError("MCP needs a package more: pip install 'attnviz[mcp]'")
    keep_memory(KEPT)
    wait = not options.pop("prevent_thread_lock", False)
    demo.launch(**options, prevent_thread_lock=True)
    if options.get("mcp_server"):
        if demo.mcp_server_obj is None:
            raise UserError(f"MCP cannot be served: {getattr(demo, 'mcp_error', 'gradio does not say why')}")
        demo.mcp_server_obj.postprocess_output_data = as_json
        demo.mcp_server_obj._execute_tool_without_progress = in_time
        demo.mcp_server_obj._execute_tool_with_progress = in_time
    config = demo.server.config
    config.http_protocol_class = limited(config.http_protocol_class, most_connections())
    if wait:
        demo.block_thread()


def as_json(data: list[Any], root_url: str) -> list[Any]:
    """What an MCP tool answers, as JSON in place of gradio's, which is Python's ``str`` of it."""
    from mcp.types import TextContent

    return [TextContent(type="text", text=json.dumps(one, ensure_ascii=False, allow_nan=False)) for one in data]


async def in_time(job: Any, progress_token: Any = None) -> list[Any]:
    """What a tool call gives; gradio waits for it without an end, and each holds a thread of those that serve all.

    Who asks to be told of its progress is not: a protocol's *may*, and these calls take a second.
    """
    try:
        return [await run_sync(job.result, limits.AGENT_SECONDS)]
    except concurrent.futures.TimeoutError:
        with contextlib.suppress(Exception):
            await run_sync(job.cancel)  # it asks the app itself, so not on the loop
        raise RuntimeError(f"no answer within {limits.AGENT_SECONDS:g} seconds") from None
    except httpx.HTTPStatusError as error:  # its text is this machine's own address
        status = error.response.status_code
        raise RuntimeError(plain("busy") if status == 429 else f"the app refused the call ({status})") from None


def most_connections() -> int:
    """``limits.CONNECTIONS``, or half of the files that this process may open where that is less."""
    try:
        import resource
    except ImportError:  # Windows
        return limits.CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limits.CONNECTIONS if soft < 0 else min(limits.CONNECTIONS, soft // 2)


def limited(protocol: Any, most: int) -> Any:
    """A protocol of uvicorn's that closes silent connections, and bounds how many are open.

    One address may hold half of them. Where there is no room for a new one, the silent connection that has waited
    longest goes (of the same address where that is the bound); where none is silent, the new one does.

    Args:
        protocol: uvicorn's class for HTTP/1.1, either of its two.
        most: Open connections.
    """
    silent: OrderedDict[Any, None] = OrderedDict()
    held: Counter[str] = Counter()

    class Limited(protocol):  # type: ignore[misc]
        _timer: asyncio.TimerHandle | None = None
        _address = ""

        def connection_made(self, transport: Any) -> None:
            peer = transport.get_extra_info("peername")
            self._address = str(peer[0]) if peer else ""
            held[self._address] += 1
            super().connection_made(transport)
            if held.total() > most:
                self._make_room(silent)
            elif held[self._address] > most // 2:
                self._make_room(one for one in silent if one._address == self._address)
            self._wait()

        def _make_room(self, waiting: Any) -> None:
            next(iter(waiting), self).transport.abort()

        def _wait(self) -> None:
            silent[self] = None
            if self._timer is None:
                self._timer = self.loop.call_later(limits.HEAD_SECONDS, self.transport.abort)

        def _heard(self) -> None:
            silent.pop(self, None)
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                self._wait()  # a part of a head: the time runs on
            else:
                self._heard()

        def connection_lost(self, exc: Exception | None) -> None:
            self._heard()
            held[self._address] -= 1
            if not held[self._address]:
                del held[self._address]
            with contextlib.suppress(RuntimeError):
                super().connection_lost(exc)

    return Limited
