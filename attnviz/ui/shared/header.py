"""The page's header: what it is for, the way past it, the tour, presentation, and the choice of a language."""

from __future__ import annotations

from html import escape

import gradio as gr

from attnviz.ui.shared.text import LANGUAGES, TEXTS, language_of, say


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
    return (
        f'<a class="av-skip" href="#tabs" data-skip>{say("skip", language)}</a>'
        f'<header class="av-head"><div>{title}</div><div class="av-tools">{start}{show}{choice}</div></header>'
    )


def greet(request: gr.Request) -> str:
    """The header in a visitor's language."""
    return header(language_of(request))
