"""Explore: a photograph, a network, its prediction and every gate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from attnviz.core.errors import UserError
from attnviz.images.samples import IMAGENETTE, data_set_of, load_sample
from attnviz.ui.shared.about_network import about_html
from attnviz.ui.shared.downloads import Downloads
from attnviz.ui.shared.events import FETCH, FILES, HEAVY, LIGHT, Data, Update, asked_place, connect, picked, sent_path
from attnviz.ui.shared.gate_html import Settings, scores_html
from attnviz.ui.shared.gate_picture import picture_html
from attnviz.ui.shared.page import Page, Photo
from attnviz.ui.shared.sample_buttons import samples_html
from attnviz.ui.shared.strip_and_map import gate_choices, head_html, heading_html, map_html, prediction_html, strip_html
from attnviz.ui.shared.text import label, language_of, plain
from attnviz.ui.shared.toasts import escaped
from attnviz.ui.shared.view import View, change_model, open_view, show_channel, show_gate
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.explore.layout import Parts, layout
from attnviz.ui.tabs.explore.link import Wanted, follow, link_html

TRACKED = gr.Progress(track_tqdm=True)
"""Shows what the bars of torch and timm show; gradio looks for it among the arguments of a handler."""


class Explore:
    """The handlers of the tab: each gathers, calls and renders.

    Args:
        page: What all tabs share.
        parts: The components.
        opening: What a visitor sees first.
    """

    def __init__(self, page: Page, parts: Parts, opening: View) -> None:
        self.page, self.store, self.parts, self.opening = page, page.store, parts, opening
        self.downloads = Downloads()

    # gather ---------------------------------------------------------------------------------------------------

    def view(self, data: Data) -> View:
        """The visitor's view; ``UserError`` when it was let go."""
        view = data[self.parts.state]
        if view is None:
            raise UserError(plain("gone"))
        return view

    def settings(self, data: Data) -> Settings:
        """How the visitor wants things drawn."""
        parts = self.parts
        return Settings.of(data[parts.cmap], data[parts.scale], data[parts.cells], data[parts.order])

    # render ---------------------------------------------------------------------------------------------------

    def all(self, view: View, settings: Settings) -> Update:
        """Everything that depends on the analysis."""
        parts = self.parts
        return {
            **self.chosen(view, settings),
            self.page.photo: Photo(view.sample, view.path),
            parts.model: view.analysis.model,
            parts.prediction: prediction_html(view, self.store.card(view.analysis.model)),
            parts.strip: strip_html(view, settings),
            parts.map: map_html(view, settings),
            parts.gate: gr.Dropdown(choices=gate_choices(view), value=view.gate),
        }

    def chosen(self, view: View, settings: Settings) -> Update:
        """What depends on the chosen gate."""
        parts = self.parts
        return {
            **self.channel(view, settings),
            parts.gate: view.gate,
            parts.heading: heading_html(view),
            parts.channels: gr.Row(visible=view.scored),
        }

    def channel(self, view: View, settings: Settings) -> Update:
        """What depends on the chosen channel."""
        parts = self.parts
        number = {parts.channel: view.channel.channel} if view.channel else {}
        return {**self.pictures(view, settings), **number, parts.state: view, parts.link: link_html(view)}

    def pictures(self, view: View, settings: Settings) -> Update:
        """What depends on how things are drawn."""
        return {
            self.parts.scores: scores_html(view, settings),
            self.parts.picture: picture_html(view, settings),
        }

    # handlers -------------------------------------------------------------------------------------------------

    def on_load(self, request: gr.Request) -> Update:
        """A visitor comes, perhaps by a link to a view, perhaps reading Chinese."""
        language = language_of(request)
        wanted = Wanted.of(dict(request.query_params))
        if not wanted and language == "en":
            return {self.parts.state: self.opening}
        first = self.opening
        view, missed = follow(self.store, wanted, first.analysis.model, first.sample, language)
        for text in missed:
            gr.Warning(escaped(text))
        return {**self.all(view, Settings()), **self.still(view), self.parts.photo: load_sample(view.sample)}

    def still(self, view: View) -> Update:
        """What stands still, in the visitor's language."""
        titles = {part: head_html(key, view.language) for key, part in self.parts.titles.items()}
        return {**titles, **self.network(view)}

    def network(self, view: View) -> Update:
        """What depends on the network alone: what is known of it, and the samples, those with its classes first."""
        card = self.store.card(view.analysis.model)
        samples = samples_html(view.language, data_set_of(card.labels) or IMAGENETTE)
        return {self.parts.samples: samples, self.parts.about: about_html(card, view.language)}

    def on_photo(self, data: Data) -> Update:
        """A photograph was uploaded, pasted or taken; clearing it changes nothing else."""
        view, path, model = self.view(data), sent_path(data[self.parts.photo]), data[self.parts.model]
        if path is None:
            return {self.parts.state: view}
        gate = None if view.why else view.gate
        opened = open_view(self.store, model, path=path, gate=gate, language=view.language)
        return self.all(opened, self.settings(data))

    def on_open(self, data: Data) -> Update:
        """The tab was opened: take up a photograph that was chosen in another one."""
        view, photo = data[self.parts.state], data[self.page.photo]
        # the browser also sends this at the start, while the first view is on its way
        if view is None or photo in (None, Photo(view.sample, view.path)):
            return {self.parts.state: gr.skip()}
        return self.on_choice(data, photo)

    def on_choice(self, data: Data, photo: Photo) -> Update:
        """Another photograph; the gate stays where the visitor chose one."""
        view = self.view(data)
        gate, model = (None if view.why else view.gate), data[self.parts.model]
        found = open_view(self.store, model, sample=photo.sample, path=photo.path, gate=gate, language=view.language)
        return {**self.all(found, self.settings(data)), self.parts.photo: photo.shown}

    def on_sample(self, data: Data, event: gr.EventData) -> Update:
        """A sample was picked."""
        name = picked(event, "value")
        return self.on_choice(data, Photo(sample=name if isinstance(name, str) else repr(name)))

    def on_fetch(self, data: Data, progress: gr.Progress = TRACKED) -> Update:
        """A network was chosen: fetch its weights where that must be done first."""
        name = data[self.parts.model]
        if not self.store.at_hand(name):
            progress(0, desc=plain("fetching", self.view(data).language, title=self.store.title(name)))
            with self.store.lease(name):
                pass
        return {self.parts.prediction: gr.skip()}

    def on_kept(self, data: Data) -> Update:
        """The network that was chosen cannot be had: the page goes on with the one it had."""
        return {self.parts.model: self.view(data).analysis.model}

    def on_model(self, data: Data) -> Update:
        """Another network for the same photograph."""
        view = change_model(self.store, self.view(data), data[self.parts.model])
        return {**self.all(view, self.settings(data)), **self.network(view)}

    def on_gate(self, data: Data) -> Update:
        """A gate was chosen in the list."""
        view = show_gate(self.store, self.view(data), data[self.parts.gate])
        return self.chosen(view, self.settings(data))

    def on_tile(self, data: Data, event: gr.EventData) -> Update:
        """A gate was chosen by its picture."""
        view = show_gate(self.store, self.view(data), picked(event, "value"))
        return self.chosen(view, self.settings(data))

    def on_bar(self, data: Data, event: gr.EventData) -> Update:
        """A channel was chosen by its bar."""
        view = show_channel(self.store, self.view(data), picked(event, "index"))
        return self.channel(view, self.settings(data))

    def on_ask(self, data: Data, event: gr.EventData) -> Update:
        """Another place asks in a pairwise gate."""
        view = self.view(data)
        view = replace(view, query=asked_place(event, view.language))
        return {**self.pictures(view, self.settings(data)), self.parts.state: view}

    def on_number(self, data: Data) -> Update:
        """A channel was chosen by its number; an empty field changes nothing."""
        view, number = self.view(data), data[self.parts.channel]
        if number is None:
            return {self.parts.state: view}
        return self.channel(show_channel(self.store, view, number), self.settings(data))

    def on_look(self, data: Data) -> Update:
        """Colours, scale, cells or order were changed."""
        return self.pictures(self.view(data), self.settings(data))

    def on_colours(self, data: Data) -> Update:
        """Other colours are seen in the strip and the map too."""
        view, settings = self.view(data), self.settings(data)
        more = {self.parts.strip: strip_html(view, settings), self.parts.map: map_html(view, settings)}
        return {**self.pictures(view, settings), **more}

    def on_refused(self, data: Data) -> Update:
        """What was sent could not be used: show the photograph again to which the analysis belongs."""
        view = self.view(data)
        return {self.parts.photo: view.path or load_sample(view.sample)}

    def on_begin(self) -> gr.Button:
        """Files are being drawn, which takes seconds."""
        return gr.Button(label("preparing"), interactive=False)

    def on_end(self) -> gr.Button:
        """Files are ready, or could not be made."""
        return gr.Button(label("export"), interactive=True)

    def on_export(self, data: Data) -> Update:
        """Make the file; the next event clicks the hidden button that downloads it."""
        archive = self.downloads.archive(self.view(data), self.settings(data), data[self.parts.opacity])
        return {self.parts.file: str(archive)}


