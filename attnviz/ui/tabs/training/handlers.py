"""Training: how the gates grew, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from attnviz.core.errors import UserError
from attnviz.images.samples import find_sample
from attnviz.models.gate_snapshots import Snapshots
from attnviz.ui.settings import KEEP_SECONDS
from attnviz.ui.shared.events import LIGHT, Data, Update, asked_place, connect, picked
from attnviz.ui.shared.page import Page, script
from attnviz.ui.shared.text import label, language_of, plain, say
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.training.html import curves_html, film_html, picture_html
from attnviz.ui.tabs.training.state import Film, first_film, opening_film, recorded, taken_for, with_choice, with_step

SECONDS = 0.8
"""Between two snapshots while the film plays."""


@dataclass(frozen=True)
class Parts:
    """What events read or write."""

    state: gr.State
    model: gr.Dropdown
    gate: gr.Dropdown
    probe: gr.Dropdown
    step: gr.Slider
    play: gr.Button
    clock: gr.Timer
    picture: gr.HTML
    film: gr.HTML
    curves: gr.HTML


class Training:
    """The handlers of the tab: each gathers, calls and renders."""

    def __init__(self, page: Page, parts: Parts) -> None:
        self.page, self.parts = page, parts

    def film(self, data: Data) -> Film:
        """What the visitor looks at; ``UserError`` when it was let go."""
        film = data[self.parts.state]
        if film is None:
            raise UserError(plain("gone"))
        return film

    def show(self, film: Film) -> Update:
        """Everything that depends on the film."""
        parts, taken, card = self.parts, taken_for(self.page.store, film), self.page.store.card(film.model)
        return {
            parts.state: film,
            parts.picture: picture_html(taken, film, card, self.page.store.sites(film.model)),
            parts.film: film_html(taken, film, card),
            parts.curves: curves_html(taken, film, card),
            parts.step: film.step,
        }

    def choose(self, film: Film) -> Update:
        """Another network: its gates, pictures and snapshots."""
        parts, taken = self.parts, taken_for(self.page.store, film)
        return {
            **self.show(film),
            parts.gate: gr.Dropdown(choices=list(taken.kinds), value=film.gate),
            parts.probe: gr.Dropdown(choices=pictures(taken), value=film.probe),
            parts.step: gr.Slider(maximum=max(1, len(taken.epochs) - 1), value=film.step),
        }

    def on_open(self, data: Data, request: gr.Request) -> Update:
        """The tab was opened for the first time."""
        if data[self.parts.state] is not None:
            return {self.parts.state: gr.skip()}
        shown = self.show(opening_film(self.page.store, language_of(request)))
        del shown[self.parts.step]  # it stands there already, and may have been moved meanwhile
        return shown

    def on_model(self, data: Data) -> Update:
        """Another network; the picture stays where there are snapshots of it."""
        film = self.film(data)
        first = first_film(self.page.store, data[self.parts.model], film.language)
        known = film.probe in taken_for(self.page.store, first).probes
        return self.choose(replace(first, probe=film.probe) if known else first)

    def on_choice(self, data: Data) -> Update:
        """Another gate or picture."""
        return self.show(with_choice(self.page.store, self.film(data), data[self.parts.gate], data[self.parts.probe]))

    def on_step(self, data: Data) -> Update:
        """The slider was moved."""
        film = self.film(data)
        moved = with_step(self.page.store, film, data[self.parts.step])
        return {self.parts.state: gr.skip()} if moved == film else self.show(moved)

    def on_frame(self, data: Data, event: gr.EventData) -> Update:
        """A snapshot was picked by its picture."""
        return self.show(with_step(self.page.store, self.film(data), picked(event, "value")))

    def on_ask(self, data: Data, event: gr.EventData) -> Update:
        """Another place asks in a pairwise gate."""
        film = self.film(data)
        return self.show(replace(film, query=asked_place(event, film.language)))

    def on_play(self, data: Data) -> Update:
        """Play from the start if the film is at its end, else from where it is; or stop."""
        film = self.film(data)
        if film.playing:
            return self.play(film, False)
        last = len(taken_for(self.page.store, film).epochs) - 1
        return self.play(replace(film, step=0) if film.step == last else film, True)

    def play(self, film: Film, playing: bool) -> Update:
        """Show a film that runs or stands still."""
        parts, text = self.parts, label("training_stop" if playing else "training_play")
        return {
            **self.show(replace(film, playing=playing)),
            parts.clock: gr.Timer(active=playing),
            parts.play: gr.Button(text),
        }

    def on_tick(self, data: Data) -> Update:
        """The next snapshot; at the last one the film stops."""
        film = self.film(data)
        last = len(taken_for(self.page.store, film).epochs) - 1
        return self.play(replace(film, step=min(film.step + 1, last)), film.playing and film.step + 1 < last)


def pictures(taken: Snapshots) -> list[tuple[str, str]]:
    """What the pictures of a network's snapshots are called, and their names."""
    return [(find_sample(name).title, name) for name in taken.probes]


