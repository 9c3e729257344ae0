"""Hooks on one model, shared by all the captures and edits that are open on it.

There is one session a model. It hooks a module's output where that is the gate; elsewhere it pushes a dispatch
mode while the owning module runs and waits for the operation. Edits act before captures read, in whatever order
they were opened, so that a tape holds what the network used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, nn

from attnviz.attention.gate import Gate
from attnviz.core.errors import UserError
from attnviz.gates.force_eager import force_eager as force_eager  # for those who lease a model without demands
from attnviz.gates.force_eager import hold, release
from attnviz.gates.operation_scope import Scope
from attnviz.gates.requests import Demand as Demand
from attnviz.gates.requests import Group, at_output, by_module

STARTING: Any = "attnviz"
"""Under which name a model's hook stands that tells when a pass starts."""

_lock = threading.RLock()
_sessions: WeakKeyDictionary[nn.Module, Session] = WeakKeyDictionary()


def unwrapped(model: nn.Module) -> nn.Module:
    """The module that ``torch.compile`` wrapped, or the module itself."""
    # a look at the children: a Module takes long to say that it has no such attribute
    inner = getattr(model, "_modules", {}).get("_orig_mod")
    return model if inner is None else inner


def module_at(model: nn.Module, path: str) -> nn.Module | None:
    """The module at a dotted path (``""`` is the model itself), or ``None``.

    Every capture asks for dozens of paths; ``get_submodule`` takes some ten microseconds for each.
    """
    module: nn.Module | None = model
    for name in path.split(".") if path else ():
        module = None if module is None else module._modules.get(name)
    return module


def begin(model: nn.Module) -> Session:
    """The session of a model, leased to this thread, which may lease it several times.

    Raises:
        UserError: Another thread has one open on the same model.
    """
    thread = get_ident()
    with _lock:
        session = _sessions.get(model)
        if session is None:
            session = _sessions[model] = Session()
        if not session.leases:
            session.thread, session.model = thread, model
        elif session.thread != thread:
            raise refusal(type(session.model).__name__)
        session.leases += 1
    return session


def finish(session: Session) -> None:
    """Give a lease back; the hooks went with the groups that wanted them."""
    with _lock:
        session.leases -= 1
        if not session.leases:
            session.model = None  # the session outlives its leases, and must not keep the model alive


def refusal(model: str) -> UserError:
    """What a thread is told that may not use a model of that class now."""
    return UserError(
        f"another thread is reading or editing this {model}; wait for it, or give every thread a model of its own"
    )


@contextmanager
def lease(model: nn.Module) -> Iterator[Session]:
    """``begin`` and ``finish`` as a context."""
    session = begin(model)
    try:
        yield session
    finally:
        finish(session)


