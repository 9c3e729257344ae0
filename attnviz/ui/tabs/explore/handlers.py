"""Explore: a photograph, a network, its prediction and every gate.

Choosing a gate or a channel asks nothing here: the view has all of them. What is asked is an analysis of another
photograph or network, the feature map of a channel, and files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from attnviz.core.model_card import numbers_in
from attnviz.images.samples import load_sample
from attnviz.ui.shared import viewer_host
from attnviz.ui.shared.about_network import about_html
from attnviz.ui.shared.address import Query, asked
from attnviz.ui.shared.downloads import DownloadLook, Downloads
from attnviz.ui.shared.events import (
    FETCH,
    FILES,
    HEAVY,
    LIGHT,
    SAID,
    Data,
    Update,
    connect,
    emptied,
    held,
    picked_sample,
    sent_path,
    then_download,
)
from attnviz.ui.shared.page import Chosen, Page, Photo
from attnviz.ui.shared.sample_buttons import available, samples_for
from attnviz.ui.shared.sent_numbers import number
from attnviz.ui.shared.strip_and_map import head_html, prediction_html
from attnviz.ui.shared.text import label, language_of, plain, removed_html
from attnviz.ui.shared.view import View, for_print, look, suited_to
from attnviz.ui.shared.view_answers import answer_to
from attnviz.ui.shared.view_document import document_of
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.explore import live
from attnviz.ui.tabs.explore.layout import DENSITIES, ExploreParts, bands_of, layout
from attnviz.ui.tabs.explore.link import LINKED, follow, link_html

TRACKED = gr.Progress(track_tqdm=True)
"""Shows what the bars of torch and timm show; gradio looks for it among the arguments of a handler."""


class Explore:
    """The handlers of the tab: each gathers, calls and renders.

    Args:
        page: What all tabs share.
        parts: The components.
        opening: What a visitor sees first.
    """

    def __init__(self, page: Page, parts: ExploreParts, opening: View) -> None:
        self.page, self.store, self.parts, self.opening = page, page.store, parts, opening
        self.downloads = Downloads()

    # gather ---------------------------------------------------------------------------------------------------

    def view(self, data: Data) -> View:
        """The visitor's view; ``UserError`` when it was let go."""
        return held(data, self.parts.state, View, self.parts.photo)

    # render ---------------------------------------------------------------------------------------------------

    def all(self, view: View, **choice: Any) -> Update:
        """Everything that depends on the analysis; ``choice`` is what the view opens with, where that was asked for."""
        parts, shown = self.parts, document_of(self.store, view, choice.get("gate"), choice.get("channel"))
        return {
            parts.state: view,
            parts.view: viewer_host.shows(shown, **choice),
            self.page.photo: Photo(view.sample, view.path),
            parts.model: view.analysis.model,
            parts.prediction: prediction_html(view, self.store.card(view.analysis.model)),
            parts.link: link_html(view),
            parts.bands: gr.Textbox(**bands_of(view, self.store.card(view.analysis.model).spec.input)),
        }

    # handlers -------------------------------------------------------------------------------------------------

    def on_load(self, data: Data, request: gr.Request) -> Update:
        """A visitor comes, perhaps reading Chinese; what an address asks for comes by ``on_go``, perhaps earlier."""
        if data[self.parts.state] is not None:
            return {self.parts.state: gr.skip()}
        view = replace(self.opening, language=language_of(request))
        return self.said(view) if view.language != "en" else {self.parts.state: view}

    def followed(self, query: Query) -> Update:
        """What an address asks for; what it gets wrong is told."""
        view, choice = follow(self.store, query, self.opening.analysis.model, self.opening.sample)
        query.warn()
        photo = load_sample(view.sample or available()[0])
        return {**self.all(view, **choice), **self.still(view), self.parts.photo: photo}

    def on_go(self, request: gr.Request, event: gr.EventData) -> Update:
        """An address was opened that belongs to this tab."""
        return {**self.followed(asked(event, language_of(request))), **self.page.arrived()}

    def on_language(self, data: Data, request: gr.Request) -> Update:
        """Another language: the view itself follows the page's; what stands around it is said anew."""
        view, language = data[self.parts.state], language_of(request)
        if view is None:
            return {self.parts.state: gr.skip()}
        return self.said(replace(view, language=language))

    def said(self, view: View) -> Update:
        """A view that stands there already, in its language."""
        card = self.store.card(view.analysis.model)
        return {
            **self.still(view),
            self.parts.state: view,
            self.parts.prediction: prediction_html(view, card),
            self.parts.link: link_html(view),
        }

    def on_clear(self, data: Data, request: gr.Request) -> Update:
        """The photograph was removed, and with it all that was computed from it."""
        return {
            self.parts.state: None,
            self.parts.view: viewer_host.shows(None),
            self.parts.prediction: removed_html(language_of(request)),
            self.parts.link: "",
            self.page.photo: self.page.opening,
        }

    def still(self, view: View) -> Update:
        """What stands still, in the visitor's language."""
        titles = {part: head_html(key, view.language) for key, part in self.parts.titles.items()}
        return {**titles, **self.network(view)}

    def network(self, view: View) -> Update:
        """What depends on the network alone: what is known of it, and the samples, those with its classes first."""
        card = self.store.card(view.analysis.model)
        return {
            self.parts.samples: samples_for(card.labels, view.language, view.sample),
            self.parts.about: about_html(card, view.language, self.store.audit(card.id)),
        }

    def on_photo(self, data: Data, request: gr.Request) -> Update:
        """A photograph was uploaded, pasted or taken."""
        path, model = sent_path(data[self.parts.photo]), data[self.parts.model]
        if path is None:
            return {self.parts.state: gr.skip()}
        view = look(self.store, model, path=path, language=language_of(request), shown=self.bands(data))
        return {**self.all(view), **self.network(view)}

    def bands(self, data: Data) -> tuple[int, int, int] | None:
        """The channels that the visitor wants to see, as long as the network is the same."""
        view = data.get(self.parts.state)
        return view.shown if view is not None and view.analysis.model == data[self.parts.model] else None

    def on_bands(self, data: Data) -> Update:
        """Other channels are wanted as red, green and blue."""
        view = self.view(data)
        wanted: Any = numbers_in("shown", str(data[self.parts.bands])[:100], plain("bands", view.language))
        model, language = view.analysis.model, view.language
        other = look(self.store, model, sample=view.sample, path=view.path, language=language, shown=wanted)
        return self.all(other, **self.kept(data, other))

    def on_open(self, data: Data, request: gr.Request) -> Update:
        """The tab was opened: take up the photograph, the network and the gate that were chosen in another one."""
        view, photo, chosen = data[self.parts.state], data[self.page.photo], Chosen.of(data[self.page.chosen])
        # the browser also sends this at the start, while the first view is on its way
        if view is None:
            return {self.parts.state: gr.skip()}
        own = Photo(view.sample, view.path)
        model = chosen.model if self.store.offers(chosen.model) else view.analysis.model
        if photo in (None, own) and model == view.analysis.model:
            gates = {record.site.name for record in view.analysis.gates}
            shown = viewer_host.chosen(data[self.parts.selected])["gate"]
            if chosen.gate not in gates or chosen.gate == shown:
                return {self.parts.state: gr.skip()}
            return {self.parts.view: viewer_host.picks(gate=chosen.gate, channel=chosen.channel)}
        return self.on_choice({**data, self.parts.model: model}, photo or own, request, chosen)

    def on_choice(self, data: Data, photo: Photo, request: gr.Request, chosen: Chosen | None = None) -> Update:
        """Another photograph; the gate stays where the visitor chose one, here or in another tab."""
        language, model = language_of(request), data[self.parts.model]
        shown = self.bands(data)
        other = look(self.store, model, sample=photo.sample, path=photo.path, language=language, shown=shown)
        names = {record.site.name for record in other.analysis.gates}
        choice = self.kept(data, other)
        if chosen is not None and chosen.gate in names:
            choice = {"gate": chosen.gate, **({} if chosen.channel is None else {"channel": chosen.channel})}
        return {**self.all(other, **choice), **self.network(other), self.parts.photo: photo.shown}

    def kept(self, data: Data, view: View) -> dict[str, Any]:
        """The gate that was chosen, where the analysis has one of that name; nothing where it was not chosen."""
        chosen = viewer_host.chosen(data[self.parts.selected])
        names = {record.site.name for record in view.analysis.gates}
        return {"gate": chosen["gate"]} if chosen["own"] is True and chosen["gate"] in names else {}

    def on_sample(self, data: Data, request: gr.Request, event: gr.EventData) -> Update:
        """A sample was picked."""
        return self.on_choice(data, picked_sample(event), request)

    def on_fetch(self, data: Data, request: gr.Request, progress: gr.Progress = TRACKED) -> Update:
        """A network was chosen: fetch its weights where that must be done first."""
        name = data[self.parts.model]
        if not self.store.at_hand(name):
            progress(0, desc=plain("fetching", language_of(request), title=self.store.title(name)))
            with self.store.lease(name):
                pass
        return {self.parts.prediction: gr.skip()}

    def on_kept(self, data: Data) -> Update:
        """The network that was chosen cannot be had: the page goes on with the one it had, if there is one."""
        view = data[self.parts.state]
        return {self.parts.model: gr.skip() if view is None else view.analysis.model}

    def on_model(self, data: Data) -> Update:
        """Another network, for the same photograph where it takes that; a gate stays where it has one of its name."""
        if emptied(data, self.parts.state, self.parts.photo):
            return {self.parts.state: gr.skip()}
        view = self.view(data)
        photo, own = suited_to(self.store, data[self.parts.model], Photo(view.sample, view.path), view.language)
        other = look(self.store, data[self.parts.model], sample=photo.sample, path=photo.path, language=view.language)
        kept = self.kept(data, other)
        chosen = Chosen(other.analysis.model, kept.get("gate"))
        shown = {} if own else {self.parts.photo: photo.shown}
        return {**self.all(other, **kept), **self.network(other), self.page.chosen: chosen.sent(), **shown}

    def on_ask(self, data: Data, event: gr.EventData) -> Update:
        """The features of a channel are wanted, or the weights of another place that asks."""
        return {self.parts.view: answer_to(self.store, self.view(data), event)}

    def on_refused(self, data: Data) -> Update:
        """What was sent could not be used: show the photograph again to which the analysis belongs, if there is one."""
        view = data[self.parts.state]
        return {self.parts.photo: None if view is None else view.path or load_sample(view.sample)}

    def on_begin(self) -> gr.Button:
        """Files are being drawn, which takes seconds."""
        return gr.Button(label("preparing"), interactive=False)

    def on_end(self) -> gr.Button:
        """Files are ready, or could not be made."""
        return gr.Button(label("export"), interactive=True)

    def on_export(self, data: Data) -> Update:
        """Make the file as the view draws it; the next event clicks the hidden button that downloads it."""
        view, sent = self.view(data), viewer_host.chosen(data[self.parts.selected])["look"]
        kind = str(data[self.parts.kind])[:20]
        dpi = number(data[self.parts.dpi], *DENSITIES, plain("dpi", view.language), view.language)
        file = self.downloads.archive(for_print(self.store, view), DownloadLook.of(sent), kind, dpi)
        return {self.parts.file: str(file)}


