"""Bars as markup for the app: only numbers computed here go in as they are, all other text is escaped.

Everything is drawn with ``currentColor`` and CSS variables, so it follows light and dark pages. The plot stretches to
any width because its labels are HTML on top of it, which does not stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from attnviz.core.errors import UserError
from attnviz.core.scores import SHARES, shown
from attnviz.core.types import Analysis
from attnviz.render.colour import caption, number, scale_for
from attnviz.render.ranking import Ranking, Usual, channels, ranking, tick_positions

BAR, MARK = "var(--attnviz-bar,#0072b2)", "var(--attnviz-mark,#d55e00)"
GAPS = 160  # up to so many channels there is room for gaps between bars
LINES = 64  # up to so many channels the middle of a usual range can be told from its band
_HEIGHT = 1000  # height of the drawing in its own units: three decimals of a score
_STYLE = (
    ".attnviz-bars rect{fill:transparent;stroke-width:0;pointer-events:fill;cursor:pointer}"
    ".attnviz-bars rect:hover{fill:currentColor;fill-opacity:.18}"
    ".attnviz-bars span{position:absolute;font-size:12px;line-height:1;white-space:nowrap}"
)


def _height(score: float) -> int:
    return round(_HEIGHT * min(max(score, 0.0), 1.0))


def _path(rank: Ranking, places: Sequence[int]) -> str:
    """One path for many bars: a rectangle of its score's height at each place, with a gap when bars are wide."""
    gap = 0.1 if rank.count <= GAPS else 0.0
    parts = []
    scores = rank.scores[rank.shown].tolist()
    for place in places:
        score = scores[place]
        if score == score:  # NaN leaves a gap
            parts.append(f"M{place + gap:g} {_HEIGHT}V{_HEIGHT - _height(score)}h{1 - 2 * gap:g}V{_HEIGHT}z")
    return "".join(parts)


def _titles(rank: Ranking, usual: Usual | None) -> list[str]:
    """What each channel's bar says, by channel index, escaped."""
    count = rank.count
    texts = [
        f"channel {i}: {score:.3f}, rank {place} of {count}" if score == score else f"channel {i}: not a number"
        for i, (score, place) in enumerate(zip(rank.scores.tolist(), rank.ranks.tolist(), strict=True))
    ]
    if usual is None or not usual.notes:
        return texts
    return [f"{text}, {escape(note)}" for text, note in zip(texts, usual.notes, strict=True)]


def _usual(rank: Ranking, usual: Usual | None) -> str:
    """The usual range of each bar as a band, with a line at its middle."""
    if usual is None:
        return ""
    low, middle, high = (np.clip(v[rank.shown], 0, 1).tolist() for v in (usual.low, usual.middle, usual.high))
    band = "".join(
        f"M{x} {_HEIGHT - _height(a)}h1V{_HEIGHT - _height(b)}h-1z"
        for x, (a, b) in enumerate(zip(high, low, strict=True))
    )
    lines = middle if rank.count <= LINES else []  # thinner than this they would only hide the band
    line = "".join(f"M{x} {_HEIGHT - _height(m)}h1" for x, m in enumerate(lines))
    return (
        f'<path class="band" d="{band}" fill="currentColor" fill-opacity=".22"/>'
        f'<path class="usual" d="{line}" stroke="currentColor" fill="none" vector-effect="non-scaling-stroke"/>'
    )


def _drawing(rank: Ranking, marked: tuple[int, ...], usual: Usual | None, height: int) -> str:
    count = rank.count
    places = [int(rank.places[i]) for i in marked]
    texts = _titles(rank, usual)
    top, bottom = rank.extremes(1)
    summary = f"{count} channel scores, {caption(rank.scores, scale_for(rank.scores), spread=True)}"
    summary += f"; highest: channel {top[0]}" + (f", lowest: channel {bottom[0]}" if bottom else "")
    mean = _HEIGHT - _height(float(np.nanmean(rank.scores)))
    line = 'fill="none" vector-effect="non-scaling-stroke"'
    hits = "".join(
        f'<rect data-index="{i}" x="{x}" y="0" width="1" height="{_HEIGHT}"><title>{texts[i]}</title></rect>'
        for x, i in enumerate(rank.shown.tolist())
    )
    stems = "".join(f"M{x + 0.5} 0V{_HEIGHT}" for x in places)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {count} {_HEIGHT}" preserveAspectRatio="none" '
        f'role="img" aria-label="{summary}" style="display:block;width:100%;height:{height}px">'
        f'<path class="grid" d="M0 0H{count}M0 {_HEIGHT / 2:g}H{count}M0 {_HEIGHT}H{count}" '
        f'stroke="currentColor" stroke-opacity=".25" {line}/>'
        f'<path class="bars" d="{_path(rank, range(count))}" fill="{BAR}"/>'
        f'<path class="stems" d="{stems}" stroke="{MARK}" stroke-opacity=".6" stroke-width="2" {line}/>'
        f'<path class="selected" d="{_path(rank, places)}" fill="{MARK}"/>'
        f"{_usual(rank, usual)}"
        f'<path class="mean" d="M0 {mean}H{count}" stroke="{MARK}" stroke-dasharray="5 4" {line}/>'
        f'<g class="hits">{hits}</g></svg>'
    )


