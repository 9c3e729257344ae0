"""The page's header: what it is for, the way past it, the tour, presentation, and the choice of a language."""

from __future__ import annotations

import json
from html import escape

from attnviz.ui.shared.text import LANGUAGES, TEXTS, plain, say


def header(language: str = "en", tour: bool = False) -> str:
    """The header in a language; ``tour`` where there is one to start."""
    names = zip(LANGUAGES, TEXTS["language_name"], strict=True)
    buttons = "".join(
        f'<button type="button" data-language="{code}" lang="{code}" '
        f'aria-pressed="{"true" if code == language else "false"}">{escape(name)}</button>'
        for code, name in names
    )
    choice = f'<div class="av-languages" role="group" aria-label="{say("language", language)}">{buttons}</div>'
    title = f"<h1>{say('title', language)}</h1><p>{say('tagline', language)}</p>"
    start = f'<a class="av-tool" href="?tour=1" data-tour="1">{say("tour_start", language)}</a>' if tour else ""
    show = (
        f'<button type="button" class="av-tool" data-present aria-pressed="false" '
        f'title="{say("present_title", language)}">{say("present", language)}</button>'
    )
    words = {TEXTS[key][0]: plain(key, language) for key in TEXTS if key.startswith("gradio_")}
    kept = escape(json.dumps(words, ensure_ascii=False))
    return (
        f'<a class="av-skip" href="#tabs" data-skip>{say("skip", language)}</a>'
        f'<header class="av-head" data-words="{kept}"><div>{title}</div>'
        f'<div class="av-tools">{start}{show}{choice}</div></header>'
    )
