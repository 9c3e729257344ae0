"""What captures and edits want of a forward pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor

from attnviz.core.sites import GateSite, Place

if TYPE_CHECKING:
    from attnviz.gates.taps import Taps


@dataclass(eq=False, slots=True)
class Demand:
    """Something wanted at a place: ``act`` gets the tensor there and may return another one to use instead.

    Attributes:
        place: Where.
        site: For which gate.
        act: What is done there.
        edits: Whether ``act`` changes the gate; it only reads it else.
        trained: Whether the model was in train mode when this was asked for: then what is read has to arrive too.
        served: Whether the present pass has come to it.
        reached: Whether any pass has.
        unread: Called where it turns out that nothing in the pass used what was read.
    """

    place: Place
    site: GateSite
    act: Callable[[Tensor], Tensor | None]
    edits: bool = False
    trained: bool = False
    served: bool = False
    reached: bool = False
    unread: Callable[[], None] | None = None

    def serve(self, value: Tensor) -> Tensor | None:
        """``act``, and note that it was asked to; what it refuses it refuses by an error of its own."""
        self.served = self.reached = True
        return self.act(value)

    @property
    def inside(self) -> bool:
        """Whether the place is at an operation, and not where a module or a ``Gate`` gives something out."""
        return self.place.op not in ("output", "tap")

    def lies_in(self, path: str) -> bool:
        """Whether the place is in the module at a path."""
        module = self.place.module
        return not path or module == path or module.startswith(f"{path}.")


@dataclass(eq=False, slots=True)
class Group:
    """Demands that come and go together.

    Attributes:
        demands: The demands.
        taps: What serves all of them while no other group is open; ``None`` where that takes more than taps.
        begin: Called when a pass of the whole model begins, with whether that is in train mode.
        eager: Whether compiled models run eagerly on their account.
        broken: Whether an exception has ended a pass.
        open: Whether they are served.
        edits: Those of the demands that change a gate.
    """

    demands: Sequence[Demand]
    taps: Taps | None = None
    begin: Callable[[bool], None] | None = None
    eager: bool = False
    broken: bool = False
    open: bool = False
    edits: list[Demand] = field(init=False)

    def __post_init__(self) -> None:
        self.edits = [demand for demand in self.demands if demand.edits]


def by_module(demands: Sequence[Demand]) -> dict[str, list[Demand]]:
    """Demands by the path of their module, edits first."""
    grouped: dict[str, list[Demand]] = defaultdict(list)
    for demand in sorted(demands, key=lambda d: not d.edits):
        grouped[demand.place.module].append(demand)
    return grouped


def at_output(demand: Demand, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    """Serve a demand for the output of a module, or for the features that a ``Gate`` was given."""
    if demand.inside:
        return output
    given = inputs[demand.place.operand] if demand.place.operand >= 0 else output
    changed = demand.serve(given)
    return output if changed is None else changed


def used_by(demand: Demand) -> str | None:
    """Path of the module that multiplies with what has to arrive there; ``None`` where nothing is out of sight.

    That is what an edit changes, and in train mode what is read at the output of a module: there may be dropout behind.
    """
    read = demand.trained and demand.place.op == "output" and demand.place.operand < 0
    if not (demand.edits or read) or demand.site.meets is None or demand.inside:
        return None
    path = demand.site.meets.module
    return path.rpartition(".")[0] if demand.place.op == "tap" else path
