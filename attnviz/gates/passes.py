"""When a pass begins and ends, wherever a model is entered, and what is due at a call of a module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import get_ident
from typing import Any

import torch

from attnviz.core.errors import UserError
from attnviz.core.sites import GateSite
from attnviz.gates.containers import examples_in, sides_in, tensors_within
from attnviz.gates.requests import Demand, Group

AGAIN = "search for the gates with an input like this one"


def refusal(model: str) -> UserError:
    """What a thread is told that may not use a model of that class now."""
    return UserError(
        f"another thread is reading or editing this {model}; wait for it, or give every thread a model of its own"
    )


transforming = torch._C._are_functorch_transforms_active
"""Whether this runs inside of ``torch.func``; the quickest of the functions that tell."""


def transformed(name: str) -> UserError:
    """What is said inside of ``torch.func``."""
    return UserError(
        f"{name} runs inside torch.func (vmap, grad, …), whose tensors end with it; read and edit gates outside of it"
    )


def in_backward() -> bool:
    """Whether a backward pass runs this: gradient checkpointing computes something once more."""
    return bool(torch._C._current_graph_task_id() != -1)


class Passes:
    """The passes of one model: a pass is the outermost call of any module that is watched.

    The model is watched whenever something is read or edited, and for edits every module around the gate: what begins
    a pass may be ``model(x)``, ``model.forward(x)``, ``wrapper.module(x)``, or a part that is called on its own.

    Attributes:
        whole: Whether the present pass is one of the whole model, so that the calls of its modules can be counted.
        groups: What is open on the model.
        thread: Who may run it.
        model: Its class, for messages.
        number: Which pass this is.
        ended: Called when a pass has ended, with whether it was one of the whole model.
    """

    __slots__ = (
        "_calls",
        "_depth",
        "_given",
        "_graded",
        "_path",
        "_replayed",
        "ended",
        "groups",
        "model",
        "number",
        "thread",
        "whole",
    )

    def __init__(self, model: str) -> None:
        self.whole = False
        self.groups: list[Group] = []
        self.thread = 0
        self.model = model
        self.number = 0
        self.ended: Callable[[bool], None] = lambda whole: None
        self._depth = 0
        self._given: Any = None
        self._path = ""
        self._graded = False
        self._calls: dict[str, int] = {}
        self._replayed: list[Demand] = []

    def check_thread(self) -> None:
        """Raise ``UserError`` in another thread, but for those in which torch runs backward passes."""
        if get_ident() != self.thread and not in_backward():
            raise refusal(self.model)

    @property
    def running(self) -> bool:
        """Whether a pass is."""
        return self._depth > 0

    def clear(self) -> None:
        """No pass is running."""
        self._depth, self.whole, self._given = 0, False, None
        self._calls.clear()

    def enter(self, path: str, given: Any, training: bool) -> int:
        """A watched module begins, with these arguments and in this mode; the number of the pass, for its end."""
        self.check_thread()
        if torch._C._get_tracing_state() is not None and any(group.edits for group in self.groups):
            raise UserError(
                f"this {self.model} is traced (torch.jit.trace, torch.onnx.export) while its gates are edited, which a "
                "trace would not hold; trace it outside of the edit"
            )
        if self._depth:
            self._depth += 1
            return self.number
        for group in self.groups:
            if not path and group.begin is not None and not in_backward():
                group.begin(training)
        self._depth = 1
        self._calls.clear()
        self.number += 1
        self._given, self._path, self.whole, self._graded = given, path, not path, torch.is_grad_enabled()
        self._replayed.clear()
        for group in self.groups:
            for demand in group.edits:
                demand.served = False
        return self.number

    def tear(self) -> None:
        """Hooks are removed; modules that run now are no longer watched."""
        self.clear()
        self.number += 1

    def break_off(self, number: int) -> None:
        """A watched module raised an exception in the pass of this number."""
        for group in self.groups:
            group.broken = True
        if number != self.number:
            return
        self._depth -= 1
        if not self._depth:
            self.clear()

    def leave(self, number: int, output: Any) -> Any:
        """A watched module ends in the pass of this number; its output.

        Raises:
            UserError: The pass is over and has not come to an edit, or cannot say whether it has.
        """
        if number != self.number:
            if any(group.edits for group in self.groups):
                raise UserError(
                    f"something was opened or closed on this {self.model} in the middle of a pass that is edited, as "
                    "from a hook, so that the edit is not whole; open and close it around the pass"
                )
            return output
        self._depth -= 1
        if self._depth:
            return output
        whole = self.whole
        if whole:
            self._check_counts()
        self.clear()
        self.ended(whole)
        for group in self.groups:
            for demand in group.edits:
                if not demand.served and demand.lies_in(self._path):
                    raise UserError(
                        f"the edit of {demand.site.name} had no effect: this pass of {self._path or self.model} did "
                        f"not come to {demand.place.module or 'the model'}, as it did at the search; {AGAIN}"
                    )
        if self._replayed and torch.is_grad_enabled():
            self._guard(output)
        return output

    def due(self, path: str, demands: Sequence[Demand]) -> list[Demand]:
        """Which demands the call of a module that is running has to serve.

        A module that the search saw called once has one gate whenever it is called: in every pass, for every crop, and
        again when checkpointing repeats it. Of one that was called several times only a pass of the whole model says
        which call this is.

        Raises:
            UserError: The call cannot be told from others, or the search did not see it.
        """
        if transforming():
            raise transformed(demands[0].site.name)
        count = self._calls[path] = self._calls.get(path, 0) + 1
        return [demand for demand in demands if self._is_due(demand, count)]

    def _is_due(self, demand: Demand, count: int) -> bool:
        name, calls = demand.site.name, demand.place.calls
        if calls == 1:
            if count > 1 and self.whole and not demand.edits:
                raise self.too_many(name, demand.place.module, calls)
            return True
        if not self.whole:
            if in_backward() and not demand.edits:
                return False  # computed once more, and noted before
            raise UserError(
                f"{name} is one of {calls} gates that {demand.place.module} computes in a pass; which of them a call "
                f"is can only be told while the whole {self.model} runs: call the model itself, without checkpointing "
                "if it is edited"
            )
        if count > calls:
            raise self.too_many(name, demand.place.module, calls)
        return demand.place.call == count

    def too_many(self, name: str, path: str, calls: int) -> UserError:
        """The refusal of a call that the search did not see."""
        return UserError(
            f"{name}: {path or 'the model'} is called more often than at the search, where it was called {calls} "
            f"time{'s' * (calls > 1)} in a pass; {AGAIN}"
        )

    def _check_counts(self) -> None:
        """Of a module that was left out once, the later calls have other numbers than at the search.

        Raises:
            UserError: A module that computes several gates was called less often than at the search.
        """
        for demand in (d for group in self.groups for d in group.demands):
            place, count = demand.place, self._calls.get(demand.place.module, 0)
            if 0 < count < place.calls and not in_backward():
                raise UserError(
                    f"{demand.site.name} is one of {place.calls} gates that {place.module} computes in a pass, and "
                    f"this one called it {count} time{'s' * (count > 1)}: which is which cannot be told; {AGAIN}"
                )

    def check_examples(self, site: GateSite, rows: int) -> None:
        """In a pass with pictures of another size, see that each has as many heads or windows as at the search.

        Raises:
            UserError: They have not, so that examples cannot be told from windows.
        """
        given = tensors_within(self._given) if self.whole and site.sides else []
        examples, parts = examples_in(given), site.shape[0]
        if given and set(sides_in(given)) != set(site.sides) and rows not in (0, parts, examples * parts):
            raise UserError(
                f"{site.name} had {parts} {'rows' if parts > 1 else 'row'} for each example at the search and has "
                f"{rows} for {examples} now, so that examples cannot be told from each other; {AGAIN}"
            )

    def note_edit(self, demand: Demand) -> None:
        """Remember an edit that checkpointing will have to repeat in the backward pass."""
        hooked = torch._C._autograd._top_saved_tensors_default_hooks(True) is not None
        if self._graded and self._depth and (hooked or not torch.is_grad_enabled()):
            self._replayed.append(demand)

    def _guard(self, output: Any) -> None:
        """Refuse gradients once the edits that checkpointing will have to repeat are closed."""
        name = self._replayed[0].site.name
        groups = [g for g in self.groups if any(d in self._replayed for d in g.edits)]

        def check(*_: Any) -> None:
            if not all(group.open for group in groups):
                raise UserError(
                    f"the edit of {name} is closed, and gradient checkpointing computes the gate once more in the "
                    "backward pass; call backward inside of the edit"
                )

        for tensor in tensors_within(output):
            if tensor.grad_fn is not None:
                tensor.grad_fn.register_prehook(check)
