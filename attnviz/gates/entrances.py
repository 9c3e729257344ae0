"""What a session puts on modules: hooks that cannot be copied, and entrances that tell when a module runs."""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Any

from torch import is_grad_enabled, nn

from attnviz.core.errors import UserError
from attnviz.gates.passes import Passes, in_backward

BROKEN: Any = object()
"""What a module is said to have given out that raised an exception."""
LAST: Any = "attnviz"
"""The key under which a hook that comes last stands among those of its module."""


class Hook:
    """Something that a session puts on a module; the module cannot be copied or saved together with it.

    Attributes:
        own: What it stands in front of, where somebody had given this module such a thing alone, else ``None``.
    """

    __slots__ = ("__wrapped__",)
    own: Any = None

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__wrapped__ = function  # the name by which ``inspect.signature`` finds the function behind

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Run the function."""
        return self.__wrapped__(*args, **keywords)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse: a copy would be read and edited for ever."""
        raise UserError(
            "a model cannot be copied or saved while its gates are read or edited; do it outside of the context "
            "(its state_dict can be saved at any time)"
        )

    def __getattr__(self, name: str) -> Any:
        if name in ("__code__", "__globals__"):  # what torch.jit and torch.export compile
            raise UserError("a model cannot be scripted or exported while its gates are read or edited")
        raise AttributeError(name)


class MovingLast(Hook):
    """A hook before a module that lets the one under ``LAST`` behind it come last, whatever was hooked meanwhile."""

    __slots__ = ()

    def __init__(self) -> None:
        """It wraps nothing."""

    def __call__(self, module: nn.Module, _inputs: Any) -> None:
        """Move the other hook."""
        hooks: Any = module._forward_hooks
        # else it is last already, or somebody has removed all hooks: nothing is served, which is told
        if LAST in hooks and next(reversed(hooks)) != LAST:
            hooks.move_to_end(LAST)


class Entrance(Hook):
    """Stands for the ``forward`` of a module and tells when it begins and ends.

    Hooks would not be called by ``model.forward(x)``.

    Attributes:
        running: How many calls of it are running.
        entering: Called before the module.
        leaving: Called behind it.
    """

    __slots__ = ("_module", "_passes", "_path", "entering", "leaving", "own", "running")

    def __init__(self, passes: Passes, path: str, module: nn.Module) -> None:
        super().__init__(module.forward)
        self._passes, self._path, self._module = passes, path, module
        self.own = module.__dict__.get("forward")
        self.running = 0
        self.entering: Any = None
        self.leaving: Any = None

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Run the module."""
        passes = self._passes
        number = passes.enter(self._path, (args, keywords), self._module.training)
        self.running += 1
        try:
            if self.entering is not None:
                self.entering(None, args)
            try:
                output = self.__wrapped__(*args, **keywords)
            except BaseException:
                if self.entering is not None:
                    self.leaving(None, args, BROKEN)
                raise
            if self.leaving is not None:
                output = self.leaving(None, args, output)
        except BaseException:
            passes.break_off(number)
            raise
        finally:
            self.running -= 1
        return passes.leave(number, output)


class TapEntrance(Hook):
    """The entrance for a single capture whose gates are all read by taps: it has no edits to count, and no time.

    Args:
        passes: Of the model.
        plan: Of the capture; its ``tape``, if there is one, is emptied when a pass begins.
        model: The model.
    """

    __slots__ = ("_model", "_passes", "_plan")

    def __init__(self, passes: Passes, plan: Any, model: nn.Module) -> None:
        self.__wrapped__, self._passes, self._plan, self._model = model.forward, passes, plan, model

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Run the model."""
        passes = self._passes
        if get_ident() != passes.thread:
            passes.check_thread()
        # gradient checkpointing computes with gradients, once more; to ask for the tape first takes least time
        tape = self._plan.tape
        if passes.whole or (tape and is_grad_enabled() and in_backward()):
            return self.__wrapped__(*args, **keywords)
        if tape:
            tape.clear()
        if self._plan.unfollowed and self._model.training:
            self._plan.refuse_train_mode()
        passes.whole = True
        try:
            return self.__wrapped__(*args, **keywords)
        finally:
            passes.whole = False


def unwatch(module: nn.Module) -> None:
    """Take the entrance of a module away."""
    entrance = module.__dict__.get("forward")
    if isinstance(entrance, Hook):
        del module.__dict__["forward"]
        if entrance.own is not None:
            module.__dict__["forward"] = entrance.own