def wire(explore: Explore) -> None:
    """Connect components and handlers."""
    parts = explore.parts
    looks = {parts.state, parts.opacity, parts.cmap, parts.scale, parts.cells, parts.order}
    everything = {*looks, parts.photo, parts.model, parts.gate, parts.channel, explore.page.photo}
    pictures = {parts.scores, parts.picture}
    channel = {*pictures, parts.channel, parts.state, parts.link}
    chosen = {*channel, parts.gate, parts.heading, parts.channels}
    analysis = {*chosen, parts.model, parts.prediction, parts.strip, parts.map, explore.page.photo}
    network = {parts.samples, parts.about}
    everywhere = {*analysis, *network, parts.photo, *parts.titles.values()}

    def on(trigger: Any, handler: Any, inputs: Any, outputs: Any, how: dict[str, Any]) -> Any:
        return connect(trigger, handler, inputs, outputs, how, parts.picture)

    on(explore.page.demo.load, explore.on_load, None, everywhere, {**HEAVY, "show_progress": "hidden"})
    # not "input": clearing the first picture sends that picture once more
    sent = on(parts.photo.upload, explore.on_photo, everything, analysis, HEAVY)
    on(sent.failure, explore.on_refused, {parts.state}, [parts.photo], LIGHT)
    on(parts.samples.select, explore.on_sample, everything, {*analysis, parts.photo}, HEAVY)
    on(explore.page.tab.select, explore.on_open, everything, {*analysis, parts.photo}, HEAVY)
    fetched = on(parts.model.input, explore.on_fetch, {parts.state, parts.model}, [parts.prediction], FETCH)
    opened = on(fetched.success, explore.on_model, everything, {*analysis, *network}, HEAVY)
    for event in (fetched, opened):
        on(event.failure, explore.on_kept, {parts.state}, [parts.model], LIGHT)
    on(parts.gate.input, explore.on_gate, everything, chosen, HEAVY)
    on(parts.strip.select, explore.on_tile, everything, chosen, HEAVY)
    on(parts.map.select, explore.on_tile, everything, chosen, HEAVY)
    on(parts.scores.select, explore.on_bar, everything, channel, HEAVY)
    on(parts.picture.select, explore.on_ask, looks, {*pictures, parts.state}, LIGHT)
    on(parts.channel.input, explore.on_number, everything, channel, HEAVY)
    on(parts.cmap.input, explore.on_colours, looks, {*pictures, parts.strip, parts.map}, LIGHT)
    for control in (parts.scale, parts.cells, parts.order):
        on(control.input, explore.on_look, looks, pictures, LIGHT)
    parts.opacity.input(None, parts.opacity, None, js="(v) => window.attnvizOpacity(v)", queue=False)
    parts.gate.change(None, parts.gate, None, js="(gate) => window.attnvizMark(gate)", queue=False)
    begun = on(parts.export.click, explore.on_begin, None, [parts.export], LIGHT)
    made = on(begun.then, explore.on_export, looks, [parts.file], FILES)
    made.success(None, js="() => setTimeout(() => document.querySelector('#file').click(), 100)")
    on(made.then, explore.on_end, None, [parts.export], LIGHT)


def build(page: Page) -> None:
    """Add the tab's components and events; a sample is analysed at once, so that the page opens with a picture."""
    opening = open_view(page.store, page.store.ids[0], sample=page.opening.sample)
    wire(Explore(page, layout(page.store, opening), opening))


TAB = Tab("tab_explore", build)
