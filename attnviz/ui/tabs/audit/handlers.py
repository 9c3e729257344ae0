"""Audit: what a network's audit says, and on one's own machine an audit of one's own photographs.

An audit runs in a lane of its own on a copy of the network, so that no other tab waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from attnviz.core.errors import Cancelled, UserError
from attnviz.ui.shared.address import asked
from attnviz.ui.shared.downloads import Downloads
from attnviz.ui.shared.events import LIGHT, Data, Update, connect, sent_path
from attnviz.ui.shared.jobs import Jobs, in_steps, progress_html, shown
from attnviz.ui.shared.page import Chosen, Page
from attnviz.ui.shared.text import language_of, note_html, plain, say
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.audit.html import limits_html, shown_html
from attnviz.ui.tabs.audit.layout import DEPTHS, AuditParts, OwnAudit, layout
from attnviz.ui.tabs.audit.state import SOURCES, ShownAudit, first
from attnviz.ui.tabs.audit.work import AuditRequest, Finished, make

LANE: dict[str, Any] = {
    "concurrency_id": "audit",
    "concurrency_limit": 1,
    "show_progress": "hidden",
    "trigger_mode": "once",
}
"""Audits take minutes: one at a time, and nothing else waits for them."""


class Audit:
    """The handlers of the tab: each gathers, calls and renders.

    Args:
        page: What all tabs share.
        parts: The components.
    """

    def __init__(self, page: Page, parts: AuditParts) -> None:
        self.page, self.store, self.parts = page, page.store, parts
        self.jobs, self.downloads = Jobs(), Downloads()

    # gather ---------------------------------------------------------------------------------------------------

    def shown(self, data: Data, request: gr.Request) -> ShownAudit:
        """What the visitor looks at; what the tab opens with where that was let go."""
        kept = data[self.parts.state]
        language = language_of(request)
        return kept or first(self.store, Chosen.of(data[self.page.chosen]), language)

    def model(self, sent: object) -> str:
        """A network by its id; ``UserError`` where there is none."""
        self.store.title(sent)  # type: ignore[arg-type]  # it checks what was sent
        return str(sent)

    def wanted(self, data: Data, own: OwnAudit) -> AuditRequest:
        """What the visitor wants audited; the photographs are looked at when its turn comes."""
        archive = sent_path(data[own.archive])
        return AuditRequest(
            self.model(data[self.parts.model]),
            data[own.folder],
            None if archive is None else Path(archive),
            data[own.depth] == DEPTHS[1],
            data[own.skip] is True,
        )

    # render ---------------------------------------------------------------------------------------------------

    def all(self, shown: ShownAudit) -> Update:
        """Everything that depends on what is looked at."""
        parts, audits = self.parts, shown.audits(self.store)
        source = shown.source if shown.source in audits else next(iter(audits), SOURCES[0])
        return {
            parts.state: shown,
            parts.model: shown.model,
            parts.source: gr.Radio(value=source, visible=len(audits) > 1),
            parts.audit: shown_html(self.store, shown),
        }

    def still(self, language: str) -> Update:
        """What stands still, in the visitor's language."""
        own, intro = self.parts.own, note_html("audit_intro", language)
        if own is None:
            return {self.parts.intro: intro + note_html("audit_public", language)}
        return {self.parts.intro: intro, own.limits: limits_html(language)}

    def idle(self, own: OwnAudit, text: str = "") -> Update:
        """Nothing is at work, so there is nothing to cancel."""
        return {own.progress: text, own.run: gr.Button(interactive=True), own.stop: gr.Button(interactive=False)}

    # handlers -------------------------------------------------------------------------------------------------

    def on_open(self, data: Data, request: gr.Request) -> Update:
        """The tab was opened: take up the network that another one shows."""
        shown, chosen = self.shown(data, request), Chosen.of(data[self.page.chosen])
        if data[self.parts.state] is not None and chosen.model in self.store.choices:
            shown = replace(shown, model=str(chosen.model))
        if shown == data[self.parts.state]:
            return {self.parts.state: gr.skip()}
        return {**self.all(shown), **self.still(shown.language)}

    def on_go(self, data: Data, request: gr.Request, event: gr.EventData) -> Update:
        """An address was opened that belongs to this tab."""
        query, shown = asked(event, language_of(request)), self.shown(data, request)
        model = query.one("model", self.store.choices, shown.model)
        query.warn()
        shown = replace(shown, model=model)
        return {
            **self.all(shown),
            **self.still(shown.language),
            self.page.chosen: Chosen(model).sent(),
            **self.page.arrived(),
        }

    def on_language(self, data: Data, request: gr.Request) -> Update:
        """Another language: the same audit, said anew."""
        language = language_of(request)
        if data[self.parts.state] is None:
            return self.still(language)
        return {**self.all(replace(self.shown(data, request), language=language)), **self.still(language)}

    def on_model(self, data: Data, request: gr.Request) -> Update:
        """Another network."""
        shown = replace(self.shown(data, request), model=self.model(data[self.parts.model]))
        return {**self.all(shown), self.page.chosen: Chosen(shown.model).sent()}

    def on_source(self, data: Data, request: gr.Request) -> Update:
        """The other audit of the same network."""
        source = data[self.parts.source]
        return self.all(replace(self.shown(data, request), source=source if source in SOURCES else SOURCES[0]))

    def on_asked(self, request: gr.Request) -> Update:
        """An audit is wanted, and may have to wait for its turn."""
        own = self.own()
        self.jobs.asked(str(request.session_hash))
        waiting = progress_html(plain("audit_waiting", language_of(request)), 0)
        hidden = {part: gr.DownloadButton(visible=False) for part in (own.report, own.numbers)}
        return {
            **hidden,
            own.progress: waiting,
            own.run: gr.Button(interactive=False),
            own.stop: gr.Button(interactive=True),
        }

    def on_run(self, data: Data, request: gr.Request) -> Iterator[Update]:
        """Make an audit, and tell how far it is."""
        own, language = self.own(), language_of(request)
        wanted = self.wanted(data, own)
        with self.jobs.started(str(request.session_hash), asked=True) as report:
            steps = in_steps(lambda own_report: make(self.store, wanted, language, own_report), report)
            try:
                finished = yield from shown(steps, lambda now: {own.progress: progress_html(now.text, now.share)})
            except Cancelled:
                yield self.idle(own, f'<p class="av-note" role="status">{say("audit_cancelled", language)}</p>')
                return
        yield self.finished(data, request, wanted, finished)

    def finished(self, data: Data, request: gr.Request, wanted: AuditRequest, finished: Finished) -> Update:
        """The audit is done: show it, and offer its files."""
        own, summary, language = self.own(), finished.summary, language_of(request)
        shown = replace(
            self.shown(data, request),
            model=wanted.model,
            made=(wanted.model, summary),
            source=SOURCES[1],
            language=language,
        )
        name = f"attnviz-audit-{wanted.model}"
        page = self.downloads.data(f"{name}.html", finished.page)
        numbers = self.downloads.data(f"{name}.zip", finished.archive)
        done = say("audit_done", language, photographs=f"{summary['data']['photographs']:,}")
        return {
            **self.all(shown),
            **self.idle(own, f'<p class="av-note" role="status">{done}</p>'),
            own.report: gr.DownloadButton(value=str(page), visible=True),
            own.numbers: gr.DownloadButton(value=str(numbers), visible=True),
        }

    def on_stop(self, request: gr.Request) -> Update:
        """The visitor does not want to wait any longer."""
        self.jobs.stop(str(request.session_hash))
        return {self.own().stop: gr.Button(interactive=False)}

    def on_failed(self) -> Update:
        """It could not be made: a toast has said why, and nothing is at work."""
        return self.idle(self.own())

    def own(self) -> OwnAudit:
        """The components of an own audit; ``UserError`` on a public page, which has none."""
        if self.parts.own is None:
            raise UserError(plain("audit_public"))
        return self.parts.own


