"""The layers x channels map: all channel gates of a network in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from attnviz.core.colour_maps import CMAP
from attnviz.core.errors import UserError, nearest
from attnviz.core.types import Floats, GateRecord
from attnviz.render.colour import GATE_SCALE, bins, cmap_for, number, table, to_bytes
from attnviz.render.figures.gate_strip import check_gates
from attnviz.render.figures.style import (
    SMALL,
    TITLE,
    Ink,
    axes_at,
    clean,
    colour_bar,
    ink,
    new_figure,
    room,
    write,
    write_wrapped,
)
from attnviz.render.ranking import ORDERS, ranking
from attnviz.render.resample import resample, taps

_COLUMNS = 2048  # columns of the map's picture: each channel of the widest usual layer has one


def channel_gates(gates: Sequence[GateRecord]) -> list[GateRecord]:
    """The channel gates with a finite score; ``UserError`` when there is none."""
    chosen = [g for g in gates if g.site.has_scores and np.isfinite(g.values).any()]
    if not chosen:
        raise UserError(f"no channel gate to draw among {len(gates)} gates")
    return chosen


def map_rows(gates: Sequence[GateRecord], order: str = "sorted", columns: int = _COLUMNS) -> Floats:
    """Scores of channel gates stretched to equal width: R gates of any C -> (R, columns) float32.

    A row with C channels gives each the same share of the width; more channels than columns are averaged.
    """
    if order not in ORDERS:
        raise UserError(f"unknown order {order!r}; {nearest(order, ORDERS)}")
    rows = []
    for record in gates:
        rank = ranking(record.scores, order)
        scores = rank.scores[rank.shown][None]
        rows.append(resample(scores, taps(1, 1), taps(rank.count, columns)))
    return np.concatenate(rows)


def _draw_map(
    figure: Figure,
    at: tuple[float, float, float],
    gates: Sequence[GateRecord],
    order: str,
    selected: str | None,
    cmap: str,
    colours: Ink,
    row: float,
) -> None:
    """Draw the map at left, top and width in inches, each row ``row`` high, names left, C and mean right."""
    left, top, width = at
    names, tells = min(2.3, 0.28 * width), 1.35
    picture = to_bytes(table(cmap)[bins(GATE_SCALE.unit(map_rows(gates, order)))])
    axes = axes_at(figure, left + names, top, width - names - tells, row * len(gates))
    # rows are made taller, so that drawing only reduces the picture and never blends two layers
    tall = np.repeat(picture, 24, axis=0)
    axes.imshow(tall, extent=(0, 1, len(gates), 0), aspect="auto", interpolation="auto")
    # thin gaps keep neighbouring layers apart
    axes.hlines(range(1, len(gates)), 0, 1, color=colours.paper, lw=1.2)
    size = min(SMALL, row * 72 * 0.62)
    for index, record in enumerate(gates):
        y = top + (index + 0.5) * row
        chosen = record.site.name == selected
        style: dict[str, Any] = {"weight": "bold"} if chosen else {}
        style |= {"color": colours.mark if chosen else colours.text, "ha": "right", "va": "center"}
        name = clean(record.site.name, room(names - 0.1, size))
        write(figure, left + names - 0.08, y, name, fontsize=size, **style)
        mean = float(record.scores[np.isfinite(record.scores)].mean())
        tell = f"C {record.scores.size} · mean {number(mean)}"
        right = left + width - tells + 0.08
        write(figure, right, y, tell, va="center", fontsize=size, color=colours.muted)


def channel_map(
    gates: Sequence[GateRecord],
    *,
    order: str = "sorted",
    selected: str | None = None,
    cmap: str = CMAP,
    title: str = "All channel gates: layers × channels",
    dark: bool = False,
) -> Figure:
    """All channel gates at once, a row a gate with the first layer on top, coloured on the fixed 0-1 scale.

    Args:
        gates: Records of any kind; the channel gates among them are drawn, about 60 at most.
        order: ``"sorted"`` from the highest score to the lowest in each row, or ``"index"``.
        selected: Name of the gate whose row to mark.
        cmap: A key of ``colour.CMAPS``.
        title: Plain text.
        dark: Whether for a dark page.

    Raises:
        UserError: No channel gate, an unknown order or colour map, or ``selected`` is not among the gates.
    """
    chosen = channel_gates(gates)
    check_gates(gates, selected)
    cmap, colours = cmap_for(GATE_SCALE, cmap), ink(dark)
    width = 9.6
    row = float(np.clip(7.5 / len(chosen), 0.155, 0.3))  # inches: all rows together take 7.5 or less if they can
    height = row * len(chosen)
    figure = new_figure(width + 0.4, height + 1.15, dark)
    write(figure, 0.2, 0.13, clean(title, room(width, TITLE)), fontsize=TITLE, color=colours.text)
    _draw_map(figure, (0.2, 0.45, width), chosen, order, selected, cmap, colours, row)
    _legend(figure, 0.2, 0.45 + height + 0.14, width, order, cmap, dark)
    return figure


def _legend(figure: Figure, left: float, top: float, width: float, order: str, cmap: str, dark: bool) -> None:
    """Colour bar of the map and what it and the columns mean."""
    colour_bar(figure, (left + 0.05, top + 0.08, 1.6, 0.12), GATE_SCALE, cmap, dark)
    across = "each row from its highest score to its lowest" if order == "sorted" else "each row by channel index"
    text = f"channel gate: 1 keeps, 0 shuts · {across}, stretched to the width · C: channels"
    write_wrapped(figure, left + 1.95, top + 0.05, width - 1.95, text, fontsize=SMALL, color=ink(dark).muted)
