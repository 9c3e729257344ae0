"""The memory of a process that trains on a CPU."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of ``mallopt`` in glibc's ``malloc.h``."""


def keep_memory() -> bool:
    """Let this process keep the memory that it frees, for its next allocations, instead of giving it back at once.

    glibc gives blocks of some megabytes back to the system as soon as they are freed. Every step of training frees and
    wants the same feature maps again, and the system clears every page of them anew (``benchmarks/memory.py`` measures
    what that costs). The process then holds until its end what it needed at most. Results do not change.

    Returns:
        Whether the C library has such a setting: glibc has, others have not, and nothing happens there.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, -1))
