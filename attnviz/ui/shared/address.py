"""The address of the page: what a tab shows as a query string, and back, each value checked.

A tab writes its state into a link of its own (``address_html``), which the browser also shows as the page's address
(``static/address.js``). Whoever opens an address gets it back: the tab reads each value out of a ``Query``, which
leaves out what is wrong and says so.
"""

from __future__ import annotations

import base64
import contextlib
import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import gradio as gr

from attnviz.core.errors import UserError
from attnviz.gates.edits.edit_list import EditList
from attnviz.gates.edits.json_format import Document, from_json, to_json
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.sample_buttons import available
from attnviz.ui.shared.text import TEXTS, plain, say
from attnviz.ui.shared.toasts import escaped

T = TypeVar("T")

MOST_TEXT = 8000
"""Longest query string in characters; browsers and servers in between take at least as much."""
MOST_FIELDS = 40
MOST_EDITS = 4000
"""Longest list of edits in an address, in characters; a longer one travels as a file."""
MOST_JSON = 2**20
"""Most bytes that edits of an address may unpack to."""


class Query:
    """Values of an address; ``missed`` holds a sentence for each that was left out.

    Args:
        text: The query string as a browser sent it, ``?`` or not.
        language: Of the sentences.
    """

    def __init__(self, text: object, language: str) -> None:
        self.language = language
        self.missed: list[str] = []
        self.values = self._read(text)

    def _read(self, text: object) -> dict[str, str]:
        if isinstance(text, str) and len(text) <= MOST_TEXT:
            with contextlib.suppress(ValueError):
                pairs = parse_qsl(text.removeprefix("?"), max_num_fields=MOST_FIELDS, errors="replace")
                return dict(reversed(pairs))  # the first of a name counts, as in a browser
        self.missed.append(plain("address_long", self.language, most=MOST_TEXT))
        return {}

    def text(self, what: str) -> str | None:
        """A value as it was sent; only for what checks it itself."""
        return self.values.get(what)

    def miss(self, what: str, value: object, reason: str = "") -> None:
        """Note that a value was left out."""
        name = plain(f"link_{what}", self.language) if f"link_{what}" in TEXTS else what
        sentence = plain("link_unknown", self.language, what=name, value=str(value)[:80])
        self.missed.append(f"{sentence} {reason}".rstrip())

    def one(self, what: str, among: Collection[str], default: T) -> str | T:
        """A name out of a table, else ``default``."""
        value = self.text(what)
        if value is None or value in among:
            return default if value is None else value
        self.miss(what, value)
        return default

    def several(self, what: str, among: Collection[str], default: Sequence[str]) -> list[str]:
        """Names out of a table, separated by commas; each wrong one is left out."""
        value = self.text(what)
        if value is None:
            return list(default)
        names = dict.fromkeys(value.split(",")[:64])
        for name in names:
            if name not in among:
                self.miss(what, name)
        return [name for name in names if name in among] or list(default)

    def number(self, what: str, low: float, high: float, default: T) -> float | T:
        """A finite number in ``low..high``, else ``default``."""
        value = self.text(what)
        if value is None:
            return default
        try:
            number = float(value) if len(value) < 30 and value.isascii() else math.nan
        except ValueError:
            number = math.nan
        if low <= number <= high:
            return number
        self.miss(what, value)
        return default

    def whole(self, what: str, low: int, high: int, default: T) -> int | T:
        """A whole number in ``low..high``, else ``default``."""
        value = self.text(what)
        if value is None:
            return default
        if value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high:
            return int(value)
        self.miss(what, value)
        return default

    def model(self, store: Store, default: str) -> str:
        """A network that can be had at once, else ``default``."""
        name = self.one("model", store.choices, default)
        if store.at_hand(name):
            return name
        self.missed.append(plain("fetch_first", self.language, title=store.title(name)))  # nobody else shall wait
        return default

    def sample(self, default: T) -> str | T:
        """A sample that is installed, else ``default``."""
        return self.one("sample", available(), default)

    def warn(self) -> None:
        """Tell the visitor what was left out."""
        for text in self.missed[:6]:
            gr.Warning(escaped(text))


def address_html(tab: str, values: Mapping[str, object], language: str, note: str = "") -> str:
    """A link to what a tab shows; the browser's address follows it while the tab is open.

    Args:
        tab: Name of the tab.
        values: What it shows; ``None`` is left out.
        language: Of the text.
        note: Key of a text that says what the link cannot carry; empty for none.
    """
    kept = {name: value for name, value in values.items() if value is not None and value != ""}
    href = escape("?" + urlencode({"tab": tab, **kept}))
    more = f' <span class="av-note">{say(note, language)}</span>' if note else ""
    return f'<p class="av-address"><a class="av-link" href="{href}">{say("link", language)}</a>{more}</p>'


def packed(edits: EditList) -> str | None:
    """Edits for an address; ``None`` where they are too many."""
    if not edits.steps:
        return ""
    text = base64.urlsafe_b64encode(zlib.compress(to_json(Document(edits)).encode(), 9)).decode().rstrip("=")
    return text if len(text) <= MOST_EDITS else None


def unpacked(text: str) -> EditList:
    """Edits of an address.

    Raises:
        UserError: They are damaged, or too many.
    """
    try:
        if len(text) > MOST_EDITS:
            raise ValueError
        sent = base64.b64decode((text + "=" * (-len(text) % 4)).encode("ascii"), altchars=b"-_", validate=True)
        unpack = zlib.decompressobj()
        data = unpack.decompress(sent, MOST_JSON)
        if not unpack.eof:
            raise ValueError
    except (ValueError, zlib.error) as error:
        raise UserError("the edits in this address are damaged or too many") from error
    return from_json(data).edits


def asked(event: Any, language: str) -> Query:
    """What the address asks for, out of the event with which the browser sends it."""
    data = getattr(event, "_data", None)
    return Query(data.get("query") if isinstance(data, dict) else None, language)
