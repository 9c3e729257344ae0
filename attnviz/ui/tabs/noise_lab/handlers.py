"""Noise lab: which channels does a gate let in when three of six are noise?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from attnviz.images.noise_channels import NOISES
from attnviz.images.sample_table import CIFAR10
from attnviz.ui.settings import KEEP_SECONDS
from attnviz.ui.shared.address import asked
from attnviz.ui.shared.events import (
    HEAVY,
    LIGHT,
    Data,
    Update,
    connect,
    emptied,
    held,
    picked,
    picked_sample,
    sent_path,
)
from attnviz.ui.shared.page import Page, Photo, Picker, picker, script
from attnviz.ui.shared.sample_buttons import samples_html
from attnviz.ui.shared.text import label, language_of, removed_html, say
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.noise_lab.html import channels_html, intro_html, link_html, predictions_html, table_html
from attnviz.ui.tabs.noise_lab.state import (
    GATES,
    OPENING,
    SEEDS,
    STRENGTHS,
    Lab,
    answered,
    measured,
    move,
    opening,
    present,
    set_gate,
    set_noise,
    unmoved,
    wanted,
)


@dataclass(frozen=True)
class NoiseLabParts:
    """What events read or write."""

    state: gr.State
    intro: gr.HTML
    picker: Picker
    kind: gr.Dropdown
    strength: gr.Slider
    seed: gr.Number
    gate: gr.Radio
    reset: gr.Button
    channels: gr.HTML
    predictions: gr.HTML
    table: gr.HTML


class NoiseLab:
    """The handlers of the tab: each gathers, calls and renders."""

    def __init__(self, page: Page, parts: NoiseLabParts) -> None:
        self.page, self.parts = page, parts

    def lab(self, data: Data) -> Lab:
        """The visitor's lab; ``UserError`` when it was let go."""
        return held(data, self.parts.state, Lab, self.parts.picker.image)

    def answer(self, lab: Lab) -> Update:
        """Ask the networks and show what they say."""
        return self.told(answered(self.page.store, lab))

    def told(self, lab: Lab) -> Update:
        """What the networks say."""
        return {
            self.parts.state: lab,
            self.parts.channels: channels_html(lab),
            self.parts.predictions: predictions_html(lab, self.page.store) + link_html(lab),
        }

    def with_photo(self, lab: Lab, photo: Photo) -> Update:
        """Another photograph."""
        return {**self.answer(replace(lab, photo=photo)), self.parts.picker.image: photo.shown}

    def chosen(self, data: Data, photo: Photo, language: str) -> Update:
        """A photograph that was chosen here, for all tabs."""
        lab = data[self.parts.state] or self.set_up(opening(self.page.store, photo, language), data)
        samples = samples_html(lab.language, CIFAR10, photo.sample)
        return {**self.with_photo(lab, photo), self.page.photo: photo, self.parts.picker.samples: samples}

    def set_up(self, lab: Lab, data: Data) -> Lab:
        """A new lab with what the controls say, which may have been set while there was no photograph."""
        parts = self.parts
        noisy = set_noise(lab, data[parts.kind], data[parts.strength], data[parts.seed])
        return set_gate(noisy, self.page.store, data[parts.gate])

    def on_open(self, data: Data, request: gr.Request) -> Update:
        """The tab was opened, perhaps after another photograph was chosen elsewhere."""
        lab, photo = data[self.parts.state], data[self.page.photo]
        unasked = photo in (None, self.page.opening) and not (lab is not None and lab.photo == photo)
        photo = OPENING if unasked else photo  # the picture that the page opens with is none of these networks' classes
        if lab is not None and lab.photo == photo:
            return {self.parts.state: gr.skip()}
        language = language_of(request)
        lab = lab or opening(self.page.store, photo, language)
        return {**self.with_photo(lab, photo), **self.still(language, photo)}

    def still(self, language: str, photo: Photo) -> Update:
        """What does not depend on the answers."""
        return {
            self.parts.intro: intro_html(opening(self.page.store, photo).noise, language),
            self.parts.table: table_html(measured(self.page.store), language),
            self.parts.picker.samples: samples_html(language, CIFAR10, photo.sample),
        }

    def on_go(self, request: gr.Request, event: gr.EventData) -> Update:
        """An address was opened that belongs to this tab."""
        query = asked(event, language_of(request))
        photo = Photo(sample=query.sample(OPENING.sample))
        lab = wanted(self.page.store, query, photo)
        query.warn()
        controls = {
            self.parts.kind: lab.noise.kind,
            self.parts.strength: lab.noise.strength,
            self.parts.seed: lab.noise.seed,
            self.parts.gate: lab.gate,
            self.page.photo: photo,
            **self.page.arrived(),
        }
        return {**self.with_photo(lab, photo), **self.still(query.language, photo), **controls}

    def on_language(self, data: Data, request: gr.Request) -> Update:
        """Another language: the same photograph and the same noise, said anew."""
        lab, language = data[self.parts.state], language_of(request)
        if lab is None:
            return {self.parts.state: gr.skip()}
        return {**self.told(replace(lab, language=language)), **self.still(language, lab.photo)}

    def on_clear(self, request: gr.Request) -> Update:
        """The photograph was removed, and with it all that was computed from it."""
        return {
            self.parts.state: None,
            self.page.photo: self.page.opening,
            self.parts.channels: removed_html(language_of(request)),
            self.parts.predictions: "",
        }

    def on_photo(self, data: Data, request: gr.Request) -> Update:
        """A photograph was uploaded, pasted or taken."""
        path = sent_path(data[self.parts.picker.image])
        if path is None:
            return {self.parts.state: gr.skip()}
        return self.chosen(data, Photo(path=path), language_of(request))

    def on_sample(self, data: Data, request: gr.Request, event: gr.EventData) -> Update:
        """A sample was picked."""
        return self.chosen(data, picked_sample(event), language_of(request))

    def on_noise(self, data: Data) -> Update:
        """Kind, strength or seed were changed."""
        parts = self.parts
        if emptied(data, parts.state, parts.picker.image):
            return {parts.state: gr.skip()}
        return self.answer(set_noise(self.lab(data), data[parts.kind], data[parts.strength], data[parts.seed]))

    def on_gate(self, data: Data) -> Update:
        """Another network's gate is to be shown."""
        if emptied(data, self.parts.state, self.parts.picker.image):
            return {self.parts.state: gr.skip()}
        return self.answer(set_gate(self.lab(data), self.page.store, data[self.parts.gate]))

    def on_move(self, data: Data, event: gr.EventData) -> Update:
        """A channel was moved to another position."""
        return self.answer(move(self.lab(data), picked(event, "value")))

    def on_reset(self, data: Data) -> Update:
        """Back to the order of training."""
        return self.answer(unmoved(self.lab(data)))

    def on_refused(self, data: Data) -> Update:
        """What was sent could not be used: show the photograph again to which the answers belong, if there are any."""
        lab = data[self.parts.state]
        return {self.parts.picker.image: None if lab is None else lab.photo.shown}


