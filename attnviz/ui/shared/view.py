"""What one visitor is looking at, and the few things that can be done with it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from attnviz.core.errors import UserError
from attnviz.core.types import Analysis, ChannelMap, GateRecord
from attnviz.images.decode import open_photograph
from attnviz.images.prepare import prepare
from attnviz.images.samples import load_sample
from attnviz.models.gate_reference import GateReference, Reference
from attnviz.render.first_gate import default_gate
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.sent_numbers import whole
from attnviz.ui.shared.text import plain

SIDE = 900
"""Longest side in pixels of the photograph that is kept for display."""


@dataclass(frozen=True)
class View:
    """One visitor's last analysis and what of it is shown.

    Attributes:
        analysis: What the network said.
        sample: Name of the sample photograph, or ``None`` for the visitor's own.
        path: File of the visitor's own photograph, or ``None``.
        gate: Name of the gate shown large; ``None`` where the network has none.
        why: Why this gate is shown, as ``render.first_gate.default_gate`` says it; empty where the visitor chose it.
        channel: The feature map shown below the scores of a channel gate.
        language: Of the texts.
        reference: What the network's gates usually say, where that is known.
        query: Which place asks in a pairwise gate: down and across, each in [0, 1].
        id: Of the analysis as it is shown; what the browser asks names it, for another one may be on its way there.
    """

    analysis: Analysis
    sample: str | None
    path: str | None
    gate: str | None
    why: str = ""
    channel: ChannelMap | None = None
    language: str = "en"
    reference: Reference | None = None
    query: tuple[float, float] = (0.5, 0.5)
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def usual(self) -> GateReference | None:
        """What the gate shown large usually says; ``None`` where that is not known."""
        if self.record is None or self.reference is None:
            return None
        site = self.record.site
        return self.reference.of(site.name, site.kind, site.shape)

    @property
    def record(self) -> GateRecord | None:
        """The gate shown large."""
        return None if self.gate is None else self.analysis.gate(self.gate)

    @property
    def scored(self) -> bool:
        """Whether the gate shown large has a score for each channel."""
        record = self.record
        return record is not None and record.site.has_scores


def look(store: Store, model: str, *, sample: str | None = None, path: str | None = None, language: str = "en") -> View:
    """Analyse a sample or a visitor's own photograph; no gate is chosen.

    Args:
        store: The loaded models.
        model: Id of a checkpoint.
        sample: Name of a sample; used where there is no ``path``.
        path: File of a photograph.
        language: Of the texts.

    Raises:
        UserError: The model or the photograph cannot be used.
    """
    if path is not None and not Path(path).is_file():
        raise UserError(plain("lost_photo", language))
    photograph = open_photograph(path) if path is not None else load_sample(sample or "")
    with store.lease(model) as analyser:
        analysis = analyser.analyse(prepare(photograph, analyser.loaded.spec.input, SIDE))
    view = View(analysis, None if path is not None else sample, path, None, language=language)
    return replace(view, reference=store.reference(model))


def open_view(
    store: Store,
    model: str,
    *,
    sample: str | None = None,
    path: str | None = None,
    gate: str | None = None,
    language: str = "en",
) -> View:
    """The same as ``look`` with a gate shown large: ``gate``, if the network has it, else the default one."""
    view = look(store, model, sample=sample, path=path, language=language)
    analysis = view.analysis
    if gate is not None and any(record.site.name == gate for record in analysis.gates):
        return show_gate(store, view, gate)
    first, why = default_gate(analysis)
    return view if first is None else replace(show_gate(store, view, first), why=why)


def show_gate(store: Store, view: View, gate: Any) -> View:
    """Another gate of the same analysis; of a channel gate, the channel with the highest score is shown first."""
    record = view.analysis.gate(gate if isinstance(gate, str) else repr(gate))
    chosen = replace(view, gate=record.site.name, why="", channel=None)
    return show_channel(store, chosen, int(record.scores.argmax())) if chosen.scored else chosen


def show_channel(store: Store, view: View, channel: Any) -> View:
    """The feature map of one channel; indices come from the browser and are checked here.

    Raises:
        UserError: The gate has no channel scores, or there is no such channel.
    """
    record = view.record
    if record is None or not view.scored:
        raise UserError(plain("no_channel", view.language, gate=view.gate))
    index = whole(channel, 0, record.scores.size - 1, plain("link_channel", view.language), view.language)
    with store.lease(view.analysis.model) as analyser:
        return replace(view, channel=analyser.channel_map(view.analysis.image, record.site.name, index))
