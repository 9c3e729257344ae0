"""How the events of the Intervene tab are wired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attnviz.ui.shared.events import FILES, HEAVY, LIGHT, SAID, connect, then_download

if TYPE_CHECKING:
    from attnviz.ui.tabs.intervene.handlers import Intervene

EDITING = {**HEAVY, "trigger_mode": "multiple"}
"""Of several clicks while one is answered, each counts: an edit must not get lost."""
SEARCHING = {"concurrency_id": "search", "concurrency_limit": 2, "show_progress": "hidden", "trigger_mode": "once"}
"""A search takes seconds, which the network's lane must not wait for."""


def wire(tab: Intervene) -> None:
    """Connect components and handlers."""
    parts, photo = tab.parts, tab.page.photo
    looks = {parts.state, parts.measure, parts.order, tab.page.chosen}
    drawn = {parts.headline, parts.result, parts.bars}
    changed = {*drawn, parts.state, parts.gates, parts.paint, parts.edits, parts.undo, parts.redo, parts.reset}
    searched = {parts.searched, parts.found, parts.worst, parts.search, parts.stop}
    chosen = {*changed, *searched, parts.gate, parts.channels, parts.painting, parts.matter}
    chosen |= {parts.value, parts.average, parts.alone, tab.page.chosen}
    opened = {*chosen, photo, parts.photo, parts.samples, parts.model, parts.help, parts.swap, *parts.titles.values()}
    opened |= {parts.editor}

    def on(trigger: Any, handler: Any, inputs: Any, outputs: Any, how: dict[str, Any] = EDITING) -> Any:
        return connect(trigger, handler, inputs, outputs, how, parts.result)

    on(tab.page.tab.select, tab.on_open, {*looks, photo, parts.model}, opened, HEAVY)
    on(tab.page.go, tab.on_go, looks, {*opened, tab.page.address}, HEAVY)
    on(tab.page.head.language, tab.on_language, looks, opened, SAID)
    on(parts.photo.clear, tab.on_clear, None, opened, LIGHT)
    sent = on(parts.photo.upload, tab.on_photo, {*looks, parts.photo, parts.model}, opened, HEAVY)
    on(sent.failure, tab.on_refused, {parts.state}, [parts.photo, parts.model], LIGHT)
    on(parts.samples.select, tab.on_sample, {*looks, parts.model}, opened, HEAVY)
    model = on(parts.model.input, tab.on_model, {*looks, parts.photo, parts.model}, opened, HEAVY)
    on(model.failure, tab.on_refused, {parts.state}, [parts.photo, parts.model], LIGHT)
    on(parts.gate.input, tab.on_gate, {*looks, parts.gate}, chosen)
    on(parts.gates.select, tab.on_tile, looks, chosen)
    on([parts.measure.input, parts.order.input], tab.on_look, looks, drawn, LIGHT)

    act = {*looks, parts.action, parts.factor}
    on(parts.bars.select, tab.on_bars, act, changed)
    picks = ((parts.top, tab.on_top), (parts.random, tab.on_random), (parts.bottom, tab.on_bottom))
    for button, handler in (*picks, (parts.invert, tab.on_invert)):
        on(button.click, handler, {*act, parts.k}, changed)
    on(parts.average.click, tab.on_average, looks, changed)
    on([parts.apply.click, parts.range.submit], tab.on_range, {*act, parts.range}, changed)
    on(parts.paint.select, tab.on_paint, {*looks, parts.value}, changed)
    on(parts.fill.click, tab.on_fill, {*looks, parts.value}, changed)
    on(parts.swap.input, tab.on_swap, {parts.swap}, [parts.seed, parts.other], LIGHT)
    on(parts.replace.click, tab.on_replace, {*looks, parts.swap, parts.scope, parts.seed, parts.other}, changed)
    on(parts.edits.select, tab.on_remove, looks, changed)
    for button, handler in ((parts.undo, tab.on_undo), (parts.redo, tab.on_redo), (parts.reset, tab.on_reset)):
        on(button.click, handler, looks, changed)

    search = on(parts.search.click, tab.on_search, {parts.state, parts.method}, searched, SEARCHING)
    on(search.failure, tab.on_stop, None, [parts.search, parts.stop], LIGHT)
    on(parts.stop.click, tab.on_stop, None, [parts.search, parts.stop], LIGHT)
    ends = (parts.stop.click, parts.gate.input, parts.gates.select, parts.model.input, parts.samples.select)
    for trigger in (*ends, parts.photo.upload):
        trigger(None, None, None, cancels=[search], queue=False, api_visibility="private")
    on(parts.worst.click, tab.on_worst, {*looks, parts.found, parts.k}, changed)

    saved = on(parts.take.click, tab.on_take, {parts.state}, [parts.file], FILES)
    then_download(saved, "iv-file")
    on(parts.upload.upload, tab.on_upload, {*looks, parts.upload}, changed)
    on(parts.pasted.click, tab.on_paste, {*looks, parts.paste}, changed)
