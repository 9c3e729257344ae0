"""An operation as the rules see it, before it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from attnviz.core.sites import Place
from attnviz.gates.axes import Axes
from attnviz.gates.flow import Mark
from attnviz.gates.ledger import Finding, Ledger
from attnviz.gates.marks import Marks

Verdict: TypeAlias = "list[Finding] | str"
"""The gates that an operation reveals, or why it reveals none; an empty text where nobody would ask."""


@dataclass(frozen=True)
class Meeting:
    """An operation with what is known about its operands.

    Attributes:
        marks: Of all tensors.
        axes: What theirs run over.
        name: The operation's name.
        args: Its arguments.
        place: Where it is.
        ledger: What has been found so far.
        unbounded: Whether broadcast weights without a bound count as gates.
    """

    marks: Marks
    axes: Axes
    name: str
    args: tuple[Any, ...]
    place: Place
    ledger: Ledger
    unbounded: bool = False

    def operand(self, index: int) -> Place:
        """Where the operand is."""
        return dataclasses.replace(self.place, operand=index)

    def pair(self, first: int, second: int) -> Iterator[tuple[int, Mark, int, Mark]]:
        """Both orders of two operands that are marked: (index, mark, other index, other mark)."""
        a, b = self.marks.get(self.args[first]), self.marks.get(self.args[second])
        if a is not None and b is not None:
            yield first, a, second, b
            yield second, b, first, a
