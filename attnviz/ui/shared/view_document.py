"""A visitor's view as a document: the network's title, where its gates usually lie, and the first feature map."""

from __future__ import annotations

from typing import Any

from attnviz.audit.summaries import effects_of, verdicts_of
from attnviz.core.types import ChannelMap
from attnviz.models.gate_reference import HIGH, LOW, MIDDLE, Reference
from attnviz.ui.shared.text import class_name
from attnviz.ui.shared.view import Networks, View
from attnviz.viewer.document import Range, document
from attnviz.viewer.telling import first_gate


def document_of(networks: Networks, view: View, gate: str | None = None, channel: int | None = None) -> dict[str, Any]:
    """The document of what a visitor looks at.

    Of a channel gate that is shown first it holds the features of the channel that is kept most: they are what lies on
    the photograph, and nobody should have to ask for the first picture.

    Args:
        networks: The loaded models.
        view: What is looked at.
        gate: Name of a gate that it opens with; with ``channel``, the document holds its features too.
        channel: Of that gate.
    """
    audit = networks.audit(view.analysis.model)
    whole = document(
        view.analysis,
        title=networks.title(view.analysis.model),
        usual=ranges(view),
        labels={name: class_name(name, "zh") for name in view.analysis.labels},
        effects=effects(networks, view.analysis.model),
        verdicts=verdicts_of(audit),
        features=_features(networks, view, gate, channel),
        gate=gate,
        photograph=view.sample or "",
        classes=view.classes,
    )
    return {"id": view.id, **whole}


def effects(networks: Networks, model: str) -> dict[str, float]:
    """How many answers each gate changes where it is replaced by its mean; empty where no audit has measured that."""
    return effects_of(networks.audit(model))


def ranges(view: View) -> dict[str, Range]:
    """Where the gates of the network usually lie, by name; nothing for those of which that is not known."""
    reference: Reference | None = view.reference
    if reference is None:
        return {}
    usual = {}
    for site in (record.site for record in view.analysis.gates):
        statistics = reference.of(site.name, site.kind, site.shape)
        if statistics is not None and statistics.quantiles is not None:
            low, middle, high = (statistics.quantiles[level] for level in (LOW, MIDDLE, HIGH))
            usual[site.name] = Range(low, middle, high, reference.images)
    return usual


def _features(networks: Networks, view: View, gate: str | None, channel: int | None) -> tuple[ChannelMap, ...]:
    """The features that lie on the photograph when the view opens, and those of a channel that is asked for."""
    first, wanted = first_gate(view.analysis, effects(networks, view.analysis.model)), {}
    if first is not None and view.analysis.gates[first.gate].site.has_scores:
        record = view.analysis.gates[first.gate]
        wanted[record.site.name, int(record.scores.argmax())] = record
    if gate is not None and channel is not None:
        wanted[gate, channel] = view.analysis.gate(gate)
    shown = [key for key, record in wanted.items() if record.site.has_scores and len(record.site.features) == 4]
    if not shown:
        return ()
    with networks.lease(view.analysis.model) as analyser:
        return tuple(analyser.channel_map(view.analysis.image, *key) for key in shown)
