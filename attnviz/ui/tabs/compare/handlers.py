"""What happens on the Compare tab: each handler gathers, calls and renders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.images.samples import find_sample
from attnviz.ui.shared.address import asked
from attnviz.ui.shared.events import Data, Update, asked_place, held, picked_sample, sent_path
from attnviz.ui.shared.gate_html import help_html
from attnviz.ui.shared.jobs import Jobs, Report, in_steps, progress_html, shown
from attnviz.ui.shared.page import Chosen, Page, Photo
from attnviz.ui.shared.sample_buttons import samples_for
from attnviz.ui.shared.strip_and_map import head_html
from attnviz.ui.shared.text import class_name, label, language_of, note_html, plain, removed_html
from attnviz.ui.tabs.compare import address
from attnviz.ui.tabs.compare.compute import Work
from attnviz.ui.tabs.compare.layout import CompareParts, visible
from attnviz.ui.tabs.compare.pair_html import pair_at_first, pair_html
from attnviz.ui.tabs.compare.sheet import Sheets
from attnviz.ui.tabs.compare.spread_html import spread_html
from attnviz.ui.tabs.compare.state import CLASS, OWN, Comparison, ComparisonRequest, Look
from attnviz.ui.tabs.compare.table_html import notes_html, table_html
from attnviz.ui.tabs.compare.trust import Trusting, trust_html

Pair = tuple[int, int, str]
"""Two rows by their indices, and what is drawn of them."""


class Compare:
    """The handlers of the tab: each gathers, calls and renders.

    Args:
        page: What all tabs share.
        parts: The components.
    """

    def __init__(self, page: Page, parts: CompareParts) -> None:
        self.page, self.store, self.parts = page, page.store, parts
        networks = page.store.apart()
        self.work, self.trusting = Work(networks), Trusting(networks)
        self.jobs, self.sheets = Jobs(), Sheets()

    # gather ---------------------------------------------------------------------------------------------------

    def comparison(self, data: Data) -> Comparison:
        """The visitor's comparison; ``UserError`` when it was let go."""
        return held(data, self.parts.state, Comparison, self.parts.photo)

    def look(self, data: Data) -> Look:
        """How the visitor wants things drawn."""
        parts = self.parts
        return Look.of(data[parts.depth], data[parts.scale], data[parts.cells], data[parts.order])

    def wanted(self, data: Data, photo: Photo, compute: bool = False, language: str = "en") -> ComparisonRequest:
        """What the visitor asks for, checked."""
        parts = self.parts
        mode, method = data[parts.mode], data[parts.method]
        models = data[parts.models] if mode == "networks" else [data[parts.model]]
        photos = self.photographs(data) if mode == "photographs" else (photo,)
        given = {p.name: data[parts.parameters[method, p.name]] for p in ATTRIBUTIONS[method].parameters}
        parameters = {name: value for name, value in given.items() if value is not None}
        names = tuple(models) if isinstance(models, list) else ()
        wanted = ComparisonRequest(mode, names, photos, self.choice(data), method, parameters, compute)
        return wanted.check(self.store, language)

    def choice(self, data: Data) -> str | None:
        """The class that the visitor chose; one that nobody chose is chosen anew for another photograph."""
        kept, chosen = data[self.parts.state], data[self.parts.choice]
        if kept is None:
            return None
        return kept.wanted.choice if chosen == kept.choice else str(chosen)[:200]

    def photographs(self, data: Data) -> tuple[Photo, ...]:
        """Samples that were ticked and photographs that were sent."""
        shots, files = data[self.parts.shots], data[self.parts.uploads]
        samples = [Photo(sample=find_sample(name).name) for name in (shots if isinstance(shots, list) else [])]
        paths = [sent_path(file) for file in (files if isinstance(files, list) else [])]
        return tuple(dict.fromkeys([*samples, *(Photo(path=path) for path in paths if path is not None)]))

    # render ---------------------------------------------------------------------------------------------------

    def all(self, comparison: Comparison, look: Look, pair: Pair | None = None) -> Update:
        """Everything that depends on the comparison; ``pair`` are the two rows in detail, if they were chosen."""
        parts, language = self.parts, comparison.language
        own = (plain("cmp_own_class", language), OWN)
        classes = [(class_name(name, language), CLASS + name) for name in comparison.labels]
        rows = [(row.title, index) for index, row in enumerate(comparison.rows)]
        first, second, what = pair or pair_at_first(comparison, look)
        return {
            **self.drawn(comparison, look, first, second, what),
            parts.state: comparison,
            parts.choice: gr.Dropdown(choices=[own, *classes], value=comparison.choice),
            parts.first: gr.Dropdown(choices=rows, value=first),
            parts.second: gr.Dropdown(choices=rows, value=second),
            parts.what: what,
            parts.trust: note_html("cmp_stale", language),
            parts.progress: "",
        }

    def drawn(self, comparison: Comparison, look: Look, first: Any, second: Any, what: Any) -> Update:
        """What depends on how things are drawn."""
        parts = self.parts
        return {
            parts.table: table_html(comparison, look, self.store) + spread_html(comparison, look),
            parts.notes: notes_html(comparison, look, self.store),
            parts.pair: pair_html(comparison, look, first, second, what),
        }

    def still(self, language: str, comparison: Comparison) -> Update:
        """What stands still, in the visitor's language."""
        parts, labels, wanted = self.parts, comparison.rows[0].analysis.labels, comparison.wanted
        titles = {part: head_html(key, language) for key, part in parts.titles.items()}
        photo = wanted.photos[0].sample if wanted.mode != "photographs" else None
        samples = samples_for(labels, language, photo)
        return {**titles, parts.samples: samples, parts.help: help_html("cmp", language)}

    # handlers -------------------------------------------------------------------------------------------------

    def compare(self, data: Data, request: gr.Request, also: Update, compute: bool = False) -> Iterator[Update]:
        """Compute what is wanted and show it with ``also``, which may bring another photograph."""
        kept = data[self.parts.state]
        photo = also.get(self.page.photo)
        photo = photo or (kept.wanted.photos[0] if kept and kept.wanted.mode != "photographs" else None)
        photo = photo or data[self.page.photo] or self.page.opening
        wanted = self.wanted(data, photo, compute, language_of(request))
        yield from self.run(wanted, self.look(data), request, also)

    def run(
        self, wanted: ComparisonRequest, look: Look, request: gr.Request, also: Update, pair: Pair | None = None
    ) -> Iterator[Update]:
        """Compute a comparison and show it, with progress on the way; ``also`` comes with the result."""
        language = language_of(request)
        with self.jobs.started(str(request.session_hash), asked=wanted.compute) as report:
            work = in_steps(lambda own: self.work.compare(wanted, language, own), report)
            comparison = yield from self.told(work, self.parts.progress, report, request)
        yield {**self.all(comparison, look, pair), **self.still(language, comparison), **self.busy(request), **also}

    def busy(self, request: gr.Request) -> Update:
        """Whether something of the visitor's is at work, which can be stopped."""
        at_work = self.jobs.at_work(str(request.session_hash))
        return {part: gr.Button(interactive=at_work) for part in (self.parts.stop, self.parts.halt)}

    def told(self, work: Any, place: Any, report: Report, request: gr.Request) -> Any:
        """Show the progress of some work from its start on, and return what it gives."""
        report.say(plain("cmp_waiting", language_of(request)))
        yield {place: progress_html(report.text, 0), **self.busy(request)}
        return (yield from shown(work, lambda now: {place: progress_html(now.text, now.share)}))

    def on_open(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """The tab was opened: show something, and take up a photograph that was chosen in another tab."""
        kept, photo = data[self.parts.state], data[self.page.photo]
        if kept is not None and (kept.wanted.mode == "photographs" or photo in (None, *kept.wanted.photos)):
            yield {self.parts.progress: ""}
            return
        also: Update = {} if kept else {self.parts.models: self.with_chosen(data)}
        if photo is not None:
            also |= {self.parts.photo: photo.shown, self.page.photo: photo}
        yield from self.compare({**data, **also}, request, also)

    def with_chosen(self, data: Data) -> Any:
        """The networks to begin with, the one that another tab shows among them."""
        models, name = data[self.parts.models], Chosen.of(data[self.page.chosen]).model
        if not isinstance(models, list) or name in (None, *models) or name not in self.store.ids:
            return models
        return [name, *models[:-1]]

    def on_go(self, data: Data, request: gr.Request, event: gr.EventData) -> Iterator[Update]:
        """An address was opened that belongs to this tab."""
        parts, query = self.parts, asked(event, language_of(request))
        wanted, look, controls = address.read(query, self.store, self.page.opening, parts)
        also = {**controls, **visible(wanted.mode, wanted.method, parts), **self.listed(wanted, controls)}
        arrived = self.page.arrived()  # the tab opens at once, and says how far it is
        for update in self.run(wanted.check(self.store, query.language), look, request, also):
            if parts.state in update:
                query.warn()
            yield {**update, **arrived}
            arrived = {}

    def listed(self, wanted: ComparisonRequest, controls: Update) -> Update:
        """The lists of networks, each with its value and shown where it belongs; and the photograph for other tabs."""
        parts, several = self.parts, wanted.mode == "networks"
        return {
            parts.models: gr.update(value=controls[parts.models], visible=several),
            parts.model: gr.update(value=controls[parts.model], visible=not several),
            self.page.photo: wanted.photos[0],
        }

    def on_language(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """Another language: the same comparison, said anew; what was computed is still known."""
        kept = data[self.parts.state]
        if kept is None:
            yield {self.parts.progress: ""}
            return
        pair = data[self.parts.first], data[self.parts.second], data[self.parts.what]
        yield from self.run(kept.wanted, self.look(data), request, {}, pair)

    def on_clear(self, request: gr.Request) -> Update:
        """The photograph was removed, and with it all that was computed from it."""
        parts = self.parts
        return {
            **{part: "" for part in (parts.notes, parts.pair, parts.trust, parts.progress)},
            parts.state: None,
            parts.table: removed_html(language_of(request)),
            self.page.photo: self.page.opening,
        }

    def on_change(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """Something else is wanted; a change that arrives after what it asks for was done or stopped alters nothing."""
        kept = data[self.parts.state]
        if kept is not None:
            wanted = self.wanted(data, kept.wanted.photos[0], kept.wanted.compute, language_of(request))
            if wanted == kept.wanted:
                yield self.on_failed(request)
                return
        yield from self.compare(data, request, {})

    def on_asked(self, request: gr.Request) -> Update:
        """Attributions are wanted: until their turn comes the visitor sees so, and can stop them already."""
        self.jobs.asked(str(request.session_hash))
        waiting = progress_html(plain("cmp_waiting", language_of(request)), 0)
        return {self.parts.progress: waiting, self.parts.stop: gr.Button(interactive=True)}

    def on_compute(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """Attributions are wanted although they take a while."""
        yield from self.compare(data, request, {}, compute=True)

    def on_photo(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """A photograph was uploaded, pasted or taken; clearing it changes nothing else."""
        path = sent_path(data[self.parts.photo])
        if path is None:
            yield {self.parts.progress: ""}
        else:
            yield from self.compare(data, request, {self.page.photo: Photo(path=path)})

    def on_sample(self, data: Data, request: gr.Request, event: gr.EventData) -> Iterator[Update]:
        """A sample was picked."""
        photo = Photo(sample=find_sample(picked_sample(event).sample or "").name)
        yield from self.compare(data, request, {self.parts.photo: photo.shown, self.page.photo: photo})

    def on_refused(self, data: Data, request: gr.Request) -> Update:
        """What was sent could not be used: show the photograph again to which the rows belong."""
        kept = data[self.parts.state]
        shown = kept.wanted.photos[0] if kept is not None else self.page.opening
        return {self.parts.photo: shown.shown, **self.on_failed(request)}

    def on_failed(self, request: gr.Request) -> Update:
        """What was asked for is not at work any more."""
        return {self.parts.progress: "", **self.busy(request)}

    def on_stop(self, request: gr.Request) -> Update:
        """The visitor does not want to wait any longer."""
        self.jobs.stop(str(request.session_hash))
        return {self.parts.progress: gr.skip()}

    def on_visible(self, data: Data) -> Update:
        """Show the controls that belong to the comparison and the method."""
        return dict(visible(str(data[self.parts.mode]), str(data[self.parts.method]), self.parts))

    def on_look(self, data: Data) -> Update:
        """Another scale, gate, order, or another two rows."""
        parts = self.parts
        pair = data[parts.first], data[parts.second], data[parts.what]
        return self.drawn(self.comparison(data), self.look(data), *pair)

    def on_ask(self, data: Data, event: gr.EventData) -> Update:
        """Another place asks in pairwise gates."""
        kept = self.comparison(data)
        state = {self.parts.state: replace(kept, query=asked_place(event, kept.language))}
        return {**self.on_look({**data, **state}), **state}

    def on_panel(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """Measure how far the pictures can be trusted."""
        kept, look = self.comparison(data), self.look(data)
        with self.jobs.started(str(request.session_hash)) as report:
            work = in_steps(lambda own: self.trusting.measure(kept, look, own), report)
            trust = yield from self.told(work, self.parts.trust, report, request)
        yield {self.parts.trust: trust_html(trust, kept.wanted.method, kept.language), **self.busy(request)}

    def on_unmeasured(self, request: gr.Request) -> Update:
        """Nothing could be measured."""
        return {self.parts.trust: "", **self.busy(request)}

    def on_begin(self) -> Update:
        """The picture is being drawn, which takes seconds."""
        return {self.parts.export: gr.Button(label("preparing"), interactive=False)}

    def on_end(self) -> Update:
        """The picture is ready, or could not be made."""
        return {self.parts.export: gr.Button(label("cmp_export"), interactive=True)}

    def on_export(self, data: Data) -> Update:
        """Make the file; the next event clicks the hidden button that downloads it."""
        return {self.parts.file: str(self.sheets.write(self.comparison(data), self.look(data), self.store))}
