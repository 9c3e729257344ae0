"""One file a tab: gather, call, render."""

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
        title: Key of its title in ``texts``.
        build: Adds its components and events to the page, inside the tab.
    """

    title: str
    build: Callable[[Page], None]
