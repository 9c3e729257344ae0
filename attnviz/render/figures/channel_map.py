"""The layers x channels map: all channel gates of a network in one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from attnviz.core.colour_maps import CMAP
from attnviz.core.errors import UserError
from attnviz.core.types import Floats, GateRecord
from attnviz.render.colour import GATE_SCALE, bins, number, table, to_bytes
from attnviz.render.figures.style import (
    SMALL,
    TITLE,
    Ink,
    axes_at,
    clean,
    colour_bar,
    new_figure,
    room,
    write,
    write_wrapped,
)
from attnviz.render.ranking import ranking
from attnviz.render.resample import resample, taps

_COLUMNS = 2048  # columns of the map's picture: each channel of the widest usual layer has one


def channel_gates(gates: Sequence[GateRecord]) -> list[GateRecord]:
    """The channel gates with a finite score; ``UserError`` when there is none."""
    chosen = [g for g in gates if g.site.has_scores and np.isfinite(g.values).any()]
    if not chosen:
        raise UserError(f"no channel gate to draw among {len(gates)} gates")
    return chosen


def map_rows(gates: Sequence[GateRecord], columns: int = _COLUMNS) -> Floats:
    """Scores of channel gates, highest first, stretched to equal width: R gates of any C -> (R, columns) float32.

    A row with C channels gives each the same share of the width; more channels than columns are averaged.
    """
    rows = []
    for record in gates:
        rank = ranking(record.scores, "sorted")
        scores = rank.scores[rank.shown][None]
        rows.append(resample(scores, taps(1, 1), taps(rank.count, columns)))
    return np.concatenate(rows)


def _draw_map(figure: Figure, at: tuple[float, float, float], gates: Sequence[GateRecord], row: float) -> None:
    """Draw the map at left, top and width in inches, each row ``row`` high, names left, C and mean right."""
    left, top, width = at
    names, tells = min(2.3, 0.28 * width), 1.35
    picture = to_bytes(table(CMAP)[bins(GATE_SCALE.unit(map_rows(gates)))])
    axes = axes_at(figure, left + names, top, width - names - tells, row * len(gates))
    # rows are made taller, so that drawing only reduces the picture and never blends two layers
    tall = np.repeat(picture, 24, axis=0)
    axes.imshow(tall, extent=(0, 1, len(gates), 0), aspect="auto", interpolation="auto")
    # thin gaps keep neighbouring layers apart
    axes.hlines(range(1, len(gates)), 0, 1, color=Ink.paper, lw=1.2)
    size = min(SMALL, row * 72 * 0.62)
    for index, record in enumerate(gates):
        y = top + (index + 0.5) * row
        name = clean(record.site.name, room(names - 0.1, size))
        write(figure, left + names - 0.08, y, name, fontsize=size, color=Ink.text, ha="right", va="center")
        mean = float(record.scores[np.isfinite(record.scores)].mean())
        tell = f"C {record.scores.size} · mean {number(mean)}"
        right = left + width - tells + 0.08
        write(figure, right, y, tell, va="center", fontsize=size, color=Ink.muted)


def channel_map(gates: Sequence[GateRecord]) -> Figure:
    """All channel gates at once, a row a gate with the first layer on top, coloured on the fixed 0-1 scale.

    Args:
        gates: Records of any kind; the channel gates among them are drawn, about 60 at most.

    Raises:
        UserError: No channel gate.
    """
    chosen = channel_gates(gates)
    width = 9.6
    row = float(np.clip(7.5 / len(chosen), 0.155, 0.3))  # inches: all rows together take 7.5 or less if they can
    height = row * len(chosen)
    figure = new_figure(width + 0.4, height + 1.15)
    write(figure, 0.2, 0.13, "All channel gates: layers × channels", fontsize=TITLE, color=Ink.text)
    _draw_map(figure, (0.2, 0.45, width), chosen, row)
    _legend(figure, 0.2, 0.45 + height + 0.14, width)
    return figure


def _legend(figure: Figure, left: float, top: float, width: float) -> None:
    """Colour bar of the map and what it and the columns mean."""
    colour_bar(figure, (left + 0.05, top + 0.08, 1.6, 0.12), GATE_SCALE, CMAP)
    across = "each row from its highest score to its lowest"
    text = f"channel gate: 1 keeps, 0 shuts · {across}, stretched to the width · C: channels"
    write_wrapped(figure, left + 1.95, top + 0.05, width - 1.95, text, fontsize=SMALL, color=Ink.muted)
