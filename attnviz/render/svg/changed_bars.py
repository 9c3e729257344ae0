"""Channel scores before and after a change as bars that can be clicked: an SVG below labels that do not stretch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from attnviz.core.errors import UserError
from attnviz.core.types import Floats
from attnviz.render.colour import array, number
from attnviz.render.ranking import Ranking, channels, ranking, tick_positions
from attnviz.render.svg.bars import BAR, MARK

_UNITS = 1000
_HEIGHT = 150  # of the plot in CSS pixels


def _path(values: Floats, places: Sequence[int]) -> str:
    """A rectangle of its value's height, cut to 0..1, at each place; ``values`` are in the order of the places."""
    gap = 0.1 if values.size <= 160 else 0.0
    heights = np.rint(np.clip(np.nan_to_num(values), 0, 1) * _UNITS).astype(int).tolist()
    return "".join(
        f"M{x + gap:g} {_UNITS}V{_UNITS - heights[x]}h{1 - 2 * gap:g}V{_UNITS}z" for x in places if heights[x]
    )


def _labels(rank: Ranking) -> str:
    parts = [
        f'<span aria-hidden="true" style="right:calc(100% + 6px);top:{_HEIGHT * (1 - share) - 6:g}px">{text}</span>'
        for text, share in (("1", 1.0), ("0.5", 0.5), ("0", 0.0))
    ]
    first = 0 if rank.order == "index" else 1
    for tick in tick_positions(rank.count, 5, first):
        left = 100 * (tick - first + 0.5) / rank.count
        style = f"left:{left:.2f}%;top:{_HEIGHT + 6}px;transform:translateX(-50%)"
        parts.append(f'<span aria-hidden="true" style="{style}">{tick}</span>')
    return "".join(parts)


def _hits(rank: Ranking, after: Floats) -> str:
    """A transparent rectangle over each bar, with a title that tells its channel, score, rank and change."""
    before, now, ranks = rank.scores.tolist(), after.tolist(), rank.ranks.tolist()
    parts = []
    for x, i in enumerate(rank.shown.tolist()):
        then = "" if now[i] == before[i] else f" → {now[i]:.3f}"
        title = f"channel {i}: {before[i]:.3f}{then}, rank {ranks[i]} of {rank.count}"
        parts.append(f'<rect data-index="{i}" x="{x}" y="0" width="1" height="{_UNITS}"><title>{title}</title></rect>')
    return "".join(parts)


def changed_bars_svg(
    before: npt.ArrayLike, after: npt.ArrayLike, *, order: str = "index", marked: Sequence[int] = ()
) -> str:
    """Scores after a change in full colour, before it as a shadow; in the order of the scores before.

    The axis is fixed at 0..1; a score outside is drawn at its end, and its title tells it.

    Args:
        before: (C,), at least one finite.
        after: (C,).
        order: ``"index"``, or ``"sorted"`` from the highest score before the change to the lowest.
        marked: Channels whose bars have the colour of a mark, and a line up to the roof.

    Raises:
        UserError: Other shapes, nothing finite, an unknown order, or a channel out of range.
    """
    rank = ranking(before, order)
    now = array(after, 1, "channel scores")
    if now.size != rank.count:
        raise UserError(f"there must be as many scores after as before, {rank.count}, got {now.size}")
    chosen = channels(list(marked), rank.count)
    places = [int(rank.places[i]) for i in chosen]
    count, shown = rank.count, now[rank.shown]
    line = 'fill="none" vector-effect="non-scaling-stroke"'
    stems = "".join(f"M{x + 0.5} 0V{_UNITS}" for x in places)
    mean = _UNITS - round(_UNITS * float(np.clip(np.nanmean(now), 0, 1)))
    means = [number(float(np.nanmean(values))) for values in (rank.scores, now)]
    tell = f"mean {means[0]}" + ("" if np.array_equal(now, rank.scores) else f" → {means[1]}")
    tell += f" · {count} channel{'s' if count != 1 else ''}" + (", highest first" if order == "sorted" else " by index")
    return (
        f'<div class="attnviz-bars" tabindex="0" data-order="{order}" data-count="{count}" '
        'style="position:relative;box-sizing:border-box;padding:0 10px 0 32px">'
        "<style>.attnviz-bars rect{fill:transparent;stroke-width:0;pointer-events:fill;cursor:pointer}"
        ".attnviz-bars rect:hover{fill:currentColor;fill-opacity:.18}"
        ".attnviz-bars span{position:absolute;font-size:12px;line-height:1;white-space:nowrap}</style>"
        f'<div style="font-size:12px;padding-bottom:14px" aria-hidden="true">{tell}</div>'
        '<div style="position:relative;padding-bottom:24px">'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {count} {_UNITS}" preserveAspectRatio="none" '
        f'role="img" aria-label="{tell}" style="display:block;width:100%;height:{_HEIGHT}px">'
        f'<path d="M0 0H{count}M0 {_UNITS / 2:g}H{count}M0 {_UNITS}H{count}" stroke="currentColor" '
        f'stroke-opacity=".25" {line}/>'
        f'<path class="before" d="{_path(rank.scores[rank.shown], range(count))}" fill="currentColor" '
        'fill-opacity=".22"/>'
        f'<path class="bars" d="{_path(shown, range(count))}" fill="{BAR}"/>'
        f'<path class="stems" d="{stems}" stroke="{MARK}" stroke-opacity=".45" {line}/>'
        f'<path class="selected" d="{_path(shown, places)}" fill="{MARK}"/>'
        f'<path class="mean" d="M0 {mean}H{count}" stroke="{MARK}" stroke-dasharray="5 4" {line}/>'
        f'<g class="hits">{_hits(rank, now)}</g></svg>{_labels(rank)}</div></div>'
    )
