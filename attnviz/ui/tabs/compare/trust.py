"""The trust panel: how faithful the pictures of a comparison are, beside random and centre-weighted maps."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from attnviz.analysis.faithfulness import CENTRE, judge, sensitivity
from attnviz.core.errors import Cancelled, UserError
from attnviz.core.types import Attribution, Floats
from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.explain.faithfulness.results import Judged, Trust
from attnviz.render.colour import number
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.jobs import Report
from attnviz.ui.shared.memory import Memory
from attnviz.ui.shared.text import class_name, plain
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


def _chart(curves: Sequence[tuple[str, Floats, Floats]], title: str) -> Markup:
    """Probability against the share of changed pixels, one line a map."""
    lines = Markup("").join(
        Markup('<polyline class="av-line av-line-{}" points="{}"/>').format(
            name,
            " ".join(f"{100 * x:.1f},{100 - 100 * y:.1f}" for x, y in zip(xs.tolist(), ys.tolist(), strict=True)),
        )
        for name, xs, ys in curves
    )
    return Markup(
        '<div class="av-chart" role="img" aria-label="{title}"><div class="av-note">{title}</div>'
        '<div class="av-bars"><span class="av-high">1</span><svg viewBox="0 0 100 100" preserveAspectRatio="none" '
        'aria-hidden="true">{lines}</svg><span class="av-low">0</span></div></div>'
    ).format(title=title, lines=lines)


def _reading(judged: Judged, language: str) -> str:
    down, up = judged.beats_random
    text = plain(f"choice_trust_{'yes' if down else 'no'}_{'yes' if up else 'no'}", language)
    if not (down or up):
        return text
    count, share = len(judged.random_deletion), f"{judged.chance:.0%}"
    return f"{text} {plain('cmp_trust_chance', language, count=count, share=share)}"


def _range(values: Sequence[float], language: str) -> str:
    return plain("cmp_random", language, low=f"{min(values):.2f}", high=f"{max(values):.2f}")


def _line(name: str, cells: str, down: str, up: str, reading: str = "") -> Markup:
    said = Markup('<tr class="av-said"><td colspan="4">{}</td></tr>').format(reading) if reading else ""
    return Markup('<tr><th scope="row">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>{}').format(
        name, cells, down, up, said
    )


def _names(language: str, method: str) -> dict[str, str]:
    title = ATTRIBUTIONS[method].title
    return {MASK: plain("cmp_mask", language), ATTRIBUTION: title, CENTRE: plain("cmp_centre", language)}


def judgement_html(judgement: Judgement, method: str, language: str) -> Markup:
    """The numbers of one row, each with a sentence on how to read it."""
    trust = judgement.trust
    if trust is None:
        return Markup('<section class="av-trust"><h3>{}</h3><p class="av-note">{}</p></section>').format(
            judgement.title, judgement.why
        )
    names, rows = _names(language, method), []
    for j in trust.maps:
        cells = "×".join(map(str, j.cells))
        down, up = (
            Markup("<strong>{:.2f}</strong><small>{}</small>").format(own, _range(r, language))
            for own, r in (
                (j.curves.deletion_auc, j.random_deletion),
                (j.curves.insertion_auc, j.random_insertion),
            )
        )
        rows.append(_line(names[j.name], cells, down, up, _reading(j, language)))
    centre = trust.centre
    rows.append(_line(names[CENTRE], "–", f"{centre.deletion_auc:.2f}", f"{centre.insertion_auc:.2f}"))
    heads = ("cmp_map", "cells", "cmp_deletion", "cmp_insertion")
    curves = [(j.name, j.curves) for j in trust.maps] + [(CENTRE, centre)]
    charts = _chart([(n, c.shares, c.deletion) for n, c in curves], plain("cmp_deletion_chart", language))
    charts += _chart([(n, c.shares, c.insertion) for n, c in curves], plain("cmp_insertion_chart", language))
    followed = plain("cmp_followed", language, label=class_name(judgement.label, language))
    return Markup(
        '<section class="av-trust"><h3>{}</h3><p class="av-note">{}</p><table><thead><tr>{}</tr></thead>'
        '<tbody>{}</tbody></table><div class="av-charts">{}</div><p class="av-keys">{}</p><ul>{}</ul></section>'
    ).format(
        judgement.title,
        followed,
        Markup("").join(Markup('<th scope="col">{}</th>').format(plain(key, language)) for key in heads),
        Markup("").join(rows),
        charts,
        Markup("").join(Markup('<span class="av-key av-key-{}">{}</span>').format(n, names[n]) for n, _ in curves),
        _agreements(judgement, trust, names, language),
    )


def _agreements(judgement: Judgement, trust: Trust, names: dict[str, str], language: str) -> Markup:
    lines = [(f"{names[a]} ↔ {names[b]}", "cmp_agree", rho) for (a, b), rho in trust.agreement.items()]
    lines += [(names[name], "cmp_learned", rho) for name, rho in judgement.learned]
    return Markup("").join(
        Markup("<li><strong>{}</strong>: {}</li>").format(
            name, plain("cmp_flat", language) if rho is None else plain(key, language, rho=number(rho))
        )
        for name, key, rho in lines
    )


def trust_html(judgements: Sequence[Judgement], method: str, language: str) -> str:
    """All rows, and how to read them."""
    how = Markup("").join(Markup("<p>{}</p>").format(part) for part in plain("cmp_trust_how", language).split("|"))
    parts = Markup("").join(judgement_html(judgement, method, language) for judgement in judgements)
    return str(Markup('<div class="av-how">{}</div><div class="av-trusts">{}</div>').format(how, parts))
