"""The tests: the same photographs with gates replaced or channels knocked out, beside the network as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from attnviz.audit.decoding import Decoded
from attnviz.audit.network import AuditedNetwork, Meeting
from attnviz.audit.replacements import REPLACEMENTS, Batch, Sources, can, edit_of, offered
from attnviz.audit.statistics.base import Array, Whole
from attnviz.audit.statistics.counts import Paired
from attnviz.audit.statistics.hashing import bootstrap_weights, key_of
from attnviz.audit.statistics.moments import CoMoments
from attnviz.audit.store import packed
from attnviz.core.sites import GateSite
from attnviz.core.types import Edit, Floats

RESAMPLES = 2000
DRAWS = 5
"""Random sets of channels for each number of them."""
RANKINGS = ("gate", "gate_low", "product", "product_low")
"""Channels in the order of the gate, or of gate × |feature|; highest first, or lowest first."""


@dataclass(frozen=True)
class GateChange:
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


def changes_of(network: AuditedNetwork, sources: Sources, labelled: bool, quick: bool) -> tuple[GateChange, ...]:
    """Everything that is tested.

    Args:
        network: The network.
        sources: Where replacements are taken from.
        labelled: Whether photographs have classes.
        quick: Only all gates together, and no channels.
    """
    names = offered(labelled)
    changes = [GateChange(name) for name in names if any(can(name, sources, site) for site in network.sites)]
    if quick:
        return tuple(changes)
    for site in network.sites:
        able = [name for name in names if REPLACEMENTS[name].alone and can(name, sources, site)]
        changes += [GateChange(name, site.name) for name in able]
    for k in knock_outs(network.ranked):
        changes += [GateChange(ranking, k=k) for ranking in RANKINGS]
        changes += [GateChange("random", k=k, draw=draw) for draw in range(DRAWS)]
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
    """

    def __init__(
        self,
        network: AuditedNetwork,
        sources: Sources,
        changes: Sequence[GateChange],
        names: Sequence[str],
        targets: Whole,
    ) -> None:
        self.network, self.sources, self.changes = network, sources, changes
        self.names, self.targets = names, targets

    def block(self, decoded: Decoded, progress: Callable[[int], None]) -> dict[str, Array]:
        """Arrays for the file of a block of one batch."""
        network, numbers = self.network, decoded.numbers
        x = network.input(decoded.pixels, numbers)
        logits, tape = network.read(x, [site.name for site in network.ranked], keep=True)
        meetings, targets = network.meetings(tape), self.targets[numbers]
        if len(targets) and targets[0] < 0:
            targets = logits.argmax(1)
        names = tuple(self.names[n] for n in numbers)
        batch = Batch(names, numbers, np.maximum(self.targets[numbers], 0), tape)
        after, orders = [], Orders(names, meetings)
        for change in self.changes:
            edits = self._edits(change, batch, orders)
            after.append(outcome(network.answer(x, edits) if edits else logits, targets))
            progress(len(names))
        before = outcome(logits, targets)
        arrays = packed("paired", Paired.of(targets, before, after, bootstrap_weights(names, RESAMPLES)))
        for number, site in enumerate(network.sites):
            if site.name in meetings:
                meeting = meetings[site.name]
                arrays |= packed(f"gain/{number}", CoMoments.of(meeting.gate, meeting.feature))
        return arrays

    def _edits(self, change: GateChange, batch: Batch, orders: Orders) -> dict[GateSite, Edit]:
        if change.k:
            return {site: knock_out(orders.of(change, site), change.k, site) for site in orders.ranked(self.network)}
        asked = [site for site in self.network.sites if change.gate in ("", site.name)]
        sites = [site for site in asked if can(change.what, self.sources, site)]
        return {site: edit_of(change.what, self.sources, batch, site) for site in sites}


def outcome(logits: Floats, targets: Whole) -> tuple[Array, Array]:
    """Answers (N,) and the logits of the true classes (N,)."""
    return logits.argmax(1), logits[np.arange(len(targets)), targets].astype(np.float64)


class Orders:
    """In which order the channels of a batch of photographs are knocked out.

    Args:
        names: N names.
        meetings: What their channel gates and features say, by gate.
    """

    def __init__(self, names: Sequence[str], meetings: Mapping[str, Meeting]) -> None:
        self.names, self.meetings = names, meetings
        self._known: dict[tuple[str, int, str], Whole] = {}

    def ranked(self, network: AuditedNetwork) -> list[GateSite]:
        """The gates whose channels are ranked."""
        return [site for site in network.ranked if site.name in self.meetings]

    def of(self, change: GateChange, site: GateSite) -> Whole:
        """(N, C) channels of each photograph, the first to be knocked out first; the same for every ``k``."""
        key = change.what, change.draw, site.name
        if key not in self._known:
            self._known[key] = self._order(change, site)
        return self._known[key]

    def _order(self, change: GateChange, site: GateSite) -> Whole:
        meeting = self.meetings[site.name]
        if change.what == "random":
            purpose, own = f"random {change.draw}", key_of(site.name)
            seeds = [[key_of(name, purpose), own] for name in self.names]
            return np.stack([np.random.default_rng(seed).permutation(meeting.gate.shape[1]) for seed in seeds])
        strength = meeting.gate if change.what.startswith("gate") else meeting.gate * meeting.strength
        return np.argsort(strength if change.what.endswith("_low") else -strength, axis=1, kind="stable")


def knock_out(order: Whole, k: int, site: GateSite) -> Edit:
    """Factors for a channel gate: 0 for the first ``k`` channels of each photograph, at most half of them, else 1."""
    factors = np.ones(order.shape, np.float32)
    np.put_along_axis(factors, order[:, : min(k, order.shape[1] // 2)], 0, axis=1)
    return Edit("scale", factors.reshape(-1, *site.shape[1:]))