def _span(text: str, css: str) -> str:
    return f'<span aria-hidden="true" style="{css}">{text}</span>'


def _labels(rank: Ranking, marked: tuple[int, ...], height: int) -> str:
    """Axis labels and the indices of marked channels, laid over the drawing in per cent of its width."""
    count = rank.count
    parts = [
        _span(text, f"right:calc(100% + 6px);top:{height * (1 - share) - 6:g}px")
        for text, share in (("1", 1.0), ("0.5", 0.5), ("0", 0.0))
    ]
    first = 0 if rank.order == "index" else 1
    for tick in tick_positions(count, 5, first):
        centre = 100 * (tick - first + 0.5) / count
        parts.append(_span(str(tick), f"left:{centre:.2f}%;top:{height + 6}px;transform:translateX(-50%)"))
    for channel in marked[:8]:
        centre = 100 * (rank.places[channel] + 0.5) / count
        css = f"left:{centre:.2f}%;top:-15px;transform:translateX(-50%);font-weight:bold"
        parts.append(_span(str(channel), css))
    return "".join(parts)


def bars_svg(
    scores: npt.ArrayLike,
    *,
    order: str = "index",
    selected: int | Sequence[int] | None = None,
    usual: Usual | None = None,
    width: int | None = None,
    height: int = 180,
) -> str:
    """Channel scores as clickable bars, an SVG inside one focusable HTML element; well-formed XML.

    Every channel has a transparent ``<rect data-index="i">`` over the full height, so that a bar one pixel wide or
    0 high can be hit, with a ``<title>`` "channel i: 0.731, rank 5 of 128". The axis is fixed at 0..1.

    Args:
        scores: (C,), at least one finite; values outside 0..1 are drawn at the edge, their title tells them.
        order: ``"index"``, or ``"sorted"`` from the highest score to the lowest.
        selected: Indices of channels to mark, in 0..C-1.
        usual: What the scores are for other images, drawn as a band; its notes are added to the titles.
        width: Greatest width in CSS pixels, at least 50; ``None`` fills the container. It shrinks to narrow screens.
        height: Height of the plot in CSS pixels, 40..2000.

    Raises:
        UserError: Another shape, nothing finite, an unknown order, or an index or size out of range.
    """
    rank = ranking(scores, order)
    band = None if usual is None else usual.check(rank.count)
    marked = channels(selected, rank.count)
    if not isinstance(height, int) or not 40 <= height <= 2000:
        raise UserError(f"height must be a whole number in 40..2000, got {height!r}")
    if width is not None and (not isinstance(width, int) or width < 50):
        raise UserError(f"width must be a whole number of at least 50 or None, got {width!r}")
    limit = "" if width is None else f"max-width:{width}px;"
    low, high = float(np.nanmin(rank.scores)), float(np.nanmax(rank.scores))
    mean, sd = float(np.nanmean(rank.scores)), float(np.nanstd(rank.scores))
    tell = f"mean {number(mean, high - low)} · sd {number(sd, high - low)} · min {number(low, high - low)} · "
    tell += f"max {number(high, high - low)} · {rank.count} channel{'' if rank.count == 1 else 's'}"
    tell += ", highest first" if order == "sorted" else " by index"
    return (
        f'<div class="attnviz-bars" tabindex="0" data-order="{order}" data-count="{rank.count}" style="{limit}'
        f'position:relative;box-sizing:border-box;padding:0 10px 0 32px">'
        f"<style>{_STYLE}</style>"
        f'<div style="font-size:12px;padding-bottom:20px" aria-hidden="true">{tell}</div>'
        f'<div style="position:relative;padding-bottom:24px">{_drawing(rank, marked, band, height)}'
        f"{_labels(rank, marked, height)}</div></div>"
    )


def top_bars(analysis: Analysis, k: int = 5) -> str:
    """The k most probable classes as an HTML list: label, per cent (or a plain number) and a bar; labels are escaped.

    Raises:
        UserError: ``k`` is no whole number of at least 1.
    """
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise UserError(f"k must be a whole number of at least 1, got {k!r}")
    rows = []
    for label, probability in analysis.top(k):
        text = shown(probability, analysis.scores).replace(" ", "")
        share = text.rstrip("%") if analysis.scores in SHARES else "0"  # a number that is no share has no bar
        rows.append(
            '<li style="margin:0 0 .5em"><div style="display:flex;justify-content:space-between;gap:1em">'
            f'<span style="overflow-wrap:anywhere">{escape(label)}</span>'
            f'<span style="font-variant-numeric:tabular-nums">{text}</span></div>'
            '<div aria-hidden="true" style="height:.5em;border-radius:.25em;background:rgba(128,128,128,.25)">'
            f'<div style="height:100%;width:{share}%;border-radius:.25em;background:{BAR}"></div></div></li>'
        )
    return f'<ol class="attnviz-top" style="list-style:none;margin:0;padding:0">{"".join(rows)}</ol>'
