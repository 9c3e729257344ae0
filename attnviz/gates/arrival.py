"""Whether the changed value of a gate comes to what it is multiplied with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor

from attnviz.core.errors import UserError
from attnviz.core.types import GateSite
from attnviz.gates import ops
from attnviz.gates.operation_scope import Scope
from attnviz.gates.requests import Demand

MOVES = ops.SHAPES - {"masked_fill"}
"""Operations that hand values on without using them."""


class Arrival(ops.EagerMode):
    """Follows changed values while the module runs that uses them.

    A value is changed where a module or a ``Gate`` gives it out. Whoever called that module may drop what it gave and
    use the tensor that went in (``self.act(gate); return x * gate``): the edit would do nothing. Values are followed
    through the operations that only move them, by the memory in which they lie, until one uses them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._trail: dict[int, tuple[Any, GateSite]] = {}  # storages are kept, so that no other one gets their address

    def expect(self, site: GateSite, changed: Tensor) -> None:
        """From now on wait for an operation that uses a changed gate."""
        self._follow((changed,), site)

    def _follow(self, tensors: Iterable[Tensor], site: GateSite) -> None:
        for tensor in tensors:
            storage = _storage(tensor)
            if storage is not None:
                self._trail[storage._cdata] = (storage, site)

    def _sites(self, values: Any) -> list[GateSite]:
        storages = [_storage(tensor) for tensor in ops.tensors_in(values)]
        return [self._trail[s._cdata][1] for s in storages if s is not None and s._cdata in self._trail]

    def _forget(self, sites: Iterable[GateSite]) -> None:
        self._trail = {key: entry for key, entry in self._trail.items() if entry[1] not in sites}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run one operation, and see whether it uses what is followed."""
        keywords = dict(kwargs or {})
        if ops.is_composite(func):
            with self:
                return ops.run_composite(func, args, keywords)
        sites = self._sites((args, keywords)) if self._trail else []
        result = ops.run(func, args, keywords)
        if sites and ops.name_of(func) in MOVES:
            self._follow(ops.tensors_in(result), sites[0])
        elif sites and ops.name_of(func) not in ops.VALUE_FREE:
            self._forget(sites)
        return result

    def check(self, path: str, output: Any) -> None:
        """Raise ``UserError`` if a changed gate was neither used nor given out by the module."""
        self._forget(self._sites(output))
        for _, site in self._trail.values():
            raise UserError(
                f"the edit of {site.name} had no effect: {path or 'the model'} does not use what was changed at "
                f"{site.how}; its gate is another tensor than the one given out there"
            )


def _storage(tensor: Tensor) -> Any:
    """The memory of a tensor; ``None`` where it has none that could be asked for."""
    try:
        return tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):
        return None


class Run:
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
