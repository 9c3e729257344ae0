"""Batch after batch of photographs for a network, decoded while it computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from attnviz.audit.decoding import Decoder
from attnviz.audit.network import AuditedNetwork, elements
from attnviz.audit.photographs import Photographs
from attnviz.audit.settings import BATCH, WORKERS
from attnviz.audit.statistics.base import Whole
from attnviz.core.errors import UserError
from attnviz.core.types import Floats

FEW = 256
"""Fewer photographs than this are decoded by the calling process: starting another takes longer."""
NAMED = 10
"""Most files that a sentence about unreadable ones names."""


def draw(total: int, count: int, seed: int = 0) -> list[int]:
    """Numbers of ``count`` of ``total`` photographs, at random without repeats (neighbours in a set are of a class)."""
    return torch.randperm(total, generator=torch.Generator().manual_seed(seed))[:count].tolist()


def batches(numbers: Sequence[int], size: int) -> list[list[int]]:
    """Parts of ``size``, the last one smaller."""
    return [list(numbers[i : i + size]) for i in range(0, len(numbers), size)]


def unreadable(problems: Sequence[tuple[int, str]], names: Sequence[str]) -> str:
    """How many photographs cannot be read, which and why."""
    listed = "; ".join(f"{names[number]}: {why}" for number, why in problems[:NAMED])
    more = f"; and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
    return f"{len(problems)} of {len(names)} photographs cannot be read: {listed}{more}"


def walk(
    network: AuditedNetwork, photographs: Photographs, parts: Sequence[Sequence[int]] | None = None
) -> Iterator[tuple[Whole, Tensor]]:
    """Numbers (N,) of the photographs of a batch, and what the network is given of them, (N, C, H, W).

    Args:
        network: It is in eval mode meanwhile.
        photographs: The data.
        parts: Their numbers, batch by batch; without them all in batches of ``BATCH``.

    Raises:
        UserError: A photograph cannot be read.
    """
    chosen = batches(range(len(photographs)), BATCH) if parts is None else parts
    workers = WORKERS if sum(map(len, chosen)) > FEW else 0
    with (
        Decoder(photographs.sources, network.loaded.spec.input, workers) as decoder,
        network.analyser.in_use(),
    ):
        for decoded in decoder.batches(chosen):
            if decoded.problems:
                raise UserError(unreadable(decoded.problems, photographs.names))
            yield decoded.numbers, network.input(decoded.pixels, decoded.numbers)


def gates_of(network: AuditedNetwork, photographs: Photographs) -> Iterator[dict[str, Floats]]:
    """Every gate for batch after batch of all photographs, by its name: (N, …) float32; none of a network without."""
    step = network.batch(BATCH)
    parts = batches(range(len(photographs)), step) if network.sites else []
    for _, x in walk(network, photographs, parts):
        tape = network.gates(x)
        yield {site.name: elements(tape[site.name]).reshape(-1, *site.shape[1:]) for site in network.sites}
