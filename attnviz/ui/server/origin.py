"""Whose page asks: the names under which the app answers, pages that may send to it, and who may frame it.

Without these checks another site's page could send to an app on a person's own machine (it would not see the answers,
but its uploads would be there), and a name made to point at that machine would make the two one site (DNS rebinding).
"""

from __future__ import annotations

import functools
import ipaddress
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.responses import PlainTextResponse

Scope = MutableMapping[str, Any]

VARIABLE = "ATTNVIZ_HOSTS"
"""Environment variable with the names under which a proxy shows the app, separated by commas; ``*`` for any."""
DROPPED = b"x-gradio-server"
"""A header by which gradio lets whoever asks name its own address; its Node proxy, which sends it, is not used."""
SPACES = (".hf.space", ".huggingface.co")
"""Ends of the names under which a Hugging Face Space is shown."""


def listed_names() -> tuple[str, ...]:
    """What ``ATTNVIZ_HOSTS`` lists, in its order."""
    return tuple(name.strip().lower() for name in os.environ.get(VARIABLE, "").split(",") if name.strip())


def own_names() -> frozenset[str]:
    """Names of this machine, those of ``ATTNVIZ_HOSTS``, and on a Space those of a Space."""
    names = {"localhost", socket.gethostname().lower(), socket.getfqdn().lower(), *listed_names()}
    if "SPACE_ID" in os.environ:
        names |= {*SPACES, os.environ.get("SPACE_HOST", "").lower()} - {""}
    if "google.colab" in sys.modules:
        names.add("*")  # the notebook shows the app under a name of its own, new every time
    return frozenset(names)


def behind_proxy() -> bool:
    """Whether a proxy stands in front, so that the last forwarded address is the visitor's."""
    return "SPACE_ID" in os.environ or bool(listed_names())


LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine for itself: what listens on another one can be asked by others."""


def listening_name() -> str | None:
    """Where the app listens unless it is told otherwise: ``GRADIO_SERVER_NAME``, on a Space every address."""
    return os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if "SPACE_ID" in os.environ else None)  # noqa: S104


def others_come(options: Mapping[str, Any]) -> bool:
    """Whether somebody else can ask what is started with these options of ``Blocks.launch`` in this environment."""
    host = options.get("server_name") or listening_name()
    proxied = behind_proxy() or options.get("root_path") or os.environ.get("GRADIO_ROOT_PATH")
    return host not in (*LOOPBACK, None) or bool(options.get("share") or proxied)


def known(host: str, names: frozenset[str]) -> bool:
    """Whether the app answers under a name: an address, one of its names, or a name that ends as one with a dot.

    Args:
        host: As in a ``Host`` header: a name or an address, and perhaps a port.
        names: As ``own_names`` gives them.
    """
    name = _name_in(host)
    if "*" in names or name in names or name.endswith(tuple(n for n in names if n.startswith("."))):
        return bool(name)
    try:
        ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return name.endswith(".localhost")
    return True


@functools.lru_cache(maxsize=256)
def _name_in(host: str) -> str:
    """The name or address in a ``Host`` header; empty where gradio could make no address of it."""
    try:
        httpx.URL(f"http://{host}")
        parts = urlsplit(f"//{host}")
        return (parts.hostname or "").rstrip(".") if parts.port is None or parts.port else ""
    except (httpx.InvalidURL, ValueError, TypeError):
        return ""


class Origin:
    """ASGI middleware that answers only under the app's own names, and takes nothing from another site's page.

    Args:
        app: The application behind it.
        names: Under which it answers; ``None`` for ``own_names()``.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], names: frozenset[str] | None = None) -> None:
        self.app = app
        self.names = own_names() if names is None else names
        self.proxied = behind_proxy()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer 421 to an unknown name, 403 to another site's page; add headers to every answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["headers"] = [header for header in scope["headers"] if header[0] != DROPPED]
        headers = dict(scope["headers"])
        if refusal := self._refusal(scope["method"], scope["headers"]):
            await PlainTextResponse(refusal[1], refusal[0])(scope, receive, send)
            return
        if self.proxied and (forwarded := headers.get(b"x-forwarded-for")):
            scope["client"] = (forwarded.decode("latin-1").split(",")[-1].strip(), 0)

        async def headed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
            await send(message)

        await self.app(scope, receive, headed)

    def _refusal(self, method: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, str] | None:
        def parts(wanted: bytes) -> list[str]:
            """What all headers of a name list: of several, gradio might read another one than we."""
            values = [value.decode("latin-1") for name, value in headers if name == wanted]
            return [part.strip() for value in values for part in value.split(",") if part.strip()]

        hosts = [*(parts(b"host") or [""]), *parts(b"x-forwarded-host")]
        if not all(known(host, self.names) for host in hosts):
            return 421, f"The app does not answer under this name; whoever runs it lists its names in {VARIABLE}."
        if not {"http", "https"}.issuperset(parts(b"x-forwarded-proto")):
            return 400, "A request comes by http or https."
        origin = dict(headers).get(b"origin")
        if method in ("GET", "HEAD") or origin is None:
            return None
        try:
            asking = urlsplit(origin.decode("latin-1")).netloc.lower()
        except ValueError:
            asking = ""
        own = {host.lower() for host in hosts}
        if asking in own or (asking and _named(asking, self.names)):
            return None
        return 403, "Another site's page may not send to this app."


def _named(host: str, names: frozenset[str]) -> bool:
    """Whether a page under this name was listed by whoever runs the app; an address or this machine's name is not."""
    name = urlsplit(f"//{host}").hostname or ""
    return "*" in names or name in listed_names() or ("SPACE_ID" in os.environ and name.endswith(SPACES))


def ancestors() -> str:
    """Which pages may show the app in a frame, as a policy's ``frame-ancestors``: notebooks here, a Space's page."""
    listed = listed_names()
    if "google.colab" in sys.modules or "*" in listed:
        return "*"
    local = ["http://localhost:*", "http://127.0.0.1:*", "vscode-webview:"]
    space = ["https://huggingface.co", "https://*.hf.space"]
    return " ".join(["'self'", *listed, *(space if "SPACE_ID" in os.environ else local)])
