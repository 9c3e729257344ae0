"""Numbers, and names of a table, out of anything that a browser may send."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from attnviz.core.checks import is_number
from attnviz.core.errors import UserError, nearest
from attnviz.ui.shared.text import plain


def number(value: Any, low: float, high: float, what: str, language: str) -> float:
    """A number in ``low..high``.

    Args:
        value: What was sent.
        low: Least, finite.
        high: Most, finite.
        what: What it is called in the error, in the visitor's language.
        language: Of the error.

    Raises:
        UserError: It is no number (a truth value or digits in a text are none), not finite, or outside.
    """
    if not is_number(value, low, high):
        raise UserError(plain("not_number", language, what=what, low=low, high=high, given=repr(value)[:60]))
    return float(value)


def whole(value: Any, low: int, high: int, what: str, language: str) -> int:
    """A whole number in ``low..high``, which may be sent as 3.0; arguments and errors as ``number``."""
    if not is_number(value, low, high) or value != int(value):
        raise UserError(plain("not_whole", language, what=what, low=low, high=high, given=repr(value)[:60]))
    return int(value)


def one_of(value: Any, among: Collection[str], wrong: str) -> str:
    """A name out of a table; else ``UserError`` with ``wrong``, which has {} for what was sent, and the nearest."""
    if not isinstance(value, str) or value not in among:
        raise UserError(f"{wrong.format(repr(value)[:60])}; {nearest(str(value)[:60], among)}")
    return value
