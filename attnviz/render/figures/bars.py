"""Channel scores as bars, 16 to 2,048 of them: a figure for export; the clickable SVG is in ``render/svg/bars.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from attnviz.core.types import Floats
from attnviz.render.colour import Scale, as_scale, caption, number
from attnviz.render.figures.style import SMALL, TITLE, Ink, axes_at, clean, new_figure, room, write
from attnviz.render.figures.text import line
from attnviz.render.ranking import Ranking, ranking, tick_positions

GAPS = 160
"""Channels up to which there is room for gaps between bars."""


def _boxes(heights: Floats, base: float, width: float) -> npt.NDArray[np.float64]:
    """Rectangles from ``base`` to each height around 0, 1, 2 …: (C,) -> (C, 4, 2)."""
    x = np.arange(heights.size)
    boxes = np.empty((heights.size, 4, 2))
    boxes[:, :2, 0] = (x - width / 2)[:, None]
    boxes[:, 2:, 0] = (x + width / 2)[:, None]
    boxes[:, (0, 3), 1] = base
    boxes[:, 1:3, 1] = heights[:, None]
    return boxes


def _inches(axes: Axes) -> tuple[float, float]:
    """Width and height of axes."""
    dpi = axes.figure.dpi
    return axes.bbox.width / dpi, axes.bbox.height / dpi


def _outline(heights: Floats, base: float) -> npt.NDArray[np.float64]:
    """The outline of bars without gaps as one polygon; NaN is a bar of no height: (C,) -> (1, 2C+2, 2)."""
    y = np.repeat(np.where(np.isnan(heights), base, heights), 2)
    x = np.repeat(np.arange(heights.size + 1) - 0.5, 2)
    return np.stack([x, np.concatenate([[base], y, [base]])], axis=1)[None].astype(np.float64)


def _draw_labels(axes: Axes, rank: Ranking) -> None:
    """Number highest and lowest channels above the plot, a thin line down to each bar, if there is room."""
    top, bottom = rank.extremes(3)
    bounds = axes.get_ylim()
    roof = bounds[0] + (bounds[1] - bounds[0]) / 1.12
    unit = rank.count / _inches(axes)[0]
    taken: list[float] = []
    lines, tints = [], []
    for colour, group in ((Ink.text, top), (Ink.muted, bottom)):
        for channel in group:
            place, score = float(rank.places[channel]), float(rank.scores[channel])
            if not np.isfinite(score) or any(abs(place - x) < 0.36 * unit for x in taken):
                continue
            taken.append(place)
            lines.append([(place, min(max(score, bounds[0]), roof)), (place, roof + 0.02 * (roof - bounds[0]))])
            tints.append(colour)
            at = min(max(place, 0.12 * unit), rank.count - 1 - 0.12 * unit)
            height = roof + 0.03 * (roof - bounds[0])
            axes.add_artist(line(at, height, str(channel), color=colour, ha="center", fontsize=SMALL))
    axes.add_collection(LineCollection(lines, colors=tints, lw=0.7), autolim=False)


def _dress(axes: Axes, rank: Ranking, scale: Scale, most_ticks: int) -> None:
    """Grid and numbers: y shows the scale's ends and middle, x channel indices or ranks.

    They are plain lines and text: matplotlib's own axes would take longer to draw than everything else.
    """
    low, high, count = scale.low, scale.high, rank.count
    span, middle = high - low, (low + high) / 2
    left, right = -0.5 - 0.004 * count, count - 0.5 + 0.004 * count
    axes.set_xlim(left, right)
    axes.set_ylim(low, high + 0.12 * span)
    wide, tall = _inches(axes)
    across, up = (right - left) / wide, 1.12 * span / tall  # data units of an inch
    style: dict[str, Any] = {"fontsize": SMALL, "color": Ink.text}
    names = (scale.ends[0], number(middle, span).rstrip("0"), scale.ends[1])
    for y, name in zip((low, middle, high), names, strict=True):
        axes.add_artist(line(left - 0.06 * across, y, name, ha="right", va="center", **style))
    first = 0 if rank.order == "index" else 1
    ticks = tick_positions(count, most_ticks, first)
    for tick in ticks:
        axes.add_artist(line(tick - first, low - 0.06 * up, str(tick), ha="center", va="top", **style))
    lines = [[(left, y), (right, y)] for y in (low, middle, high)]
    lines += [[(tick - first, low), (tick - first, low - 0.04 * up)] for tick in ticks]
    grid = LineCollection(lines, colors=Ink.grid, lw=0.7, zorder=0.5, clip_on=False)
    axes.add_collection(grid, autolim=False)


def draw_bars(axes: Axes, rank: Ranking, scale: Scale, most_ticks: int = 9) -> None:
    """Draw ranked scores into axes as one collection of bars."""
    base = min(max(0.0, scale.low), scale.high)
    heights = rank.scores[rank.shown]
    # many narrow bars are one polygon: separate ones thinner than a pixel would let the paper shine through
    shape = _boxes(heights, base, 0.8) if rank.count <= GAPS else _outline(heights, base)
    axes.add_collection(PolyCollection(list(shape), facecolors=Ink.bar, lw=0), autolim=False)
    _dress(axes, rank, scale, most_ticks)
    axes.axhline(float(np.nanmean(rank.scores)), color=Ink.mark, lw=1, ls=(0, (4, 3)))
    _draw_labels(axes, rank)


def _named(rank: Ranking, group: Sequence[int]) -> str:
    return ", ".join(f"{i} ({number(float(rank.scores[i]))})" for i in group)


def channel_bars(
    scores: npt.ArrayLike,
    *,
    order: str = "index",
    scale: Scale | str = "fixed",
    title: str = "Channel gate: 1 keeps, 0 shuts",
    size: tuple[float, float] = (8.0, 3.0),
) -> Figure:
    """Channel scores as bars with mean, spread and the highest and lowest channels by index.

    Args:
        scores: (C,), at least one finite; other values leave a gap.
        order: ``"index"``, or ``"sorted"`` from the highest score to the lowest.
        scale: A ``Scale`` for the y axis, or the name of a mode applied to the scores.
        title: Plain text.
        size: Width and height in inches, at least 4 x 2.

    Raises:
        UserError: Another shape, nothing finite, or an unknown order or scale.
    """
    rank = ranking(scores, order)
    scale = as_scale(rank.scores, scale)
    width, height = size
    figure = new_figure(width, height)
    write(figure, 0.45, 0.12, clean(title, room(width - 0.6, TITLE)), fontsize=TITLE, color=Ink.text)
    top, bottom = rank.extremes(3)
    lines = [
        caption(rank.scores, scale, spread=True) + " · dashed: mean",
        f"{rank.count} channels · highest {_named(rank, top)}"
        + (f" · lowest {_named(rank, bottom)}" if bottom else ""),
    ]
    for row, words in enumerate(lines):
        text = clean(words, room(width - 0.6, SMALL) + 12)
        write(figure, 0.45, 0.36 + 0.16 * row, text, fontsize=SMALL, color=Ink.muted)
    axes = axes_at(figure, 0.45, 0.74, width - 0.6, height - 0.74 - 0.48)
    draw_bars(axes, rank, scale)
    what = "channel index" if order == "index" else "rank, highest score first (numbers above the plot: channel index)"
    write(figure, 0.45, height - 0.24, what, fontsize=SMALL, color=Ink.muted)
    return figure
