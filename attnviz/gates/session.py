"""Hooks on one model, shared by all the captures and edits that are open on it.

There is one session a model. It hooks a module's output where that is the gate; elsewhere it pushes a dispatch
mode while the owning module runs and waits for the operation. Edits act before captures read, in whatever order
they were opened, so that a tape holds what the network used. What is asked for and not served is an error: when the
pass ends (``attnviz.gates.passes``), or when the edit is closed.
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
from attnviz.gates.arrival import Arrival, Run
from attnviz.gates.entrances import Entrance, Hook, TapEntrance, unwatch
from attnviz.gates.force_eager import force_eager as force_eager  # for those who lease a model without demands
from attnviz.gates.force_eager import hold, release
from attnviz.gates.operation_scope import Scope
from attnviz.gates.passes import Passes, refusal
from attnviz.gates.paths import above, refuse_script
from attnviz.gates.paths import module_at as module_at
from attnviz.gates.paths import unwrapped as unwrapped
from attnviz.gates.requests import Demand as Demand
from attnviz.gates.requests import Group, at_output, by_module, used_by

_lock = threading.RLock()
_sessions: WeakKeyDictionary[nn.Module, Session] = WeakKeyDictionary()
_users: WeakKeyDictionary[nn.Module, Session] = WeakKeyDictionary()
"""Who serves something in a module: the order of two would not be the one in which contexts were opened."""


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
            session.passes.thread, session.passes.model = thread, type(model).__name__
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
        passes: When passes begin and end, and what is due in them.
        prepared: What the last capture of this model has worked out, for the next one; it knows no module.
    """

    def __init__(self) -> None:
        self.model: nn.Module | None = None
        self.thread = 0
        self.leases = 0
        self.passes = Passes()
        self.prepared: Any = None
        self._hooks: list[Any] = []
        self._watched: list[nn.Module] = []
        self._tapped: list[Gate] = []
        self._used: list[nn.Module] = []
        self._running: list[Run] = []

    def start(self, group: Group) -> None:
        """Serve demands, and run compiled models eagerly, until ``stop``; if it raises, nothing has changed."""
        group.eager, group.broken, group.open = hold(), False, True
        self.passes.groups.append(group)
        try:
            if not self._by_taps(group):
                self._rebuild()
        except BaseException:
            self.stop(group)
            raise

    def _by_taps(self, group: Group) -> bool:
        """The short way of a single capture; whatever it has set when it fails, a rebuilding removes."""
        model, taps, begin = self.model, group.taps, group.begin
        if model is None or taps is None or begin is None or len(self.passes.groups) > 1 or model in _users:
            return False
        if not taps.set_on(model, self._tapped):
            return False
        model.__dict__["forward"] = TapEntrance(self.passes, begin, model.forward)
        self._watched.append(model)
        return True

    def stop(self, group: Group) -> None:
        """Serve these demands no longer."""
        try:
            group.open = False
            self.passes.groups.remove(group)
            if self.passes.groups:
                self._rebuild()
            else:
                self.close()
        finally:
            if group.eager:
                release()

    @contextmanager
    def serve(self, demands: Sequence[Demand], begin: Callable[[], None] | None = None) -> Iterator[None]:
        """Serve demands while the context is open, and call ``begin`` when a pass of the whole model begins.

        Raises:
            UserError: An edit was never come to; an exception that leaves the context is not replaced by this one.
        """
        group = Group(demands, begin=begin)
        self.start(group)
        try:
            yield
        finally:
            self.stop(group)
        for demand in group.edits:
            if not demand.reached and not group.broken:
                raise UserError(
                    f"the edit of {demand.site.name} had no effect: while it was open, no pass of this "
                    f"{type(self.model).__name__} came to {demand.place.module or 'the model'}. Was the model itself "
                    "run inside of the context? Copies, exported and traced forms of it are other models"
                )

    def close(self) -> None:
        """Remove every hook, and every mode that an interrupted pass has left."""
        while self._used:
            _users.pop(self._used.pop(), None)
        for gate in self._tapped:
            gate.__dict__["tap"] = None
        self._tapped.clear()
        for handle in self._hooks:
            handle.remove()
        self._hooks.clear()
        while self._watched:
            unwatch(self._watched.pop())
        self.passes.clear()
        while self._running:
            self._running.pop().leave()

    def _use(self, path: str, module: nn.Module) -> None:
        """Take a module for this session.

        Raises:
            UserError: Gates in it are read or edited as those of a larger model, or of a smaller one.
        """
        tapped = isinstance(module, Gate) and module.tap is not None
        taken = tapped or isinstance(module.__dict__.get("forward"), Hook)
        if taken or _users.setdefault(module, self) is not self:
            raise UserError(
                f"{path or type(module).__name__} is read or edited as a part of another model, in which it lies or "
                "which lies in it; find, read and edit all gates in the same model"
            )
        self._used.append(module)

    def _watch(self, path: str, module: nn.Module) -> Entrance:
        self._use(path, module)
        entrance = module.__dict__["forward"] = Entrance(self.passes, path, module.forward)
        self._watched.append(module)
        return entrance

    def _at(self, path: str) -> nn.Module:
        module = None if self.model is None else module_at(self.model, path)
        if module is None:
            raise UserError(f"{path} is gone from this {type(self.model).__name__}; search for its gates again")
        refuse_script(path, module)
        return module

    def _rebuild(self) -> None:
        self.close()
        if self.model is None or not self.passes.groups:
            return
        demands = by_module([d for group in self.passes.groups for d in group.demands])
        users = {user for wanted in demands.values() for d in wanted if (user := used_by(d)) is not None}
        around = {path for wanted in demands.values() for d in wanted if d.edits for path in above(d.place.module)}
        # of a module itself: ``module.forward(x)`` calls no hooks; what it gives out is changed behind its ``forward``
        around |= {path for path, wanted in demands.items() if any(d.edits and d.inside for d in wanted)}
        entrances = {path: self._watch(path, self._at(path)) for path in sorted({"", *around})}
        for path in sorted({*demands, *users}):
            self._hook(path, self._at(path), demands.get(path, []), path in users, entrances.get(path))

    def _hook(
        self, path: str, module: nn.Module, demands: Sequence[Demand], uses: bool, entrance: Entrance | None
    ) -> None:
        """Serve the demands in a module; ``uses``: it is also where changed gates have to arrive."""
        if entrance is None:
            self._use(path, module)
        if isinstance(module, Gate):
            self._tapped.append(module)
            module.__dict__["tap"] = Hook(self._tapping(path, demands))
            return
        inside = [d for d in demands if d.inside]
        scoped = bool(inside) or uses
        entering = self._entering(path, module, demands, uses) if scoped else None
        leaving = self._leaving(path, demands, scoped)
        if entrance is not None and not path:  # ``model.forward(x)`` calls no hooks
            entrance.entering, entrance.leaving = entering, leaving
            return
        if entering is not None:
            self._hooks.append(module.register_forward_pre_hook(Hook(entering)))
        # a scope must be left also when the module raises; calling hooks always is slower than calling them
        self._hooks.append(module.register_forward_hook(Hook(leaving), always_call=scoped))

    def _tapping(self, path: str, demands: Sequence[Demand]) -> Callable[[Tensor, Tensor], Tensor]:
        def tap(values: Tensor, features: Tensor) -> Tensor:
            self.passes.check_thread()
            due = self.passes.due(path, demands)
            for demand in due:
                changed = demand.serve(features if demand.place.operand == 1 else values)
                values = values if changed is None else changed
            self._expect(due, values)
            return values

        return tap

    def _entering(self, path: str, module: nn.Module, demands: Sequence[Demand], uses: bool) -> Any:
        either_way = isinstance(module, nn.MultiheadAttention)

        def hook(_module: nn.Module, _inputs: Any) -> None:
            self.passes.check_thread()
            run = Run(path, self.passes.due(path, demands) if demands else [])
            self._running.append(run)
            inside = [d for d in run.due if d.inside]
            run.enter(Scope(inside, either_way) if inside else None, Arrival() if uses else None)

        return hook

    def _leaving(self, path: str, demands: Sequence[Demand], scoped: bool) -> Any:
        def hook(_module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
            self.passes.check_thread()
            if not scoped:
                return self._at_output(self.passes.due(path, demands), inputs, output)
            if not self._running or self._running[-1].path != path:
                return output  # another hook raised before this module was entered
            run = self._running.pop()
            run.leave()
            if output is None:  # after an exception, which comes out as it is
                return None
            if run.scope is not None:
                run.scope.check(path)
                run.scope.refuse_gradients(inputs, output)
            if run.arrival is not None:
                run.arrival.check(path, output)
            return self._at_output(run.due, inputs, output)

        return hook

    def _at_output(self, due: Sequence[Demand], inputs: tuple[Any, ...], output: Any) -> Any:
        """Serve what is due at the output of a module."""
        if not isinstance(output, Tensor):
            return output
        for demand in due:
            output = at_output(demand, inputs, output)
        self._expect([d for d in due if not d.inside], output)
        return output

    def _expect(self, due: Sequence[Demand], changed: Tensor) -> None:
        """Wait for a changed gate where the last of its edits has left it."""
        edits = [d for d in due if d.edits]
        if not edits:
            return
        self.passes.note_edit(edits[-1])
        user = used_by(edits[-1])
        for run in reversed(self._running):
            if run.path == user and run.arrival is not None:
                run.arrival.expect(edits[-1].site, changed)
                return
