"""What loaded networks need for one photograph, measured in turns so that a busy machine slows all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from attnviz.analysis.analyser import Analyser
from attnviz.core.errors import UserError
from attnviz.core.types import PreparedImage
from attnviz.gates.containers import tensors_within
from attnviz.models.cost import count_macs, shortest_seconds

ROUNDS, SECONDS = 10, 1.5
"""Most timed passes of each network, after one that warms up; and seconds after which no further round begins."""


@dataclass(frozen=True)
class Cost:
    """What a network needs.

    Attributes:
        parameters: Of all layers.
        macs: Multiply-accumulates of one forward pass.
        seconds: Shortest of some forward passes, taken in turns with the other networks.
        ratio: ``seconds`` over those of the fastest network.
    """

    parameters: int
    macs: int
    seconds: float
    ratio: float


def costs(analysers: Mapping[str, Analyser], images: Mapping[str, PreparedImage]) -> dict[str, Cost]:
    """Sizes and times of networks by name, each on its own prepared photograph.

    Raises:
        UserError: There is no network.
    """
    if not analysers:
        raise UserError("costs needs at least one network")
    sizes = {name: _size(analyser, images[name]) for name, analyser in analysers.items()}
    passes = [_forward(analyser, images[name]) for name, analyser in analysers.items()]
    shortest = shortest_seconds(passes, ROUNDS, SECONDS)
    fastest = min(shortest)
    return {
        name: Cost(*sizes[name], seconds, seconds / fastest) for name, seconds in zip(analysers, shortest, strict=True)
    }


def _size(analyser: Analyser, image: PreparedImage) -> tuple[int, int]:
    module = analyser.loaded.module
    return sum(p.numel() for p in module.parameters()), count_macs(module, analyser.input(image))


def _forward(analyser: Analyser, image: PreparedImage) -> Callable[[], object]:
    x = analyser.input(image)
    # reading a value waits for a GPU, also of what has none (N, 0)
    return lambda: sum(tensor.sum().item() for tensor in tensors_within(analyser.loaded.module(x)))
