"""What of a network's gates stands in a comparison: one mask and one row of bars, whatever its mechanism."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from attnviz.core.checks import choice
from attnviz.core.gate_map import Mask, mask_for
from attnviz.core.kinds import KINDS
from attnviz.core.types import Floats, GateRecord
from attnviz.render.drawings import DRAWINGS

FINE = 7
"""A mask of fewer rows or columns says little about where the network looks."""


@dataclass(frozen=True)
class Scores:
    """A gate as bars: (C,) float32, its name and its kind, one with a number per channel."""

    values: Floats
    gate: str
    kind: str


def _fine(masks: Sequence[Mask]) -> Mask:
    return next((m for m in reversed(masks) if min(m.values.shape) >= FINE), masks[-1])


DEPTHS: Mapping[str, Callable[[Sequence[Mask]], Mask]] = MappingProxyType(
    {"fine": _fine, "first": lambda m: m[0], "middle": lambda m: m[len(m) // 2], "last": lambda m: m[-1]}
)
"""Which of a network's masks is shown; ``fine`` is the last with at least 7×7 cells."""

_BARS_AT = MappingProxyType({"first": lambda n: 0, "middle": lambda n: n // 2})


def mask_of(
    gates: Sequence[GateRecord],
    depth: str = "fine",
    query: tuple[float, float] = (0.5, 0.5),
    aspect: float = 1.0,
) -> Mask | None:
    """The map that stands for a network's gates, or ``None`` where no gate has one weight per place.

    Args:
        gates: All gates, first layer to last.
        depth: A key of ``DEPTHS``.
        query: Which place asks, for pairwise gates: down and across, each in [0, 1].
        aspect: Height / width of the network's input.

    Raises:
        UserError: An unknown depth, or a query outside its range.
    """
    choice("depth", depth, DEPTHS)
    for kind in DRAWINGS:
        own = [g for g in gates if g.site.kind == kind and g.values.size and np.isfinite(g.values).any()]
        masks = [mask for mask in (mask_for(record, gates, query, aspect) for record in own) if mask is not None]
        if masks:
            return DEPTHS[depth](masks)
    return None


def scores_of(gates: Sequence[GateRecord], depth: str = "fine") -> Scores | None:
    """The bars that stand for a network's gates, or ``None`` where no gate has one weight per channel; see above."""
    choice("depth", depth, DEPTHS)
    for kind in (name for name in DRAWINGS if KINDS[name].per_channel):
        own = [g for g in gates if g.site.kind == kind and g.values.size and np.isfinite(g.values).any()]
        if own:
            record = own[_BARS_AT.get(depth, lambda n: n - 1)(len(own))]
            return Scores(record.values.ravel(), record.site.name, kind)
    return None
