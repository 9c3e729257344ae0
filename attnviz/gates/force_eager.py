"""Compiled models run eagerly while they are read or edited."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_lock = threading.RLock()
_held: list[Any] = [0, None]  # how many contexts want eager mode, and what puts the old stance back


def hold() -> bool:
    """Run compiled models eagerly: hooks that are added after ``torch.compile`` would never fire.

    Whether a model is compiled cannot be seen from it: a function that calls it, or one that its forward pass
    calls, may be. So the compiler's stance is set for every model. It is global, and therefore counted. Without
    dynamo loaded nothing is compiled, and importing it takes seconds.

    Returns:
        Whether there is a stance to ``release``.
    """
    if "torch._dynamo" not in sys.modules:
        return False
    with _lock:
        if not _held[0]:
            _held[1] = torch.compiler.set_stance("force_eager")  # this sets it already; ``with`` would do so twice
        _held[0] += 1
    return True


def release() -> None:
    """Undo one ``hold`` that returned ``True``; the last one puts the old stance back."""
    with _lock:
        _held[0] -= 1
        if not _held[0]:
            _held[1].__exit__(None, None, None)
            _held[1] = None


@contextmanager
def force_eager() -> Iterator[None]:
    """``hold`` while the context is open."""
    held = hold()
    try:
        yield
    finally:
        if held:
            release()
