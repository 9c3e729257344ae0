"""What happens on the Compare tab: each handler gathers, calls and renders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from attnviz.core.errors import UserError
from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.images.samples import find_sample
from attnviz.ui.shared.events import Data, Update, asked_place, picked, sent_path
from attnviz.ui.shared.gate_html import help_html
from attnviz.ui.shared.page import Page, Photo
from attnviz.ui.shared.sample_buttons import samples_html
from attnviz.ui.shared.strip_and_map import head_html
from attnviz.ui.shared.text import label, language_of, plain, say
from attnviz.ui.tabs.compare.compute import Work
from attnviz.ui.tabs.compare.jobs import Jobs, in_steps
from attnviz.ui.tabs.compare.layout import Parts, visible
from attnviz.ui.tabs.compare.pair_html import pair_at_first, pair_html
from attnviz.ui.tabs.compare.sheet import Sheets
from attnviz.ui.tabs.compare.spread_html import spread_html
from attnviz.ui.tabs.compare.state import CLASS, OWN, Comparison, Wanted
from attnviz.ui.tabs.compare.table_html import Look, notes_html, progress_html, table_html
from attnviz.ui.tabs.compare.trust import Trusting, trust_html


class Compare:
    """The handlers of the tab: each gathers, calls and renders.

    Args:
        page: What all tabs share.
        parts: The components.
    """

    def __init__(self, page: Page, parts: Parts) -> None:
        self.page, self.store, self.parts = page, page.store, parts
        networks = page.store.apart()
        self.work, self.trusting = Work(networks), Trusting(networks)
        self.jobs, self.sheets = Jobs(), Sheets()

    # gather ---------------------------------------------------------------------------------------------------

    def comparison(self, data: Data) -> Comparison:
        """The visitor's comparison; ``UserError`` when it was let go."""
        found = data[self.parts.state]
        if found is None:
            raise UserError(plain("gone"))
        return found

    def look(self, data: Data) -> Look:
        """How the visitor wants things drawn."""
        parts = self.parts
        return Look.of(data[parts.depth], data[parts.scale], data[parts.cells], data[parts.order])

    def wanted(self, data: Data, photo: Photo, compute: bool = False, language: str = "en") -> Wanted:
        """What the visitor asks for, checked."""
        parts = self.parts
        mode, method = data[parts.mode], data[parts.method]
        models = data[parts.models] if mode == "networks" else [data[parts.model]]
        photos = self.photographs(data) if mode == "photographs" else (photo,)
        known = ATTRIBUTIONS[method].parameters
        given = {p.name: data[parts.parameters[method, p.name]] for p in known}
        parameters = {name: value for name, value in given.items() if value is not None}
        choice = self.choice(data)
        names = tuple(models) if isinstance(models, list) else ()
        wanted = Wanted(mode, names, photos, choice, method, parameters, compute)
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
        found = [Photo(sample=find_sample(name).name) for name in (shots if isinstance(shots, list) else [])]
        paths = [sent_path(file) for file in (files if isinstance(files, list) else [])]
        return tuple(dict.fromkeys([*found, *(Photo(path=path) for path in paths if path is not None)]))

    # render ---------------------------------------------------------------------------------------------------

    def all(self, comparison: Comparison, look: Look) -> Update:
        """Everything that depends on the comparison."""
        parts, language = self.parts, comparison.language
        own = (plain("cmp_own_class", language), OWN)
        rows = [(row.title, index) for index, row in enumerate(comparison.rows)]
        first, second, what = pair_at_first(comparison, look)
        return {
            **self.drawn(comparison, look, first, second, what),
            parts.state: comparison,
            parts.choice: gr.Dropdown(
                choices=[own, *((name, CLASS + name) for name in comparison.labels)], value=comparison.choice
            ),
            parts.first: gr.Dropdown(choices=rows, value=first),
            parts.second: gr.Dropdown(choices=rows, value=second),
            parts.what: what,
            parts.trust: f'<p class="av-note">{say("cmp_stale", language)}</p>',
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

    def still(self, language: str) -> Update:
        """What stands still, in the visitor's language."""
        parts = self.parts
        titles = {part: head_html(key, language) for key, part in parts.titles.items()}
        return {**titles, parts.samples: samples_html(language), parts.help: help_html("cmp", language)}

    # handlers -------------------------------------------------------------------------------------------------

    def compare(
        self, data: Data, request: gr.Request, photo: Photo | None = None, compute: bool = False
    ) -> Iterator[Update]:
        """Compute what is wanted and show it, with progress on the way."""
        language, kept = language_of(request), data[self.parts.state]
        now = photo or (kept.wanted.photos[0] if kept and kept.wanted.mode != "photographs" else None)
        now = now or data[self.page.photo] or self.page.opening
        wanted = self.wanted(data, now, compute, language)
        with self.jobs.started(str(request.session_hash), asked=compute) as report:
            work = in_steps(lambda own: self.work.compare(wanted, language, own), report)
            found = yield from self.told(work, self.parts.progress)
        yield {
            **self.all(found, self.look(data)),
            **({self.page.photo: photo} if photo else {}),
            **self.still(language),
        }

    def told(self, work: Any, place: Any) -> Any:
        """Show the progress of some work, and return what it gives."""
        while True:
            try:
                report = next(work)
            except StopIteration as end:
                return end.value
            yield {place: progress_html(report.text, report.share)}

    def on_open(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """The tab was opened: show something, and take up a photograph that was chosen in another tab."""
        kept, photo = data[self.parts.state], data[self.page.photo]
        if kept is not None and (kept.wanted.mode == "photographs" or photo in (None, *kept.wanted.photos)):
            yield {self.parts.progress: ""}
            return
        for update in self.compare(data, request, photo):
            shown = {self.parts.photo: photo.shown} if photo is not None and self.parts.state in update else {}
            yield {**update, **shown}

    def on_change(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """Something else is wanted."""
        yield from self.compare(data, request)

    def on_asked(self, request: gr.Request) -> Update:
        """Attributions are wanted: until their turn comes the visitor sees so, and can stop them already."""
        self.jobs.asked(str(request.session_hash))
        return {self.parts.progress: progress_html(plain("cmp_waiting", language_of(request)), 0)}

    def on_compute(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """Attributions are wanted although they take a while."""
        yield from self.compare(data, request, compute=True)

    def on_photo(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """A photograph was uploaded, pasted or taken; clearing it changes nothing else."""
        path = sent_path(data[self.parts.photo])
        if path is None:
            yield {self.parts.progress: ""}
        else:
            yield from self.compare(data, request, Photo(path=path))

    def on_sample(self, data: Data, request: gr.Request, event: gr.EventData) -> Iterator[Update]:
        """A sample was picked."""
        name = picked(event, "value")
        photo = Photo(sample=find_sample(name if isinstance(name, str) else repr(name)).name)
        for update in self.compare(data, request, photo):
            yield {**update, self.parts.photo: photo.shown} if self.parts.state in update else update

    def on_refused(self, data: Data) -> Update:
        """What was sent could not be used: show the photograph again to which the rows belong."""
        kept = data[self.parts.state]
        shown = kept.wanted.photos[0] if kept is not None else self.page.opening
        return {self.parts.photo: shown.shown, self.parts.progress: ""}

    def on_failed(self) -> Update:
        """Nothing is at work any more."""
        return {self.parts.progress: ""}

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
        return self.drawn(
            self.comparison(data), self.look(data), data[parts.first], data[parts.second], data[parts.what]
        )

    def on_ask(self, data: Data, event: gr.EventData) -> Update:
        """Another place asks in pairwise gates."""
        kept = self.comparison(data)
        found = replace(kept, query=asked_place(event, kept.language))
        return {**self.on_look({**data, self.parts.state: found}), self.parts.state: found}

    def on_panel(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """Measure how far the pictures can be trusted."""
        kept, look = self.comparison(data), self.look(data)
        with self.jobs.started(str(request.session_hash)) as report:
            work = in_steps(lambda own: self.trusting.measure(kept, look, own), report)
            found = yield from self.told(work, self.parts.trust)
        yield {self.parts.trust: trust_html(found, kept.wanted.method, kept.language)}

    def on_unmeasured(self) -> Update:
        """Nothing could be measured, and nothing is at work any more."""
        return {self.parts.trust: ""}

    def on_begin(self) -> Update:
        """The picture is being drawn, which takes seconds."""
        return {self.parts.export: gr.Button(label("preparing"), interactive=False)}

    def on_end(self) -> Update:
        """The picture is ready, or could not be made."""
        return {self.parts.export: gr.Button(label("cmp_export"), interactive=True)}

    def on_export(self, data: Data) -> Update:
        """Make the file; the next event clicks the hidden button that downloads it."""
        return {self.parts.file: str(self.sheets.write(self.comparison(data), self.look(data), self.store))}