class Session:
    """Hooks of one model; nothing is hooked before the first demand.

    Attributes:
        model: The model while the session is leased, else ``None``.
        thread: Who has leased it.
        leases: How many times.
        prepared: What the last capture of this model has worked out, for the next one; it knows no module.
    """

    def __init__(self) -> None:
        self.model: nn.Module | None = None
        self.thread = 0
        self.leases = 0
        self.prepared: Any = None
        self._open: list[Group] = []
        self._hooks: list[Any] = []
        self._watched: nn.Module | None = None
        self._tapped: list[Gate] = []
        self._calls: dict[str, int] = {}
        self._scopes: list[tuple[str, Scope]] = []

    def start(self, group: Group) -> None:
        """Serve demands, and run compiled models eagerly, until ``stop``; if it raises, nothing has changed."""
        group.eager = hold()
        self._open.append(group)
        try:
            # the short way of a single capture; whatever it has set when it fails, a rebuilding removes
            taps = group.taps if len(self._open) == 1 else None
            if taps is None or self.model is None or not taps.set_on(self.model, self._tapped):
                self._rebuild()
        except BaseException:
            self.stop(group)
            raise

    def stop(self, group: Group) -> None:
        """Serve these demands no longer."""
        try:
            self._open.remove(group)
            if self._open:
                self._rebuild()
            else:
                self.close()
        finally:
            if group.eager:
                release()

    @contextmanager
    def serve(self, demands: Sequence[Demand]) -> Iterator[None]:
        """Serve demands while the context is open."""
        group = Group(demands)
        self.start(group)
        try:
            yield
        finally:
            self.stop(group)

    def close(self) -> None:
        """Remove every hook, and every mode that an interrupted pass has left."""
        for gate in self._tapped:
            gate.__dict__["tap"] = None
        self._tapped.clear()
        for handle in self._hooks:
            handle.remove()
        self._hooks.clear()
        self._calls.clear()
        if self._watched is not None:
            self._watched._forward_pre_hooks.pop(STARTING, None)
            self._watched = None
        while self._scopes:
            self._scopes.pop()[1].__exit__(None, None, None)

    def _rebuild(self) -> None:
        self.close()
        model, groups = self.model, self._open
        if model is None or not groups:
            return
        # as register_forward_pre_hook does, which takes as long as reading several gates
        model._forward_pre_hooks[STARTING] = self._starting
        self._watched = model
        for path, wanted in by_module([d for group in groups for d in group.demands]).items():
            module = module_at(model, path)
            if module is None:
                raise UserError(f"{path} is gone from this {type(model).__name__}; search for its gates again")
            self._hook(path, module, wanted)

    def _hook(self, path: str, module: nn.Module, wanted: Sequence[Demand]) -> None:
        if isinstance(module, Gate):
            self._tapped.append(module)
            module.__dict__["tap"] = self._tapping(path, wanted)
            return
        inside = [d for d in wanted if d.place.op not in ("output", "tap")]
        if inside:
            self._hooks.append(module.register_forward_pre_hook(self._entering(path, module, inside)))
        # a scope must be left also when the module raises; calling hooks always is slower than calling them
        leaving = self._leaving(path, wanted, bool(inside))
        self._hooks.append(module.register_forward_hook(leaving, always_call=bool(inside)))

    def _check_thread(self) -> None:
        if get_ident() != self.thread:
            raise refusal(type(self.model).__name__)

    def _starting(self, _module: nn.Module, _inputs: Any) -> None:
        self._check_thread()
        self._calls.clear()

    def _tapping(self, path: str, demands: Sequence[Demand]) -> Callable[[Tensor, Tensor], Tensor]:
        calls = self._calls
        given = [(d.place.call, d.place.operand, d.act) for d in demands]

        def tap(values: Tensor, features: Tensor) -> Tensor:
            call = calls[path] = calls.get(path, 0) + 1
            for wanted, operand, act in given:
                if wanted == call:
                    changed = act(features if operand == 1 else values)
                    values = values if changed is None else changed
            return values

        return tap

    def _entering(self, path: str, module: nn.Module, demands: Sequence[Demand]) -> Any:
        either_way = isinstance(module, nn.MultiheadAttention)

        def hook(_module: nn.Module, _inputs: Any) -> None:
            self._check_thread()
            call = self._calls.get(path, 0) + 1
            scope = Scope([d for d in demands if d.place.call == call], either_way)
            self._scopes.append((path, scope))
            scope.__enter__()

        return hook

    def _leaving(self, path: str, demands: Sequence[Demand], scoped: bool) -> Any:
        def hook(_module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
            self._check_thread()
            call = self._calls[path] = self._calls.get(path, 0) + 1
            if scoped and self._scopes and self._scopes[-1][0] == path:
                _, scope = self._scopes.pop()
                scope.__exit__(None, None, None)
                if output is not None:  # None after an exception, which comes out as it is
                    scope.check(path)
                output = scope.without_gradient(output)
            for demand in demands:
                if demand.place.call == call and isinstance(output, Tensor):
                    output = at_output(demand, inputs, output)
            return output

        return hook
