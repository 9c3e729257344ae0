"""Figures over audits of several networks: whose gates may be another's, and whose masks lie on objects."""

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


def objects(summaries: Sequence[Summary]) -> Figure | None:
    """How far the masks of each network lie on objects, its gates from the first layer above to the last below.

    ``None`` where objects were given for none of them.
    """
    networks = [s for s in summaries if s["objects"]]
    if not networks:
        return None
    figure, axes = lines([s["model"]["name"] for s in networks], row=0.6)
    for at, summary in enumerate(networks):
        gates = summary["objects"]
        places = at + np.linspace(-0.34, 0.34, len(gates)) if len(gates) > 1 else np.array([at])
        for key, colour, name in (("centre", LIGHT.muted, word("centre")), ("energy", COLOURS[0], word("masks"))):
            value, low, high = np.array([gate[key] for gate in gates]).T
            reach = np.stack([value - low, high - value])
            shown = name if not at else None
            axes.errorbar(value, places, xerr=reach, fmt="o", ms=2.5, lw=0.8, color=colour, label=shown)
    axes.axvline(1, color=LIGHT.muted, lw=0.8)
    label(axes, word("energy_over_area"))
    grow(figure, axes, 0.36)
    legend(axes, figure)
    return figure
