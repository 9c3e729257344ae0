"""Which gate of an analysis is shown first, and why."""

from __future__ import annotations

from attnviz.types import Analysis

PLACES = ("strip", "full", "pairwise")
"""Other kinds of gate that have a weight per place."""


def default_gate(analysis: Analysis) -> tuple[str | None, str]:
    """The gate to show first, and one line that says why.

    It is the last spatial gate with at least 7×7 cells, because a finer mask says more about where the network
    looks and a later one more about what it decides; without one, the last channel gate, a coarser spatial one, the
    last other one with a weight per place, or the last gate of whatever kind.
    """
    spatial = [g.site for g in analysis.gates if g.site.kind == "spatial" and len(g.site.shape) == 4]
    fine = [s for s in spatial if min(s.shape[2:]) >= 7]
    if fine:
        height, width = fine[-1].shape[2:]
        why = f"Shown first: the last spatial gate with at least 7×7 cells (this one has {height}×{width})."
        return fine[-1].name, why
    channel = [g.site.name for g in analysis.gates if g.site.kind == "channel"]
    if channel:
        why = "Shown first: the last channel gate; this network has no spatial gate with 7×7 cells or more."
        return channel[-1], why
    if spatial:
        return spatial[-1].name, "Shown first: the last spatial gate; its mask is coarser than 7×7 cells."
    places = [g.site for g in analysis.gates if g.site.kind in PLACES]
    if places:
        why = f"Shown first: the last gate with a weight per place ({places[-1].kind})"
        return places[-1].name, f"{why}; this network has no spatial and no channel gate."
    if analysis.gates:
        site = analysis.gates[-1].site
        return site.name, f"Shown first: the last gate ({site.kind}); this network has no spatial and no channel gate."
    return None, "This network has no attention gates."
