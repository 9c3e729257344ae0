"""One folder a tab: layout, state, handlers that gather, call and render, HTML and texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attnviz.ui.shared.page import Page


@dataclass(frozen=True)
class Tab:
    """One tab of the page.

    Attributes:
        title: Key of its title in the tab's ``texts.py``.
        build: Adds its components and events to the page, inside the tab.
    """

    title: str
    build: Callable[[Page], None]
