"""The folder of uploads: quotas in front of it, and a sweep that also takes what is half there."""

from __future__ import annotations

import errno
import logging
import re
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from gradio.utils import get_upload_folder
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse

from attnviz.ui.server import limits
from attnviz.ui.server.shares import address_of
from attnviz.ui.shared.text import language_of, plain
from attnviz.ui.shared.toasts import FULL_DISK

log = logging.getLogger(__name__)
BOUNDARY = re.compile(rb'boundary="?([^";,\s]{1,200})', re.IGNORECASE)


def sweep(folder: Path, now: float | None = None) -> int:
    """Delete what is too old, and what is half there: parts of uploads that ended, and empty folders.

    gradio writes an upload into the folder itself, and moves it into a folder of its own when it is whole.

    Args:
        folder: Where gradio puts uploads and downloads.
        now: Seconds since the epoch; ``None`` for the clock's.

    Returns:
        Bytes that are left.
    """
    now, left = time.time() if now is None else now, 0
    for path in sorted(folder.rglob("*"), key=lambda p: -len(p.parts)):
        try:
            status = path.lstat()
            age = now - status.st_mtime
            if path.is_dir() and not path.is_symlink():
                if age > limits.PART_SECONDS and not any(path.iterdir()):
                    path.rmdir()
            elif age > (limits.PART_SECONDS if path.parent == folder else limits.FILE_SECONDS):
                path.unlink()
            else:
                left += status.st_size
        except OSError:  # another thread was faster
            continue
    return left


class Parts:
    """How many parts an upload has, counted while it comes.

    Args:
        kind: Its content type, with the boundary that stands in front of each.
    """

    def __init__(self, kind: bytes) -> None:
        given = BOUNDARY.search(kind)
        self._mark = b"--" + given[1] if given else b""
        self._tail, self._count = b"", 0

    def see(self, body: bytes) -> None:
        """Count in the next piece; ``ValueError`` where there are more than ``UPLOAD_PARTS``."""
        if not self._mark:
            return
        piece = self._tail + body
        self._count += piece.count(self._mark)
        self._tail = piece[len(piece) - len(self._mark) + 1 :] if len(piece) >= len(self._mark) else piece
        if self._count > limits.UPLOAD_PARTS + 1:  # the last boundary is the end
            raise ValueError(f"an upload has at most {limits.UPLOAD_PARTS} parts")


class Uploads:
    """ASGI middleware that refuses uploads over a quota, and says in a sentence why one did not work.

    Args:
        app: The application behind it; a limit on bodies must be in front.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app
        self._sent: dict[str, deque[tuple[float, int]]] = defaultdict(deque)
        self._swept, self._total = -limits.SWEEP_SECONDS, 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Count, sweep, and pass on; 429 over an address's quota, 507 where the disk or its quota is full."""
        if scope["type"] != "http" or not scope["path"].rstrip("/").endswith("/upload"):
            await self.app(scope, receive, send)
            return
        language, size, started = language_of(Request(scope)), 0, False
        parts = Parts(dict(scope["headers"]).get(b"content-type", b""))

        async def refuse(status: int, key: str) -> None:
            await PlainTextResponse(plain(key, language), status, {"connection": "close"})(scope, receive, send)

        if self._uploaded(address_of(scope)) >= limits.UPLOADS_BYTES_ADDRESS:
            await refuse(429, "uploads_address")
            return
        if await self._used() >= limits.UPLOADS_BYTES:
            await refuse(507, "uploads_full")
            return

        async def counted() -> Any:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            parts.see(message.get("body", b""))
            return message

        async def noted(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, counted, noted)
        except OSError as error:
            if started or error.errno not in (*FULL_DISK, errno.EACCES, errno.EPERM):
                raise
            await refuse(507, "disk_full")
        except ClientDisconnect:  # broken off: there is nobody to answer
            log.info("an upload was broken off")
        except (ValueError, KeyError, TypeError, AttributeError, UnicodeError) as error:
            if started:
                raise
            log.warning("an upload was not as the page sends it: %s", type(error).__name__)
            await refuse(400, "upload_shape")
        finally:
            self._sent[address_of(scope)].append((time.monotonic(), size))
            self._total += size

    def _uploaded(self, address: str) -> int:
        late = time.monotonic() - limits.UPLOADS_SECONDS
        for key in [key for key, sent in self._sent.items() if not sent or sent[-1][0] < late]:
            del self._sent[key]
        sent = self._sent[address]
        while sent and sent[0][0] < late:
            sent.popleft()
        return sum(size for _, size in sent)

    async def _used(self) -> int:
        if time.monotonic() - self._swept > limits.SWEEP_SECONDS:
            self._swept = time.monotonic()
            self._total = await run_sync(sweep, Path(get_upload_folder()))
        return self._total
