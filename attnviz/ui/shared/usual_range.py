"""How unusual a gate's answer to this photograph is, against the photographs of the validation set."""

from __future__ import annotations

from typing import NamedTuple

from attnviz.core.types import Floats
from attnviz.models.gate_reference import HIGH, LEVELS, LOW, MIDDLE, Standing, summary
from attnviz.render.ranking import Usual
from attnviz.render.svg.bars import LINES
from attnviz.ui.shared.text import plain, say
from attnviz.ui.shared.view import View

CHANCE = (LEVELS[LOW] + 100 - LEVELS[HIGH]) / 100
"""Share of numbers outside the usual range for a photograph like any other."""


class _Usual(NamedTuple):
    """What the chosen gate says of the validation photographs: its quantiles, where each number lies, how many."""

    quantiles: Floats
    standings: tuple[Standing, ...]
    images: str


def _usual(view: View) -> _Usual | None:
    """``None`` where that is not known."""
    found, record = view.usual, view.record
    if found is None or found.quantiles is None or record is None or view.reference is None:
        return None
    numbers = summary(record.site.kind, record.values)
    if numbers is None:
        return None
    return _Usual(found.quantiles, found.standing(numbers[0]), f"{view.reference.images:,}")


def bars_usual(view: View) -> Usual | None:
    """The usual range of each channel of the chosen gate, with a note on every bar."""
    usual = _usual(view)
    if usual is None or not view.scored:
        return None
    low, middle, high = (usual.quantiles[i] for i in (LOW, MIDDLE, HIGH))
    notes = tuple(
        plain(f"usual_note_{s.side}", share=s.share, images=usual.images, low=f"{a:.3f}", high=f"{b:.3f}")
        for s, a, b in zip(usual.standings, low, high, strict=True)
    )
    return Usual(low, middle, high, notes)


def usual_html(view: View) -> str:
    """Sentences about the chosen gate: where its answer lies among those to the validation photographs."""
    usual = _usual(view)
    if usual is None or view.record is None:
        return ""
    language, standings = view.language, usual.standings
    lines = []
    if view.record.site.traits.per_place:
        lines.append(_about("mask", view, float(view.record.values.mean()), 0, usual))
    elif view.channel is not None and view.channel.score is not None:
        lines.append(_about("channel", view, view.channel.score, view.channel.channel, usual))
    if len(standings) > 1:
        count = sum(s.side != "usual" for s in standings)
        chance = f"{max(1, round(CHANCE * len(standings)))}"
        lines.append(
            say("usual_count", language, count=count, total=len(standings), chance=chance, images=usual.images)
        )
    if view.scored:
        lines.append(say("usual_legend_median" if len(standings) <= LINES else "usual_legend", language))
    return f'<p class="av-note av-usual">{" ".join(lines)}</p>'


def _about(what: str, view: View, value: float, k: int, usual: _Usual) -> str:
    """One number: its value, and where it lies."""
    low, high = (float(usual.quantiles[i][k]) for i in (LOW, HIGH))
    digits = 3 if high - low < 0.05 else 2
    numbers = {"value": f"{value:.{digits}f}", "low": f"{low:.{digits}f}", "high": f"{high:.{digits}f}", "channel": k}
    standing = usual.standings[k]
    text = say(f"usual_{what}_{standing.side}", view.language, share=standing.share, images=usual.images, **numbers)
    return f"<strong>{text}</strong>" if standing.side != "usual" else text
