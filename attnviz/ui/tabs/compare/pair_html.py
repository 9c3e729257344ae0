"""Two rows of a comparison in detail: a slider between their pictures, and the difference of their maps."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import combinations

import numpy as np

from attnviz.core.checks import choice
from attnviz.core.types import Bytes, Floats, PreparedImage
from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.explain.faithfulness.agreement import rank_correlation
from attnviz.render.colour import Scale, cmap_for, number, scale_for
from attnviz.render.figures.comparison import attribution_cmap, crop, mask_cmap
from attnviz.render.overlay import overlay
from attnviz.render.shared_scales import GROUPS, aligned
from attnviz.ui.shared.bars_html import told_of
from attnviz.ui.shared.gate_html import layers, legend
from attnviz.ui.shared.sample_buttons import data_url
from attnviz.ui.shared.sent_numbers import whole
from attnviz.ui.shared.text import drawn, note_html, plain, say
from attnviz.ui.tabs.compare.state import Comparison, Look
from attnviz.ui.tabs.compare.table_html import Cells, cells_of, words_cell

MAPS = ("mask", "attribution")
"""What two rows are compared by."""
OPACITY = 0.65


@dataclass(frozen=True)
class Side:
    """One of two pictures.

    Attributes:
        title: Of the row.
        values: (h, w).
        group: What kind of number they are, a value of ``GROUPS``.
        scale: Of its picture.
        cmap: Of its picture.
        image: What the network saw, as a photograph of its own.
        residual: Whether they are weights of a gate that adds.
    """

    title: str
    values: Floats
    group: str
    scale: Scale
    cmap: str
    image: PreparedImage
    residual: bool = False


def side_of(cells: Cells, what: str) -> Side | None:
    """One picture of a row, or ``None`` where it has none.

    Raises:
        UserError: ``what`` is none of ``MAPS``.
    """
    choice("map", what, MAPS)
    row, image = cells.row, crop(cells.row.analysis.image)
    if what == "mask":
        if cells.mask is None or cells.mask_scale is None:
            return None
        cmap = mask_cmap(cells.mask, cells.mask_scale)
        return Side(
            row.title, cells.mask.values, GROUPS[cells.mask.how], cells.mask_scale, cmap, image, cells.mask.residual
        )
    if row.attribution is None or cells.attribution_scale is None:
        return None
    scale = cells.attribution_scale
    return Side(row.title, row.attribution.values, "attribution", scale, attribution_cmap(scale), image)


def pair_at_first(comparison: Comparison, look: Look) -> tuple[int, int, str]:
    """Two rows to open with and what they are compared by: two maps of one kind, masks before attributions.

    Where there are none, any two that have maps; where fewer than two have any, the first two, and the page says so.
    """
    rows = cells_of(comparison, look)
    groups = {what: [side.group if (side := side_of(cells, what)) else None for cells in rows] for what in MAPS}
    pairs = list(combinations(range(len(rows)), 2))
    for what, having in groups.items():
        for first, second in pairs:
            if having[first] is not None and having[first] == having[second]:
                return first, second, what
    some = (pair for pair in pairs if None not in [groups[MAPS[0]][row] for row in pair])
    return *next(some, (0, min(1, len(rows) - 1))), MAPS[0]


def pair_html(comparison: Comparison, look: Look, first: object, second: object, what: str) -> str:
    """The slider and the difference of two rows, or a sentence where one of them has no such map."""
    language, rows = comparison.language, cells_of(comparison, look)
    indices = [whole(index, 0, len(rows) - 1, plain("cmp_row", language), language) for index in (first, second)]
    sides = [side_of(rows[index], what) for index in indices]
    missing = [comparison.rows[index].title for index, side in zip(indices, sides, strict=True) if side is None]
    if missing:
        return note_html("cmp_pair_missing", language, names=", ".join(dict.fromkeys(missing)))
    a, b = (side for side in sides if side is not None)
    method = ATTRIBUTIONS[comparison.wanted.method].title if what == "attribution" else ""
    return f'<div class="av-pair">{_slider(a, b, look, language)}{_difference(a, b, look, method, language)}</div>'


def _picture(side: Side, look: Look) -> Bytes:
    return overlay(side.image, side.values, opacity=OPACITY, cmap=side.cmap, scale=side.scale, interpolation=look.cells)


def _slider(a: Side, b: Side, look: Look, language: str) -> str:
    height, width = a.image.pixels.shape[:2]
    below, above = data_url(_picture(b, look)), data_url(_picture(a, look))
    alt = say("cmp_slider_alt", language, left=a.title, right=b.title)
    ramps = legend(a.scale, a.cmap, language, features=a.group != "gate", residual=a.residual)
    if (a.scale, a.cmap, a.residual) != (b.scale, b.cmap, b.residual):
        ramps += legend(b.scale, b.cmap, language, features=b.group != "gate", residual=b.residual)
    return (
        f'<figure class="av-figure av-cell"><div class="av-cell-title">{say("cmp_slider", language)}</div>'
        f'<div class="av-slide" style="aspect-ratio:{width}/{height}"><img src="{below}" alt="{alt}">'
        f'<img src="{above}" alt="" aria-hidden="true" class="av-over">'
        f'<span class="av-left">{escape(a.title)}</span><span class="av-right">{escape(b.title)}</span></div>'
        f'<input type="range" min="0" max="100" value="50" class="av-cut" aria-label="{alt}">{ramps}'
        f"<figcaption>{say('cmp_slider_how', language)}</figcaption></figure>"
    )


def _difference(a: Side, b: Side, look: Look, method: str, language: str) -> str:
    title = say("cmp_difference", language)
    if a.group != b.group:
        return words_cell(title, plain("cmp_pair_kinds", language, first=a.title, second=b.title))
    pair, lines = (a.values, b.values), [f"{escape(a.title)} − {escape(b.title)}"]
    if a.group == "attribution":
        pair = (unit(a.values), unit(b.values))
        lines.append(say("cmp_pair_unit", language, method=method))
    if a.values.shape != b.values.shape:
        sizes = {"first": "×".join(map(str, a.values.shape)), "second": "×".join(map(str, b.values.shape))}
        lines.append(say("cmp_pair_sizes", language, **sizes))
    pair = aligned(*pair)
    values = pair[0] - pair[1]
    most = max(float(np.abs(values).max()), 1e-6)
    scale = Scale(-most, most, "diverging")
    caption = drawn(told_of(values, scale), language)
    rho = rank_correlation(*pair)
    agree = say("cmp_flat", language) if rho is None else say("cmp_agree", language, rho=number(rho))
    lines += [escape(caption), agree]
    alt = plain("cmp_difference_alt", language, first=a.title, second=b.title, caption=caption)
    picture = layers(a.image, values, scale, cmap_for(scale, None), look.cells, alt)
    text = "".join(f"<div>{line}</div>" for line in lines)
    return (
        f'<figure class="av-figure av-cell"><div class="av-cell-title">{title}</div>{picture}'
        f"{legend(scale, cmap_for(scale, None), language, features=True)}"
        f'<figcaption>{text}<span class="av-readout" aria-hidden="true"></span></figcaption></figure>'
    )


def unit(values: Floats) -> Floats:
    """A map over its largest magnitude, so that two networks with other logits can be compared; a flat 0 stays."""
    most = scale_for(values, "features").high
    return np.asarray(values / np.float32(most), dtype=np.float32)
