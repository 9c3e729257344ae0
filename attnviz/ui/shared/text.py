"""Texts in the visitor's language.

Static labels are translated by the browser (``label``), texts made for one visitor by the server (``say``). Values
put into a text are escaped by ``say`` unless it is told that they are markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Protocol

import gradio as gr

from attnviz.core.errors import UserError, nearest
from attnviz.ui.shared.text_table import gather

LANGUAGES = ("en", "zh")

TEXTS = gather()


def add_texts(texts: Mapping[str, tuple[str, str]]) -> None:
    """Add texts that stand in no ``texts.py``, such as those of a tab in one file.

    Raises:
        ValueError: A key has another text already.
    """
    if repeated := sorted(key for key, row in texts.items() if TEXTS.get(key, row) != row):
        raise ValueError(f"texts repeat {', '.join(repeated)}")
    TEXTS.update(texts)


PREFIX = "attnviz-"
"""In front of every key that the browser knows: it would also translate a value such as ``gates`` that is a key."""


COOKIE = "attnviz_language"
"""Holds the language that a visitor chose."""


class Asked(Protocol):
    """What both Gradio's and Starlette's requests have."""

    @property
    def headers(self) -> Any:
        """By name."""

    @property
    def cookies(self) -> Any:
        """By name."""


def language_of(request: Asked) -> str:
    """The language a visitor chose, else the first of ``Accept-Language`` that the app speaks, else English."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    for part in (request.headers.get("accept-language") or "").split(",")[:20]:
        tag = part.split(";")[0].strip().lower()[:2]
        if tag in LANGUAGES:
            return tag
    return "en"


def say(key: str, language: str = "en", **values: Any) -> str:
    """A text in a language, HTML-escaped with its values.

    Raises:
        UserError: There is no such text or language.
    """
    if key not in TEXTS:
        raise UserError(f"no text {key!r}; {nearest(key, TEXTS)}")
    if language not in LANGUAGES:
        raise UserError(f"no language {language!r}; {nearest(language, LANGUAGES)}")
    return escape(plain(key, language, **values))


def plain(key: str, language: str = "en", **values: Any) -> str:
    """A text in a language as it is, for places that escape by themselves (labels, alt texts, errors)."""
    return TEXTS[key][LANGUAGES.index(language)].format(**values)


def kind_name(kind: str, language: str = "en") -> str:
    """What a kind of gate is called; not escaped."""
    return plain(f"gate_kind_{kind}", language) if f"gate_kind_{kind}" in TEXTS else kind


def label(key: str) -> Any:
    """A label that the browser translates; the key must be known."""
    if key not in TEXTS:
        raise UserError(f"no text {key!r}; {nearest(key, TEXTS)}")
    return gr.I18n()(PREFIX + key)


def translations() -> gr.I18n:
    """All texts for the browser."""
    columns = [{PREFIX + key: row[i] for key, row in TEXTS.items()} for i in range(len(LANGUAGES))]
    return gr.I18n(en=columns[0], zh=columns[1], **{"zh-CN": columns[1]})


def signed(value: float, digits: int) -> str:
    """A change with its sign, as people write it; zero has none."""
    text = f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return text if text.strip("+\N{MINUS SIGN}0.") else f"{0:.{digits}f}"


def input_channel_name(channel: int, language: str) -> str:
    """What to call a channel: a colour, or a noise channel with its number from 1."""
    colour = f"noise_colour_{channel}"
    return plain(colour, language) if channel < 3 else plain("noise_channel", language, number=channel - 2)
