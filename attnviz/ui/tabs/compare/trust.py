"""The trust panel: how faithful the pictures of a comparison are, beside random and centre-weighted maps."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from html import escape

from attnviz.analysis.faithfulness import CENTRE, judge, sensitivity
from attnviz.core.errors import Cancelled, UserError
from attnviz.core.types import Attribution, Floats
from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.explain.faithfulness.results import Judged, Trust
from attnviz.render.colour import number
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.jobs import Report
from attnviz.ui.shared.memory import Memory
from attnviz.ui.shared.text import class_name, plain, say
from attnviz.ui.tabs.compare.compute import why_ended
from attnviz.ui.tabs.compare.state import Comparison, Look
from attnviz.ui.tabs.compare.table_html import Cells, cells_of

BUDGET_S = 60.0
"""Seconds for the whole panel: others wait in the same lane."""
MASK, ATTRIBUTION = "mask", "attribution"
"""Names of the maps that are judged."""


@dataclass(frozen=True)
class Judgement:
    """What was measured for one row.

    Attributes:
        title: Of the row.
        label: The class whose probability was followed.
        trust: Deletion, insertion and agreement; ``None`` where there is nothing to judge or it was not finished.
        learned: By map, the rank correlation with the map of the same network with random weights; ``None`` if flat.
        why: Why there is no ``trust``, in the visitor's language.
    """

    title: str
    label: str
    trust: Trust | None = None
    learned: tuple[tuple[str, float | None], ...] = ()
    why: str = ""


class Trusting:
    """Measures for all visitors; what was measured before comes from a bounded cache.

    Args:
        store: The models.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._kept: Memory[Judgement] = Memory(64)

    def measure(self, comparison: Comparison, look: Look, report: Report) -> tuple[Judgement, ...]:
        """Measure the pictures of all rows; what does not fit in the budget says so."""
        started, judgements, rows = time.monotonic(), [], cells_of(comparison, look)
        for index, cells in enumerate(rows):
            report.say(f"{plain('cmp_measuring', comparison.language)} · {cells.row.title}", share := index / len(rows))
            key = self._key(cells, comparison)
            kept = self._kept.get(key)
            if kept is not None:
                judgements.append(kept)
                continue
            left = BUDGET_S - (time.monotonic() - started)
            done = self._judge(cells, comparison, report, (share, (index + 1) / len(rows)), left)
            judgements.append(done if done.trust is None else self._kept.put(key, done))
        return tuple(judgements)

    def _key(self, cells: Cells, comparison: Comparison) -> Hashable:
        row, mask, attribution = cells.row, cells.mask, cells.row.attribution
        parameters = (
            None if attribution is None else (attribution.method, tuple(sorted(attribution.parameters.items())))
        )
        shown = None if mask is None else (mask.gate, mask.how, mask.query)
        return row.analysis.model, row.photo, row.target, row.title, shown, parameters, comparison.language

    def _judge(
        self, cells: Cells, comparison: Comparison, report: Report, bounds: tuple[float, float], left: float
    ) -> Judgement:
        row, language = cells.row, comparison.language
        maps: dict[str, Floats | Attribution] = {}
        if cells.mask is not None and cells.mask.is_mask:
            maps[MASK] = cells.mask.values
        if row.attribution is not None:
            maps[ATTRIBUTION] = row.attribution
        if not maps:
            return Judgement(row.title, row.label, why=plain("cmp_trust_nothing", language))
        if report.stop.is_set() or left <= 0:
            return Judgement(row.title, row.label, why=why_ended(report, BUDGET_S, language))
        try:
            with self.store.lease(row.analysis.model) as analyser:
                trust = judge(
                    analyser,
                    row.analysis.image,
                    row.target,
                    maps,
                    progress=report.part(*bounds),
                    cancelled=report.stop.is_set,
                    budget_s=left,
                )
                learned = []
                if cells.mask is not None and cells.mask.is_gate:
                    rho = sensitivity(analyser, row.analysis.image, row.target, gate=cells.mask.gate, points=1)
                    learned.append((MASK, rho[-1][1]))
                attribution = row.attribution
                if attribution is not None and ATTRIBUTIONS[attribution.method].cost == "instant":
                    rho = sensitivity(analyser, row.analysis.image, row.target, method=attribution.method, points=1)
                    learned.append((ATTRIBUTION, rho[-1][1]))
        except Cancelled:
            return Judgement(row.title, row.label, why=plain("cmp_stopped", language))
        except UserError as error:
            return Judgement(row.title, row.label, why=str(error))
        return Judgement(row.title, row.label, trust, tuple(learned))


