"""Compare: several networks, photographs or gates side by side, on one class and one scale."""

from __future__ import annotations

from typing import Any

from attnviz.ui.shared.events import FILES, HEAVY, LIGHT, connect, then_download
from attnviz.ui.shared.page import Page
from attnviz.ui.tabs import Tab
from attnviz.ui.tabs.compare.handlers import Compare
from attnviz.ui.tabs.compare.layout import layout

STEPS: dict[str, Any] = {**HEAVY, "concurrency_id": "compare", "show_progress": "hidden"}
"""Events that take up to a minute, on networks of their own: other tabs need not wait for them. They tell how far they
are in words of their own."""


def wire(tab: Compare) -> None:
    """Connect components and handlers."""
    parts, page = tab.parts, tab.page
    looks = {parts.state, parts.depth, parts.scale, parts.cells, parts.order, parts.first, parts.second, parts.what}
    looks |= {parts.photo}
    asked = {parts.mode, parts.models, parts.model, parts.shots, parts.uploads, parts.choice, parts.method}
    everything = {*looks, *asked, *parts.parameters.values(), page.photo, page.chosen}
    idle = [parts.progress, parts.stop, parts.halt]
    measured = [parts.trust, parts.stop, parts.halt]
    drawn = {parts.table, parts.notes, parts.pair}
    shown = {*drawn, parts.state, parts.choice, parts.first, parts.second, parts.what, parts.trust}
    shown |= {*idle, *parts.titles.values(), parts.samples, parts.help, page.photo}
    set_by_address = {parts.mode, parts.models, parts.model, parts.shots, parts.method, parts.photo}
    set_by_address |= {parts.depth, parts.scale, parts.cells, parts.order, *parts.parameters.values()}
    controls = {parts.models, parts.model, parts.one, parts.several, *parts.settings.values()}

    def heavy(trigger: Any, handler: Any, outputs: Any = shown) -> Any:
        done = connect(trigger, handler, everything, outputs, STEPS)
        connect(done.failure, tab.on_failed, None, idle, LIGHT)
        return done

    heavy(page.tab.select, tab.on_open, {*shown, parts.photo, parts.models})
    heavy(page.go, tab.on_go, {*shown, *set_by_address, *controls, page.address})
    heavy(page.head.language, tab.on_language)
    connect(parts.photo.clear, tab.on_clear, None, shown, LIGHT)
    sent = heavy(parts.photo.upload, tab.on_photo)
    connect(sent.failure, tab.on_refused, {parts.state}, [parts.photo, *idle], LIGHT)
    heavy(parts.samples.select, tab.on_sample, {*shown, parts.photo})
    wanted = (parts.mode, parts.models, parts.model, parts.shots, parts.choice, parts.method)
    changes = [control.input for control in wanted]
    changes += [parts.uploads.upload, parts.uploads.clear, parts.uploads.delete]
    changes += [getattr(control, "release", control.input) for control in parts.parameters.values()]
    heavy(changes, tab.on_change)
    asked_now = connect(parts.compute.click, tab.on_asked, None, [parts.progress, parts.stop], LIGHT)
    heavy(asked_now.then, tab.on_compute)
    connect([parts.stop.click, parts.halt.click], tab.on_stop, None, [parts.progress], LIGHT)
    connect([parts.mode.input, parts.method.input], tab.on_visible, {parts.mode, parts.method}, controls, LIGHT)
    drawing = (parts.depth, parts.scale, parts.cells, parts.order, parts.first, parts.second, parts.what)
    connect([control.input for control in drawing], tab.on_look, looks, drawn, LIGHT)
    connect(parts.table.select, tab.on_ask, looks, {*drawn, parts.state}, LIGHT)
    parts.opacity.input(None, parts.opacity, None, js="(v) => window.attnvizOpacity(v)", queue=False)
    done = connect([parts.panel.expand, parts.measure.click], tab.on_panel, everything, measured, STEPS)
    connect(done.failure, tab.on_unmeasured, None, measured, LIGHT)
    begun = connect(parts.export.click, tab.on_begin, None, [parts.export], LIGHT)
    saved = connect(begun.then, tab.on_export, looks, [parts.file], FILES)
    then_download(saved, "compare-file")
    connect(saved.then, tab.on_end, None, [parts.export], LIGHT)


def build(page: Page) -> None:
    """Add the tab's components and events; it computes when it is first opened."""
    wire(Compare(page, layout(page)))


TAB = Tab("tab_compare", build)
