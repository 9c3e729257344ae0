"""What a process takes of its machine: cores for a computation, and memory that it keeps."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

CORES = torch.get_num_threads()
"""Threads of a computation that has the processor for itself."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
"""Parameters of ``mallopt`` in glibc's ``malloc.h``."""
_LARGEST = 2**25
"""Bytes of the largest ``_MMAP_THRESHOLD`` that glibc takes; larger blocks go back to the system by themselves."""


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Let this thread compute with so many threads, and afterwards with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def keep_memory(most: int | None = None) -> bool:
    """Let this process keep the memory that it frees, for its next allocations, instead of giving it back at once.

    glibc gives blocks of some megabytes back to the system as soon as they are freed, and the system clears every page
    of the next ones anew. Who trains or passes many photographs frees and wants the same feature maps again and again
    (``benchmarks/memory.py`` measures what that costs).
    Results do not change.

    Args:
        most: Bytes that may lie free; without it, the process holds until its end what it needed at most.

    Returns:
        Whether the C library has such a setting: glibc has, others have not, and nothing happens there.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    if most is None:
        return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, -1))
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_TRIM_THRESHOLD, most))
