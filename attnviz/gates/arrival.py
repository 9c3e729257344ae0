"""Whether the value of a gate that was read or changed comes to what it is multiplied with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor

from attnviz.core.errors import UserError
from attnviz.gates import ops
from attnviz.gates.noise import Noise
from attnviz.gates.operation_scope import Scope
from attnviz.gates.requests import Demand
from attnviz.gates.tensor_table import storage_of

MOVES = ops.SHAPES - {"masked_fill"}
"""Operations that hand values on without using them."""


class Arrival(ops.EagerMode):
    """Follows values while the module runs that uses them.

    A value is changed where a module or a ``Gate`` gives it out. Whoever called that module may drop what it gave and
    use the tensor that went in (``self.act(gate); return x * gate``): the edit would do nothing. Or it multiplies what
    it got with noise before the features meet it, in train mode: then neither a change nor what was read is what they
    meet. Values are followed through the operations that only move them, by the memory in which they lie, until one
    uses them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._trail: dict[int, tuple[Any, Demand]] = {}  # storages are kept, so that no other one gets their address
        self._noise = Noise()

    def expect(self, demand: Demand, value: Tensor) -> None:
        """From now on wait for an operation that uses a gate which was read or changed."""
        self._follow((value,), demand)

    def _follow(self, tensors: Iterable[Tensor], demand: Demand) -> None:
        for tensor in tensors:
            number = storage_of(tensor)
            if number:
                self._trail[number] = (tensor.untyped_storage(), demand)

    def _demands(self, values: Any) -> list[Demand]:
        numbers = [storage_of(tensor) for tensor in ops.tensors_in(values)]
        return [self._trail[number][1] for number in numbers if number in self._trail]

    def _forget(self, demands: Iterable[Demand]) -> None:
        self._trail = {key: entry for key, entry in self._trail.items() if entry[1] not in demands}

    def see(self, func: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Run one operation, and see whether it uses what is followed."""
        demands = self._demands((args, keywords)) if self._trail else []
        if demands and (self._noise.is_in(args) or "dropout" in ops.name_of(func)):
            raise _dropped(demands[0])
        result = ops.run(func, args, keywords)
        self._noise.note(func, args, result)
        if demands and ops.name_of(func) in MOVES:
            self._follow(ops.tensors_in(result), demands[0])
        elif demands and ops.name_of(func) not in ops.VALUE_FREE:
            self._forget(demands)
        return result

    def check(self, path: str, output: Any) -> None:
        """Raise ``UserError`` if a changed gate was neither used nor given out by the module."""
        self._forget(self._demands(output))
        for demand in (d for _, d in self._trail.values() if d.edits):
            raise UserError(
                f"the edit of {demand.site.name} had no effect: {path or 'the model'} does not use what was changed "
                f"at {demand.site.how}; its gate is another tensor than the one given out there"
            )


def _dropped(demand: Demand) -> UserError:
    remedy = "edit it in eval mode" if demand.edits else "read it with exact=True, or in eval mode"
    return UserError(
        f"{demand.site.name} is multiplied with noise in train mode (dropout) between {demand.site.how}, where it is "
        f"{'edited' if demand.edits else 'read'}, and the features; {remedy}"
    )


class ModuleRun:
    """A call of a module that is running, with the modes that were pushed for it."""

    __slots__ = ("arrival", "due", "path", "scope")

    def __init__(self, path: str, due: Sequence[Demand]) -> None:
        self.path, self.due = path, due
        self.scope: Scope | None = None
        self.arrival: Arrival | None = None

    def enter(self, scope: Scope | None, arrival: Arrival | None) -> None:
        """Push modes."""
        self.scope, self.arrival = scope, arrival
        for mode in (arrival, scope):  # a scope changes operands before the other one sees them
            if mode is not None:
                mode.__enter__()

    def leave(self) -> None:
        """Pop them."""
        for mode in (self.scope, self.arrival):
            if mode is not None:
                mode.__exit__(None, None, None)
