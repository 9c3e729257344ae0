"""A visitor's view as a document: the network's title, where its gates usually lie, and the first feature map."""

from __future__ import annotations

from typing import Any

from attnviz.core.types import ChannelMap
from attnviz.models.gate_reference import HIGH, LOW, MIDDLE, Reference
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.view import View
from attnviz.viewer.document import Range, document
from attnviz.viewer.telling import first_gate


def document_of(store: Store, view: View) -> dict[str, Any]:
    """The document of what a visitor looks at.

    Of a channel gate that is shown first it holds the features of the channel that is kept most: they are what lies on
    the photograph, and nobody should have to ask for the first picture.
    """
    whole = document(
        view.analysis,
        title=store.title(view.analysis.model),
        usual=ranges(view),
        features=_first_features(store, view),
        photograph=view.sample or "",
    )
    return {"id": view.id, **whole}


def ranges(view: View) -> dict[str, Range]:
    """Where the gates of the network usually lie, by name; nothing for those of which that is not known."""
    known: Reference | None = view.reference
    if known is None:
        return {}
    usual = {}
    for site in (record.site for record in view.analysis.gates):
        found = known.of(site.name, site.kind, site.shape)
        if found is not None and found.quantiles is not None:
            low, middle, high = (found.quantiles[level] for level in (LOW, MIDDLE, HIGH))
            usual[site.name] = Range(low, middle, high, known.images)
    return usual


def _first_features(store: Store, view: View) -> tuple[ChannelMap, ...]:
    first = first_gate(view.analysis)
    record = None if first is None else view.analysis.gates[first.gate]
    if record is None or not record.site.has_scores or len(record.site.features) != 4:
        return ()
    with store.lease(view.analysis.model) as analyser:
        return (analyser.channel_map(view.analysis.image, record.site.name, int(record.scores.argmax())),)
