"""Numbers as people write them."""

from __future__ import annotations


def number(value: float, digits: int = 1, sign: bool = False) -> str:
    """With a real minus, with ``sign`` also a plus; zero has neither."""
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else text.lstrip("+-")


def significant(value: float, digits: int = 3) -> float:
    """To so many digits that count, wherever the point is."""
    return float(f"{value:.{digits}g}")


def signed(value: float, digits: int = 2) -> str:
    """A change: ``+0.31``, ``−1.20``, ``0.00``."""
    return number(value, digits, sign=True)
