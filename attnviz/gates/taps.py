"""The way from a model to the gates that are read at a ``Gate``, found once and walked at every capture.

Opening a capture runs cold code between two forward passes: what can be known beforehand is known beforehand.
Only paths are remembered, never modules: a walk meets whatever stands at a path today, and keeps no model alive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from attnviz.attention.gate import Gate
from attnviz.gates.entrances import TapEntrance
from attnviz.gates.passes import Passes

Tap = Callable[[Tensor, Tensor], Tensor]


class Taps:
    """Taps for several gates of one model.

    Args:
        taps: From the path of a ``Gate``, which is not the model itself, to what shall be its ``tap``.
    """

    __slots__ = ("_steps",)

    def __init__(self, taps: Mapping[str, Tap]) -> None:
        # (number of the parent, name, tap of a gate), parents first; number 0 is the model
        self._steps: list[tuple[int, str, Tap | None]] = []
        numbers = {"": 0}
        for path, tap in taps.items():
            names = path.split(".")
            for depth, name in enumerate(names[:-1], 1):
                here = ".".join(names[:depth])
                if here not in numbers:
                    self._steps.append((numbers[".".join(names[: depth - 1])], name, None))
                    numbers[here] = len(numbers)
            self._steps.append((numbers[".".join(names[:-1])], names[-1], tap))

    def set_on(self, model: nn.Module, tapped: list[Gate], passes: Passes, clear: Callable[[], None]) -> bool:
        """Set every tap and a ``TapEntrance`` on the model.

        Args:
            model: The model.
            tapped: Where the gates are noted.
            passes: Of the model.
            clear: What the entrance calls when a pass begins.

        Returns:
            ``False`` as soon as a gate is missing, no ``Gate`` or in use, or if the model has a ``forward`` of its own.
        """
        if "forward" in model.__dict__:
            return False
        modules: list[Any] = [model]
        for parent, name, tap in self._steps:
            module = modules[parent]._modules.get(name)
            if tap is None:
                if module is None:
                    return False
                modules.append(module)
            elif isinstance(module, Gate) and module.tap is None:
                module.__dict__["tap"] = tap  # Module.__setattr__ takes longer than the gate
                tapped.append(module)
            else:
                return False
        model.__dict__["forward"] = TapEntrance(passes, clear, model.forward)
        return True
