"""Inside a gate: one attention module step by step, with its real numbers on this photograph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from attnviz.core.step_values import MOST_FACTOR, REGIONS, Change
from attnviz.ui.networks.store import Store
from attnviz.ui.settings import KEEP_SECONDS
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
from attnviz.ui.shared.page import Chosen, Page, Photo, picker, script
from attnviz.ui.shared.sample_buttons import samples_html
from attnviz.ui.shared.strip_and_map import head_html
from attnviz.ui.shared.text import label, language_of, note_html, removed_html
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.inside_gate.html import notice_html, place_choices, stage_html, state_html, subject_choices
from attnviz.ui.tabs.inside_gate.state import (
    Inspection,
    again,
    elsewhere,
    follow_chosen,
    follow_on,
    follows,
    looked_at,
    open_look,
    subjects,
)

MOST = 3.0
"""Largest factor of the slider; ``MOST_FACTOR`` is the limit of the library."""


@dataclass(frozen=True)
class InsideParts:
    """What events read or write."""

    state: gr.State
    subject: gr.Dropdown
    place: gr.Dropdown
    notice: gr.HTML
    stage: gr.HTML
    title: gr.HTML
    photo: gr.Image
    samples: gr.HTML
    channel: gr.Number
    factor: gr.Slider
    region: gr.Radio
    reset: gr.Button
    changed: gr.HTML


def layout(store: Store, photo: Photo) -> InsideParts:
    """Lay the tab out; nothing is computed before it is opened."""
    parts: dict[str, Any] = {"state": gr.State(None, time_to_live=KEEP_SECONDS)}
    choices = subject_choices(subjects(store), store, "en")
    with gr.Row(equal_height=False, elem_id="inside"):
        with gr.Column(scale=9, min_width=300):
            with gr.Row():
                parts["subject"] = gr.Dropdown(
                    choices, value=choices[0][1], label=label("inside_module"), elem_id="inside-subject", min_width=220
                )
                parts["place"] = gr.Dropdown([], label=label("inside_place"), elem_id="inside-place", min_width=220)
            parts["notice"] = gr.HTML("", elem_id="inside-notice")
            parts["stage"] = gr.HTML(note_html("inside_wait"), js_on_load=script("inside"), elem_id="inside-stage")
        with gr.Column(scale=3, min_width=280):
            parts["title"] = gr.HTML(head_html("inside_input"), elem_id="inside-title")
            chosen = picker(photo, "inside-", 160)
            parts["photo"], parts["samples"] = chosen.image, chosen.samples
            parts["channel"] = gr.Number(0, precision=0, label=label("inside_channel"), elem_id="inside-channel")
            parts["factor"] = gr.Slider(
                0, min(MOST, MOST_FACTOR), 1, step=0.1, label=label("inside_factor"), elem_id="inside-factor"
            )
            regions = [(label(f"region_{name}"), name) for name in REGIONS]
            parts["region"] = gr.Radio(regions, value="none", label=label("inside_region"), elem_id="inside-region")
            parts["changed"] = gr.HTML("", elem_id="inside-changed")
            parts["reset"] = gr.Button(label("inside_reset"), size="sm", elem_id="inside-reset")
    return InsideParts(**parts)


class Inside:
    """The handlers of the tab: each gathers, calls and renders.

    Args:
        page: What all tabs share.
        parts: The components.
    """

    def __init__(self, page: Page, parts: InsideParts) -> None:
        self.page, self.store, self.parts = page, page.store, parts

    # gather ---------------------------------------------------------------------------------------------------

    def look(self, data: Data) -> Inspection:
        """What the visitor looks at; ``UserError`` when it was let go."""
        return held(data, self.parts.state, Inspection, self.parts.photo)

    # render ---------------------------------------------------------------------------------------------------

    def stage(self, look: Inspection) -> Update:
        """What depends on the walk and on the number that is followed."""
        parts, change = self.parts, look.walk.change
        mine = change.channel == look.follow.channel
        return {
            parts.state: look,
            parts.stage: stage_html(look),
            parts.channel: look.follow.channel,
            parts.factor: change.factor if mine else 1,
            parts.changed: state_html(look),
        }

    def all(self, look: Inspection) -> Update:
        """Everything."""
        parts = self.parts
        where = place_choices(look)
        names = {value: value for _, value in where}
        return {
            **self.stage(look),
            self.page.photo: look.photo,
            parts.notice: notice_html(look, self.store),
            parts.place: gr.Dropdown(choices=where, value=names.get(look.walk.place, where[-1][1])),
            parts.region: look.walk.change.region,
        }

    def followed(self, look: Inspection) -> Update:
        """Another number was chosen here, which other tabs shall take up."""
        return {**self.stage(look), self.page.chosen: looked_at(self.store, look).sent()}

    def moved(self, look: Inspection) -> Update:
        """Another module was chosen here, which other tabs shall take up."""
        return {**self.all(look), self.page.chosen: looked_at(self.store, look).sent()}

    # handlers -------------------------------------------------------------------------------------------------

    def on_open(self, data: Data, request: gr.Request) -> Update:
        """The tab was opened: walk through the first module, or take up what was chosen in another tab."""
        look, chosen = data[self.parts.state], Chosen.of(data[self.page.chosen])
        photo = data[self.page.photo] or (look.photo if look is not None else self.page.opening)
        language = language_of(request) if look is None else look.language
        if not follows(self.store, look, chosen):
            look = follow_chosen(self.store, photo, chosen, language)
        elif look is None:
            look = open_look(self.store, photo, data[self.parts.subject], language=language)
        elif photo == look.photo:
            return {self.parts.state: gr.skip()}
        else:
            look = again(self.store, look, photo=photo)
        return {**self.all(look), **self.still(look), self.parts.photo: look.photo.shown}

    def still(self, look: Inspection) -> Update:
        """What does not depend on the walk, in the visitor's language."""
        language = look.language
        choices = subject_choices(subjects(self.store), self.store, language)
        return {
            self.parts.title: head_html("inside_input", language),
            self.parts.samples: samples_html(language, shown=look.photo.sample),
            self.parts.subject: gr.Dropdown(choices=choices, value=look.subject.key),
        }

    def on_language(self, data: Data, request: gr.Request) -> Update:
        """Another language: the same walk, said anew."""
        look = data[self.parts.state]
        if look is None:
            return {self.parts.state: gr.skip()}
        look = replace(look, language=language_of(request))
        return {**self.all(look), **self.still(look)}

    def on_clear(self, request: gr.Request) -> Update:
        """The photograph was removed, and with it all that was computed from it."""
        parts, gone = self.parts, removed_html(language_of(request))
        return {parts.state: None, parts.stage: gone, parts.changed: "", self.page.photo: self.page.opening}

    def on_subject(self, data: Data) -> Update:
        """Another module on the same photograph, at its usual place and without a change."""
        if emptied(data, self.parts.state, self.parts.photo):
            return {self.parts.state: gr.skip()}
        look = self.look(data)
        return self.moved(open_look(self.store, look.photo, data[self.parts.subject], language=look.language))

    def on_place(self, data: Data) -> Update:
        """The same kind of module elsewhere in the network."""
        return self.moved(elsewhere(self.store, self.look(data), data[self.parts.place]))

    def on_photo(self, data: Data, request: gr.Request) -> Update:
        """A photograph was uploaded, pasted or taken."""
        path = sent_path(data[self.parts.photo])
        if path is None:
            return {self.parts.state: gr.skip()}
        return self.on_choice(data, Photo(path=path), language_of(request))

    def on_sample(self, data: Data, request: gr.Request, event: gr.EventData) -> Update:
        """A sample was picked."""
        update = self.on_choice(data, picked_sample(event), language_of(request))
        return {**update, self.parts.photo: update[self.page.photo].shown}

    def on_choice(self, data: Data, photo: Photo, language: str) -> Update:
        """Another photograph, also after one was removed."""
        look = data[self.parts.state]
        if look is None:
            look = open_look(self.store, photo, data[self.parts.subject], language=language)
        else:
            look = again(self.store, look, photo=photo)
        return {**self.all(look), self.parts.samples: samples_html(look.language, shown=look.photo.sample)}

    def on_pick(self, data: Data, event: gr.EventData) -> Update:
        """A channel, a place or a slice was clicked."""
        return self.followed(follow_on(self.look(data), lambda name: picked(event, name)))

    def on_channel(self, data: Data) -> Update:
        """A channel was chosen by its number; an empty field changes nothing."""
        return self.followed(follow_on(self.look(data), {"channel": data[self.parts.channel]}.get))

    def on_change(self, data: Data) -> Update:
        """The features were changed."""
        look, factor = self.look(data), data[self.parts.factor]
        own = look.walk.change
        # the slider speaks of the followed channel; one that was changed before stays changed until this one is
        keep = factor == 1 and own.channel != look.follow.channel
        channel = own.channel if keep else look.follow.channel
        change = Change(channel, own.factor if keep else factor, data[self.parts.region])
        return self.stage(again(self.store, look, change=change))

    def on_reset(self, data: Data) -> Update:
        """The features as the network parts them."""
        return self.all(again(self.store, self.look(data), change=Change()))

    def on_refused(self, data: Data) -> Update:
        """What was sent could not be used: show what the walk belongs to, if there is one."""
        look = data[self.parts.state]
        if look is None:
            return {self.parts.photo: None}
        return {self.parts.photo: look.photo.shown, **self.stage(look), self.parts.region: look.walk.change.region}


