"""Dropout in eval mode, where no operation shows it: torch gives back what it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def seeing_dropout(gave_back: Callable[[Any], None]) -> Iterator[None]:
    """Call ``gave_back`` with every tensor that dropout leaves alone, while the context is open.

    A ``TorchFunctionMode`` would see it too, but ``nn.MultiheadAttention`` goes another way under one.
    """
    before = [(holder, name, vars(holder).get(name)) for holder in HOLDERS for name in NAMES if hasattr(holder, name)]

    def seen(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **keywords: Any) -> Any:
            result = function(*args, **keywords)
            if any(result is given for given in (*args, *keywords.values())):
                gave_back(result)
            return result

        return run

    try:
        for holder, name, _ in before:
            setattr(holder, name, seen(getattr(holder, name)))
        yield
    finally:
        for holder, name, own in before:
            if own is None:
                delattr(holder, name)  # it gives what another module holds
            else:
                setattr(holder, name, own)
