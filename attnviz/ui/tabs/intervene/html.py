"""What the Intervene tab shows, as markup: predictions before and after, the edits, bars, the mask to paint on."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from attnviz.core.colour_maps import CMAP
from attnviz.core.numbers import signed
from attnviz.core.scores import SHARES, probabilities, shown
from attnviz.core.types import Analysis, Edit
from attnviz.gates.edits.channel_search import Search
from attnviz.gates.edits.edit_list import of_channels
from attnviz.render.colour import caption, scale_for
from attnviz.render.svg.changed_bars import changed_bars_svg
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.address import address_html, packed
from attnviz.ui.shared.code import code_html, edit_code, network_lines, photo_lines
from attnviz.ui.shared.gate_html import MOST_CELLS, frame, help_html, layers, legend
from attnviz.ui.shared.text import class_name, drawn, note_html, plain, say
from attnviz.ui.tabs.intervene.state import Bench

TOP = 5
"""Classes shown from before and from after."""
MEASURES = ("probability", "logit")
RISE = 0.5
"""Points from which a risen probability is explained."""
LISTED = 12
"""Most channels named one by one."""
FOUND = 10
"""Channels of a search that are shown."""
ALONE = 1.0
"""Points below which no channel matters alone."""
FULL = 10.0
"""Points of a full bar, unless a channel takes more."""


# predictions --------------------------------------------------------------------------------------------------


def _shown_classes(before: Analysis, after: Analysis) -> list[int]:
    """Indices of the most probable classes of both, in the order of before."""
    order = np.argsort(-before.probabilities, kind="stable")
    tops = {int(i) for analysis in (before, after) for i in np.argsort(-analysis.probabilities, kind="stable")[:TOP]}
    return [int(i) for i in order if int(i) in tops]


def headline_html(bench: Bench) -> str:
    """One sentence, which stays in sight: what became of the most probable class."""
    before, after, language = bench.before, bench.after, bench.language
    was, now = int(np.argmax(before.logits)), int(np.argmax(after.logits))
    old, new = float(before.probabilities[was]), float(after.probabilities[was])
    shares = before.scores in SHARES
    change = signed(100 * (new - old), 1) if shares else signed(new - old, 3)
    texts = {"old": shown(old, before.scores), "new": shown(new, before.scores)}
    about = {"label": class_name(before.labels[was], language), **texts, "change": change}
    if not bench.edits.steps:
        return f'<p aria-live="polite">{say("iv_untouched", language, **about)}</p>'
    text = f"<strong>{say('iv_change' if shares else 'iv_change_number', language, **about)}</strong>"
    if now != was:
        share = shown(float(after.probabilities[now]), after.scores)
        text += f" {say('iv_now', language, label=class_name(after.labels[now], language), share=share)}"
    return f'<p aria-live="polite">{text}</p>'


def _bar(low: float, high: float, value: float, what: str) -> str:
    """A bar from 0 to a value on an axis from low to high."""
    left, right = sorted((0.0, value))
    start, width = 100 * (left - low) / (high - low), 100 * (right - left) / (high - low)
    return f'<div class="av-pair-{what}" style="margin-left:{start:.2f}%;width:{width:.2f}%"></div>'


def result_html(bench: Bench, measure: str) -> str:
    """Predictions before and after, in pairs of bars with the change in numbers."""
    language, before, after = bench.language, bench.before, bench.after
    classes = _shown_classes(before, after)
    logits = measure == "logit" or before.scores not in SHARES
    old, new = (a.logits if logits else 100 * a.probabilities for a in (before, after))
    ends = np.concatenate([old[classes], new[classes], [0.0]]) if logits else np.array([0.0, 100.0])
    low, high = float(ends.min()), float(max(ends.max(), ends.min() + 1e-6))
    rows, digits, unit = [], (2 if logits else 1), ("" if logits else " %")
    for i in classes:
        numbers = f"{old[i]:.{digits}f}{unit} → {new[i]:.{digits}f}{unit}".replace("-", "\N{MINUS SIGN}")
        rows.append(
            f'<tr><th scope="row">{escape(class_name(before.labels[i], language))}</th>'
            '<td class="av-pair-bars" aria-hidden="true">'
            f"{_bar(low, high, float(old[i]), 'old')}{_bar(low, high, float(new[i]), 'new')}</td>"
            f'<td class="av-pair-values">{numbers}</td>'
            f'<td class="av-pair-change">{signed(float(new[i] - old[i]), digits)}</td></tr>'
        )
    key = f'<span class="av-key-old"></span>{say("iv_before", language)} '
    key += f'<span class="av-key-new"></span>{say("iv_after", language)}'
    heads = [say("iv_class", language), key, say(f"iv_both_{measure}", language), say("iv_diff", language)]
    row = "".join(f'<th scope="col">{head}</th>' for head in heads)
    table = f'<table class="av-pairs"><thead><tr>{row}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    first = int(np.argmax(before.logits))
    rose = 100 * float(after.probabilities[first] - before.probabilities[first]) >= RISE
    return table + (note_html("iv_rise", language) if rose else "")


# edits --------------------------------------------------------------------------------------------------------


def channel_list(channels: tuple[int, ...]) -> str:
    """``3, 17, 20–29``; the rest is counted where there are many pieces."""
    runs: list[list[int]] = []
    for channel in sorted(channels):
        if runs and runs[-1][1] == channel - 1:
            runs[-1][1] = channel
        else:
            runs.append([channel, channel])
    texts = [str(a) if a == b else f"{a}–{b}" for a, b in runs]
    return ", ".join(texts[:LISTED]) + (" …" if len(texts) > LISTED else "")


def _told(change: Edit, bench: Bench, gate: str) -> str:
    """One edit in words, escaped."""
    language = bench.language
    values: dict[str, object] = {"count": len(change.channels), "channels": channel_list(change.channels)}
    values |= {"seed": change.seed}
    value: Any = change.value  # what it has to be for each action, EditList has checked
    key = f"iv_did_{change.action}"
    if change.action == "shuffle":
        key += f"_{change.over}"
    if change.action == "scale":
        values["factor"] = f"{float(value):g}"
        key += "" if of_channels(change) else "_all"
    if change.action == "set_to":
        one = np.ndim(value) == 0
        key, values["value"] = ("iv_did_flat", f"{float(value):.3f}") if one else ("iv_did_other", "")
    if change.action == "mean" and value is not None and bench.reference is not None:
        average = bench.mean(gate)
        if average is not None and np.array_equal(value[0], average):
            key, values["images"] = "iv_did_mean_known", f"{bench.reference.images:,}"
    text = say(key, language, **values)
    own = bench.before.gate(gate)
    if change.action == "neutral" and own.site.traits.multiplies:
        mean = float(own.values.mean())
        times = f"{1 / mean:.1f}" if mean > 1e-3 else "–"
        text += f" {say('iv_neutral_scale', language, mean=f'{mean:.2f}', times=times)}"
    return text


def edits_html(bench: Bench, store: Store) -> str:
    """Everything that is changed, with a button to put each gate back."""
    language, edits = bench.language, bench.edits
    if not edits.steps:
        return note_html("iv_none", language) + link_html(bench, store)
    numbers = {record.site.name: number for number, record in enumerate(bench.before.gates, 1)}
    rows = []
    for gate in sorted(edits.gates, key=numbers.__getitem__):
        changes = "; ".join(_told(change, bench, gate) for change in edits.of(gate))
        title = say("iv_put_back", language, gate=gate)
        rows.append(
            f"<li><span><strong>{numbers[gate]} · {escape(gate)}</strong><br>{changes}</span>"
            f'<button type="button" data-pick="{escape(gate)}" title="{title}" aria-label="{title}">×</button></li>'
        )
    off = sum(bool((record.values == 0).all()) for record in bench.after.gates)
    note = note_html("iv_all_off", language, count=off) if off and off == len(bench.after.gates) else ""
    return f'<ul class="av-edits">{"".join(rows)}</ul>{note}{link_html(bench, store)}'


def link_html(bench: Bench, store: Store) -> str:
    """An address that brings everything back, and the same in Python."""
    edits, photo = packed(bench.edits), bench.photo
    note = "link_edits_long" if edits is None else "link_note" if photo.path else ""
    model = bench.before.model
    query = {"model": model, "sample": None if photo.path else photo.sample, "gate": bench.gate, "edits": edits}
    code = code_html(python_of(bench, store), bench.language, own=photo.path is not None)
    return address_html("intervene", query, bench.language, note) + code


def python_of(bench: Bench, store: Store) -> list[str]:
    """The lines that give both predictions."""
    needed, photograph = photo_lines(bench.photo)
    notes, networks = network_lines([bench.before.model], store)
    model, calls = bench.before.model, [(step.gate, edit_code(step.edit)) for step in bench.edits.steps]
    lines = ["import attnviz", "from attnviz.analysis.analyser import Analyser"]
    if None in [call for _, call in calls]:
        lines += ["from pathlib import Path", "from attnviz.gates.edits.json_format import from_json"]
        edits = [f'edits = from_json(Path("attnviz-{model}-edits.json").read_text()).edits  # "Download edits"']
    else:
        lines.append("from attnviz.gates.edits.edit_list import EditList")
        edits = [f"edits = EditList({model!r})", *(f"edits = edits.then({gate!r}, {call})" for gate, call in calls)]
    lines += [*needed, "", *notes, f"analyser = Analyser({networks[model]})", f"photograph = {photograph}", *edits]
    if bench.photo.path is not None:
        lines[-len(edits) - 1] = f"photograph = attnviz.open_photograph({photograph})"
    return [*lines, "print(analyser.analyse(photograph).top(3))", "print(analyser.analyse(photograph, edits).top(3))"]


# the gate -----------------------------------------------------------------------------------------------------


def bars_html(bench: Bench, order: str) -> str:
    """The scores of the chosen channel gate, before as a shadow; empty for other gates."""
    if not bench.scored:
        return ""
    language, after = bench.language, bench.after.gate(bench.chosen).scores
    marked = sorted(bench.edits.factors(bench.chosen))
    bars = drawn(changed_bars_svg(bench.scores, after, order=order, marked=marked), language)
    label, hint = say("iv_bars_alt", language), say("iv_bars_hint", language)
    return f'<div class="av-scores" data-label="{label}">{bars}</div><p class="av-note">{hint}</p>'


def paintable(bench: Bench) -> bool:
    """Whether the chosen gate is a mask with cells that can be hit."""
    record = bench.record
    return record is not None and record.site.has_mask and record.values.size <= MOST_CELLS


def paint_html(bench: Bench) -> str:
    """The mask over the photograph, to be painted on; why it cannot be, where it cannot."""
    record, language = bench.record, bench.language
    if not paintable(bench):
        many = record is not None and record.site.traits.per_place
        return note_html("iv_too_fine", language, most=MOST_CELLS) if many else ""
    mask = bench.mask
    scale, (height, width) = scale_for(mask), mask.shape
    text = drawn(caption(mask, scale), language)
    alt = plain("mask_alt", language, gate=bench.gate, caption=text, height=height, width=width)
    edges = outline(bench.before.gate(bench.chosen).mask != mask)
    around = (
        f'<svg class="av-edited" style="{frame(bench.before.image)}" viewBox="0 0 {width} {height}" '
        f'preserveAspectRatio="none" aria-hidden="true"><path class="av-halo" d="{edges}"/><path d="{edges}"/></svg>'
        if edges
        else ""
    )
    picture = layers(bench.before.image, mask, scale, CMAP, "nearest", alt, on_top=around)
    label, hint = say("iv_paint_alt", language, height=height, width=width), say("iv_paint_hint", language)
    ramp = legend(scale, CMAP, language, residual=record is not None and record.site.traits.residual)
    # the numbers of a cell are read out while it is painted by keyboard
    return (
        f'<div class="av-paint" data-label="{label}"><figure class="av-figure">{picture}{ramp}'
        f'<figcaption><div>{escape(text)}</div><div class="av-readout" aria-live="polite">'
        f"{say('readout', language)}</div></figcaption></figure></div>"
        f'<p class="av-note">{hint}</p>'
    )


def outline(changed: npt.NDArray[np.bool_]) -> str:
    """The edges around cells, (H, W) bool, as a path in units of cells: sides shared by two of them are left out."""
    padded = np.pad(changed, 1)
    inner = padded[1:-1, 1:-1]
    sides = (
        (inner & ~padded[:-2, 1:-1], "M{x} {y}h1"),
        (inner & ~padded[2:, 1:-1], "M{x} {low}h1"),
        (inner & ~padded[1:-1, :-2], "M{x} {y}v1"),
        (inner & ~padded[1:-1, 2:], "M{right} {y}v1"),
    )
    return "".join(
        form.format(x=x, y=y, low=y + 1, right=x + 1) for edges, form in sides for y, x in np.argwhere(edges).tolist()
    )


# which channels matter ----------------------------------------------------------------------------------------


def search_html(bench: Bench, search: Search, method: str, late: bool = False) -> str:
    """What a search has found until now; ``late`` where it ended because its time was over."""
    language, label = bench.language, class_name(bench.before.labels[search.target], bench.language)
    progress = say("iv_searched", language, done=search.done, total=search.total, label=label, gate=bench.gate)
    over = late or search.done == search.total
    bar = "" if over else f'<progress max="{search.total}" value="{search.done}"></progress>'
    reason = f" {say('iv_time', language)}" if late else ""
    head = f'<p class="av-note" aria-live="polite">{progress}{reason}</p>{bar}'
    if not search.channels:
        return head
    alone = method == "alone"
    order = np.argsort(-search.drops, kind="stable")[:FOUND] if alone else np.arange(len(search.channels))[:FOUND]
    scores = bench.before.scores
    share = probabilities(search.logits, scores)[:, search.target]
    base = probabilities(search.base, scores)[search.target]
    points = 100 * (share - base)
    full = max(FULL, float(np.abs(points[order]).max()))
    rows = []
    for i in order.tolist():
        channel = search.channels[i]
        width = 100 * max(-float(points[i]), 0.0) / full
        rows.append(
            f'<tr><th scope="row">{"" if alone else "+ "}{channel}</th><td>{bench.scores[channel]:.3f}</td>'
            '<td class="av-pair-bars" aria-hidden="true">'
            f'<div class="av-pair-new" style="width:{width:.1f}%"></div></td>'
            f"<td>{signed(-float(search.drops[i]), 2)}</td><td>{signed(float(points[i]), 1)}</td></tr>"
        )
    most = float(np.abs(points).max())
    if over and alone and most < ALONE:
        head += f"<p><strong>{say('iv_none_matters', language, most=f'{most:.1f}')}</strong></p>"
    rise = int(np.argmax(points))
    if alone and points[rise] > max(0.0, -float(points.min())):
        rises = {"channel": search.channels[rise], "points": signed(float(points[rise]), 1)}
        head += f"<p>{say('iv_rises', language, **rises)}</p>"
    titles = [say("channel", language), say("iv_score", language), "", say("iv_dlogit", language)]
    heads = "".join(
        f'<th scope="col">{title}</th>' if title else '<td class="av-pair-bars"></td>'
        for title in [*titles, say("iv_dshare", language)]
    )
    note = say("iv_alone_note", language) if alone else say("iv_greedy_note", language)
    note += f" {say('iv_full_bar', language, full=f'{full:.0f}')}"
    return (
        f'{head}<table class="av-pairs av-found"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        f'<p class="av-note">{note}</p>{help_html("search", language)}'
    )
