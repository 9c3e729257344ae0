"""Computing a comparison: analyses, costs and attributions, each from a bounded cache where it was computed before."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from attnviz.analysis.analyser import Analyser
from attnviz.analysis.attribute import explain, supports
from attnviz.analysis.timing import Cost, costs
from attnviz.core.errors import Cancelled, UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.types import Analysis, Attribution, Floats, PreparedImage
from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.images.channels import prepared
from attnviz.render.masks import mask_of
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.jobs import Report
from attnviz.ui.shared.memory import Memory
from attnviz.ui.shared.page import Photo
from attnviz.ui.shared.text import network_title, plain
from attnviz.ui.tabs.compare.state import (
    CLASS,
    OWN,
    Comparison,
    ComparisonRequest,
    Row,
    choose_class,
    groups,
    spaced,
)

SIDE = 480
"""Longest side in pixels of the photographs that are kept for display."""
BUDGET_S = 30.0
"""Seconds for all attributions of a comparison: others wait in the same lane."""


def memory_text(error: Exception, language: str) -> str:
    """A sentence for an error that a network may cause; anything unexpected is raised again."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return plain("cmp_memory", language)
    raise error


def why_ended(report: Report, budget_s: float, language: str) -> str:
    """Why no more is computed: the visitor stopped it, or its seconds were spent."""
    stopped = report.stop.is_set()
    return plain("cmp_stopped" if stopped else "cmp_budget", language, seconds=int(budget_s))


