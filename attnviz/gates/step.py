"""An operation that has run, with what is known about its operands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from torch import Tensor

from attnviz.core.sites import Place
from attnviz.gates import ops
from attnviz.gates.flow import NONE, Mark, Origin, flat_axes
from attnviz.gates.marks import Marks
from attnviz.gates.ranges import ANY, SHARE, Range


class TracedOperation:
    """An operation that has run, with what is known about its operands.

    Attributes:
        name: Its name.
        args: Its arguments, keywords behind the others.
        operands: The tensors among them that are marked, with their marks.
        result: The first tensor that it gave.
        place: Where it ran, if operations like it are counted.
    """

    def __init__(
        self,
        marks: Marks,
        func: ops.Operation,
        args: Sequence[Any],
        keywords: Mapping[str, Any],
        operands: list[tuple[Tensor, Mark]],
        result: Tensor,
        place: Place | None,
    ) -> None:
        self.marks, self.func, self.result, self.place = marks, func, result, place
        self.positional, self.keywords = args, keywords
        self.name = ops.name_of(func)
        self.args = (*args, *keywords.values())
        self.operands = operands

    @property
    def tensor(self) -> Tensor:
        """The first marked operand."""
        return self.operands[0][0]

    @property
    def mark(self) -> Mark:
        """Its mark."""
        return self.operands[0][1]

    @property
    def alone(self) -> bool:
        """Whether nothing else is marked."""
        return len(self.operands) == 1

    @cached_property
    def carries(self) -> frozenset[int]:
        """Products and sums that go into the result."""
        if len(self.operands) == 1:
            return self.mark.carries
        return NONE.union(*(m.carries for _, m in self.operands))

    def new(self, root: int | None = None, **traits: Any) -> Mark:
        """Mark of the result: what no rule gives is what all operands have in common."""
        if "channels" not in traits:
            ranks = (m.channels for t, m in self.operands if t.ndim == self.result.ndim and m.channels is not None)
            traits["channels"] = next(ranks, None)
        if "carries" not in traits:
            traits["carries"] = self.carries
        if "pooled" not in traits:
            traits["pooled"] = all(m.pooled for _, m in self.operands)
        return self.marks.new(root, **traits)

    def flat(self) -> frozenset[int]:
        """Axes along which a function of single elements repeats the first marked operand, and nothing else varies."""
        rank = self.result.ndim
        axes = {axis + rank - self.tensor.ndim for axis in flat_axes(self.tensor, self.mark)}
        for other in ops.tensors_in(self.args):
            if other is not self.tensor:
                repeated = flat_axes(other, self.marks.get(other))
                axes -= {i + rank - other.ndim for i, n in enumerate(other.shape) if n > 1 and i not in repeated}
        return frozenset(axes)

    def straight(self) -> frozenset[int]:
        """Products and sums of which the result is a scaled or shifted one."""
        if len(self.operands) == 1:
            return self.mark.straight
        return NONE.union(*(m.straight for _, m in self.operands))

    def limits(self, value: Any) -> Range:
        """Between which numbers an operand lies."""
        if isinstance(value, (int, float)):
            return (float(value), float(value))
        mark = self.marks.get(value)
        if mark is not None:
            return mark.limits
        if not isinstance(value, Tensor):
            return ANY
        if value.ndim or value.device.type != "cpu" or self.marks.is_stored(value):
            return SHARE
        return (float(value), float(value)) if value.dtype.is_floating_point else SHARE

    def origin(self, name: str, **about: Any) -> Origin:
        """This operation as the one that bounds values."""
        return Origin(name, self.marks.uid(), self.place, tuple(self.result.shape), sums=self.straight(), **about)
