"""The tests: the same photographs with gates replaced or channels knocked out, beside the network as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from attnviz.audit.decoding import Decoded
from attnviz.audit.network import Meeting, Network
from attnviz.audit.objects import ObjectTests
from attnviz.audit.replacements import REPLACEMENTS, Batch, Sources, edit_of, offered
from attnviz.audit.statistics.base import Array, Whole
from attnviz.audit.statistics.counts import Paired
from attnviz.audit.statistics.hashing import bootstrap_weights, key_of
from attnviz.audit.statistics.moments import CoMoments
from attnviz.audit.store import packed
from attnviz.core.types import Edit, Floats, GateSite

RESAMPLES = 2000
DRAWS = 5
"""Random sets of channels for each number of them."""
RANKINGS = ("gate", "gate_low", "product", "product_low")
"""Channels in the order of the gate, or of gate × |feature|; highest first, or lowest first."""


@dataclass(frozen=True)
class Change:
    """One thing that is done to gates.

    Attributes:
        what: A key of ``REPLACEMENTS``, one of ``RANKINGS``, or ``random``.
        gate: Name of the gate that is replaced alone; empty for all together.
        k: How many channels of each gate are knocked out, at most half of them; 0 for a replacement.
        draw: Which random set.
    """

    what: str
    gate: str = ""
    k: int = 0
    draw: int = 0


def changes_of(network: Network, sources: Sources, labelled: bool, quick: bool) -> tuple[Change, ...]:
    """Everything that is tested.

    Args:
        network: The network.
        sources: Where replacements are taken from.
        labelled: Whether photographs have classes.
        quick: Only all gates together, and no channels.
    """
    names = offered(labelled)
    changes = [Change(name) for name in names]
    if quick:
        return tuple(changes)
    for site in network.sites:
        changes += [Change(name, site.name) for name in names if REPLACEMENTS[name].alone and sources.holds(site)]
    for k in knock_outs(network.ranked):
        changes += [Change(ranking, k=k) for ranking in RANKINGS]
        changes += [Change("random", k=k, draw=draw) for draw in range(DRAWS)]
    return tuple(changes)


def knock_outs(ranked: Sequence[GateSite]) -> list[int]:
    """1, 2, 4, … up to half of the channels of the widest gate."""
    widest = max((site.features[1] for site in ranked), default=0)
    return [2**power for power in range(max(widest // 2, 1).bit_length())] if widest > 1 else []


class Trials:
    """Tests batches of photographs.

    Args:
        network: The network.
        sources: Where replacements are taken from.
        changes: What is tested.
        names: Of all photographs, by number.
        targets: Class of each; −1 without classes, then what the network itself says is compared with.
        objects: Where objects are in photographs.
    """

    def __init__(
        self,
        network: Network,
        sources: Sources,
        changes: Sequence[Change],
        names: Sequence[str],
        targets: Whole,
        objects: ObjectTests,
    ) -> None:
        self.network, self.sources, self.changes = network, sources, changes
        self.names, self.targets, self.objects = names, targets, objects
        self.replaced = [site for site in network.sites if sources.holds(site)]

    def block(self, decoded: Decoded, progress: Callable[[int], None]) -> dict[str, Array]:
        """Arrays for the file of a block of one batch."""
        network, numbers = self.network, decoded.numbers
        x = network.input(decoded.pixels, numbers)
        logits, tape = network.read(x, [site.name for site in network.ranked])
        meetings, targets = network.meetings(tape), self.targets[numbers]
        if len(targets) and targets[0] < 0:
            targets = logits.argmax(1)
        names = tuple(self.names[n] for n in numbers)
        batch = Batch(names, numbers, np.maximum(self.targets[numbers], 0), tape)
        after = []
        for change in self.changes:
            edits = self._edits(change, batch, meetings)
            after.append(_outcome(network.answer(x, edits) if edits else logits, targets))
            progress(len(names))
        before = _outcome(logits, targets)
        arrays = packed("paired", Paired.of(targets, before, after, bootstrap_weights(names, RESAMPLES)))
        for number, site in enumerate(network.sites):
            if site.name in meetings:
                meeting = meetings[site.name]
                arrays |= packed(f"gain/{number}", CoMoments.of(meeting.gate, meeting.feature))
        return arrays | self.objects.block(network, tape, numbers)

    def _edits(self, change: Change, batch: Batch, meetings: Mapping[str, Meeting]) -> dict[GateSite | str, Edit]:
        if change.k:
            return knock_out_edits(change, batch.names, self.network.ranked, meetings)
        sites = [site for site in self.replaced if change.gate in ("", site.name)]
        return {site: edit_of(change.what, self.sources, batch, site) for site in sites}


def _outcome(logits: Floats, targets: Whole) -> tuple[Array, Array]:
    """Answers (N,) and the logits of the true classes (N,)."""
    return logits.argmax(1), logits[np.arange(len(targets)), targets].astype(np.float64)


def knock_out_edits(
    change: Change, names: Sequence[str], ranked: Sequence[GateSite], meetings: Mapping[str, Meeting]
) -> dict[GateSite | str, Edit]:
    """Factors for every channel gate: 0 for k channels of each photograph, at most half of them, else 1."""
    edits: dict[GateSite | str, Edit] = {}
    for site in ranked:
        if site.name not in meetings:
            continue
        order = _order(change, names, site, meetings[site.name])
        factors = np.ones(order.shape, np.float32)
        np.put_along_axis(factors, order[:, : min(change.k, order.shape[1] // 2)], 0, axis=1)
        edits[site] = Edit("scale", factors.reshape(-1, *site.shape[1:]))
    return edits


def _order(change: Change, names: Sequence[str], site: GateSite, meeting: Meeting) -> Whole:
    """(N, C) channels of each photograph in the order in which they are knocked out."""
    if change.what == "random":
        purpose = f"random {change.draw}"
        rows = [
            np.random.default_rng([key_of(n, purpose), key_of(site.name)]).permutation(meeting.gate.shape[1])
            for n in names
        ]
        return np.stack(rows)
    strength = meeting.gate if change.what.startswith("gate") else meeting.gate * meeting.strength
    return np.argsort(strength if change.what.endswith("_low") else -strength, axis=1, kind="stable")
