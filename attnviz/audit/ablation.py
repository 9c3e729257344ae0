"""Do the gates do anything? Accuracy with all gates replaced at once, beside the accuracy as the network is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from attnviz.analysis.analyser import Analyser
from attnviz.audit.accuracy import check_classes
from attnviz.audit.network import AuditedNetwork
from attnviz.audit.photographs import Photographs
from attnviz.audit.settings import BATCH
from attnviz.audit.statistics.base import Array, Doubles
from attnviz.audit.statistics.counts import Paired
from attnviz.audit.statistics.moments import Moments
from attnviz.audit.trials import outcome
from attnviz.audit.walk import batches, draw, gates_of, walk
from attnviz.core.errors import UserError
from attnviz.core.intervals import LEVEL, of_change, sign_test_p
from attnviz.core.numbers import significant
from attnviz.core.types import Edit
from attnviz.gates.edit import mean, neutral, shuffle
from attnviz.models.network import Network

REPLACEMENTS: Mapping[str, Callable[[Doubles, int], Edit]] = {
    "mean": lambda means, seed: mean(means),
    "shuffle": lambda means, seed: shuffle("batch", seed),
    "neutral": lambda means, seed: neutral(),
}
"""What all gates of a network are replaced by at once: their mean over the whole split, the same for every image; those
of another image of the batch, each as it comes out once the gates before it are swapped; gates that do nothing, which
also changes the scale of the features."""


def chunks(numbers: Sequence[int], size: int) -> list[list[int]]:
    """Batches of ``size``; a single one that is left over joins the last, since one image cannot be shuffled."""
    parts = batches(numbers, size)
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [parts[-2] + parts[-1]]
    return parts


def gate_means(network: AuditedNetwork, photographs: Photographs) -> dict[str, Doubles]:
    """The mean of every gate over all photographs: name -> (1, …)."""
    moments = {site.name: Moments.of(np.zeros((0, *site.shape[1:]))) for site in network.sites}
    for gates in gates_of(network, photographs):
        for name, values in gates.items():
            moments[name] = moments[name].merge(Moments.of(values))
    return {name: each.mean[None] for name, each in moments.items()}


def ablations(
    loaded: Network, photographs: Photographs, count: int | None = None, batch: int = BATCH, seed: int = 0
) -> dict[str, Any]:
    """Accuracy of a network with all of its gates replaced at once, for every way of ``REPLACEMENTS``.

    Args:
        loaded: The network.
        photographs: A validation split; the means are always over all of it.
        count: How many random photographs are asked about; ``None`` for all.
        batch: Photographs of a batch, at least 2.
        seed: Of the order of the photographs and of the shuffling.

    Returns:
        ``gates`` (kind -> how many), ``images``, ``batch``, ``top1`` as the network is, and for each replacement what
        ``told`` says. Without gates there are no replacements.

    Raises:
        UserError: ``count`` or ``batch`` is outside its limits, the answers cannot be judged, or a photograph cannot
            be read.
    """
    count = len(photographs) if count is None else count
    if not 2 <= count <= len(photographs):
        raise UserError(f"--images must be in 2..{len(photographs)}, got {count}")
    if batch < 2:
        raise UserError(f"a batch in which gates are shuffled has at least 2 images, got {batch}")
    check_classes(loaded, photographs)
    network = AuditedNetwork(Analyser(loaded))
    makers = REPLACEMENTS if network.sites else {}
    means = gate_means(network, photographs)
    ways = [{site: make(means[site.name], seed) for site in network.sites} for make in makers.values()]
    parts = []
    for numbers, x in walk(network, photographs, chunks(draw(len(photographs), count, seed), batch)):
        parts.append(_paired(network, x, photographs.targets[numbers], ways))
    paired = reduce(Paired.merge, parts)
    return {
        "gates": dict(Counter(site.kind for site in network.sites)),
        "images": {"count": count, "of": len(photographs), "seed": seed},
        "batch": batch,
        "top1": round(100 * int(paired.right) / count, 2),
        **{name: told(paired, way) for way, name in enumerate(makers)},
    }


def _paired(network: AuditedNetwork, x: Any, targets: Array, ways: Sequence[Mapping[Any, Edit]]) -> Paired:
    before, *after = (outcome(network.logits(x, edits), targets) for edits in ({}, *ways))
    return Paired.of(targets, before, after, np.zeros((len(targets), 0)))


def told(paired: Paired, number: int) -> dict[str, Any]:
    """What one replacement costs, the same images with and without it.

    Returns:
        ``top1`` after it in percent, ``change`` in points with the 95 % ``interval`` of a bootstrap over images, how
        many images were ``lost`` and ``won``, the ``p`` of McNemar's exact test, whether it is ``beyond_chance``, and
        how many per cent of the answers it ``changed``.
    """
    count, lost, won = int(paired.count), int(paired.lost[number]), int(paired.won[number])
    p = sign_test_p(lost, won)
    return {
        "top1": round(100 * (int(paired.right) + won - lost) / count, 2),
        "change": round(100 * (won - lost) / count, 2),
        "interval": [round(end, 2) for end in of_change(lost, won, count)],
        "lost": lost,
        "won": won,
        "p": significant(p),
        "beyond_chance": p < 1 - LEVEL,
        "changed": round(100 * int(paired.changed[number]) / count, 2),
    }
