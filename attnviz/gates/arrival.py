"""Whether the value of a gate that was read or changed comes to what it is multiplied with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.gates import ops
from attnviz.gates.noise import Noise
from attnviz.gates.operation_scope import Scope
from attnviz.gates.passes import AGAIN
from attnviz.gates.requests import Demand
from attnviz.gates.tensor_table import storage_of

AS_SEARCHED = ops.VIEWS | {"_to_copy"}
"""What may stand between the output of a module and the product: views, as at the search, and autocast's casts."""
AT_A_GATE = ops.SHAPES - {"masked_fill"}
"""What may stand between a ``Gate`` and that which uses its weights."""


@dataclass(eq=False, slots=True)
class Wait:
    """One value that has to arrive.

    Attributes:
        demand: For what it was read or changed.
        meets: In which operation it met the features at the search; empty where any may be that: of a ``Gate``, and of
            weights that met experts' kernels in another module.
        features: Whether these were the other factor or summand, which no parameter is.
        used: Whether another operation was given it.
    """

    demand: Demand
    meets: str
    features: bool
    used: bool = False

    def arrives(self, func: Any, args: tuple[Any, ...]) -> bool:
        """Whether it meets the features in an operation that is given it."""
        if self.features and any(isinstance(operand, nn.Parameter) for operand in args):
            return False
        return self.meets in ("", ops.applies(func, args))


class Arrival(ops.EagerMode):
    """Follows values while the module runs that uses them.

    A value is changed where a module or a ``Gate`` gives it out. Whoever called that module may drop what it gave and
    use the tensor that went in (``self.act(gate); return x * gate``): the edit would do nothing. Or, where a size, a
    mode or a flag decides so, it multiplies what it got with noise first, or resizes it, as it did not at the search:
    then neither a change nor what was read is what the features meet. Values are followed through the operations that
    only move them, by the memory in which they lie, until that in which they met the features at the search.
    """

    def __init__(self) -> None:
        super().__init__()
        # by storage; these are kept, so that no other one gets their address
        self._trail: dict[int, tuple[Any, list[Wait]]] = {}
        self._waiting: list[Wait] = []
        self._noise = Noise()

    def expect(self, demand: Demand, value: Tensor) -> None:
        """From now on wait for the operation that uses a gate which was read or changed."""
        wait = _wait_for(demand)
        if self._follow((value,), [wait]):
            self._waiting.append(wait)

    def _follow(self, tensors: Iterable[Tensor], waits: list[Wait]) -> bool:
        numbers = {number: tensor for tensor in tensors if (number := storage_of(tensor))}
        for number, tensor in numbers.items():
            before = self._trail[number][1] if number in self._trail else []
            self._trail[number] = (tensor.untyped_storage(), before + [wait for wait in waits if wait not in before])
        return bool(numbers)

    def _waits(self, values: Any) -> list[Wait]:
        """What of these values has yet to arrive."""
        numbers = [storage_of(tensor) for tensor in ops.tensors_in(values)]
        followed = [wait for number in numbers if number in self._trail for wait in self._trail[number][1]]
        return [wait for wait in followed if wait in self._waiting]

    def see(self, func: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Run one operation, and see whether it uses what is followed."""
        waits = self._waits((args, keywords)) if self._waiting else []
        name = ops.name_of(ops.as_alias(func, args)[0])
        if waits and (self._noise.is_in(args) or "dropout" in name):
            raise _dropped(waits[0].demand)
        result = ops.run(func, args, keywords)
        self._noise.note(func, args, result)
        if waits and name not in ops.VALUE_FREE:
            moved = [wait for wait in waits if name in (AS_SEARCHED if wait.meets else AT_A_GATE)]
            for wait in (wait for wait in waits if wait not in moved):
                wait.used = True
                if wait.arrives(func, args) and wait in self._waiting:
                    self._waiting.remove(wait)
            for tensor in ops.written(func, args, keywords):  # another value lies there from here on
                self._trail.pop(storage_of(tensor), None)
            if moved:
                self._follow(ops.tensors_in(result), moved)
        return result

    def check(self, path: str, output: Any) -> None:
        """See that what was changed or read has met the features, or was given out by the module.

        What was read and used by nobody in this pass is taken off the tape.

        Raises:
            UserError: It was changed first, or it is an edit and another tensor was used.
        """
        given_out = self._waits(output)
        for wait in (wait for wait in self._waiting if wait not in given_out):
            demand, where = wait.demand, path or "the model"
            name, how = demand.site.name, demand.site.how
            what = f"{where} does not use it as it did at the search: it changes it first, or uses another tensor"
            if demand.edits:
                raise UserError(f"the edit of {name}, at {how}, did not reach the features: {what}; {AGAIN}")
            if wait.used:
                raise UserError(f"{name} was read at {how}, and {what}; read it with exact=True")
            if demand.unread is not None:
                demand.unread()


def _wait_for(demand: Demand) -> Wait:
    exact, meets = demand.site.exact, demand.site.meets
    if exact is None or meets is None or demand.place.op == "tap":
        return Wait(demand, "", False)
    if exact.operand >= 0 and exact.module != meets.module:
        return Wait(demand, "", False)
    together = (exact.module, exact.call, exact.op, exact.index) == (meets.module, meets.call, meets.op, meets.index)
    operation = ops.applied(exact.op if exact.operand >= 0 else meets.op)
    return Wait(demand, operation, together and operation in ("multiplication", "addition"))


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
