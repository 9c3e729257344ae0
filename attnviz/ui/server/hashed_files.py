"""Our own files under addresses with a hash of what they hold: browsers keep them, and no folder more is served.

``llms.txt`` has a name of its own.

An address is looked up among the files that there are; nothing of it is ever taken for a path.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

from starlette.responses import Response

from attnviz.ui.api.llms import text
from attnviz.ui.shared.sample_buttons import thumbnails
from attnviz.viewer.bundles import bundle, module_name

FOLDER, LLMS = "/attnviz/", "/llms.txt"
_KEPT = "max-age=31536000, immutable"


class File(NamedTuple):
    """What is sent; ``cache`` says who may keep it."""

    body: bytes
    kind: str
    cache: str


def files() -> Mapping[str, File]:
    """Every file by its name: the script of the view, and a thumbnail of each sample that is offered now.

    A thumbnail may be of somebody's own folder, so only the visitor's browser keeps it, no proxy on the way.
    """
    pictures = {one.file: File(one.jpeg, "image/jpeg", f"private, {_KEPT}") for one in thumbnails().values()}
    script = File(bundle("view").encode(), "text/javascript; charset=utf-8", f"public, {_KEPT}")
    return {module_name(): script, **pictures}


def file_at(path: str) -> File | None:
    """The file of an address, if there is one."""
    if path == LLMS:
        return File(text().encode(), "text/plain; charset=utf-8", "no-cache")
    return files().get(path.removeprefix(FOLDER)) if path.startswith(FOLDER) else None


class HashedFiles:
    """ASGI middleware that answers the addresses that ``file_at`` knows, and passes on everything else.

    Args:
        app: The application behind it.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Send the file."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", "").rstrip("/"))
        asked = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        file = file_at(path) if asked else None
        if file is None:
            await self.app(scope, receive, send)
            return
        headers = {"content-type": file.kind, "content-length": str(len(file.body)), "cache-control": file.cache}
        await Response(file.body if scope["method"] == "GET" else b"", headers=headers)(scope, receive, send)
