"""A limit on what may be sent, in front of every route: gradio's own holds for file uploads only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from attnviz.images.decode import MAX_BYTES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

UPLOAD_BYTES = MAX_BYTES + 2**20
"""For a multipart upload: the largest photograph and its envelope."""
OTHER_BYTES = 2**20
"""For everything else: events carry names and numbers, so a picture as a ``data:`` URL does not fit."""


class _TooLarge(Exception):
    """More bytes came than were announced or are allowed."""


class BodyLimit:
    """ASGI middleware that answers 413 to a request whose body is too large, whatever its headers say.

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
        limit = self.upload if scope["path"].rstrip("/").endswith("/upload") else self.other
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > limit:
            await self._refuse(send, limit)
            return
        count, started = 0, False

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b"")) if message["type"] == "http.request" else 0
            if count > limit:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, counted, noted)
        except _TooLarge:
            if started:
                raise
            await self._refuse(send, limit)

    @staticmethod
    async def _refuse(send: Send, limit: int) -> None:
        body = f"The request is too large: at most {limit:,} bytes.".encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 413, "headers": [*headers, (b"connection", b"close")]})
        await send({"type": "http.response.body", "body": body})
