"""What stands around the tabs: the header, the tour, the address, and what they do together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from attnviz.ui.networks.store import Store
from attnviz.ui.shared.address import Query, asked
from attnviz.ui.shared.events import LIGHT, Update, connect
from attnviz.ui.shared.header import header
from attnviz.ui.shared.page import address_component, arrival, chosen_field, script
from attnviz.ui.shared.text import LANGUAGES, PREFIX, TEXTS, language_of, network_title, plain
from attnviz.ui.shared.tour import hrefs, tour_html


class Frame:
    """The components around the tabs; made above them, wired after them.

    Args:
        store: The models.
        tabs: The table of tabs.
    """

    def __init__(self, store: Store, tabs: Mapping[str, Any]) -> None:
        self.store, self.names, self.titles = store, tuple(tabs), [tab.title for tab in tabs.values()]
        self.scenes = hrefs(store)
        self.head = gr.HTML(header(tour=bool(self.scenes)), js_on_load=script("head"), elem_id="head")
        self.address = address_component(self.names)  # before the tour, whose scene it may have to open at once
        self.tour = gr.HTML(tour_html(self.scenes, store, "en"), js_on_load=script("tour"), elem_id="tour")
        self.chosen = chosen_field()
        self.lists: dict[gr.Dropdown, list[tuple[Any, Any]]] = {}

    def words(self, language: str) -> Update:
        """What stands around the tabs, in a language."""
        return {
            self.head: header(language, bool(self.scenes)),
            self.tour: tour_html(self.scenes, self.store, language),
        }

    def on_load(self, request: gr.Request) -> Update:
        """A visitor comes: the header and the lists of networks in a language, and what is wrong with the address."""
        language = language_of(request)
        query = Query(str(request.query_params), language)
        query.one("tab", self.names, None)
        query.one("lang", LANGUAGES, None)
        query.one("tour", [str(number) for number in range(1, len(self.scenes) + 1)], None)
        query.warn()
        return self.words(language) if language == "en" else {**self.words(language), **self.listed(language)}

    def on_go(self, request: gr.Request, event: gr.EventData) -> Update:
        """An address of a tab that has no more to say than that it is to be opened."""
        query = asked(event, language_of(request))
        return {self.address: arrival(query.one("tab", self.names, self.names[0]))}

    def on_language(self, request: gr.Request) -> Update:
        """Another language: what the browser does not translate by itself."""
        language = language_of(request)
        tabs = {tab: gr.Tab(label=plain(title, language)) for tab, title in zip(self.tabs, self.titles, strict=True)}
        return {**self.words(language), **tabs, **self.listed(language)}

    def listed(self, language: str) -> Update:
        """Lists that are the same for every visitor, in a language."""
        return {
            part: gr.Dropdown(choices=[(_in(text, language), value) for text, value in choices])
            for part, choices in self.lists.items()
        }

    def wire(self, demo: gr.Blocks, tabs: Sequence[gr.Tab]) -> None:
        """Connect them, after all tabs are built."""
        self.tabs = tabs
        self.lists = {
            block: [(text, value) for text, value, *_ in block.choices]
            for block in demo.blocks.values()
            if isinstance(block, gr.Dropdown) and self.translated([(text, value) for text, value, *_ in block.choices])
        }
        words = [self.head, self.tour]
        connect(demo.load, self.on_load, None, [*words, *self.lists], LIGHT)
        connect(self.head.language, self.on_language, None, [*words, *tabs, *self.lists], LIGHT)
        answered = {event for function in demo.fns.values() for _, event in function.targets}
        for event in (f"go_{name}" for name in self.names):
            if event not in answered:
                connect(getattr(self.address, event), self.on_go, None, [self.address], LIGHT)

    def translated(self, choices: Sequence[tuple[Any, Any]]) -> bool:
        """Whether these are texts of ours or networks; the choices of one visitor say themselves what they are."""
        networks = {value for _, value in choices} <= set(self.store.choices)
        return bool(choices) and (networks or any(_key(text) for text, _ in choices))


def _key(text: Any) -> str:
    """The key of a text that the browser translates; empty for other texts."""
    key = getattr(text, "key", "")
    return key.removeprefix(PREFIX) if key.removeprefix(PREFIX) in TEXTS else ""


def _in(text: Any, language: str) -> str:
    return plain(_key(text), language) if _key(text) else network_title(str(text), language)
