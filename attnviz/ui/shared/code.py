"""The lines of Python that give what is shown, to be copied."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.types import Edit
from attnviz.ui.shared.page import Photo
from attnviz.ui.shared.text import say

if TYPE_CHECKING:
    from attnviz.ui.networks.store import Store

OWN_FILE = "photo.jpg"
"""What a visitor's own photograph is called in code."""


def code_html(lines: Sequence[str], language: str, own: bool = False) -> str:
    """Lines of Python, closed at first, with a button that copies them.

    Args:
        lines: The code.
        language: Of the words around it.
        own: Whether ``photo.jpg`` stands in it for a visitor's own photograph.
    """
    note = f'<p class="av-note">{say("code_own", language)}</p>' if own else ""
    return (
        f'<details class="av-help av-code"><summary>{say("code", language)}</summary>'
        f'<pre tabindex="0"><code>{escape(chr(10).join(lines))}</code></pre>'
        f'<button type="button" data-copy="{say("code_copied", language)}">{say("code_copy", language)}</button>'
        f"{note}</details>"
    )


def network_lines(names: Iterable[str], store: Store) -> tuple[list[str], dict[str, str]]:
    """Comments on variables that stand for live networks, which nothing can load, and what gives each network."""
    every = list(dict.fromkeys(names))
    live = [name for name in every if store.is_live(name)]
    called = {name: "network" if len(live) == 1 else f"network_{i}" for i, name in enumerate(live, 1)}
    notes = [f"# {variable}: your own network, {name!r}" for name, variable in called.items()]
    return notes, {name: called.get(name, f"attnviz.load({name!r})") for name in every}


def photo_lines(photo: Photo) -> tuple[list[str], str]:
    """The import that a photograph needs, and the expression that opens it."""
    if photo.path is not None:
        return [], repr(OWN_FILE)
    return ["from attnviz.images.samples import load_sample"], f"load_sample({photo.sample!r})"


def edit_code(change: Edit) -> str | None:
    """The call that makes an edit; ``None`` where it holds an array, which travels in a file."""
    given = [str(channel) for channel in change.channels]
    if change.value is not None and np.ndim(change.value) > 0:
        return None
    if change.action == "shuffle":
        return f"attnviz.shuffle({change.over!r}, seed={change.seed})"
    if change.value is not None:
        given = [number(float(change.value)), *given]
    return f"attnviz.{change.action}({', '.join(given)})"


def number(value: numbers.Real | float) -> str:
    """A float32 as code that gives the same one."""
    return repr(float(str(np.float32(value))))
