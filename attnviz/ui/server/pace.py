"""How fast one address may ask: what comes faster waits before anything of it is read, and is refused at last.

Every request costs the loop that serves everybody some milliseconds, refused ones too. An address that asks without a
pause would leave nothing of it to others, however small each request is.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from attnviz.ui.server import limits
from attnviz.ui.server.shares import address_of
from attnviz.ui.shared.text import language_of, plain


class Pace:
    """ASGI middleware that holds an address's requests to ``PACE`` a second, after ``PACE_BURST`` at once.

    A request that has to wait longer than ``PACE_SECONDS`` waits that long and is answered 429: who asks without a
    pause on many connections is refused slowly too.

    Args:
        app: The application behind it.
        clock: Seconds that only grow.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self.clock = app, clock
        self._free: OrderedDict[str, float] = OrderedDict()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Wait, and pass on."""
        if scope["type"] == "http":
            wait = self.wait(address_of(scope), cost(scope))
            if wait > 0:
                await asyncio.sleep(min(wait, limits.PACE_SECONDS))
            if wait > limits.PACE_SECONDS:
                text = {"detail": plain("busy", language_of(Request(scope)))}
                await JSONResponse(text, 429)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def wait(self, address: str, cost: float) -> float:
        """Seconds until a request may go on; one that would wait too long takes nothing of what is left.

        An address is remembered by the moment until which all that it has asked would have been paid for, and
        forgotten when that is past.
        """
        now, burst = self.clock(), limits.PACE_BURST / limits.PACE
        while self._free and next(iter(self._free.values())) <= now:
            self._free.popitem(last=False)
        paid = max(self._free.get(address, now), now) + cost / limits.PACE
        wait = paid - now - burst
        if wait <= limits.PACE_SECONDS:
            self._free[address] = paid
            self._free.move_to_end(address)
        return wait


def cost(scope: MutableMapping[str, Any]) -> float:
    """What a request counts: the whole page as five events, a file of it or a stream as a twentieth of one."""
    path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/")).rstrip("/")
    if scope["method"] not in ("GET", "HEAD"):
        return 1.0
    return 5.0 if path in ("", "/config", "/gradio_api/info", "/llms.txt") else 0.05
