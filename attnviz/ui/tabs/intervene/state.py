"""What one visitor has changed in the Intervene tab, and the changes that can be made; everything sent is checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from attnviz.core.errors import UserError
from attnviz.core.types import Analysis, Floats, GateRecord
from attnviz.gates.edits.edit_list import EditList
from attnviz.models.gate_reference import Reference
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.page import Photo
from attnviz.ui.shared.sent_numbers import number, one_of, whole
from attnviz.ui.shared.text import plain
from attnviz.ui.shared.view import SIDE
from attnviz.ui.shared.view_document import effects
from attnviz.viewer.telling import first_gate

HISTORY = 50
"""Most changes that can be undone."""
MOST_TEXT = 5000
"""Longest list of channels in characters."""
MOST_FACTOR = 10.0


@dataclass(frozen=True)
class Bench:
    """One visitor's photograph, network and edits.

    Attributes:
        photo: The photograph.
        before: What the network says without edits.
        after: What it says with them.
        gate: The gate that is worked on; ``None`` where the network has none.
        edits: What is changed.
        past: Lists to go back to, the last one at the end.
        future: Lists that were undone, the next one at the end.
        language: Of the texts.
        reference: What the network's gates usually say, where that is known.
    """

    photo: Photo
    before: Analysis
    after: Analysis
    gate: str | None
    edits: EditList
    past: tuple[EditList, ...] = ()
    future: tuple[EditList, ...] = ()
    language: str = "en"
    reference: Reference | None = None

    def mean(self, gate: str) -> Floats | None:
        """(…) the mean of a gate over the validation photographs; ``None`` where it is not known."""
        site = self.before.gate(gate).site
        return self.reference.mean(site.name, site.kind, site.shape) if self.reference else None

    def has(self, gate: str | None) -> bool:
        """Whether the network has a gate of this name."""
        return any(record.site.name == gate for record in self.before.gates)

    @property
    def record(self) -> GateRecord | None:
        """The gate that is worked on, without edits."""
        return None if self.gate is None else self.before.gate(self.gate)

    @property
    def chosen(self) -> str:
        """Name of the gate that is worked on; ``UserError`` where the network has none."""
        if self.gate is None:
            raise UserError(plain("no_gates", self.language))
        return self.gate

    @property
    def scored(self) -> bool:
        """Whether the gate has a score for each channel."""
        return self.record is not None and self.record.site.has_scores

    @property
    def scores(self) -> Floats:
        """(C,) without edits; ``UserError`` where the gate has no channel scores."""
        if self.record is None or not self.scored:
            raise UserError(plain("no_channel", self.language, gate=self.gate))
        return self.record.scores

    @property
    def mask(self) -> Floats:
        """(H, W) with edits; ``UserError`` where the gate has no mask."""
        return self.after.gate(self.chosen).mask

    @property
    def brush(self) -> float:
        """What a brush paints at first: the end of 0..1 that is farther from what the mask is, so that it is seen."""
        record = self.record
        values = np.zeros(1) if record is None or not record.values.size else record.values
        return 0.0 if float(np.nanmean(values)) >= 0.5 else 1.0


def open_bench(store: Store, model: Any, photo: Photo, language: str, old: Bench | None = None) -> Bench:
    """A photograph in a network; edits, history and gate stay where the network is the same.

    Raises:
        UserError: The model or the photograph cannot be used.
    """
    picture = photo.source(language)
    with store.lease(model) as analyser:
        before = analyser.analyse(analyser.prepare(picture, SIDE))
        if not before.labels:
            raise UserError(plain("no_answer", language, name=before.model))
        fresh = EditList(before.model, weights=analyser.weights)
    if old is not None and (old.edits.model, old.edits.weights) == (fresh.model, fresh.weights):
        kept = replace(old, photo=photo, before=before, after=before, language=language)
        return _ran(store, kept, old.edits)
    first = first_gate(before, effects(store, before.model))
    return Bench(
        photo,
        before,
        before,
        None if first is None else before.gates[first.gate].site.name,
        fresh,
        language=language,
        reference=store.reference(before.model),
    )


def _ran(store: Store, bench: Bench, edits: EditList) -> Bench:
    """The bench with other edits, after the network has run under them."""
    if not edits.steps:
        return replace(bench, edits=edits, after=bench.before)
    with store.lease(bench.before.model) as analyser:
        return replace(bench, edits=edits, after=analyser.analyse(bench.before.image, edits))


def put(store: Store, bench: Bench, edits: EditList) -> Bench:
    """Other edits, as one change that can be undone."""
    past = (*bench.past, bench.edits)[-HISTORY:]
    return replace(_ran(store, bench, edits), past=past, future=())


def undo(store: Store, bench: Bench) -> Bench:
    """Back by one change, if there is one."""
    if not bench.past:
        return bench
    future = (*bench.future, bench.edits)
    return replace(_ran(store, bench, bench.past[-1]), past=bench.past[:-1], future=future)


def redo(store: Store, bench: Bench) -> Bench:
    """Forward by one change, if there is one."""
    if not bench.future:
        return bench
    past = (*bench.past, bench.edits)
    return replace(_ran(store, bench, bench.future[-1]), past=past, future=bench.future[:-1])


def reset(store: Store, bench: Bench) -> Bench:
    """No edits; it can be undone."""
    return put(store, bench, replace(bench.edits, steps=())) if bench.edits.steps else bench


def choose_gate(bench: Bench, gate: Any) -> Bench:
    """Another gate to work on; ``UserError`` where there is none of that name."""
    return replace(bench, gate=bench.before.gate(gate if isinstance(gate, str) else repr(gate)[:60]).site.name)


# what browsers send -------------------------------------------------------------------------------------------


def factor_of(action: Any, factor: Any, language: str) -> float:
    """What a click does to a channel: knocks it out (0), multiplies it, or leaves it alone (1)."""
    boost = partial(number, factor, 0, MOST_FACTOR, plain("iv_a_factor", language), language)
    actions: dict[str, Callable[[], float]] = {"knock_out": lambda: 0.0, "restore": lambda: 1.0, "boost": boost}
    return actions[one_of(action, actions, "unknown action {}")]()


def indices(sent: Any, count: int, language: str) -> list[int]:
    """Channels or cells that a script sent."""
    if not isinstance(sent, list) or not 1 <= len(sent) <= count:
        given = f"{len(sent)} of them" if isinstance(sent, list) else repr(sent)[:60]
        raise UserError(plain("iv_bad_list", language, count=count, given=given))
    return [whole(value, 0, count - 1, plain("iv_index", language), language) for value in sent]


def parse_channels(text: Any, count: int, language: str) -> list[int]:
    """``"0-9, 17"`` -> the channels; ``UserError`` where it cannot be read or one is not there."""
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_TEXT:
        raise UserError(plain("iv_bad_range", language, last=count - 1, given=repr(text)[:60]))
    channels: list[int] = []
    for part in filter(None, re.split(r"[\s,;，；、]+", re.sub(r"\s*[-–—~]\s*", "-", text.strip()))):
        ends = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part, re.ASCII)
        first, last = (int(ends[1]), int(ends[2] or ends[1])) if ends else (0, -1)
        if not first <= last < count:
            raise UserError(plain("iv_bad_range", language, last=count - 1, given=repr(part)[:60]))
        channels.extend(range(first, last + 1))
    return sorted(set(channels))


# channels -----------------------------------------------------------------------------------------------------


def multiply(bench: Bench, channels: Iterable[int], factor: float, toggle: bool = False) -> EditList:
    """Channels of the gate with a factor; ``toggle`` puts those back that have it already."""
    bench.scores  # noqa: B018 - the gate must have channels
    old = dict(bench.edits.factors(bench.chosen))
    for channel in channels:
        old[channel] = 1.0 if toggle and old.get(channel, 1.0) == factor else factor
    return bench.edits.with_factors(bench.chosen, old)


def ranked(bench: Bench, count: int, lowest: bool = False) -> list[int]:
    """The channels with the highest (or lowest) scores for this photograph without edits."""
    order = (bench.scores if lowest else -bench.scores).argsort(kind="stable")
    return [int(channel) for channel in order[:count]]


def picked_anew(bench: Bench, channels: Iterable[int], factor: float) -> EditList:
    """These channels of the gate with a factor, and no others: so one choice can be compared with the next."""
    return bench.edits.with_factors(bench.gate or "", {int(channel): factor for channel in channels})


def at_random(bench: Bench, count: int) -> list[int]:
    """Channels drawn at random, other ones after each change: the control for any choice of as many."""
    return np.random.default_rng(len(bench.past)).permutation(bench.scores.size)[:count].tolist()


def inverted(bench: Bench, factor: float) -> EditList:
    """What was changed is put back, and everything else changed instead."""
    changed = bench.edits.factors(bench.gate or "")
    return bench.edits.with_factors(
        bench.gate or "", {channel: factor for channel in range(bench.scores.size) if channel not in changed}
    )


PICKS: Mapping[str, Callable[[Bench, int, float], EditList]] = {
    "top": lambda bench, k, factor: picked_anew(bench, ranked(bench, k), factor),
    "bottom": lambda bench, k, factor: picked_anew(bench, ranked(bench, k, lowest=True), factor),
    "random": lambda bench, k, factor: picked_anew(bench, at_random(bench, k), factor),
    "invert": lambda bench, k, factor: inverted(bench, factor),
}
"""Ways to choose channels by a button."""
