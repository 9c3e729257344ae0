"""The short way of a single capture: its gates are read at a ``Gate`` or at the output of a module, once a pass.

Opening a capture runs cold code between two forward passes: what can be known beforehand is known beforehand.
Only paths are remembered, never modules: a walk meets whatever stands at a path today, and keeps no model alive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.attention.gate import Gate
from attnviz.core.sites import GateSite, Place
from attnviz.gates.entrances import LAST, Hook, MovingLast, TapEntrance
from attnviz.gates.passes import Passes
from attnviz.gates.sites import as_gate

Tap = Callable[[Tensor, Tensor], Tensor]
_moving_last = MovingLast()


class OutputTap(Hook):
    """A hook behind a module that gives its output to a tap, in the shape of the gate."""

    __slots__ = ("_place", "_site")

    def __init__(self, tap: Tap, site: GateSite, place: Place) -> None:
        self.__wrapped__, self._site, self._place = tap, site, place

    def __call__(self, _module: nn.Module, _inputs: Any, output: Any) -> None:
        """Read the output if it is a tensor."""
        if isinstance(output, Tensor):
            self.__wrapped__(as_gate(output, self._site, self._place), output)


class Taps:
    """Taps for several gates of one model.

    Args:
        passes: Of the model.
        plan: Whose ``tape`` is emptied when a pass begins.
        taps: From the path of a module, which is not the model itself, to the ``tap`` of a ``Gate``, or to what is
            called with the output of another module.
    """

    __slots__ = ("_gates", "_hooks", "_passes", "_plan", "_steps")

    def __init__(self, passes: Passes, plan: Any, taps: Mapping[str, Tap | OutputTap]) -> None:
        self._passes, self._plan = passes, plan
        # (number of the parent, name, tap of a gate), parents first; number 0 is the model
        self._steps: list[tuple[int, str, Tap | OutputTap | None]] = []
        self._gates: list[dict[str, Any]] = []
        self._hooks: list[dict[Any, Any]] = []
        numbers = {"": 0}
        for path, tap in taps.items():
            names = path.split(".")
            for depth, name in enumerate(names[:-1], 1):
                here = ".".join(names[:depth])
                if here not in numbers:
                    self._steps.append((numbers[".".join(names[: depth - 1])], name, None))
                    numbers[here] = len(numbers)
            self._steps.append((numbers[".".join(names[:-1])], names[-1], tap))

    def set_on(self, model: nn.Module) -> bool:
        """Set every tap, and the entrance on the model; ``take_off`` undoes it, also where it has failed.

        Returns:
            ``False`` as soon as a module is missing, of another kind or in use, or if the model has a ``forward`` of
            its own.
        """
        top = model.__dict__
        if "forward" in top:
            return False
        children: list[Any] = [model._modules]
        for parent, name, tap in self._steps:
            within = children[parent]
            module = within[name] if name in within else None  # noqa: SIM401 - TorchScript's have no get
            if module is None:
                return False
            if tap is None:
                children.append(module._modules)
            elif isinstance(tap, OutputTap):
                if not self._hook(module, tap):
                    return False
            elif isinstance(module, Gate) and (own := module.__dict__)["tap"] is None:
                own["tap"] = tap  # Module.__setattr__ takes longer than the gate
                self._gates.append(own)
            else:
                return False
        top["forward"] = TapEntrance(self._passes, self._plan, model)
        return True

    def take_off(self, model: nn.Module) -> None:
        """Remove what ``set_on`` has set."""
        while self._gates:
            self._gates.pop()["tap"] = None
        while self._hooks:
            self._hooks.pop().pop(LAST, None)
        own = model.__dict__
        if type(own.get("forward")) is TapEntrance:  # else somebody has given the model another one meanwhile
            del own["forward"]

    def _hook(self, module: nn.Module, tap: OutputTap) -> bool:
        own = module.__dict__
        if isinstance(module, (Gate, torch.jit.ScriptModule)) or isinstance(own.get("forward"), Hook):
            return False
        # as register_forward_hook does, which takes as long as reading several gates
        behind, before = own["_forward_hooks"], own["_forward_pre_hooks"]
        if LAST in behind:
            return False
        behind[LAST], before[LAST] = tap, _moving_last
        self._hooks += behind, before
        return True
