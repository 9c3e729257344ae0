"""What the tables of all experiments are written with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attnviz.core.intervals import half_interval


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


MEAN = "mean ± 95 % t interval (seeds)"
"""What ``plus_minus`` shows, for the head of a column."""


def plus_minus(values: Mapping[str, Any]) -> str:
    """``84.10 ± 0.52 (3)``: mean, half of its 95 % t interval, and the number of seeds; of one seed no interval."""
    half = f" ± {half_interval(values['values']):.2f}" if values["n"] > 1 else ""
    return f"{values['mean']:.2f}{half} ({values['n']})"


def p_text(p: float) -> str:
    """``p = 0.23``, or ``p < 0.001``."""
    return f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"
