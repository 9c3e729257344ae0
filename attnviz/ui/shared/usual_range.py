"""How unusual a gate's answer to this photograph is, against the photographs of the validation set."""

from __future__ import annotations

from attnviz.models.gate_reference import HIGH, LEVELS, LOW, MIDDLE, GateReference, Standing, summary
from attnviz.render.ranking import Usual
from attnviz.render.svg.bars import LINES
from attnviz.ui.shared.text import plain, say
from attnviz.ui.shared.view import View

CHANCE = (LEVELS[LOW] + 100 - LEVELS[HIGH]) / 100
"""Share of numbers outside the usual range for a photograph like any other."""


def _standings(view: View) -> tuple[GateReference, tuple[Standing, ...]] | None:
    """The statistics of the chosen gate, and where each of its numbers lies; ``None`` where that is not known."""
    found, record = view.usual, view.record
    if found is None or found.quantiles is None or record is None:
        return None
    numbers = summary(record.site.kind, record.values)
    return None if numbers is None else (found, found.standing(numbers[0]))


def bars_usual(view: View) -> Usual | None:
    """The usual range of each channel of the chosen gate, with a note on every bar."""
    known = _standings(view)
    if known is None or view.reference is None or not view.scored:
        return None
    found, standings = known
    low, middle, high = (found.quantiles[i] for i in (LOW, MIDDLE, HIGH))
    notes = tuple(
        plain(
            f"usual_note_{s.side}", share=s.share, images=f"{view.reference.images:,}", low=f"{a:.3f}", high=f"{b:.3f}"
        )
        for s, a, b in zip(standings, low, high, strict=True)
    )
    return Usual(low, middle, high, notes)


def usual_html(view: View) -> str:
    """Sentences about the chosen gate: where its answer lies among those to the validation photographs."""
    known = _standings(view)
    if known is None or view.reference is None or view.record is None:
        return ""
    found, standings = known
    language, images = view.language, f"{view.reference.images:,}"
    lines = []
    if view.record.site.traits.per_place:
        lines.append(_about("mask", view, float(view.record.values.mean()), 0, known))
    elif view.channel is not None and view.channel.score is not None:
        lines.append(_about("channel", view, view.channel.score, view.channel.channel, known))
    if len(standings) > 1:
        count = sum(s.side != "usual" for s in standings)
        chance = f"{max(1, round(CHANCE * len(standings)))}"
        lines.append(say("usual_count", language, count=count, total=len(standings), chance=chance, images=images))
    if view.scored:
        lines.append(say("usual_legend_median" if len(standings) <= LINES else "usual_legend", language))
    return f'<p class="av-note av-usual">{" ".join(lines)}</p>'


def _about(what: str, view: View, value: float, k: int, known: tuple[GateReference, tuple[Standing, ...]]) -> str:
    """One number: its value, and where it lies."""
    found, standings = known
    low, high = (float(found.quantiles[i][k]) for i in (LOW, HIGH))
    digits = 3 if high - low < 0.05 else 2
    told = {"value": f"{value:.{digits}f}", "low": f"{low:.{digits}f}", "high": f"{high:.{digits}f}", "channel": k}
    told |= {"share": standings[k].share, "images": f"{view.reference.images:,}"}
    text = say(f"usual_{what}_{standings[k].side}", view.language, **told)
    return f"<strong>{text}</strong>" if standings[k].side != "usual" else text
