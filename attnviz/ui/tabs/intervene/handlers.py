"""Intervene: change what the network attends to, and see what follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr

from attnviz.core.errors import UserError
from attnviz.gates.edits.json_format import MAX_BYTES, Document, Recorded, from_json, to_json
from attnviz.gates.edits.replacements import SWAPS, painted
from attnviz.ui.shared.address import asked, unpacked
from attnviz.ui.shared.events import Data, Update, emptied, picked, picked_sample, sent_path
from attnviz.ui.shared.page import Chosen, Page, Photo
from attnviz.ui.shared.sent_numbers import one_of
from attnviz.ui.shared.text import language_of, plain
from attnviz.ui.shared.view import suited_to
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.intervene.events import wire
from attnviz.ui.tabs.intervene.html import paintable, search_html
from attnviz.ui.tabs.intervene.layout import METHODS, layout
from attnviz.ui.tabs.intervene.panel import Panel
from attnviz.ui.tabs.intervene.search import searching
from attnviz.ui.tabs.intervene.state import (
    PICKS,
    Bench,
    choose_gate,
    indices,
    multiply,
    open_bench,
    parse_channels,
    put,
    redo,
    reset,
    undo,
)


class Intervene(Panel):
    """The handlers of the tab: each gathers, calls and renders."""

    # photographs, networks, gates -----------------------------------------------------------------------------

    def on_open(self, data: Data, request: gr.Request) -> Update:
        """The tab was opened: take up the photograph, the network and the gate that were chosen in another one."""
        bench, chosen = data[self.parts.state], Chosen.of(data[self.page.chosen])
        photo = data[self.page.photo] or (bench.photo if bench else self.page.opening)
        model = bench.before.model if bench else data[self.parts.model]
        model = chosen.model if self.store.offers(chosen.model) else model
        if bench is not None and (photo, model) == (bench.photo, bench.before.model):
            if chosen.gate in (None, bench.gate) or not bench.has(chosen.gate):
                return {self.parts.state: gr.skip()}
            return self.chosen(choose_gate(bench, chosen.gate), data)
        bench = open_bench(self.store, model, photo, language_of(request), bench)
        bench = choose_gate(bench, chosen.gate) if bench.has(chosen.gate) else bench
        return {**self.opened(bench, data), self.page.chosen: chosen.sent()}  # nobody has chosen anything here yet

    def on_go(self, data: Data, request: gr.Request, event: gr.EventData) -> Update:
        """An address was opened that belongs to this tab."""
        query, opening = asked(event, language_of(request)), self.page.opening
        photo = Photo(sample=query.sample(opening.sample))
        bench = open_bench(self.store, query.model(self.store, self.store.ids[0]), photo, query.language)
        names = [record.site.name for record in bench.before.gates]
        gate = query.one("gate", names, bench.gate)
        bench = choose_gate(bench, gate) if gate is not None else bench
        try:
            bench = self.with_edits(bench, query.text("edits"))
        except UserError as error:
            query.miss("edits", "…", str(error))
        query.warn()
        return {**self.opened(bench, data), **self.page.arrived()}

    def with_edits(self, bench: Bench, text: str | None) -> Bench:
        """A bench with the edits of an address; ``UserError`` where they do not fit."""
        if not text:
            return bench
        edits = unpacked(text)
        with self.store.lease(bench.before.model) as analyser:
            edits.check(bench.before.model, analyser.sites, analyser.weights)
        return put(self.store, bench, edits)

    def on_language(self, data: Data, request: gr.Request) -> Update:
        """Another language: the same photograph and the same edits, said anew."""
        bench = data[self.parts.state]
        if bench is None:
            return {self.parts.state: gr.skip()}
        said = self.opened(replace(bench, language=language_of(request)), data)
        del said[self.parts.photo]  # it stands there already
        return said

    def on_photo(self, data: Data, request: gr.Request) -> Update:
        """A photograph was uploaded, pasted or taken; the edits stay."""
        path = sent_path(data[self.parts.photo])
        if path is None:
            return {self.parts.state: gr.skip()}
        return self.on_choice(Photo(path=path), data, language_of(request))

    def on_clear(self, request: gr.Request) -> Update:
        """The photograph was removed."""
        return self.emptied(language_of(request))

    def on_sample(self, data: Data, request: gr.Request, event: gr.EventData) -> Update:
        """A sample was picked; the edits stay."""
        return self.on_choice(picked_sample(event), data, language_of(request))

    def on_choice(self, photo: Photo, data: Data, language: str) -> Update:
        """Another photograph."""
        bench = data[self.parts.state]
        model = data[self.parts.model] if bench is None else bench.before.model
        return self.opened(open_bench(self.store, model, photo, language, bench), data)

    def on_model(self, data: Data) -> Update:
        """Another network for the same photograph; edits belong to one network."""
        if emptied(data, self.parts.state, self.parts.photo):
            return {self.parts.state: gr.skip()}
        bench, model = self.bench(data), data[self.parts.model]
        photo, _ = suited_to(self.store, model, bench.photo, bench.language)
        return self.opened(open_bench(self.store, model, photo, bench.language, bench), data)

    def on_refused(self, data: Data) -> Update:
        """What was sent could not be used: show what the results belong to, if there are any."""
        bench = data[self.parts.state]
        if bench is None:
            return {self.parts.photo: None}
        return {self.parts.photo: bench.photo.shown, self.parts.model: bench.before.model}

    def on_gate(self, data: Data) -> Update:
        """A gate was chosen in the list."""
        return self.chosen(choose_gate(self.bench(data), data[self.parts.gate]), data)

    def on_tile(self, data: Data, event: gr.EventData) -> Update:
        """A gate was chosen by its picture."""
        return self.chosen(choose_gate(self.bench(data), picked(event, "value")), data)

    def on_look(self, data: Data) -> Update:
        """Another measure or order of the bars."""
        return self.drawn(self.bench(data), data)

    # edits ----------------------------------------------------------------------------------------------------

    def on_bars(self, data: Data, event: gr.EventData) -> Update:
        """Bars were clicked, or swept over."""
        bench = self.bench(data)
        channels = indices(picked(event, "channels"), bench.scores.size, bench.language)
        edits = multiply(bench, channels, self.factor(data, bench.language), toggle=len(channels) == 1)
        return self.changed(put(self.store, bench, edits), data)

    def on_pick(self, name: str, data: Data) -> Update:
        """The highest, the lowest, or all the others."""
        bench = self.bench(data)
        k = 0 if name == "invert" else self.count(bench, data)
        return self.changed(put(self.store, bench, PICKS[name](bench, k, self.factor(data, bench.language))), data)

    def on_top(self, data: Data) -> Update:
        """The k channels with the highest scores."""
        return self.on_pick("top", data)

    def on_random(self, data: Data) -> Update:
        """As many channels at random: the control."""
        return self.on_pick("random", data)

    def on_average(self, data: Data) -> Update:
        """The chosen gate says what it says on average."""
        bench = self.bench(data)
        if bench.record is None or not SWAPS["mean"].fits(bench.record.site):
            what = plain("iv_average", bench.language)
            raise UserError(plain("iv_no_fit", bench.language, gate=bench.gate, kind="–", what=what))
        return self.changed(put(self.store, bench, self.swapped(bench, "mean", [bench.chosen], data)), data)

    def on_bottom(self, data: Data) -> Update:
        """The k channels with the lowest scores."""
        return self.on_pick("bottom", data)

    def on_invert(self, data: Data) -> Update:
        """All the others instead."""
        return self.on_pick("invert", data)

    def on_range(self, data: Data) -> Update:
        """Channels were written down."""
        bench = self.bench(data)
        channels = parse_channels(data[self.parts.range], bench.scores.size, bench.language)
        edits = multiply(bench, channels, self.factor(data, bench.language))
        return self.changed(put(self.store, bench, edits), data)

    def on_paint(self, data: Data, event: gr.EventData) -> Update:
        """Cells were painted."""
        bench = self.bench(data)
        return self.painted(bench, indices(picked(event, "cells"), bench.mask.size, bench.language), data)

    def on_fill(self, data: Data) -> Update:
        """The whole mask is painted."""
        bench = self.bench(data)
        return self.painted(bench, list(range(bench.mask.size)), data)

    def painted(self, bench: Bench, cells: list[int], data: Data) -> Update:
        """The mask with some cells painted."""
        if not paintable(bench):
            raise UserError(plain("iv_no_mask", bench.language, gate=bench.gate))
        edits = bench.edits.then(bench.chosen, painted(bench.mask, cells, data[self.parts.value]))
        return self.changed(put(self.store, bench, edits), data)

    def on_replace(self, data: Data) -> Update:
        """A gate, or all of them, are replaced."""
        bench = self.bench(data)
        return self.changed(put(self.store, bench, self.replaced(bench, data)), data)

    def on_swap(self, data: Data) -> Update:
        """Another replacement was chosen: show what it needs."""
        name = data[self.parts.swap]
        shuffled = isinstance(name, str) and name.startswith("shuffle")
        return {self.parts.seed: gr.Number(visible=shuffled), self.parts.other: gr.Dropdown(visible=name == "other")}

    def on_remove(self, data: Data, event: gr.EventData) -> Update:
        """One gate is put back."""
        bench, gate = self.bench(data), picked(event, "value")
        if gate not in bench.edits.gates:
            return {self.parts.state: gr.skip()}
        return self.changed(put(self.store, bench, bench.edits.without(gate)), data)

    def on_undo(self, data: Data) -> Update:
        """Back by one change."""
        return self.changed(undo(self.store, self.bench(data)), data)

    def on_redo(self, data: Data) -> Update:
        """Forward by one change."""
        return self.changed(redo(self.store, self.bench(data)), data)

    def on_reset(self, data: Data) -> Update:
        """No edits."""
        return self.changed(reset(self.store, self.bench(data)), data)

    # searching ------------------------------------------------------------------------------------------------

    def on_search(self, data: Data) -> Iterator[Update]:
        """Look which channels matter; every pass shows what has been found."""
        parts, bench = self.parts, self.bench(data)
        method = one_of(data[parts.method], METHODS, "unknown method {}")
        yield {parts.search: gr.Button(interactive=False), parts.stop: gr.Button(interactive=True)}
        for now in searching(self.store, bench, method):
            channels = now.search.channels if now.method == "greedy" else now.search.most(len(now.search.channels))
            yield {
                parts.searched: search_html(bench, now.search, now.method, now.late),
                parts.found: (bench.before.model, bench.gate, channels) if channels else None,
                parts.worst: gr.Button(visible=bool(channels)),
            }
        yield self.on_stop()

    def on_stop(self) -> Update:
        """A search has ended."""
        parts = self.parts
        return {parts.search: gr.Button(interactive=True), parts.stop: gr.Button(interactive=False)}

    def on_worst(self, data: Data) -> Update:
        """Knock out the k channels that a search has found to matter most."""
        bench, searched = self.bench(data), data[self.parts.found]
        if searched is None or searched[:2] != (bench.before.model, bench.gate):
            raise UserError(plain("iv_search_again", bench.language))
        worst = searched[2][: self.count(bench, data)]
        return self.changed(put(self.store, bench, multiply(bench, worst, 0.0)), data)

    # files ----------------------------------------------------------------------------------------------------

    def on_take(self, data: Data) -> Update:
        """Write the edits and what they led to; the next event clicks the hidden button that downloads them."""
        bench = self.bench(data)
        text = to_json(Document(bench.edits, Recorded.of(bench.after)))
        return {self.parts.file: str(self.downloads.text(f"attnviz-{bench.edits.model}-edits.json", text))}

    def on_upload(self, data: Data) -> Update:
        """A file of edits was sent."""
        sent = data[self.parts.upload]
        path = sent_path(sent[0] if isinstance(sent, list) and sent else sent)
        if path is None or not Path(path).is_file() or Path(path).stat().st_size > MAX_BYTES:
            raise UserError(plain("iv_no_file", self.bench(data).language, most=MAX_BYTES // 2**20))
        return self.taken(Path(path).read_bytes(), data)

    def on_paste(self, data: Data) -> Update:
        """The text of a file of edits was pasted."""
        text = data[self.parts.paste]
        return self.taken(text if isinstance(text, str) else "", data)

    def taken(self, text: str | bytes, data: Data) -> Update:
        """Edits of a file in place of those that are there; it can be undone."""
        bench, edits = self.bench(data), from_json(text).edits
        with self.store.lease(bench.before.model) as analyser:
            edits.check(bench.before.model, analyser.sites, analyser.weights)
        return self.changed(put(self.store, bench, replace(edits, weights=bench.edits.weights)), data)


def build(page: Page) -> None:
    """Add the tab's components and events; the network runs when the tab is first opened."""
    wire(Intervene(page, layout(page.store, page.opening)))


TAB = Tab("tab_intervene", build)