def wire(inside: Inside) -> None:
    """Connect components and handlers."""
    parts = inside.parts
    given = {parts.state, parts.subject, parts.place, parts.photo, parts.channel, parts.factor, parts.region}
    given |= {inside.page.photo, inside.page.chosen}
    stage = {parts.state, parts.stage, parts.channel, parts.factor, parts.changed}
    followed = {*stage, inside.page.chosen}
    everything = {*stage, inside.page.photo, parts.notice, parts.place, parts.region}

    def on(trigger: Any, handler: Any, outputs: Any, how: dict[str, Any]) -> Any:
        return connect(trigger, handler, given, outputs, how, parts.stage)

    opened = {*everything, parts.title, parts.samples, parts.subject, parts.photo}
    on(inside.page.tab.select, inside.on_open, opened, HEAVY)
    on(inside.page.head.language, inside.on_language, opened, LIGHT)
    connect(parts.photo.clear, inside.on_clear, None, everything, LIGHT)
    on(parts.subject.input, inside.on_subject, {*everything, *followed}, HEAVY)
    on(parts.place.input, inside.on_place, {*everything, *followed}, HEAVY)
    on(parts.samples.select, inside.on_sample, {*everything, parts.photo, parts.samples}, HEAVY)
    sent = on(parts.photo.upload, inside.on_photo, {*everything, parts.samples}, HEAVY)
    on(sent.failure, inside.on_refused, {*stage, parts.photo, parts.region}, LIGHT)
    on(parts.stage.select, inside.on_pick, followed, LIGHT)
    on(parts.channel.input, inside.on_channel, followed, LIGHT)
    on([parts.factor.input, parts.region.input], inside.on_change, stage, HEAVY)
    on(parts.reset.click, inside.on_reset, everything, HEAVY)


def build(page: Page) -> None:
    """Add the tab's components and events."""
    wire(Inside(page, layout(page.store, page.opening)))


TAB = Tab("tab_inside", build)
