"""Drawings of gates that several tabs use: bars, and pictures on which a place can be asked."""

from __future__ import annotations

from html import escape

import numpy as np

from attnviz.core.gate_map import Mask
from attnviz.core.types import Floats, PreparedImage
from attnviz.render.colour import Scale, caption
from attnviz.render.ranking import ranking
from attnviz.ui.shared.text import say

_HEIGHT = 100  # of a drawing of bars, in its own units


def told_of(values: Floats, scale: Scale, *, spread: bool = False) -> str:
    """Minimum, mean and maximum, and the scale; not only features are drawn on scales of features."""
    return caption(values, scale, spread=spread).replace(" (features)", "")


def marker(mask: Mask, image: PreparedImage) -> str:
    """The place that asks, as a ring to lie on the photograph; empty where no place does."""
    (rows, columns), (down, across) = mask.grid or (1, 1), mask.query or (0, 0)
    if mask.how != "query":
        return ""
    height, width = image.pixels.shape[:2]
    left, top, right, bottom = image.box
    x = 100 * (left + (across + 0.5) / columns * (right - left)) / width
    y = 100 * (top + (down + 0.5) / rows * (bottom - top)) / height
    return f'<span class="av-here" aria-hidden="true" style="left:{x:.2f}%;top:{y:.2f}%"></span>'


def asking(mask: Mask, picture: str, language: str) -> str:
    """A picture on which another place can be asked, by a click or with the arrow keys; as it is for other masks."""
    (rows, columns), (down, across) = mask.grid or (1, 1), mask.query or (0, 0)
    if mask.how != "query":
        return picture
    text = say("cmp_ask", language, row=down, column=across, rows=rows, columns=columns)
    return (
        f'<div class="av-ask" tabindex="0" role="group" aria-label="{text}" title="{text}" data-rows="{rows}" '
        f'data-columns="{columns}" data-row="{down}" data-column="{across}">{picture}</div>'
    )


def bars_html(scores: Floats, scale: Scale, order: str, alt: str) -> str:
    """Scores as bars without interaction: an outline on the scale, with a line at the mean."""
    rank = ranking(scores, order)
    values = rank.scores[rank.shown]
    count = rank.count
    y = _HEIGHT * (1 - scale.unit(np.where(np.isnan(values), scale.low, values)))
    zero = float(_HEIGHT * (1 - scale.unit(np.float32(0.0))))
    steps = "".join(f"V{a:.1f}h1" for a in y.tolist())
    mean = float(_HEIGHT * (1 - scale.unit(np.float32(np.nanmean(rank.scores)))))
    low, high = (escape(end) for end in scale.ends)
    return (
        f'<div class="av-bars" role="img" aria-label="{escape(alt)}"><span class="av-high">{high}</span>'
        f'<svg viewBox="0 0 {count} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="M0 {zero:.1f}{steps}V{zero:.1f}z" class="av-fill"/>'
        f'<path d="M0 {mean:.1f}H{count}" class="av-mean"/></svg><span class="av-low">{low}</span></div>'
    )
