"""A limit on what may be sent, in front of every route: gradio's own holds for file uploads only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.responses import PlainTextResponse

from attnviz.ui.server.limits import BODY_SECONDS, OTHER_BYTES, UPLOAD_BYTES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class _Refused(Exception):
    """More bytes came than are allowed, or none for too long: status and text of the answer."""


class BodyLimit:
    """ASGI middleware that answers 413 to a body that is too large, whatever its headers say, and 408 to a pause.

    Args:
        app: The application behind it.
        upload: Most bytes of a request to a path that ends in ``/upload``.
        other: Most bytes of any other request.
    """

    def __init__(
        self, app: Callable[..., Awaitable[None]], upload: int = UPLOAD_BYTES, other: int = OTHER_BYTES
    ) -> None:
        self.app, self.upload, self.other = app, upload, other

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Count the bytes of the body while the application reads it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def refuse(status: int, text: str) -> None:
            await PlainTextResponse(text, status, {"connection": "close"})(scope, receive, send)

        limit = self.upload if scope["path"].rstrip("/").endswith("/upload") else self.other
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > limit:
            await refuse(413, f"The request is too large: at most {limit:,} bytes.")
            return
        count, whole, started = 0, False, False

        async def counted() -> Message:
            nonlocal count, whole
            try:
                message = await asyncio.wait_for(receive(), None if whole else BODY_SECONDS)
            except asyncio.TimeoutError:
                raise _Refused(408, f"The request paused for {BODY_SECONDS:g} seconds.") from None
            whole = message["type"] != "http.request" or not message.get("more_body")
            count += len(message.get("body", b""))
            if count > limit:
                raise _Refused(413, f"The request is too large: at most {limit:,} bytes.")
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, counted, noted)
        except _Refused as refused:
            if started:
                raise
            await refuse(*refused.args)


async def whole(receive: Receive) -> bytes:
    """A body, read to its end."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return b"".join(message.get("body", b"") for message in messages)


def again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read once more."""
    once: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return once.pop() if once else await receive()

    return replay