def wire(tab: Audit) -> None:
    """Connect components and handlers; on a public page there is no event that audits anything."""
    page, parts, own = tab.page, tab.parts, tab.parts.own
    looked = {parts.state, parts.model, parts.source, page.chosen}
    result = {parts.state, parts.model, parts.source, parts.audit}
    still = {parts.intro} if own is None else {parts.intro, own.limits}
    connect(page.tab.select, tab.on_open, looked, {*result, *still}, LIGHT)
    connect(page.go, tab.on_go, looked, {*result, *still, page.chosen, page.address}, LIGHT)
    connect(page.head.language, tab.on_language, looked, {*result, *still}, LIGHT)
    connect(parts.model.input, tab.on_model, looked, {*result, page.chosen}, LIGHT)
    connect(parts.source.input, tab.on_source, looked, result, LIGHT)
    if own is None:
        return
    files, idle = {own.report, own.numbers}, {own.progress, own.run, own.stop}
    sent = {*looked, own.folder, own.archive, own.depth, own.skip}
    begun = connect(own.run.click, tab.on_asked, None, {*files, *idle}, LIGHT)
    done = connect(begun.then, tab.on_run, sent, {*result, *files, *idle}, LANE)
    connect(done.failure, tab.on_failed, None, idle, LIGHT)
    connect(own.stop.click, tab.on_stop, None, [own.stop], LIGHT)


def build(page: Page) -> None:
    """Add the tab; it says something when it is opened."""
    wire(Audit(page, layout(page)))


TAB = Tab("tab_audit", build)