def _chart(curves: Sequence[tuple[str, Floats, Floats]], title: str) -> str:
    """Probability against the share of changed pixels, one line a map."""
    lines = "".join(
        f'<polyline class="av-line av-line-{name}" points="'
        + " ".join(f"{100 * x:.1f},{100 - 100 * y:.1f}" for x, y in zip(xs.tolist(), ys.tolist(), strict=True))
        + '"/>'
        for name, xs, ys in curves
    )
    return (
        f'<div class="av-chart" role="img" aria-label="{escape(title)}"><div class="av-note">{escape(title)}</div>'
        f'<div class="av-bars"><span class="av-high">1</span><svg viewBox="0 0 100 100" preserveAspectRatio="none" '
        f'aria-hidden="true">{lines}</svg><span class="av-low">0</span></div></div>'
    )


def _reading(judged: Judged, language: str) -> str:
    down, up = judged.beats_random
    text = say(f"choice_trust_{'yes' if down else 'no'}_{'yes' if up else 'no'}", language)
    if not (down or up):
        return text
    return (
        f"{text} {say('cmp_trust_chance', language, count=len(judged.random_deletion), share=f'{judged.chance:.0%}')}"
    )


def _range(values: Sequence[float], language: str) -> str:
    return say("cmp_random", language, low=f"{min(values):.2f}", high=f"{max(values):.2f}")


def _line(name: str, cells: str, down: str, up: str, reading: str = "") -> str:
    said = f'<tr class="av-said"><td colspan="4">{reading}</td></tr>' if reading else ""
    return f'<tr><th scope="row">{name}</th><td>{cells}</td><td>{down}</td><td>{up}</td></tr>{said}'


def _names(language: str, method: str) -> dict[str, str]:
    title = ATTRIBUTIONS[method].title
    return {MASK: say("cmp_mask", language), ATTRIBUTION: escape(title), CENTRE: say("cmp_centre", language)}


def judgement_html(judgement: Judgement, method: str, language: str) -> str:
    """The numbers of one row, each with a sentence on how to read it."""
    head = f"<h3>{escape(judgement.title)}</h3>"
    trust = judgement.trust
    if trust is None:
        return f'<section class="av-trust">{head}<p class="av-note">{escape(judgement.why)}</p></section>'
    names, rows = _names(language, method), []
    for j in trust.maps:
        cells = "×".join(map(str, j.cells))
        down, up = (
            f"<strong>{own:.2f}</strong><small>{_range(r, language)}</small>"
            for own, r in (
                (j.curves.deletion_auc, j.random_deletion),
                (j.curves.insertion_auc, j.random_insertion),
            )
        )
        rows.append(_line(names[j.name], cells, down, up, _reading(j, language)))
    centre = trust.centre
    rows.append(_line(names[CENTRE], "–", f"{centre.deletion_auc:.2f}", f"{centre.insertion_auc:.2f}"))
    titles = (
        say("cmp_map", language),
        say("cells", language),
        say("cmp_deletion", language),
        say("cmp_insertion", language),
    )
    heads = "".join(f'<th scope="col">{text}</th>' for text in titles)
    curves = [(j.name, j.curves) for j in trust.maps] + [(CENTRE, centre)]
    charts = _chart([(n, c.shares, c.deletion) for n, c in curves], plain("cmp_deletion_chart", language))
    charts += _chart([(n, c.shares, c.insertion) for n, c in curves], plain("cmp_insertion_chart", language))
    keys = "".join(f'<span class="av-key av-key-{n}">{names[n]}</span>' for n, _ in curves)
    followed = say("cmp_followed", language, label=class_name(judgement.label, language))
    return (
        f'<section class="av-trust">{head}<p class="av-note">{followed}</p>'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f'<div class="av-charts">{charts}</div><p class="av-keys">{keys}</p>'
        f"<ul>{''.join(_agreements(judgement, trust, names, language))}</ul></section>"
    )


def _agreements(judgement: Judgement, trust: Trust, names: dict[str, str], language: str) -> list[str]:
    lines = []
    for (a, b), rho in trust.agreement.items():
        pair = f"{names[a]} ↔ {names[b]}"
        sentence = say("cmp_flat", language) if rho is None else say("cmp_agree", language, rho=number(rho))
        lines.append(f"<li><strong>{pair}</strong>: {sentence}</li>")
    for name, rho in judgement.learned:
        sentence = say("cmp_flat", language) if rho is None else say("cmp_learned", language, rho=number(rho))
        lines.append(f"<li><strong>{names[name]}</strong>: {sentence}</li>")
    return lines


def trust_html(judgements: Sequence[Judgement], method: str, language: str) -> str:
    """All rows, and how to read them."""
    how = "".join(f"<p>{part}</p>" for part in say("cmp_trust_how", language).split("|"))
    parts = "".join(judgement_html(judgement, method, language) for judgement in judgements)
    return f'<div class="av-how">{how}</div><div class="av-trusts">{parts}</div>'
