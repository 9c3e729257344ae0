"""Dropout in eval mode, where no operation shows it: torch gives back what it was given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import torch

NAMES: tuple[str, ...] = (
    "dropout",
    "dropout_",
    "alpha_dropout",
    "alpha_dropout_",
    "feature_dropout",
    "feature_dropout_",
)
NAMES += ("feature_alpha_dropout", "feature_alpha_dropout_")
HOLDERS: tuple[Any, ...] = (torch._VF, torch)  # everything in ``torch.nn.functional`` goes through the first


_lock = threading.RLock()
_listening: dict[int, Callable[[Any], None]] = {}
"""From a thread to what it wants to hear of its own dropout; the functions of torch are replaced while there is one."""
_before: list[tuple[Any, str, Any]] = []


@contextmanager
def seeing_dropout(gave_back: Callable[[Any], None]) -> Iterator[None]:
    """Call ``gave_back`` with every tensor that dropout in this thread leaves alone, while the context is open.

    A ``TorchFunctionMode`` would see it too, but ``nn.MultiheadAttention`` goes another way under one.
    """
    thread = get_ident()
    with _lock:
        if not _listening:
            _replace()
        around, _listening[thread] = _listening.get(thread), gave_back
    try:
        yield
    finally:
        with _lock:
            if around is None:
                del _listening[thread]
            else:
                _listening[thread] = around
            if not _listening:
                _put_back()


def _replace() -> None:
    for holder in HOLDERS:
        for name in NAMES:
            if hasattr(holder, name):
                _before.append((holder, name, vars(holder).get(name)))
                setattr(holder, name, _seen(getattr(holder, name)))


def _put_back() -> None:
    while _before:
        holder, name, own = _before.pop()
        if own is None:
            delattr(holder, name)  # it gives what another module holds
        else:
            setattr(holder, name, own)


def _seen(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **keywords: Any) -> Any:
        result = function(*args, **keywords)
        gave_back = _listening.get(get_ident())
        if gave_back is not None and any(result is given for given in (*args, *keywords.values())):
            gave_back(result)
        return result

    return run
