"""What every gate of a network says over many photographs: means, spread and quantiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attnviz.analysis.analyser import Analyser
from attnviz.audit.network import AuditedNetwork
from attnviz.audit.photographs import Photographs
from attnviz.audit.statistics.moments import Moments
from attnviz.audit.walk import gates_of
from attnviz.core.sites import GateSite
from attnviz.core.types import Floats
from attnviz.models.gate_reference import BUDGET, LEVELS, GateReference, Reference, encode, summary
from attnviz.models.network import Network
from attnviz.models.provenance import fingerprint

LARGEST_MEAN = 2**14
"""Most weights of a gate whose mean is kept."""


def measure_reference(loaded: Network, photographs: Photographs, data: str) -> Reference:
    """Statistics of every gate of a network.

    Args:
        loaded: The network.
        photographs: Files in a folder.
        data: What the data are called.

    Raises:
        UserError: A photograph cannot be read.
    """
    network = AuditedNetwork(Analyser(loaded))
    moments = {site.name: Moments.of(np.zeros((0, *site.shape[1:]))) for site in network.sites}
    seen: dict[str, list[Floats]] = {site.name: [] for site in network.sites}
    for gates in gates_of(network, photographs):
        for site in network.sites:
            values = gates[site.name]
            if moments[site.name].mean.size <= LARGEST_MEAN:
                moments[site.name] = moments[site.name].merge(Moments.of(values))
            numbers = summary(site.kind, values)
            seen[site.name] += [] if numbers is None else [numbers]
    kept = {site.name: _reference(site, moments[site.name], seen[site.name]) for site in network.sites}
    return _within_budget(Reference(len(photographs), data, photographs.content, fingerprint(loaded), kept))


def _reference(site: GateSite, moments: Moments, seen: list[Floats]) -> GateReference:
    """The spread is not kept for as many weights as features or pairs, nor for what is none."""
    kind = site.traits
    mean = moments.mean.astype(np.float32) if moments.mean.size <= LARGEST_MEAN else None
    spread = mean is not None and (kind.has_channels or kind.has_places) and not kind.per_element
    quantiles = np.quantile(np.concatenate(seen), np.array(LEVELS) / 100, axis=0) if seen else None
    return GateReference(
        site.kind,
        mean,
        np.sqrt(moments.variance).astype(np.float32) if spread else None,
        None if quantiles is None else quantiles.astype(np.float32),
    )


def _within_budget(reference: Reference) -> Reference:
    """A reference whose file is small: the largest means are left out until it is."""
    while len(encode(reference)) > BUDGET:
        kept = {name: gate.mean.size for name, gate in reference.gates.items() if gate.mean is not None}
        if not kept:
            break
        largest = max(kept, key=kept.__getitem__)
        smaller = replace(reference.gates[largest], mean=None, sd=None)
        reference = replace(reference, gates={**reference.gates, largest: smaller})
    return reference
