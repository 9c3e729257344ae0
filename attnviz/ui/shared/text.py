"""Texts in the visitor's language.

Static labels are translated by the browser (``label``), texts made for one visitor by the server (``say``). Values
put into a text are escaped by ``say`` unless it is told that they are markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any, Protocol

import gradio as gr

from attnviz.core.errors import UserError, nearest
from attnviz.core.types import Analysis
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


def note_html(key: str, language: str = "en", **values: Any) -> str:
    """A text as a small paragraph of its own; ``values`` as in ``say``."""
    return f'<p class="av-note">{say(key, language, **values)}</p>'


def removed_html(language: str) -> str:
    """What stands in place of results after their photograph was removed; it is read out."""
    return f'<p class="av-note" aria-live="polite">{say("removed_photo", language)}</p>'


def plain(key: str, language: str = "en", **values: Any) -> str:
    """A text in a language as it is, for places that escape by themselves (labels, alt texts, errors).

    Where ``count`` is 1, the text ``<key>_one`` is taken if there is one; in any English text a counted noun after a
    single 1 stands in the singular.
    """
    one = f"{key}_one"
    chosen = one if values.get("count") in (1, "1") and one in TEXTS else key
    text = TEXTS[chosen][LANGUAGES.index(language)].format(**values)
    return _MANY.sub(lambda match: f"1 {match[1] or ''}{NOUNS[match[2]]}", text) if language == "en" else text


NOUNS = {
    **{f"{noun}s": noun for noun in ("channel", "gate", "photograph", "image", "point", "weight", "cell", "layer")},
    **{f"{noun}s": noun for noun in ("picture", "snapshot", "network", "row", "column", "seed", "epoch", "minute")},
    "classes": "class",
    "branches": "branch",
}
"""Counted nouns in texts: many -> one."""
_MANY = re.compile(rf"(?<![\w.,–-])1 (validation |test |random test )?({'|'.join(NOUNS)})\b")


def kind_name(kind: str, language: str = "en") -> str:
    """What a kind of gate is called; not escaped."""
    return plain(f"gate_kind_{kind}", language) if f"gate_kind_{kind}" in TEXTS else kind


LONGEST_LABEL = 130
"""Most characters of a label: all labels stand in the page."""
LATER = ("preparing",)
"""Labels that a page shows only after an event; the browser must know them before."""
_labels = dict.fromkeys(LATER)
"""Keys of the labels of every page of this process, in the order in which they were asked for."""


def label(key: str) -> Any:
    """A label that the browser translates; one that is first asked for by a handler must be in ``LATER``.

    Raises:
        UserError: There is no such text, or it is too long or has values to fill in.
    """
    if key not in TEXTS:
        raise UserError(f"no text {key!r}; {nearest(key, TEXTS)}")
    row = TEXTS[key]
    if any("{" in text for text in row) or max(map(len, row)) > LONGEST_LABEL:
        raise UserError(f"the text {key!r} is no label: it has values, or more than {LONGEST_LABEL} characters")
    _labels[key] = None
    return gr.I18n()(PREFIX + key)


def translations() -> gr.I18n:
    """The labels for the browser, of the pages that were built until now; no other text is sent to everybody."""
    columns = [{PREFIX + key: TEXTS[key][i] for key in _labels} for i in range(len(LANGUAGES))]
    for column, done in zip(columns, ("complete", "完成"), strict=True):
        column["common.complete"] = done  # gradio has no word for it and reads the key out
    return gr.I18n(en=columns[0], zh=columns[1], **{"zh-CN": columns[1]})


def class_name(name: str, language: str = "en") -> str:
    """What a class is called; not escaped. Classes of other networks than the bundled ones keep their name."""
    return plain(f"class_{name}", language) if f"class_{name}" in TEXTS else name


def in_words(analysis: Analysis, language: str) -> Analysis:
    """An analysis whose classes are called as a visitor calls them, to be drawn."""
    return replace(analysis, labels=tuple(class_name(name, language) for name in analysis.labels))


def sample_title(sample: str, otherwise: str = "", language: str = "en") -> str:
    """What a sample is called; not escaped."""
    return plain(f"sample_{sample}", language) if f"sample_{sample}" in TEXTS else otherwise


_DRAWN = {row[0]: row[1] for key, row in TEXTS.items() if key.startswith("drawn_")}
_DRAWN_WORDS = re.compile(
    "|".join(
        (r"(?<![\w-])" if word[0].isalpha() else "") + re.escape(word) for word in sorted(_DRAWN, key=len, reverse=True)
    )
)


def drawn(text: str, language: str) -> str:
    """What ``render`` wrote in English, such as ``min 0.1 · mean 0.4``, in a visitor's language."""
    return text if language == "en" else _DRAWN_WORDS.sub(lambda match: _DRAWN[match[0]], text)


def phrased(text: str, prefix: str, language: str) -> str:
    """A text that is put together of phrases, each in a visitor's language: those whose key begins with ``prefix``."""
    if language == "en":
        return text
    phrases = sorted((row for key, row in TEXTS.items() if key.startswith(prefix)), key=lambda row: -len(row[0]))
    for english, chinese in phrases:
        text = text.replace(english, chinese)
    return text


def network_title(title: str, language: str) -> str:
    """What a network is called in a visitor's language; not escaped. Names that nobody translated stay as they are."""
    return phrased(title, "network_", language)


def data_title(name: str, language: str) -> str:
    """What data are called in a visitor's language; not escaped."""
    return phrased(name, "data_", language)


def input_channel_name(channel: int, language: str) -> str:
    """What to call a channel: a colour, or a noise channel with its number from 1."""
    colour = f"noise_colour_{channel}"
    return plain(colour, language) if channel < 3 else plain("noise_channel", language, number=channel - 2)
