"""Hooks on one model, shared by all the captures and edits that are open on it.

There is one session a model. It hooks a module's output where that is the gate; elsewhere it pushes a dispatch
mode while the owning module runs and waits for the operation. Edits act before captures read, in whatever order
they were opened, so that a tape holds what the network used.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from attnviz.attention.gate import Gate
from attnviz.errors import UserError
from attnviz.gates.scope import Scope
from attnviz.types import GateSite, Place

_lock = threading.RLock()
_sessions: WeakKeyDictionary[nn.Module, Session] = WeakKeyDictionary()
_eager: list[Any] = [0, None]  # how many contexts want eager mode, and what puts the old stance back


@dataclass(eq=False, slots=True)
class Demand:
    """Something wanted at a place: ``act`` gets the tensor there and may return another one to use instead."""

    place: Place
    site: GateSite
    act: Callable[[Tensor], Tensor | None]
    edits: bool = False


def unwrapped(model: nn.Module) -> nn.Module:
    """The module that ``torch.compile`` wrapped, or the module itself."""
    inner = getattr(model, "_orig_mod", model)
    return inner if isinstance(inner, nn.Module) else model


def module_at(model: nn.Module, path: str) -> nn.Module | None:
    """The module at a dotted path (``""`` is the model itself), or ``None``.

    Every capture asks for dozens of paths; ``get_submodule`` takes some ten microseconds for each.
    """
    module: nn.Module | None = model
    for name in path.split(".") if path else ():
        module = None if module is None else module._modules.get(name)
    return module


@contextmanager
def force_eager() -> Iterator[None]:
    """Run compiled models eagerly: hooks that are added after ``torch.compile`` would never fire.

    The stance of the compiler is global, so it is counted how many contexts want it. Without dynamo loaded
    nothing is compiled, and importing it takes seconds.
    """
    if "torch._dynamo" not in sys.modules:
        yield
        return
    with _lock:
        if _eager[0] == 0:
            _eager[1] = torch.compiler.set_stance("force_eager")
            _eager[1].__enter__()
        _eager[0] += 1
    try:
        yield
    finally:
        with _lock:
            _eager[0] -= 1
            if _eager[0] == 0:
                _eager[1].__exit__(None, None, None)
                _eager[1] = None


@contextmanager
def lease(model: nn.Module) -> Iterator[Session]:
    """The session of a model; several contexts of one thread share it.

    Raises:
        UserError: Another thread has one open on the same model.
    """
    with _lock:
        session = _sessions.get(model)
        if session is None:
            session = _sessions[model] = Session(model)
        if session.leases and session.thread != threading.get_ident():
            raise UserError(
                f"another thread is reading or editing this {type(model).__name__}; "
                "wait for it, or give every thread a model of its own"
            )
        session.thread = threading.get_ident()
        session.leases += 1
    try:
        yield session
    finally:
        with _lock:
            session.leases -= 1
            if not session.leases:
                session.close()
                _sessions.pop(model, None)  # it refers to the model, which would never be freed


class Session:
    """Hooks of one model.

    Args:
        model: The model; nothing is hooked before the first demand.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.thread = 0
        self.leases = 0
        self._open: list[Sequence[Demand]] = []
        self._hooks = ExitStack()
        self._tapped: list[Gate] = []
        self._calls: Counter[str] = Counter()
        self._scopes: list[tuple[str, Scope]] = []

    @contextmanager
    def serve(self, demands: Sequence[Demand]) -> Iterator[None]:
        """Serve demands while the context is open."""
        self._open.append(demands)
        try:
            self._rebuild()
            yield
        finally:
            self._open[:] = [d for d in self._open if d is not demands]
            self._rebuild()

    def close(self) -> None:
        """Remove every hook, and every mode that an interrupted pass has left."""
        for gate in self._tapped:
            vars(gate)["tap"] = None
        self._tapped.clear()
        self._hooks.close()
        while self._scopes:
            self._scopes.pop()[1].__exit__(None, None, None)

    def _rebuild(self) -> None:
        self.close()
        demands = [d for group in self._open for d in group]
        by_module: dict[str, list[Demand]] = defaultdict(list)
        for demand in sorted(demands, key=lambda d: not d.edits):
            by_module[demand.place.module].append(demand)
        if demands:
            self._hook(self.model.register_forward_pre_hook(self._starting))
        for path, wanted in by_module.items():
            module = module_at(self.model, path)
            if module is None:
                raise UserError(f"{path} is gone from this {type(self.model).__name__}; search for its gates again")
            if isinstance(module, Gate):
                self._tapped.append(module)
                vars(module)["tap"] = self._tapping(path, wanted)  # Module.__setattr__ takes longer than the gate
                continue
            inside = [d for d in wanted if d.place.op not in ("output", "tap")]
            if inside:
                self._hook(module.register_forward_pre_hook(self._entering(path, inside)))
            # a scope must be left also when the module raises; calling hooks always is slower than calling them
            leaving = self._leaving(path, wanted, bool(inside))
            self._hook(module.register_forward_hook(leaving, always_call=bool(inside)))

    def _hook(self, handle: Any) -> None:
        self._hooks.callback(handle.remove)

    def _check_thread(self) -> None:
        if threading.get_ident() != self.thread:
            raise UserError(
                f"another thread is reading or editing this {type(self.model).__name__}; "
                "wait for it, or give every thread a model of its own"
            )

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

    def _entering(self, path: str, demands: Sequence[Demand]) -> Any:
        def hook(_module: nn.Module, _inputs: Any) -> None:
            self._check_thread()
            call = self._calls[path] + 1
            scope = Scope([d for d in demands if d.place.call == call])
            self._scopes.append((path, scope))
            scope.__enter__()

        return hook

    def _leaving(self, path: str, demands: Sequence[Demand], scoped: bool) -> Any:
        def hook(_module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
            self._check_thread()
            self._calls[path] += 1
            if scoped and self._scopes and self._scopes[-1][0] == path:
                _, scope = self._scopes.pop()
                scope.__exit__(None, None, None)
                output = scope.without_gradient(output)
            for demand in demands:
                if demand.place.call == self._calls[path] and isinstance(output, Tensor):
                    output = _at_output(demand, inputs, output)
            return output

        return hook


def _at_output(demand: Demand, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    """Serve a demand for the output of a module, or for the features that a ``Gate`` was given."""
    if demand.place.op not in ("output", "tap"):
        return output
    given = inputs[demand.place.operand] if demand.place.operand >= 0 else output
    changed = demand.act(given)
    return output if changed is None else changed