def wire(explore: Explore) -> None:
    """Connect components and handlers."""
    parts = explore.parts
    page = explore.page
    everything = {parts.state, parts.photo, parts.model, parts.selected, parts.bands, page.photo, page.chosen}
    analysis = {parts.state, parts.view, parts.model, parts.prediction, parts.link, parts.bands, explore.page.photo}
    network = {parts.samples, parts.about}
    everywhere = {*analysis, *network, parts.photo, *parts.titles.values()}

    def on(trigger: Any, handler: Any, inputs: Any, outputs: Any, how: dict[str, Any]) -> Any:
        return connect(trigger, handler, inputs, outputs, how, parts.prediction)

    on(explore.page.demo.load, explore.on_load, {parts.state}, everywhere, LIGHT)
    # not "input": clearing the first picture sends that picture once more
    sent = on(parts.photo.upload, explore.on_photo, everything, {*analysis, *network}, HEAVY)
    on(sent.failure, explore.on_refused, {parts.state}, [parts.photo], LIGHT)
    on(parts.photo.clear, explore.on_clear, everything, analysis, LIGHT)
    on(page.go, explore.on_go, None, {*everywhere, page.address}, HEAVY)
    on(page.head.language, explore.on_language, everything, everywhere, SAID)
    on(parts.samples.select, explore.on_sample, everything, {*analysis, *network, parts.photo}, HEAVY)
    on(explore.page.tab.select, explore.on_open, everything, {*analysis, *network, parts.photo}, HEAVY)
    fetched = on(parts.model.input, explore.on_fetch, {parts.state, parts.model}, [parts.prediction], FETCH)
    opened = on(fetched.success, explore.on_model, everything, {*analysis, *network, page.chosen, parts.photo}, HEAVY)
    for event in (fetched, opened):
        on(event.failure, explore.on_kept, {parts.state}, [parts.model], LIGHT)
    on(parts.view.submit, explore.on_ask, {parts.state}, [parts.view], {**HEAVY, "show_progress": "hidden"})
    on(parts.bands.submit, explore.on_bands, everything, analysis, HEAVY)
    parts.view.select(None, None, None, js=LINKED, queue=False)
    begun = on(parts.export.click, explore.on_begin, None, [parts.export], LIGHT)
    taken = {parts.state, parts.photo, parts.selected, parts.kind, parts.dpi}
    saved = on(begun.then, explore.on_export, taken, [parts.file], FILES)
    then_download(saved, "file")
    on(saved.then, explore.on_end, None, [parts.export], LIGHT)


def build(page: Page) -> None:
    """Add the tab's components and events; a sample is analysed at once, so that the page opens with a picture."""
    opening = look(page.store, page.store.ids[0], sample=page.opening.sample)
    explore = Explore(page, layout(page, opening), opening)
    wire(explore)
    live.wire(live.Live(explore, explore.parts.live))


TAB = Tab("tab_explore", build)
