"""Hooks on one model, shared by all the captures and edits that are open on it.

There is one session a model. It hooks a module's output where that is the gate; elsewhere it pushes a dispatch
mode while the owning module runs and waits for the operation. Edits act before captures read, in whatever order
they were opened, so that a tape holds what the network used. What is asked for and not served is an error: when the
pass ends (``attnviz.gates.passes``), or when the edit is closed.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

from torch import nn

from attnviz.attention.gate import Gate
from attnviz.core.errors import UserError
from attnviz.gates.bypass import lead_back, leave_alone
from attnviz.gates.entrances import LAST, Entrance, Hook, unwatch
from attnviz.gates.force_eager import force_eager as force_eager  # for those who lease a model without demands
from attnviz.gates.force_eager import hold, release
from attnviz.gates.passes import Passes, refusal
from attnviz.gates.paths import above, refuse_others, refuse_script
from attnviz.gates.paths import module_at as module_at
from attnviz.gates.paths import unwrapped as unwrapped
from attnviz.gates.requests import Demand as Demand
from attnviz.gates.requests import Group, by_module, used_by
from attnviz.gates.serving import Serving

if TYPE_CHECKING:
    from attnviz.gates.taps import Taps

_lock = threading.RLock()
_sessions: dict[int, tuple[ReferenceType[nn.Module], Session]] = {}
"""By the id of the model, with what tells whether it is still that one: a ``WeakKeyDictionary`` takes longer."""
_users: dict[nn.Module, Session] = {}
"""Who serves something in a module: the order of two would not be the one in which contexts were opened."""


def begin(model: nn.Module) -> Session:
    """The session of a model, leased to this thread, which may lease it several times.

    Raises:
        UserError: Another thread has one open on the same model.
    """
    thread = get_ident()
    with _lock:
        number = id(model)
        entry = _sessions.get(number)
        if entry is None or entry[0]() is not model:
            refuse_others(model)
            entry = _sessions[number] = ref(model, lambda _: _sessions.pop(number, None)), Session(model)
        session = entry[1]
        if not session.leases:
            session.model, session.passes.thread = model, thread
        elif session.passes.thread != thread:
            raise refusal(session.passes.model)
        session.leases += 1
    return session


def finish(session: Session) -> None:
    """Give a lease back; the hooks went with the groups that wanted them."""
    if session.leases == 1:
        session.model = None  # the session outlives its leases, and must not keep the model alive
    session.leases -= 1  # last: from here on another thread may begin


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

    Args:
        model: The model, which is not kept.

    Attributes:
        model: The model while the session is leased, else ``None``.
        leases: How many times.
        passes: When passes begin and end, and what is due in them.
        prepared: What the last capture of this model has worked out, for the next one; it knows no module.
    """

    __slots__ = (
        *("_hooks", "_led", "_serving", "_tapped", "_taps", "_used", "_watched"),
        *("leases", "model", "passes", "prepared"),
    )

    def __init__(self, model: nn.Module) -> None:
        self.model: nn.Module | None = None
        self.leases = 0
        self.passes = Passes(type(model).__name__)
        self.prepared: Any = None
        self._taps: Taps | None = None
        self._hooks: list[Any] = []
        self._watched: list[nn.Module] = []
        self._tapped: list[Gate] = []
        self._used: list[nn.Module] = []
        self._led: list[type] = []
        self._serving = Serving(self.passes)

    def start(self, group: Group) -> None:
        """Serve demands, and run compiled models eagerly, until ``stop``; if it raises, nothing has changed."""
        # what is called between two passes has left the processor's cache: a function takes a microsecond or two
        group.eager = "torch._dynamo" in sys.modules and hold()
        group.broken, group.open = False, True
        passes, model = self.passes, self.model
        if passes.groups and passes.running and any(other.edits for other in passes.groups):
            group.open = False
            if group.eager:
                release()
            raise UserError(
                f"nothing can be read or edited anew in this {passes.model} in the middle of a pass that is edited, as "
                "from a hook; open it around the pass"
            )
        passes.groups.append(group)
        try:
            taps = group.taps
            if taps is not None and model is not None and len(passes.groups) == 1 and not _users:
                self._taps = taps
                if taps.set_on(model):
                    return
            self._rebuild()  # removes whatever the short way has set when it failed
        except BaseException:
            self.stop(group)
            raise

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
    def serve(self, demands: Sequence[Demand], begin: Callable[[bool], None] | None = None) -> Iterator[None]:
        """Serve demands while the context is open, and call ``begin`` as its group's.

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
        if self._taps is not None and self.model is not None:
            self._taps.take_off(self.model)
            self._taps = None
            return  # nothing else was open
        while self._tapped:
            self._tapped.pop().__dict__["tap"] = None
        while self._watched:
            unwatch(self._watched.pop())
        while self._used:
            _users.pop(self._used.pop(), None)
        while self._hooks:
            self._hooks.pop().remove()
        while self._led:
            leave_alone(self._led.pop())
        self.passes.tear()
        self._serving.stop()

    def _use(self, path: str, module: nn.Module) -> None:
        """Take a module for this session.

        Raises:
            UserError: Gates in it are read or edited as those of a larger model, or of a smaller one.
        """
        tapped = isinstance(module, Gate) and module.tap is not None
        taken = tapped or LAST in module._forward_hooks or isinstance(module.__dict__.get("forward"), Hook)
        if taken or _users.setdefault(module, self) is not self:
            raise UserError(
                f"{path or type(module).__name__} is read or edited as a part of another model, in which it lies or "
                "which lies in it; find, read and edit all gates in the same model"
            )
        self._used.append(module)

    def _watch(self, path: str, module: nn.Module) -> Entrance:
        self._use(path, module)
        entrance = module.__dict__["forward"] = Entrance(self.passes, path, module)
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
        inside = {path for path, wanted in demands.items() if any(d.inside for d in wanted)}
        entrances = {path: self._watch(path, self._at(path)) for path in sorted({"", *around, *inside})}
        for path in sorted({*demands, *users}):
            self._hook(path, self._at(path), demands.get(path, []), path in users, entrances.get(path))
        for path in sorted(inside):
            owner = lead_back(self._at(path))
            if owner is not None:
                self._led.append(owner)

    def _hook(
        self, path: str, module: nn.Module, demands: Sequence[Demand], uses: bool, entrance: Entrance | None
    ) -> None:
        """Serve the demands in a module; ``uses``: it is also where changed gates have to arrive."""
        if entrance is None:
            self._use(path, module)
        if isinstance(module, Gate):
            self._tapped.append(module)
            module.__dict__["tap"] = Hook(self._serving.tapping(path, demands))
            return
        scoped = uses or any(d.inside for d in demands)
        entering = self._serving.entering(path, module, demands, uses) if scoped else None
        leaving = self._serving.leaving(path, demands, scoped)
        # ``nn.TransformerEncoderLayer`` leaves its fused way, in which no module of it runs, where it sees hooks
        hooked = isinstance(module, nn.MultiheadAttention) or not all(d.inside for d in demands)
        if entrance is not None and (not path or not hooked):
            entrance.entering, entrance.leaving = entering, leaving  # ``module.forward(x)`` calls no hooks
            return
        # a scope must be left also when the module raises; calling hooks always is slower than calling them
        handle = module.register_forward_hook(Hook(leaving), always_call=scoped)
        self._hooks += [handle, module.register_forward_pre_hook(Hook(making_last(handle, entering)))]


def making_last(handle: Any, entering: Callable[..., None] | None = None) -> Callable[..., None]:
    """A hook before a module that lets one of those behind it come last, whatever has been hooked meanwhile."""

    def hook(module: nn.Module, inputs: Any) -> None:
        hooks: Any = module._forward_hooks
        if handle.id not in hooks:
            return  # somebody has removed all hooks: nothing is served, which is told
        hooks.move_to_end(handle.id)
        if entering is not None:
            entering(module, inputs)

    return hook