def layout(page: Page) -> Parts:
    """Lay the tab out, with the first network's film in it."""
    store = page.store
    film = opening_film(store)
    taken, card = taken_for(store, film), store.card(film.model)
    made: dict[str, Any] = {"state": gr.State(None, time_to_live=KEEP_SECONDS)}
    gr.HTML(f'<p class="av-note">{say("training_intro")}</p>', elem_id="training-intro")
    with gr.Row():
        models = [(store.card(name).title, name) for name in recorded(store)]
        made["model"] = gr.Dropdown(
            models, value=film.model, label=label("model"), elem_id="training-model", min_width=200
        )
        made["gate"] = gr.Dropdown(
            list(taken.kinds), value=film.gate, label=label("gate"), elem_id="training-gate", min_width=200
        )
        made["probe"] = gr.Dropdown(
            pictures(taken), value=film.probe, label=label("training_picture"), elem_id="training-probe", min_width=200
        )
    with gr.Row():
        made["step"] = gr.Slider(
            0,
            max(1, len(taken.epochs) - 1),
            film.step,
            step=1,
            label=label("training_step"),
            elem_id="training-step",
            scale=5,
        )
        made["play"] = gr.Button(label("training_play"), elem_id="training-play", min_width=110)
    made["clock"] = gr.Timer(SECONDS, active=False)
    with gr.Row(equal_height=False):
        with gr.Column(scale=6, min_width=300):
            made["picture"] = gr.HTML(
                picture_html(taken, film, card), js_on_load=script("ask"), elem_id="training-picture"
            )
        with gr.Column(scale=6, min_width=300):
            made["film"] = gr.HTML(film_html(taken, film, card), js_on_load=script("pick"), elem_id="training-film")
    made["curves"] = gr.HTML(curves_html(taken, film, card), elem_id="training-curves")
    return Parts(**made)


def wire(training: Training) -> None:
    """Connect components and handlers."""
    page, parts = training.page, training.parts
    everything = {parts.state, parts.model, parts.gate, parts.probe, parts.step}
    shown = {parts.state, parts.picture, parts.film, parts.curves, parts.step}
    playing = {*shown, parts.clock, parts.play}

    def on(trigger: Any, handler: Any, outputs: Any) -> Any:
        return connect(trigger, handler, everything, outputs, LIGHT)

    on(page.tab.select, training.on_open, shown)
    on(parts.model.input, training.on_model, {*shown, parts.gate, parts.probe})
    on(parts.gate.input, training.on_choice, shown)
    on(parts.probe.input, training.on_choice, shown)
    on(parts.step.input, training.on_step, shown)
    on(parts.film.select, training.on_frame, shown)
    on(parts.picture.select, training.on_ask, shown)
    on(parts.play.click, training.on_play, playing)
    on(parts.clock.tick, training.on_tick, playing)


def build(page: Page) -> None:
    """Add the tab; where nothing was recorded it says how that is done."""
    if not recorded(page.store):
        gr.HTML(f"<p>{say('training_missing', folder=page.store.folder)}</p>")
        return
    wire(Training(page, layout(page)))


TAB = Tab("tab_training", build)
