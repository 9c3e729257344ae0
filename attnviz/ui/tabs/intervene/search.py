"""Which channels of a gate matter for one photograph: a search in short leases, so that nobody has to wait for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from attnviz.core.types import Floats
from attnviz.gates.edits.channel_search import BATCH, Search, greedy, leave_one_out
from attnviz.ui.networks.store import Store
from attnviz.ui.tabs.intervene.state import Bench, ranked

SECONDS = 20.0
"""After that no further pass begins."""
CANDIDATES = 16
"""Channels among which ``greedy`` chooses: those that cost the most alone."""
TAKEN = 10
"""Channels that ``greedy`` knocks out."""


@dataclass(frozen=True)
class Progress:
    """What has been found until now.

    Attributes:
        method: ``"alone"`` or ``"greedy"``: what ``search`` holds.
        search: The findings.
        late: Whether it ended early because the time was over.
    """

    method: str
    search: Search
    late: bool = False


def searching(store: Store, bench: Bench, method: str, seconds: float = SECONDS) -> Iterator[Progress]:
    """Search the gate of a bench on the network without edits; each item is one pass."""
    end = time.monotonic() + seconds
    count, target = bench.scores.size, int(np.argmax(bench.before.logits))
    height, width = bench.before.image.network.shape[:2]
    batch = max(1, min(BATCH, BATCH * 128 * 128 // (height * width)))

    def run(factors: Floats) -> Floats:
        with store.lease(bench.before.model) as analyser:
            return analyser.multiplied(bench.before.image, bench.chosen, factors)

    search = None
    for search in leave_one_out(run, count, target, ranked(bench, count), batch):
        late = time.monotonic() > end and search.done < search.total
        yield Progress("alone", search, late)
        if late:
            return
    if method != "greedy" or search is None:
        return
    candidates = search.most(CANDIDATES)
    for search in greedy(run, count, target, candidates, min(TAKEN, len(candidates)), batch):
        late = time.monotonic() > end and search.done < search.total
        yield Progress("greedy", search, late)
        if late:
            return
