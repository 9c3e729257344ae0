"""What captures and edits want of a forward pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from attnviz.core.types import GateSite, Place
from attnviz.gates.taps import Taps


@dataclass(eq=False, slots=True)
class Demand:
    """Something wanted at a place: ``act`` gets the tensor there and may return another one to use instead."""

    place: Place
    site: GateSite
    act: Callable[[Tensor], Tensor | None]
    edits: bool = False


@dataclass(eq=False, slots=True)
class Group:
    """Demands that come and go together.

    Attributes:
        demands: The demands.
        taps: What serves all of them while no other group is open; ``None`` where that takes more than taps.
        eager: Whether compiled models run eagerly on their account.
    """

    demands: Sequence[Demand]
    taps: Taps | None = None
    eager: bool = False


def by_module(demands: Sequence[Demand]) -> dict[str, list[Demand]]:
    """Demands by the path of their module, edits first."""
    found: dict[str, list[Demand]] = defaultdict(list)
    for demand in sorted(demands, key=lambda d: not d.edits):
        found[demand.place.module].append(demand)
    return found


def at_output(demand: Demand, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    """Serve a demand for the output of a module, or for the features that a ``Gate`` was given."""
    if demand.place.op not in ("output", "tap"):
        return output
    given = inputs[demand.place.operand] if demand.place.operand >= 0 else output
    changed = demand.act(given)
    return output if changed is None else changed
