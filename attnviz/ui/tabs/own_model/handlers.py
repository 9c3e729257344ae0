"""Your model: a network by name or from a file; its gates are found and shown on the photograph.

The network is looked at in this tab and stands in no other tab's list: lists are the same for all visitors, and nobody
shall find, wait for or pay with memory for what a stranger has asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from attnviz.core.errors import UserError
from attnviz.models.labels import read_labels
from attnviz.models.limits import limits_for
from attnviz.models.published import at_hand
from attnviz.models.untrusted import Wish
from attnviz.ui.networks.visitor_models import About, Guests, PageWish
from attnviz.ui.shared.events import FETCH, GUESTS, LIGHT, Data, Update, asked_place, connect, picked, sent_path
from attnviz.ui.shared.gate_html import Settings, scores_html
from attnviz.ui.shared.gate_picture import picture_html
from attnviz.ui.shared.page import Page, Photo
from attnviz.ui.shared.sample_buttons import samples_html
from attnviz.ui.shared.strip_and_map import heading_html, strip_html
from attnviz.ui.shared.text import drawn, language_of, plain, say
from attnviz.ui.shared.view import View, open_view, show_channel, show_gate
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.own_model.layout import (
    SUGGESTED,
    Parts,
    found_html,
    guess_html,
    layout,
    list_html,
    still_html,
    wanted_weights,
)

LOOK = Settings()
TRACKED = gr.Progress(track_tqdm=True)


@dataclass(frozen=True)
class Own:
    """What one visitor looks at in this tab."""

    view: View
    about: About
    photo: Photo


class OwnModel:
    """The handlers of the tab: each gathers, calls and renders."""

    def __init__(self, page: Page, parts: Parts) -> None:
        self.page, self.parts, self.guests = page, parts, Guests(page.store)
        self.limits = limits_for(page.store.public)

    def own(self, data: Data) -> Own:
        """What the visitor looks at; ``UserError`` when it was let go."""
        own = data[self.parts.state]
        if own is None:
            raise UserError(plain("gone"))
        return own

    def wish(self, data: Data) -> Wish:
        """What the visitor asks for; checked by ``Wish``."""
        path, name = sent_path(data[self.parts.file]), data[self.parts.name]
        weights = wanted_weights(data[self.parts.weights])
        names = sent_path(data[self.parts.labels]) if weights == "file" else None
        labels = read_labels(Path(names)) if names else ()
        title = name.strip() if isinstance(name, str) else ""
        return Wish(title, weights, Path(path) if path else None, labels, self.limits)

    def first(self) -> Wish | PageWish:
        """What the tab opens on: weights that have learned something, and nothing that must be fetched."""
        name = next((name for name in SUGGESTED if at_hand(name)), None)
        return PageWish(self.page.store.ids[0]) if name is None else Wish(name, limits=self.limits)

    def opened(self, wish: Wish | PageWish, photo: Photo, language: str) -> Own:
        """Load a network and show it a photograph."""
        name = self.guests.open(wish)
        view = open_view(self.guests, name, sample=photo.sample, path=photo.path, language=language)
        return Own(view, self.guests.about(name), photo)

    def all(self, own: Own) -> Update:
        """Everything that depends on the network and the photograph."""
        parts, view = self.parts, own.view
        return {
            **self.chosen(own),
            self.page.photo: own.photo,
            parts.picker.image: own.photo.shown,
            parts.picker.samples: samples_html(view.language, shown=own.photo.sample),
            parts.found: found_html(view, own.about),
            parts.prediction: guess_html(view, own.about),
            parts.strip: strip_html(view, LOOK),
            parts.list: list_html(view, own.about),
            **{part: still_html(key, view.language) for key, part in parts.titles.items()},
        }

    def chosen(self, own: Own) -> Update:
        """What depends on the chosen gate."""
        parts, view = self.parts, own.view
        return {
            parts.state: own,
            parts.heading: heading_html(view),
            parts.scores: drawn(scores_html(view, LOOK), view.language),
            parts.picture: picture_html(view, LOOK),
        }

    def on_load(self, request: gr.Request) -> Update:
        """A visitor comes: what the tab is for, which stands there before the first network is loaded."""
        return {self.parts.titles["own_intro"]: still_html("own_intro", language_of(request))}

    def on_open(self, data: Data, request: gr.Request) -> Update:
        """The tab was opened: with a first network, or after another photograph was chosen elsewhere."""
        own, photo = data[self.parts.state], data[self.page.photo] or self.page.opening
        if own is not None and own.photo == photo:
            return {self.parts.state: gr.skip()}
        language = language_of(request)
        wish = self.first() if own is None else own.about.wish
        return self.all(self.opened(wish, photo, language))

    def on_language(self, data: Data, request: gr.Request) -> Update:
        """Another language: the same network and photograph, said anew."""
        own = data[self.parts.state]
        if own is None:
            return self.on_load(request)
        return self.all(replace(own, view=replace(own.view, language=language_of(request))))

    def on_clear(self, data: Data, request: gr.Request) -> Update:
        """The photograph was removed, and with it all that was computed from it; the network stays."""
        own, parts = data[self.parts.state], self.parts
        gone = f'<p class="av-note" aria-live="polite">{say("removed_photo", language_of(request))}</p>'
        emptied = {part: "" for part in (parts.prediction, parts.strip, parts.heading, parts.scores)}
        kept = None if own is None else replace(own, photo=Photo())
        return {**emptied, parts.picture: gone, parts.state: kept, self.page.photo: self.page.opening}

    def on_find(self, data: Data, request: gr.Request, progress: gr.Progress = TRACKED) -> Update:
        """A network was asked for."""
        own, wish = data[self.parts.state], self.wish(data)
        language = language_of(request)
        progress(0, desc=plain("own_fetching", language, name=wish.name))
        photo = own.photo if own else data[self.page.photo] or self.page.opening
        return self.all(self.opened(wish, photo, language))

    def on_suggested(self, event: gr.EventData) -> Update:
        """A suggested name was picked."""
        name = picked(event, "value")
        if name not in SUGGESTED:
            raise UserError(f"no suggestion {str(name)[:60]!r}")
        return {self.parts.name: name}

    def on_weights(self, data: Data) -> Update:
        """The file is asked for where the weights come from one."""
        visible = data[self.parts.weights] == "file"
        return {self.parts.file: gr.File(visible=visible), self.parts.labels: gr.File(visible=visible)}

    def on_photo(self, data: Data) -> Update:
        """A photograph was uploaded, pasted or taken."""
        own, path = self.own(data), sent_path(data[self.parts.picker.image])
        if path is None:
            return {self.parts.state: gr.skip()}
        return self.all(self.opened(own.about.wish, Photo(path=path), own.view.language))

    def on_sample(self, data: Data, event: gr.EventData) -> Update:
        """A sample was picked."""
        own, name = self.own(data), picked(event, "value")
        photo = Photo(sample=name if isinstance(name, str) else repr(name)[:60])
        return self.all(self.opened(own.about.wish, photo, own.view.language))

    def on_refused(self, data: Data) -> Update:
        """What was sent could not be used: show the photograph again to which the analysis belongs, if there is one."""
        own = data[self.parts.state]
        return {self.parts.picker.image: None if own is None else own.photo.shown}

    def on_tile(self, data: Data, event: gr.EventData) -> Update:
        """A gate was chosen by its picture."""
        own = self.own(data)
        return self.shown(own, show_gate(self.guests, own.view, picked(event, "value")))

    def on_bar(self, data: Data, event: gr.EventData) -> Update:
        """A channel was chosen by its bar."""
        own = self.own(data)
        return self.shown(own, show_channel(self.guests, own.view, picked(event, "index")))

    def on_ask(self, data: Data, event: gr.EventData) -> Update:
        """Another place asks in a pairwise gate."""
        own = self.own(data)
        view = replace(own.view, query=asked_place(event, own.view.language))
        return self.chosen(Own(view, own.about, own.photo))

    def shown(self, own: Own, view: View) -> Update:
        """Another gate or channel of the same analysis; the strip marks the gate."""
        return {**self.chosen(Own(view, own.about, own.photo)), self.parts.strip: strip_html(view, LOOK)}


def wire(tab: OwnModel) -> None:
    """Connect components and handlers."""
    page, parts = tab.page, tab.parts
    everything = {parts.state, page.photo, parts.picker.image, parts.name, parts.weights, parts.file, parts.labels}
    chosen = {parts.state, parts.strip, parts.heading, parts.scores, parts.picture}
    analysis = {
        *chosen,
        page.photo,
        parts.picker.image,
        parts.picker.samples,
        parts.found,
        parts.prediction,
        parts.list,
        *parts.titles.values(),
    }

    def on(trigger: Any, handler: Any, outputs: Any, how: dict[str, Any] = GUESTS) -> Any:
        return connect(trigger, handler, everything, outputs, how, parts.picture)

    connect(page.demo.load, tab.on_load, None, [parts.titles["own_intro"]], LIGHT)
    on(page.tab.select, tab.on_open, analysis)
    on(page.head.language, tab.on_language, analysis, LIGHT)
    on(parts.picker.image.clear, tab.on_clear, analysis, LIGHT)
    for trigger in (parts.find.click, parts.name.submit):
        on(trigger, tab.on_find, analysis, FETCH)
    connect(parts.suggested.select, tab.on_suggested, None, [parts.name], LIGHT)
    on(parts.weights.input, tab.on_weights, [parts.file, parts.labels], LIGHT)
    sent = on(parts.picker.image.upload, tab.on_photo, analysis)
    on(sent.failure, tab.on_refused, [parts.picker.image], LIGHT)
    on(parts.picker.samples.select, tab.on_sample, analysis)
    on(parts.strip.select, tab.on_tile, chosen)
    on(parts.scores.select, tab.on_bar, chosen)
    on(parts.picture.select, tab.on_ask, chosen, LIGHT)


def build(page: Page) -> None:
    """Add the tab; its first network is loaded when it is opened."""
    wire(OwnModel(page, layout(page)))


TAB = Tab("tab_own", build)