def layout(page: Page) -> NoiseLabParts:
    """Lay the tab out; the networks are asked when it is opened."""
    gates = [name for name in present(page.store) if name in GATES]
    trained = opening(page.store, OPENING).noise
    parts: dict[str, Any] = {"state": gr.State(None, time_to_live=KEEP_SECONDS)}
    parts["intro"] = gr.HTML(intro_html(trained, "en"), elem_id="noise-intro")
    with gr.Row(equal_height=False, elem_id="noise-lab"):
        with gr.Column(scale=4, min_width=300):
            parts["picker"] = picker(OPENING, "noise-", 200, CIFAR10)
            kinds = [(label(f"noise_{kind}"), kind) for kind in NOISES]
            parts["kind"] = gr.Dropdown(kinds, value=trained.kind, label=label("noise_kind"), elem_id="noise-kind")
            parts["strength"] = gr.Slider(
                *STRENGTHS, trained.strength, step=0.25, label=label("noise_strength"), elem_id="noise-strength"
            )
            parts["seed"] = gr.Number(
                0,
                precision=0,
                minimum=SEEDS[0],
                maximum=SEEDS[1],
                label=label("noise_seed"),
                elem_id="noise-seed",
            )
            choices = [(label(GATES[name]), name) for name in gates]
            parts["gate"] = gr.Radio(
                choices, value=gates[0], label=label("noise_gate"), elem_id="noise-gate", visible=len(gates) > 1
            )
            parts["reset"] = gr.Button(label("noise_reset"), size="sm", elem_id="noise-reset")
        with gr.Column(scale=8, min_width=300, elem_classes="av-main"):
            parts["channels"] = gr.HTML(js_on_load=script("pick"), elem_id="noise-channels")
            parts["predictions"] = gr.HTML(elem_id="noise-predictions")
    parts["table"] = gr.HTML(elem_id="noise-table")
    return NoiseLabParts(**parts)


def wire(lab: NoiseLab) -> None:
    """Connect components and handlers."""
    page, parts = lab.page, lab.parts
    everything = {parts.state, page.photo, parts.picker.image, parts.kind, parts.strength, parts.seed, parts.gate}
    answers = {parts.state, parts.channels, parts.predictions}
    photos = {*answers, page.photo, parts.picker.image}

    def on(trigger: Any, handler: Any, outputs: Any, how: dict[str, Any] = HEAVY) -> Any:
        return connect(trigger, handler, everything, outputs, how, parts.channels)

    opened = {*photos, parts.table, parts.intro, parts.picker.samples}
    controls = {parts.kind, parts.strength, parts.seed, parts.gate}
    on(page.tab.select, lab.on_open, opened)
    connect(page.go, lab.on_go, None, {*opened, *controls, page.address}, HEAVY, parts.channels)
    on(page.head.language, lab.on_language, opened, LIGHT)
    connect(parts.picker.image.clear, lab.on_clear, None, photos, LIGHT)
    sent = on(parts.picker.image.upload, lab.on_photo, {*photos, parts.picker.samples})
    on(sent.failure, lab.on_refused, [parts.picker.image], LIGHT)
    on(parts.picker.samples.select, lab.on_sample, {*photos, parts.picker.samples})
    on(parts.channels.select, lab.on_move, answers)
    on([parts.kind.input, parts.strength.input, parts.seed.input], lab.on_noise, answers)
    on(parts.gate.input, lab.on_gate, answers)
    on(parts.reset.click, lab.on_reset, answers)


def build(page: Page) -> None:
    """Add the tab; where the experiment's networks are missing it says how they come about."""
    if not present(page.store):
        gr.HTML(f"<p>{say('noise_missing', folder=page.store.folder)}</p>")
        return
    wire(NoiseLab(page, layout(page)))


TAB = Tab("tab_noise", build)
