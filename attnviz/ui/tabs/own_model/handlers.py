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
from attnviz.core.model_card import ModelCard, numbers_in
from attnviz.models.labels import read_labels
from attnviz.models.limits import limits_for
from attnviz.models.published import at_hand
from attnviz.models.untrusted import Wish
from attnviz.ui.networks.visitor_models import About, Guests, PageWish
from attnviz.ui.shared import viewer_host
from attnviz.ui.shared.events import FETCH, GUESTS, LIGHT, Data, Update, connect, held, picked, picked_sample, sent_path
from attnviz.ui.shared.page import Chosen, Page, Photo
from attnviz.ui.shared.sample_buttons import samples_html
from attnviz.ui.shared.text import language_of, note_html, plain, removed_html
from attnviz.ui.shared.view import View, look, suited_to
from attnviz.ui.shared.view_answers import answer_to
from attnviz.ui.shared.view_document import document_of
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.own_model.layout import (
    LONGEST_FIELD,
    SUGGESTED,
    OwnModelParts,
    found_html,
    guess_html,
    layout,
    list_html,
    still_html,
    wanted_weights,
)

NOTHING = Chosen()
TRACKED = gr.Progress(track_tqdm=True)


@dataclass(frozen=True)
class Own:
    """What one visitor looks at in this tab."""

    view: View
    about: About
    photo: Photo

    @property
    def emptied(self) -> bool:
        """Whether the photograph was removed: the network stays, and what was computed does not hold any more."""
        return self.photo == Photo()


class OwnModel:
    """The handlers of the tab: each gathers, calls and renders."""

    def __init__(self, page: Page, parts: OwnModelParts) -> None:
        self.page, self.parts, self.guests = page, parts, Guests(page.store)
        self.limits = limits_for(page.store.public)

    def own(self, data: Data) -> Own:
        """What the visitor looks at; ``UserError`` when it was let go."""
        return held(data, self.parts.state, Own)

    def wish(self, data: Data) -> Wish:
        """What the visitor asks for; checked by ``Wish``."""
        path, name = sent_path(data[self.parts.file]), data[self.parts.name]
        weights = wanted_weights(data[self.parts.weights])
        card = self.card(data) if weights == "file" else ModelCard()
        title = name.strip() if isinstance(name, str) else ""
        return Wish(title, weights, Path(path) if path else None, card, self.limits)

    def card(self, data: Data) -> ModelCard:
        """What the visitor says of the network in a file; ``UserError`` where it is none of the fields' values."""
        parts = self.parts
        said: dict[str, Any] = {}
        for name, field in parts.fields.items():
            text = str(data.get(field) or "").strip()[:LONGEST_FIELD]
            if text:
                said[name] = numbers_in(name, text, plain(f"own_{name}"))
        names, scores = sent_path(data[parts.labels]), data.get(parts.scores)
        if names:
            said["labels"] = read_labels(Path(names))
        return ModelCard(**said, scores=str(scores)[:20] if scores else None)

    def first(self) -> Wish | PageWish:
        """What the tab opens on: weights that have learned something, and nothing that must be fetched."""
        name = next((name for name in SUGGESTED if at_hand(name)), None)
        return PageWish(self.page.store.ids[0]) if name is None else Wish(name, limits=self.limits)

    def opened(self, wish: Wish | PageWish, photo: Photo, language: str) -> Own:
        """Load a network and show it a photograph."""
        name = self.guests.open(wish)
        photo, _ = suited_to(self.guests, name, photo, language)
        view = look(self.guests, name, sample=photo.sample, path=photo.path, language=language)
        return Own(view, self.guests.about(name), photo)

    def all(self, own: Own, chosen: Chosen = NOTHING) -> Update:
        """Everything that depends on the network and the photograph, and what another tab looks at."""
        parts, choice = self.parts, choice_of(own, chosen)
        shown = document_of(self.guests, own.view, choice.get("gate"), choice.get("channel"))
        return {
            **self.said(own),
            parts.view: viewer_host.shows(shown, **choice),
            self.page.photo: own.photo,
            parts.picker.image: own.photo.shown,
        }

    def said(self, own: Own) -> Update:
        """What stands around the view, in the visitor's language; the view itself follows the page's."""
        parts, view = self.parts, own.view
        return {
            parts.state: own,
            parts.picker.samples: samples_html(view.language, shown=own.photo.sample),
            parts.found: found_html(view, own.about),
            parts.prediction: guess_html(view, own.about),
            parts.list: list_html(view, own.about),
            **{part: still_html(key, view.language) for key, part in parts.titles.items()},
        }

    def on_load(self, request: gr.Request) -> Update:
        """A visitor comes: what stands there before the first network is loaded."""
        language = language_of(request)
        return {
            self.parts.titles["own_intro"]: still_html("own_intro", language),
            self.parts.found: note_html("own_wait", language),
        }

    def on_open(self, data: Data, request: gr.Request) -> Update:
        """The tab was opened: with a first network, or after something else was chosen in another tab."""
        own, chosen = data[self.parts.state], Chosen.of(data[self.page.chosen])
        photo = data[self.page.photo] or self.page.opening
        wish = self.wanted(own, chosen)
        if own is None or (own.photo, own.about.wish) != (photo, wish):
            return self.all(self.opened(wish, photo, language_of(request)), chosen)
        choice = choice_of(own, chosen)
        shown = viewer_host.chosen(data[self.parts.selected])
        if not choice or all(shown[key] == value for key, value in choice.items()):
            return {self.parts.state: gr.skip()}
        return {self.parts.view: viewer_host.picks(**choice)}

    def wanted(self, own: Own | None, chosen: Chosen) -> Wish | PageWish:
        """The visitor's own network stays; one of the page's own gives way to the one that another tab looks at."""
        store = self.page.store
        if (own is None or isinstance(own.about.wish, PageWish)) and chosen.model in store.ids:
            return PageWish(chosen.model)
        return self.first() if own is None else own.about.wish

    def on_language(self, data: Data, request: gr.Request) -> Update:
        """Another language: the same network and photograph, said anew."""
        own = data[self.parts.state]
        if own is None:
            return self.on_load(request)
        said = self.said(replace(own, view=replace(own.view, language=language_of(request))))
        if own.emptied:
            said |= {self.parts.prediction: "", self.parts.found: removed_html(language_of(request))}
        return said

    def on_clear(self, data: Data, request: gr.Request) -> Update:
        """The photograph was removed, and with it all that was computed from it; the network stays."""
        own, parts = data[self.parts.state], self.parts
        return {
            parts.state: None if own is None else replace(own, photo=Photo()),
            parts.prediction: "",
            parts.view: viewer_host.shows(None),
            parts.found: removed_html(language_of(request)),
            self.page.photo: self.page.opening,
        }

    def on_find(self, data: Data, request: gr.Request, progress: gr.Progress = TRACKED) -> Update:
        """A network was asked for."""
        own, wish = data[self.parts.state], self.wish(data)
        language = language_of(request)
        progress(0, desc=plain("own_fetching", language, name=wish.name))
        photo = own.photo if own and not own.emptied else data[self.page.photo] or self.page.opening
        sent = sent_path(data[self.parts.picture]) if wish.weights == "file" else None
        return self.all(self.opened(wish, Photo(path=sent) if sent else photo, language))

    def on_suggested(self, event: gr.EventData) -> Update:
        """A suggested name was picked."""
        name = picked(event, "value")
        if name not in SUGGESTED:
            raise UserError(f"no suggestion {str(name)[:60]!r}")
        return {self.parts.name: name}

    def on_weights(self, data: Data) -> Update:
        """The file is asked for where the weights come from one."""
        visible = data[self.parts.weights] == "file"
        given = gr.Accordion(visible=visible)
        files = {part: gr.File(visible=visible) for part in (self.parts.file, self.parts.labels)}
        return {**files, self.parts.given: given}

    def on_photo(self, data: Data) -> Update:
        """A photograph was uploaded, pasted or taken."""
        own, path = self.own(data), sent_path(data[self.parts.picker.image])
        if path is None:
            return {self.parts.state: gr.skip()}
        return self.all(self.opened(own.about.wish, Photo(path=path), own.view.language))

    def on_sample(self, data: Data, event: gr.EventData) -> Update:
        """A sample was picked."""
        own = self.own(data)
        return self.all(self.opened(own.about.wish, picked_sample(event), own.view.language))

    def on_refused(self, data: Data) -> Update:
        """What was sent could not be used: show the photograph again to which the analysis belongs, if there is one."""
        own = data[self.parts.state]
        return {self.parts.picker.image: None if own is None or own.emptied else own.photo.shown}

    def on_ask(self, data: Data, event: gr.EventData) -> Update:
        """The features of a channel are wanted, or the weights of another place that asks."""
        return {self.parts.view: answer_to(self.guests, self.own(data).view, event)}


