"""A comparison as markup: one section a row, with a mask, bars, an attribution and a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np

from attnviz.core.gate_map import Mask
from attnviz.core.scores import shown
from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.render.colour import Scale
from attnviz.render.figures.comparison import attribution_cmap, mask_cmap
from attnviz.render.masks import Scores, mask_of, scores_of
from attnviz.render.shared_scales import scales
from attnviz.render.svg.bars import top_bars
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.address import address_html
from attnviz.ui.shared.bars_html import asking, told_of
from attnviz.ui.shared.code import code_html
from attnviz.ui.shared.gate_html import legend
from attnviz.ui.shared.strip_and_map import limits_html, notes_of
from attnviz.ui.shared.text import class_name, drawn, in_words, network_title, note_html, plain, say
from attnviz.ui.tabs.compare import address
from attnviz.ui.tabs.compare.facts_html import facts_html
from attnviz.ui.tabs.compare.plots import Plots
from attnviz.ui.tabs.compare.state import Comparison, Look, Row


@dataclass(frozen=True)
class Cells:
    """What stands in a row, with the scale of each; ``None`` for an empty cell."""

    row: Row
    mask: Mask | None
    mask_scale: Scale | None
    scores: Scores | None
    scores_scale: Scale | None
    attribution_scale: Scale | None


def cells_of(comparison: Comparison, look: Look) -> list[Cells]:
    """Masks and bars of all rows at one depth, on scales chosen together."""
    rows = comparison.rows
    masks = [_mask(row, comparison, look) for row in rows]
    scores = [scores_of(row.gates, look.depth) for row in rows]
    attributions = [None if row.attribution is None else ("attribution", row.attribution.values) for row in rows]
    # bars and masks share the scale of gates, so that one choice means one thing
    both = scales(
        [None if m is None else (m.how, m.values) for m in masks]
        + [None if s is None else (s.kind, s.values) for s in scores],
        look.scale,
    )
    third = scales(attributions, look.scale)
    return [
        Cells(*parts) for parts in zip(rows, masks, both[: len(rows)], scores, both[len(rows) :], third, strict=True)
    ]


def _mask(row: Row, comparison: Comparison, look: Look) -> Mask | None:
    mask = mask_of(row.gates, look.depth, comparison.query, row.aspect)
    if mask is None and row.strength is not None:
        return Mask(row.strength[0], row.strength[1], "strength")
    return mask


def _cell(title: str, body: str, *lines: str) -> str:
    text = "".join(f"<div>{line}</div>" for line in lines if line)
    return (
        f'<figure class="av-figure av-cell"><div class="av-cell-title">{title}</div>{body}'
        f"<figcaption>{text}</figcaption></figure>"
    )


def words_cell(title: str, *sentences: str) -> str:
    """A cell that says why it is empty."""
    text = "".join(f"<p>{escape(s)}</p>" for s in sentences if s)
    return f'<div class="av-cell"><div class="av-cell-title">{title}</div><div class="av-none">{text}</div></div>'


def _gate_name(gate: str, language: str) -> str:
    return f'<span class="av-gate-name">{say("gate", language)} {escape(gate)}</span>'


_READOUT = '<span class="av-readout" aria-hidden="true"></span>'


def mask_cell(cells: Cells, plots: Plots) -> str:
    """The mask over the photograph; words where there is none."""
    language, mask, row = plots.language, cells.mask, cells.row
    title = say("cmp_mask", language)
    if mask is None or cells.mask_scale is None:
        return words_cell(title, plain("cmp_no_mask", language) if row.gates else plain("cmp_nothing", language))
    caption = drawn(told_of(mask.values, cells.mask_scale), language)
    cmap = mask_cmap(mask, cells.mask_scale)
    how = say(f"choice_how_{mask.how}", language)
    alt = plain("cmp_alt", language, what=plain(f"choice_how_{mask.how}", language), name=row.title, caption=caption)
    picture = plots.over(row.photo, row.analysis.image, mask.values, cells.mask_scale, cmap, alt, mask)
    picture = asking(mask, picture, language)
    badge = f'<strong class="av-badge">{say("cmp_not_a_mask", language)}</strong> ' if not mask.is_mask else ""
    ramp = legend(cells.mask_scale, cmap, language, features=not mask.is_mask, residual=mask.residual)
    size = "×".join(map(str, mask.values.shape))
    return _cell(
        title, picture + ramp, f"{badge}{how} · {size}", escape(caption), _gate_name(mask.gate, language), _READOUT
    )


def bars_cell(cells: Cells, plots: Plots) -> str:
    """The channel scores; words where there are none."""
    language, scores = plots.language, cells.scores
    title = say("cmp_bars", language)
    if scores is None or cells.scores_scale is None:
        return words_cell(title, plain("cmp_no_bars", language) if cells.row.gates else plain("cmp_nothing", language))
    caption = drawn(told_of(scores.values, cells.scores_scale, spread=True), language)
    kind = say(f"choice_bars_{scores.kind}", language, count=scores.values.size)
    alt = plain("cmp_bars_alt", language, count=scores.values.size, name=cells.row.title, caption=caption)
    bars = plots.bars(scores.values, cells.scores_scale, alt)
    return _cell(title, bars, kind, escape(caption), _gate_name(scores.gate, language), _READOUT)


def attribution_cell(cells: Cells, plots: Plots, comparison: Comparison) -> str:
    """The attribution over the photograph; words where there is none."""
    row, language = cells.row, comparison.language
    method = ATTRIBUTIONS[comparison.wanted.method]
    title, attribution, scale = escape(method.title), row.attribution, cells.attribution_scale
    if attribution is None or scale is None:
        return words_cell(title, row.why)
    caption = drawn(told_of(attribution.values, scale), language)
    cmap = attribution_cmap(scale)
    of = {"method": method.title, "label": class_name(row.label, language)}
    what = plain("cmp_for_class", language, **of) if method.of_class else plain("cmp_for_no_class", language, **of)
    alt = plain("cmp_alt", language, what=what, name=row.title, caption=caption)
    picture = plots.over(row.photo, row.analysis.image, attribution.values, scale, cmap, alt, None)
    flat = say("cmp_flat", language) if float(np.ptp(attribution.values)) == 0 else ""
    size = "×".join(map(str, attribution.cells))
    ramp = legend(scale, cmap, language, features=True)
    where = f"{escape(str(attribution.parameters['layer']))} · " if attribution.parameters.get("layer") else ""
    lines = (f"{escape(what)} · {size}", escape(caption), flat, f"{where}{attribution.seconds:.2g} s", _READOUT)
    return _cell(title, picture + ramp, *lines)


def prediction_cell(row: Row, language: str) -> str:
    """The three most probable classes, and the one that is explained where it is none of them."""
    analysis = row.analysis
    extra = ""
    if row.label not in [label for label, _ in analysis.top(3)]:
        share = shown(float(analysis.probabilities[row.target]), analysis.scores)
        label = class_name(row.label, language)
        extra = note_html("cmp_class_share", language, label=label, share=share)
    title, notes = say("prediction", language), limits_html(notes_of(analysis, language))
    top = top_bars(in_words(analysis, language), 3)
    return f'<div class="av-cell"><div class="av-cell-title">{title}</div>{top}{extra}{notes}</div>'


def table_html(comparison: Comparison, look: Look, store: Store) -> str:
    """All rows."""
    language, mode = comparison.language, comparison.wanted.mode
    rows, plots = cells_of(comparison, look), Plots(look, language)
    parts = []
    if mode != "networks":
        first = comparison.rows[0].analysis.model
        inner = facts_html(store.card(first), comparison.costs[first], language)
        name = escape(network_title(store.title(first), language))
        parts.append(f'<div class="av-cmp-about"><strong>{name}</strong>{inner}</div>')
    for cells in rows:
        row = cells.row
        inner = mask_cell(cells, plots) + bars_cell(cells, plots)
        if mode != "gates":
            inner += attribution_cell(cells, plots, comparison) + prediction_cell(row, language)
        about = facts_html(store.card(row.analysis.model), comparison.costs[row.analysis.model], language)
        parts.append(_section(row.title, about if mode == "networks" else "", inner))
    if mode == "gates":
        inner = attribution_cell(rows[0], plots, comparison) + prediction_cell(rows[0].row, language)
        parts.append(_section(plain("cmp_answer", language), "", inner))
    return f'<div class="av-cmp av-cmp-{mode}" {plots.attribute()}>{"".join(parts)}</div>'


def _section(title: str, about: str, inner: str) -> str:
    return (
        f'<section class="av-cmp-row" aria-label="{escape(title)}"><div class="av-cmp-head"><h3>{escape(title)}</h3>'
        f'{about}</div><div class="av-cmp-cells">{inner}</div></section>'
    )


def notes_html(comparison: Comparison, look: Look, store: Store) -> str:
    """What is compared, on which class and scale, and what is missing."""
    language, wanted = comparison.language, comparison.wanted
    label = None if comparison.label is None else class_name(comparison.label, language)
    same = plain("cmp_class_own", language) if label is None else plain("cmp_class_one", language, label=label)
    lines = [f"{same} {plain('cmp_gates_no_class', language)}", plain(f"choice_scale_{look.scale}_about", language)]
    if wanted.mode == "networks":
        lines.append(plain("cmp_times", language))
        measured = {str(card.data) for card in map(store.card, comparison.costs) if "top1" in card.metrics}
        lines += [plain("cmp_other_data", language)] if len(measured) > 1 else []
    lines += [plain("cmp_one_network", language)] if len(store.choices) == 1 else []
    lines += comparison.notes
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    own = any(photo.path is not None for photo in wanted.photos)
    link = address_html("compare", address.query_of(comparison, look), language, "link_note" if own else "")
    code = code_html(address.python_of(comparison, store), language, own)
    return f'<ul class="av-limits" aria-live="polite">{items}</ul>{link}{code}'
