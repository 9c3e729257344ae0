"""Passes that are made past a watched module, ``type(module).forward(module, x)``, are led back to it."""

from __future__ import annotations

import functools
import threading
from typing import Any

from torch import nn

from attnviz.gates.entrances import Entrance

_lock = threading.RLock()
_led: dict[Any, tuple[Any, int]] = {}
"""From a class to what leads to its forward, and how many modules of it are watched."""


def lead_back(module: nn.Module) -> Any:
    """Let the class that gives a module its forward call the module's ``Entrance`` instead.

    Returns:
        That class, for ``leave_alone``; ``None`` where there is nothing to be led back.
    """
    owner: Any = next((cls for cls in type(module).__mro__ if "forward" in cls.__dict__), None)
    if owner is None or owner.__dict__["forward"] is nn.Module.__dict__["forward"]:
        return None
    with _lock:
        leading, count = _led.get(owner) or (_leading(owner.__dict__["forward"]), 0)
        if not count:
            owner.forward = leading
        _led[owner] = leading, count + 1
    return owner


def leave_alone(owner: Any) -> None:
    """Undo one ``lead_back``."""
    with _lock:
        leading, count = _led[owner]
        if count > 1:
            _led[owner] = leading, count - 1
            return
        del _led[owner]
        if owner.__dict__.get("forward") is leading:  # else somebody has given the class another one meanwhile
            owner.forward = leading.__wrapped__


def _leading(forward: Any) -> Any:
    @functools.wraps(forward)
    def lead(module: Any, *args: Any, **keywords: Any) -> Any:
        entrance = module.__dict__.get("forward")
        if isinstance(entrance, Entrance) and not entrance.running:
            return entrance(*args, **keywords)
        return forward(module, *args, **keywords)

    return lead
