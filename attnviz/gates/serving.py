"""What the hooks of one model do while it runs: serve demands, and see that changed gates arrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.gates.arrival import Arrival, ModuleRun
from attnviz.gates.entrances import BROKEN
from attnviz.gates.operation_scope import Scope
from attnviz.gates.passes import AGAIN, Passes
from attnviz.gates.requests import Demand, at_output, used_by


class Serving:
    """Makes the hooks of one model.

    Args:
        passes: When passes begin and end, and what is due in them.
    """

    def __init__(self, passes: Passes) -> None:
        self._passes = passes
        self._running: list[ModuleRun] = []
        self._ahead: list[tuple[str, Demand, Tensor]] = []  # of this pass, with the path of what has yet to run
        self._entered: Counter[str] = Counter()
        self._number = 0
        passes.ended = self._nothing_ahead

    def stop(self) -> None:
        """Leave every mode that an interrupted pass has left."""
        while self._running:
            self._running.pop().leave()
        self._ahead.clear()

    def tapping(self, path: str, demands: Sequence[Demand]) -> Callable[[Tensor, Tensor], Tensor]:
        """What is done at a ``Gate``."""

        def tap(values: Tensor, features: Tensor) -> Tensor:
            self._passes.check_thread()
            due = self._passes.due(path, demands)
            for demand in due:
                changed = demand.serve(features if demand.place.operand == 1 else values)
                values = values if changed is None else changed
            self._expect(due, values)
            return values

        return tap

    def entering(self, path: str, module: nn.Module, demands: Sequence[Demand], uses: bool) -> Callable[..., None]:
        """What is done before a module; ``uses``: changed gates have to arrive in it."""
        either_way = isinstance(module, nn.MultiheadAttention)

        def hook(_module: Any, _inputs: Any) -> None:
            self._passes.check_thread()
            run = ModuleRun(path, self._passes.due(path, demands) if demands else [])
            self._running.append(run)
            inside = [d for d in run.due if d.inside]
            run.enter(Scope(inside, either_way) if inside else None, Arrival() if uses else None)
            if run.arrival is not None:
                self._of_this_pass()
                self._entered[path] += 1
                self._hand_over(path, run.arrival)

        return hook

    def leaving(self, path: str, demands: Sequence[Demand], scoped: bool) -> Callable[..., Any]:
        """What is done behind a module; ``scoped``: there is something to be done before it too."""
        expects = any(d.edits or used_by(d) is not None for d in demands)

        def hook(_module: Any, inputs: tuple[Any, ...], output: Any) -> Any:
            self._passes.check_thread()
            if not scoped:
                return self._at_output(self._passes.due(path, demands), inputs, output, expects)
            if not self._running or self._running[-1].path != path:
                return output  # another hook raised before this module was entered
            run = self._running.pop()
            run.leave()
            if output is BROKEN or (output is None and _module is not None):  # so torch tells hooks of an exception
                return None
            if run.scope is not None:
                run.scope.check(path)
                run.scope.refuse_gradients(inputs, output)
            if run.arrival is not None:
                run.arrival.check(path, output)
            return self._at_output(run.due, inputs, output, expects)

        return hook

    def _at_output(self, due: Sequence[Demand], inputs: tuple[Any, ...], output: Any, expects: bool) -> Any:
        """Serve what is due at the output of a module; ``expects``: something of it has to arrive elsewhere."""
        if not isinstance(output, Tensor):
            return output
        for demand in due:
            output = at_output(demand, inputs, output)
        if expects:
            self._expect([d for d in due if not d.inside], output)
        return output

    def _expect(self, due: Sequence[Demand], value: Tensor) -> None:
        """Wait for a gate where the last of its edits has left it, or where each has read it."""
        for demand in [d for d in due if d.edits][-1:] or due:
            if demand.edits:
                self._passes.note_edit(demand)
            user = used_by(demand)
            running = (run for run in reversed(self._running) if run.path == user and run.arrival is not None)
            run = next(running, None) if user is not None else None
            if run is not None and run.arrival is not None:
                run.arrival.expect(demand, value)
            elif user is not None:  # it runs later, and is given the gate by the module around both
                self._of_this_pass()
                self._ahead.append((user, demand, value))

    def _of_this_pass(self) -> None:
        """Forget what is of an earlier pass."""
        if self._number != self._passes.number:
            self._number = self._passes.number
            self._ahead.clear()
            self._entered.clear()

    def _hand_over(self, path: str, arrival: Arrival) -> None:
        """Let a module that begins to run wait for the gates that were made for this call of it."""
        later = []
        for user, demand, value in self._ahead:
            meets = demand.site.meets
            if user == path and (not self._passes.whole or meets is None or self._entered[path] == meets.call):
                arrival.expect(demand, value)
            else:
                later.append((user, demand, value))
        self._ahead = later

    def _nothing_ahead(self, whole: bool) -> None:
        """What is due when a pass ends.

        Raises:
            UserError: A gate was edited, and the module that should have used it did not run.
        """
        ahead, self._ahead = self._ahead, []
        for user, demand, _ in ahead if whole else ():
            if demand.edits:
                raise UserError(
                    f"the edit of {demand.site.name} had no effect: {user}, in which the features meet it, did not run "
                    f"after it; {AGAIN}"
                )
