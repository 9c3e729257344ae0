"""One figure over the audits of several networks: whose gates may be another photograph's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from attnviz.render.audit.charts import ALONE, COLOURS, Summary, grow, label, legend, lines
from attnviz.render.audit.words import word
from attnviz.render.figures.style import LIGHT


def donors(summaries: Sequence[Summary]) -> Figure | None:
    """All gates of each network replaced at once by their mean and by other photographs' gates; ``None`` of none."""
    networks = [s for s in summaries if s["together"]]
    if not networks:
        return None
    figure, axes = lines([s["model"]["name"] for s in networks])
    names = [name for name in ALONE if any(name in s["together"] for s in networks)]
    for row, name in enumerate(names):
        there = [(at, s["together"][name]) for at, s in enumerate(networks) if name in s["together"]]
        value = np.array([effect["points"] for _, effect in there])
        ends = np.array([effect["interval"] for _, effect in there])
        at = np.array([at for at, _ in there]) + (row - (len(names) - 1) / 2) * 0.22
        reach = np.abs(np.stack([value - ends[:, 0], ends[:, 1] - value]))
        axes.errorbar(value, at, xerr=reach, fmt="o", ms=3, lw=1, color=COLOURS[row], label=word(name))
    axes.axvline(0, color=LIGHT.muted, lw=0.8)
    label(axes, word("points_together"))
    grow(figure, axes, 0.36)
    legend(axes, figure)
    return figure
