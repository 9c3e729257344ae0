"""What a whole gate can be replaced by, to see whether its answer to this photograph matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from attnviz.core.checks import is_number, is_whole
from attnviz.core.errors import UserError
from attnviz.core.sites import GateSite
from attnviz.core.types import Edit, Floats
from attnviz.gates.apply import channel_axis, position_axes
from attnviz.gates.edit import mean, neutral, paint, set_to, shuffle

MAX_SIZE = 2**17
"""Most weights of a gate that is replaced by values from elsewhere, which have to be kept with the edits."""


@dataclass(frozen=True, eq=False)
class Given:
    """What a replacement may be made of.

    Attributes:
        values: The gate for this photograph, without edits.
        reference: The gate for R other photographs, (R, …).
        other: The gate for one other photograph.
        seed: Of a permutation.
    """

    values: Floats | None = None
    reference: Floats | None = None
    other: Floats | None = None
    seed: int = 0


@dataclass(frozen=True)
class Swap:
    """One kind of replacement.

    Attributes:
        fits: Whether it can be done to a gate.
        make: The edit.
    """

    fits: Callable[[GateSite], bool]
    make: Callable[[Given], Edit]


def _needed(values: Floats | None, what: str) -> Floats:
    if values is None:
        raise UserError(f"this replacement needs {what}")
    return values


def _mean(given: Given) -> Edit:
    reference = _needed(given.reference, "the gate for other photographs")
    rows = 1 if given.values is None else len(given.values)  # of one example: it may have several windows or heads
    # the mean of one example: what is kept with the edits stays small
    return mean(reference.reshape(-1, rows, *reference.shape[1:]).mean(0))


def _small(site: GateSite) -> bool:
    return int(np.prod(site.shape)) <= MAX_SIZE and not site.traits.moves


def _has_channels(site: GateSite) -> bool:
    axis = channel_axis(site)
    return not site.traits.has_pairs and axis is not None and site.shape[axis] > 1


SWAPS: Mapping[str, Swap] = MappingProxyType(
    {
        "neutral": Swap(lambda site: True, lambda given: neutral()),
        "flat": Swap(
            lambda site: site.traits.multiplies,
            lambda given: set_to(_needed(given.values, "the gate for this photograph").mean()),
        ),
        "mean": Swap(_small, _mean),
        "other": Swap(_small, lambda given: set_to(_needed(given.other, "the gate for another photograph"))),
        "shuffle_channels": Swap(_has_channels, lambda given: shuffle("channels", given.seed)),
        "shuffle_positions": Swap(
            lambda site: bool(position_axes(site)), lambda given: shuffle("positions", given.seed)
        ),
    }
)
"""Neutral; its own mean everywhere; its mean over other photographs; its values for one other; its weights permuted."""


def painted(mask: Floats, cells: Sequence[int], value: float) -> Edit:
    """A mask with some cells set to a value.

    Args:
        mask: (H, W), what the gate is now.
        cells: Indices in 0..H*W-1, row by row.
        value: In [0, 1].

    Raises:
        UserError: A cell is outside the mask, or the value outside its limits.
    """
    if not is_number(value, 0, 1):
        raise UserError(f"what is painted must be a number in 0..1, got {str(value)[:60]}")
    height, width = mask.shape
    for cell in cells:
        if not is_whole(cell, 0, mask.size - 1):
            raise UserError(f"the mask has {height}×{width} cells, 0..{mask.size - 1}; got {str(cell)[:60]}")
    changed = np.array(mask, dtype=np.float32)
    changed.reshape(-1)[list(cells)] = value
    return paint(changed)
