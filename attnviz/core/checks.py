"""Numbers and names that somebody gave, checked: an error says what was given, and what it may be."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from attnviz.core.errors import UserError, nearest


def is_whole(value: Any, low: float = -math.inf, high: float = math.inf) -> bool:
    """Whether it is a whole number in ``low..high``, one of numpy too; truth values are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(low <= value <= high)


def is_number(value: Any, low: float = -math.inf, high: float = math.inf) -> bool:
    """Whether it is a finite number in ``low..high``, a whole one or one of numpy too; truth values are none."""
    # an integer is compared as it is: it may be too large for a float
    real = isinstance(value, (float, np.floating)) and math.isfinite(value) and bool(low <= value <= high)
    return real or is_whole(value, low, high)


def whole(what: str, value: Any, low: int = 1, high: float = math.inf) -> int:
    """A whole number in ``low..high``; ``UserError`` naming it as ``what`` otherwise."""
    if not is_whole(value, low, high):
        limits = f"of at least {low}" if high == math.inf else f"in {low}..{high}"
        raise UserError(f"{what} must be a whole number {limits}, got {value!r}")
    return int(value)


def number(what: str, value: Any, high: float = math.inf) -> float:
    """A finite number in ``0..high``; ``UserError`` naming it as ``what`` otherwise."""
    if not is_number(value, 0, high):
        limits = "of at least 0" if high == math.inf else f"in 0..{high:g}"
        raise UserError(f"{what} must be a number {limits}, got {value!r}")
    return float(value)


def choice(what: str, given: Any, known: Collection[str]) -> str:
    """One of some names; ``UserError`` naming the nearest ones otherwise."""
    if not isinstance(given, str) or given not in known:
        raise UserError(f"unknown {what} {given!r}; {nearest(given, known)}")
    return str(given)
