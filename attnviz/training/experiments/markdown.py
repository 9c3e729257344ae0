"""What the tables of all experiments are written with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plus_minus(values: Mapping[str, Any]) -> str:
    """``84.10 ± 0.21 (5)``: mean, standard deviation and number of seeds."""
    sd = "" if values["sd"] is None else f" ± {values['sd']:.2f}"
    return f"{values['mean']:.2f}{sd} ({values['n']})"
