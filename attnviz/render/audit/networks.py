"""Figures over audits of several networks: whose gates may be another's, and whose masks lie on objects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from attnviz.render.audit.charts import COLOURS, Summary, finish, lines, replaced
from attnviz.render.audit.words import word
from attnviz.render.figures.style import Ink


def donors(summaries: Sequence[Summary]) -> Figure | None:
    """All gates of each network replaced at once by their mean and by other photographs' gates; ``None`` of none."""
    there = [s for s in summaries if s["together"]]
    labelled = {s["data"]["labelled"] for s in there}
    measure = "points" if len(labelled) > 1 else "points_together" if True in labelled else "kept_together"
    return replaced([(s["model"]["name"], s["together"]) for s in there], word(measure))


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
        for key, colour, name in (("centre", Ink.muted, word("centre")), ("energy", COLOURS[0], word("masks"))):
            value, low, high = np.array([gate[key] for gate in gates]).T
            reach = np.stack([value - low, high - value])
            shown = name if not at else None
            axes.errorbar(value, places, xerr=reach, fmt="o", ms=2.5, lw=0.8, color=colour, label=shown)
    axes.axvline(1, color=Ink.muted, lw=0.8)
    return finish(figure, axes, word("energy_over_area"))