class Team:
    """Models that are leased at their first use and kept until the end, so that none is loaded twice in between.

    Only one thread at a time may have a team: two could wait for each other's models.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._stack = ExitStack()
        self._leased: dict[str, Analyser] = {}

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def __getitem__(self, name: str) -> Analyser:
        if name not in self._leased:
            self._leased[name] = self._stack.enter_context(self.store.lease(name))
        return self._leased[name]


class Work:
    """Computes comparisons for all visitors.

    Args:
        store: The models.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._turn = threading.Lock()
        self._images: Memory[PreparedImage] = Memory(16)
        self._analyses: Memory[Analysis] = Memory(24)
        self._strengths: Memory[Floats] = Memory(24)
        self._attributions: Memory[Attribution] = Memory(64)
        self._costs: Memory[Mapping[str, Cost]] = Memory(32)

    def image(self, photo: Photo, spec: InputSpec, language: str) -> PreparedImage:
        """A photograph for networks with such an input."""
        return self._images.of((photo, spec), lambda: prepared(photo.source(language), spec, SIDE))

    def analysis(self, team: Team, model: str, photo: Photo, language: str) -> Analysis:
        """What a network says about a photograph."""

        def make() -> Analysis:
            analysis = team[model].analyse(self.image(photo, team[model].loaded.spec.input, language))
            if not analysis.labels:
                raise UserError(plain("no_answer", language, name=analysis.model))
            return analysis

        return self._analyses.of((model, photo), make)

    def compare(self, wanted: ComparisonRequest, language: str, report: Report) -> Comparison:
        """Compute what is wanted; networks that cannot be used are left out with a sentence.

        Raises:
            UserError: None of them can be used, or a photograph cannot.
        """
        with self._turn, Team(self.store) as team:
            return self._compare(team, wanted, language, report)

    def _compare(self, team: Team, wanted: ComparisonRequest, language: str, report: Report) -> Comparison:
        pairs, notes = self._analyses_of(team, wanted, language, report)
        choice, labels, missed = choose_class(wanted, [a for _, _, a in pairs], language)
        rows = tuple(self._row(team, wanted, *pair, choice, language) for pair in pairs)
        if wanted.mode == "gates":
            rows, more = self._by_gate(team, rows[0], language)
            missed += more
        report.say(plain("cmp_timing", language))
        costs = self.costs(team, tuple(dict.fromkeys(m for m, _, _ in pairs)), {m: a.image for m, _, a in pairs})
        if choice != wanted.choice:
            wanted = replace(wanted, choice=None)  # nobody chose this class
        comparison = Comparison(wanted, rows, costs, labels, choice, (*notes, *missed), language=language)
        return self._explained(team, comparison, report)

    def _analyses_of(
        self, team: Team, wanted: ComparisonRequest, language: str, report: Report
    ) -> tuple[list[tuple[str, Photo, Analysis]], list[str]]:
        """Every network with every photograph, and a sentence for each network that cannot be used."""
        pairs: list[tuple[str, Photo, Analysis]] = []
        notes: list[str] = []
        for photo in wanted.photos:
            if any(self._analyses.get((model, photo)) is None for model in wanted.models):
                photo.open(language)  # a photograph that cannot be read is no fault of the first network
        for index, model in enumerate(wanted.models):
            name = network_title(self.store.title(model), language)
            report.say(plain("cmp_analysing", language, name=name), index / len(wanted.models))
            try:
                pairs += [(model, photo, self.analysis(team, model, photo, language)) for photo in wanted.photos]
            except (UserError, MemoryError, RuntimeError) as error:
                notes.append(plain("cmp_left_out", language, name=name, reason=memory_text(error, language)))
        if not pairs:
            raise UserError(" ".join(notes))
        return pairs, notes

    def _row(
        self,
        team: Team,
        wanted: ComparisonRequest,
        model: str,
        photo: Photo,
        analysis: Analysis,
        choice: str,
        language: str,
    ) -> Row:
        own = int(analysis.logits.argmax())
        target = own if choice == OWN else analysis.labels.index(choice.removeprefix(CLASS))
        title = network_title(self.store.title(model), language)
        if wanted.mode == "photographs":
            number = [p.path for p in wanted.photos if p.path is not None].index(photo.path) + 1 if photo.path else 0
            title = photo.called(language) or plain("cmp_yours", language, number=number)
        return Row(title, photo, analysis, target, self.strength(team, model, photo, analysis))

    def _by_gate(self, team: Team, row: Row, language: str) -> tuple[tuple[Row, ...], list[str]]:
        """The gates of one network as rows, and a sentence where not all of them fit."""
        modules = groups(row.gates)
        if not modules:
            raise UserError(plain("cmp_no_gates", language, name=row.title))
        shown = [modules[i] for i in spaced(len(modules))]
        rows = []
        for members in shown:
            analysis = replace(row.analysis, gates=members)
            title = members[0].site.name if len(members) == 1 else members[0].site.name.rpartition(".")[0]
            strength = self.strength(team, analysis.model, row.photo, analysis)
            rows.append(replace(row, title=title, analysis=analysis, strength=strength))
        left = len(modules) - len(shown)
        return tuple(rows), [plain("cmp_some_gates", language, shown=len(shown), count=len(modules))] if left else []

    def strength(self, team: Team, model: str, photo: Photo, analysis: Analysis) -> tuple[Floats, str] | None:
        """Mean |x · g| at the last channel gate of a network without a mask."""
        names = [g.site.name for g in analysis.gates if g.site.has_scores and len(g.site.features) == 4]
        if not names or mask_of(analysis.gates) is not None:
            return None

        values = self._strengths.of((model, photo, names[-1]), lambda: team[model].strength(analysis.image, names[-1]))
        return values, names[-1]

    def costs(self, team: Team, models: tuple[str, ...], images: Mapping[str, PreparedImage]) -> Mapping[str, Cost]:
        """Sizes, and times of all networks in turns."""
        return self._costs.of(tuple(sorted(models)), lambda: costs({name: team[name] for name in models}, images))

    def _explained(self, team: Team, comparison: Comparison, report: Report) -> Comparison:
        """Add the attributions, as far as they support the networks and are wanted now."""
        started, rows, wanted = time.monotonic(), [], comparison.wanted
        over = ""
        for index, row in enumerate(comparison.rows):
            bounds = (index / len(comparison.rows), (index + 1) / len(comparison.rows))
            report.say(
                plain("cmp_explaining", comparison.language, method=ATTRIBUTIONS[wanted.method].title), bounds[0]
            )
            left = BUDGET_S - (time.monotonic() - started)
            kept = self._attributions.get(self._key(wanted, row))
            if kept is not None:
                rows.append(replace(row, attribution=kept))
            elif over:
                rows.append(replace(row, why=over))
            else:
                row, over = self._explain(team, wanted, row, report, bounds, left, comparison.language)
                rows.append(row)
        return replace(comparison, rows=tuple(rows))

    def _key(self, wanted: ComparisonRequest, row: Row) -> tuple[Any, ...]:
        parameters = tuple(sorted(ATTRIBUTIONS[wanted.method].check(wanted.parameters).items()))
        return row.analysis.model, row.photo, row.target, wanted.method, parameters

    def _explain(
        self,
        team: Team,
        wanted: ComparisonRequest,
        row: Row,
        report: Report,
        bounds: tuple[float, float],
        left: float,
        language: str,
    ) -> tuple[Row, str]:
        """A row with its attribution or why it has none; and, where no other row can have one either, why."""
        method = ATTRIBUTIONS[wanted.method]
        analyser = team[row.analysis.model]
        refused = supports(analyser, wanted.method)
        if refused is not None:
            others = [m.title for name, m in ATTRIBUTIONS.items() if supports(analyser, name) is None]
            offer = plain("cmp_try", language, methods=", ".join(others)) if others else ""
            return replace(row, why=plain("cmp_refused", language, reason=refused, offer=offer)), ""
        if method.cost != "instant" and not wanted.compute:
            text = plain("cmp_press", language, method=method.title)
            return replace(row, why=text), text
        if report.stop.is_set() or left <= 0:
            text = why_ended(report, BUDGET_S, language)
            return replace(row, why=text), text
        try:
            attribution = explain(
                analyser,
                row.analysis.image,
                row.target,
                wanted.method,
                progress=report.part(*bounds),
                cancelled=report.stop.is_set,
                budget_s=left,
                **wanted.parameters,
            )
        except Cancelled:
            text = plain("cmp_stopped", language)
            return replace(row, why=text), text
        except (UserError, MemoryError, RuntimeError) as error:
            return replace(row, why=memory_text(error, language)), ""
        return replace(row, attribution=self._attributions.put(self._key(wanted, row), attribution)), ""