def choice_of(own: Own, chosen: Chosen) -> dict[str, Any]:
    """What another tab looks at, where this network has it: ``gate``, and ``channel`` where that is known."""
    gates = {record.site.name for record in own.view.analysis.gates}
    if chosen.model != own.view.analysis.model or chosen.gate not in gates:
        return {}
    return {"gate": chosen.gate, **({} if chosen.channel is None else {"channel": chosen.channel})}


def wire(tab: OwnModel) -> None:
    """Connect components and handlers."""
    page, parts = tab.page, tab.parts
    everything = {parts.state, page.photo, parts.picker.image, parts.name, parts.weights, parts.file, parts.labels}
    everything |= {page.chosen, parts.selected, parts.scores, parts.picture, *parts.fields.values()}
    said = {parts.state, parts.picker.samples, parts.found, parts.prediction, parts.list, *parts.titles.values()}
    analysis = {*said, parts.view, page.photo, parts.picker.image}

    def on(trigger: Any, handler: Any, outputs: Any, how: dict[str, Any] = GUESTS) -> Any:
        return connect(trigger, handler, everything, outputs, how, parts.found)

    connect(page.demo.load, tab.on_load, None, [parts.titles["own_intro"], parts.found], LIGHT)
    on(page.tab.select, tab.on_open, analysis)
    on(page.head.language, tab.on_language, said, LIGHT)
    on(parts.picker.image.clear, tab.on_clear, analysis, LIGHT)
    on([parts.find.click, parts.name.submit], tab.on_find, analysis, FETCH)
    connect(parts.suggested.select, tab.on_suggested, None, [parts.name], LIGHT)
    on(parts.weights.input, tab.on_weights, [parts.file, parts.labels, parts.given], LIGHT)
    sent = on(parts.picker.image.upload, tab.on_photo, analysis)
    on(sent.failure, tab.on_refused, [parts.picker.image], LIGHT)
    on(parts.picker.samples.select, tab.on_sample, analysis)
    on(parts.view.submit, tab.on_ask, [parts.view], {**GUESTS, "show_progress": "hidden"})


def build(page: Page) -> None:
    """Add the tab; its first network is loaded when it is opened."""
    wire(OwnModel(page, layout(page)))


TAB = Tab("tab_own", build)
