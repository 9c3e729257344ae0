"""How many of the processor's cores a computation takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

CORES = torch.get_num_threads()
"""Threads of a computation that has the processor for itself."""


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Let this thread compute with so many threads, and afterwards with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
