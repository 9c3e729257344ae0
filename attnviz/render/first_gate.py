"""Which gate of an analysis is shown first, and why."""

from __future__ import annotations

from attnviz.core.gate_map import mask_for
from attnviz.core.types import Analysis
from attnviz.render.masks import FINE


def default_gate(analysis: Analysis) -> tuple[str | None, str]:
    """The gate to show first, and why it is that one.

    It is the last spatial gate with at least 7×7 cells (``"fine"``), because a finer mask says more about where the
    network looks and a later one more about what it decides; without one, the last ``"channel"`` gate, a ``"coarse"``
    spatial one, the last other one with a weight per place (``"places"``), or the ``"last"`` gate of whatever kind.

    Returns:
        Its name, and the word in quotation marks above; ``None`` and ``""`` where there is no gate.
    """
    spatial = [g.site for g in analysis.gates if g.site.has_mask]
    fine = [s for s in spatial if min(s.shape[2:]) >= FINE]
    if fine:
        return fine[-1].name, "fine"
    scored = [g.site for g in analysis.gates if g.site.has_scores]
    if scored:
        return scored[-1].name, scored[-1].kind
    if spatial:
        return spatial[-1].name, "coarse"
    height, width = analysis.image.network.shape[:2]
    for record in reversed(analysis.gates):
        if mask_for(record, analysis.gates, aspect=height / width) is not None:
            return record.site.name, "places"
    return (analysis.gates[-1].site.name, "last") if analysis.gates else (None, "")
