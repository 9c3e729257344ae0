"""Which gate of an analysis stands open where all of them can be edited."""

from __future__ import annotations

from attnviz.core.gate_map import mask_for
from attnviz.core.types import Analysis
from attnviz.render.masks import FINE


def default_gate(analysis: Analysis) -> str | None:
    """The gate to begin with; ``None`` where there is none.

    It is the last spatial gate with at least 7×7 cells, because a finer mask says more about where the network looks
    and a later one more about what it decides; without one, the last channel gate, a coarser spatial one, the last
    other one with a weight per place, or the last gate of whatever kind.
    """
    spatial = [g.site for g in analysis.gates if g.site.has_mask]
    fine = [s for s in spatial if min(s.shape[2:]) >= FINE]
    scored = [g.site for g in analysis.gates if g.site.has_scores]
    for sites in (fine, scored, spatial):
        if sites:
            return sites[-1].name
    height, width = analysis.image.network.shape[:2]
    for record in reversed(analysis.gates):
        if mask_for(record, analysis.gates, aspect=height / width) is not None:
            return record.site.name
    return analysis.gates[-1].site.name if analysis.gates else None
