"""The script of the view under an address with a hash: browsers keep it for ever, and one folder more is not served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from attnviz.viewer.bundles import bundle, module_name

FOLDER = "/attnviz/"


class ViewerScript:
    """ASGI middleware that answers one address, ``/attnviz/view-<hash>.js``, and passes on everything else.

    Args:
        app: The application behind it.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app
        self.path, self.body = FOLDER + module_name(), bundle("view").encode()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Send the script."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        if scope["path"].removeprefix(scope.get("root_path", "").rstrip("/")) != self.path:
            await self.app(scope, receive, send)
            return
        headers = [
            (b"content-type", b"text/javascript; charset=utf-8"),
            (b"content-length", str(len(self.body)).encode()),
            (b"cache-control", b"public, max-age=31536000, immutable"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body if scope["method"] == "GET" else b""})
