"""Training: how the gates grew, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from attnviz.images.samples import find_sample
from attnviz.models.gate_snapshots import Snapshots
from attnviz.render.film import film_gif
from attnviz.ui.settings import KEEP_SECONDS
from attnviz.ui.shared.address import asked
from attnviz.ui.shared.downloads import Downloads
from attnviz.ui.shared.events import FILES, HEAVY, LIGHT, Data, Update, asked_place, connect, held, then_download
from attnviz.ui.shared.page import Chosen, Page, script
from attnviz.ui.shared.text import label, language_of, note_html, sample_title, say
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.training.html import film_pictures, heading, stage_html
from attnviz.ui.tabs.training.state import (
    Film,
    first_film,
    opening_film,
    recorded,
    taken_for,
    taken_up,
    wanted,
    with_choice,
)


@dataclass(frozen=True)
class TrainingParts:
    """What events read or write."""

    state: gr.State
    intro: gr.HTML
    model: gr.Dropdown
    gate: gr.Dropdown
    probe: gr.Dropdown
    stage: gr.HTML
    export: gr.Button
    file: gr.DownloadButton


class Training:
    """The handlers of the tab: each gathers, calls and renders. The browser plays the film without asking."""

    def __init__(self, page: Page, parts: TrainingParts) -> None:
        self.page, self.parts, self.downloads = page, parts, Downloads()

    def film(self, data: Data) -> Film:
        """What the visitor looks at; ``UserError`` when it was let go."""
        return held(data, self.parts.state, Film)

    def show(self, film: Film) -> Update:
        """Everything that depends on the film."""
        parts, taken, card = self.parts, taken_for(self.page.store, film), self.page.store.card(film.model)
        return {
            parts.state: film,
            parts.stage: stage_html(taken, film, card, self.page.store.sites(film.model)),
            self.page.chosen: Chosen(film.model, film.gate).sent(),
        }

    def choose(self, film: Film) -> Update:
        """Another network or language: its gates, pictures and snapshots."""
        parts, taken = self.parts, taken_for(self.page.store, film)
        return {
            **self.show(film),
            parts.intro: note_html("training_intro", film.language),
            parts.model: film.model,
            parts.gate: gr.Dropdown(choices=list(taken.kinds), value=film.gate),
            parts.probe: gr.Dropdown(choices=pictures(taken, film.language), value=film.probe),
        }

    def on_open(self, data: Data, request: gr.Request) -> Update:
        """The tab was opened: take up the network and the gate of another one, if there are snapshots of them."""
        kept, chosen = data[self.parts.state], Chosen.of(data[self.page.chosen])
        film = taken_up(self.page.store, kept or opening_film(self.page.store, language_of(request)), chosen)
        if kept == film:
            return {self.parts.state: gr.skip()}
        return {**self.choose(film), self.page.chosen: chosen.sent()}  # nobody has chosen anything here yet

    def on_go(self, request: gr.Request, event: gr.EventData) -> Update:
        """An address was opened that belongs to this tab."""
        query = asked(event, language_of(request))
        film = wanted(self.page.store, query)
        query.warn()
        return {**self.choose(film), **self.page.arrived()}

    def on_language(self, data: Data, request: gr.Request) -> Update:
        """Another language: the same film, said anew."""
        film = data[self.parts.state]
        if film is None:
            return {self.parts.intro: note_html("training_intro", language_of(request))}
        return self.choose(replace(film, language=language_of(request)))

    def on_model(self, data: Data) -> Update:
        """Another network; the picture stays where there are snapshots of it."""
        film = self.film(data)
        first = first_film(self.page.store, data[self.parts.model], film.language)
        has_probe = film.probe in taken_for(self.page.store, first).probes
        return self.choose(replace(first, probe=film.probe) if has_probe else first)

    def on_choice(self, data: Data) -> Update:
        """Another gate or picture."""
        return self.show(with_choice(self.page.store, self.film(data), data[self.parts.gate], data[self.parts.probe]))

    def on_ask(self, data: Data, event: gr.EventData) -> Update:
        """Another place asks in a pairwise gate."""
        film = self.film(data)
        return self.show(replace(film, query=asked_place(event, film.language)))

    def on_export(self, data: Data) -> Update:
        """Write the film; the next event clicks the hidden button that downloads it."""
        film, store = self.film(data), self.page.store
        taken, card = taken_for(store, film), store.card(film.model)
        shown = film_pictures(taken, film, card, store.sites(film.model))
        words = [heading(taken, film, step, "en") for step in range(len(taken.epochs))]
        return {self.parts.file: str(self.downloads.data(f"attnviz-{film.model}-training.gif", film_gif(shown, words)))}


def pictures(taken: Snapshots, language: str) -> list[tuple[str, str]]:
    """What the pictures of a network's snapshots are called, and their names."""
    return [(sample_title(name, find_sample(name).title, language), name) for name in taken.probes]


def layout(page: Page) -> TrainingParts:
    """Lay the tab out; it is filled when it is opened."""
    store = page.store
    film = opening_film(store)
    taken = taken_for(store, film)
    parts: dict[str, Any] = {"state": gr.State(None, time_to_live=KEEP_SECONDS)}
    parts["intro"] = gr.HTML(note_html("training_intro", "en"), elem_id="training-intro")
    with gr.Row():
        models = [(store.card(name).title, name) for name in recorded(store)]
        parts["model"] = gr.Dropdown(
            models, value=film.model, label=label("model"), elem_id="training-model", min_width=200
        )
        parts["gate"] = gr.Dropdown(
            list(taken.kinds), value=film.gate, label=label("gate"), elem_id="training-gate", min_width=200
        )
        parts["probe"] = gr.Dropdown(
            pictures(taken, "en"),
            value=film.probe,
            label=label("training_picture"),
            elem_id="training-probe",
            min_width=200,
        )
    scripts = f"{script('ask')}\n{script('training')}"
    parts["stage"] = gr.HTML("", js_on_load=scripts, elem_id="training-stage", elem_classes="av-main")
    parts["export"] = gr.Button(label("training_gif"), size="md", elem_id="training-export")
    parts["file"] = gr.DownloadButton(label("files"), elem_id="training-file", elem_classes="av-hidden")
    return TrainingParts(**parts)


def wire(training: Training) -> None:
    """Connect components and handlers."""
    page, parts = training.page, training.parts
    everything = {parts.state, parts.model, parts.gate, parts.probe, page.chosen}
    shown = {parts.state, parts.stage, page.chosen}
    chosen = {*shown, parts.intro, parts.model, parts.gate, parts.probe}

    def on(trigger: Any, handler: Any, outputs: Any, how: dict[str, Any] = LIGHT) -> Any:
        return connect(trigger, handler, everything, outputs, how, parts.stage)

    on(page.tab.select, training.on_open, chosen, HEAVY)  # one after the other: an address also opens the tab
    connect(page.go, training.on_go, None, {*chosen, page.address}, HEAVY, parts.stage)
    on(page.head.language, training.on_language, chosen)
    on(parts.model.input, training.on_model, chosen)
    on([parts.gate.input, parts.probe.input], training.on_choice, shown)
    on(parts.stage.select, training.on_ask, shown)
    saved = connect(parts.export.click, training.on_export, {parts.state}, [parts.file], FILES)
    then_download(saved, "training-file")


def build(page: Page) -> None:
    """Add the tab; where nothing was recorded it says how that is done."""
    if not recorded(page.store):
        gr.HTML(f"<p>{say('training_missing', folder=page.store.folder)}</p>")
        return
    wire(Training(page, layout(page)))


TAB = Tab("tab_training", build)
