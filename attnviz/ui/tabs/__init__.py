"""One folder a tab: layout, state, handlers that gather, call and render, HTML and texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attnviz.ui.shared.page import Page


@dataclass(frozen=True)
class Tab:
    """One tab of the page.

    Attributes:
        title: Key of its title in the tab's texts.
        build: Adds its components and events to the page, inside the tab.
        texts: Its texts in English and Chinese by key, where they are in no ``texts.py`` of their own.
    """

    title: str
    build: Callable[[Page], None]
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
