"""The page as it is sent: in the visitor's language, and forbidden to ask other machines for anything.

gradio fixes ``lang`` to English and takes the language of its labels from ``navigator.language`` before any script
of an app runs, so the choice has to be in the document itself.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import Request

from attnviz.ui.server.origin import ancestors
from attnviz.ui.shared.text import COOKIE, LANGUAGES, language_of

Message = MutableMapping[str, Any]

TAGS = {"en": "en", "zh": "zh-CN"}
"""What each language is called in a document."""
POLICY = "; ".join(
    (
        "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'",  # gradio makes functions of texts
        "connect-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
"""Content security policy: nothing leaves for another machine, whatever a component would like to fetch."""
_SCRIPT = b"<script>Object.defineProperty(navigator,'language',{get:()=>document.documentElement.lang})</script>"
_START = re.compile(rb'(<html\b[^>]*?\blang=")[^"]*("[^>]*>.*?<head>)', re.DOTALL)


def localised(document: bytes, language: str) -> bytes:
    """A document of gradio's in a language: its ``lang``, and what ``navigator.language`` says in it."""
    tag = TAGS[language].encode()
    return _START.sub(lambda match: match[1] + tag + match[2] + _SCRIPT, document, count=1)


def linked(scope: MutableMapping[str, Any]) -> str | None:
    """The language that an address asks for, if the app speaks it."""
    asked = Request(scope).query_params.get("lang")
    return asked if asked in LANGUAGES else None


def cookie(language: str, secure: bool) -> bytes:
    """A cookie that keeps a language; in a frame of another site a browser takes it only when it is partitioned."""
    where = "; SameSite=None; Secure; Partitioned" if secure else "; SameSite=Lax"
    return f"{COOKIE}={language}; Path=/; Max-Age=31536000{where}".encode()


class Document:
    """ASGI middleware that finishes HTML documents and leaves everything else alone.

    Args:
        app: The application behind it.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Hold an HTML document back until it is whole, and send it finished."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        asked = linked(scope)
        language = asked or language_of(Request(scope))
        kept = [] if asked is None else [(b"set-cookie", cookie(asked, scope.get("scheme") == "https"))]
        start: Message = {}
        body = bytearray()

        async def finished(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_html(message):
                start.update(message)
            elif message["type"] == "http.response.body" and start:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    document = localised(bytes(body), language)
                    await send({**start, "headers": [*_headers(start["headers"], len(document)), *kept]})
                    await send({"type": "http.response.body", "body": document})
            else:
                await send(message)

        await self.app(scope, receive, finished)


def _is_html(message: Message) -> bool:
    return dict(message["headers"]).get(b"content-type", b"").startswith(b"text/html")


def _headers(headers: Any, length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    policy = f"{POLICY}; frame-ancestors {ancestors()}".encode()
    added = [(b"content-length", str(length).encode()), (b"content-security-policy", policy)]
    return [*kept, *added, (b"vary", b"Cookie, Accept-Language")]
