"""The order of channel scores: ranks, positions on the axis and the reference they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from attnviz.core.checks import choice, whole
from attnviz.core.types import Floats
from attnviz.render.colour import array

Ints = npt.NDArray[np.intp]


def _by_rank(scores: Floats) -> Ints:
    # stable on the negated scores: equal scores keep channel order; NaN sorts last
    return np.argsort(-scores, kind="stable")


def _by_index(scores: Floats) -> Ints:
    return np.arange(scores.size)


ORDERS: Mapping[str, Callable[[Floats], Ints]] = {"index": _by_index, "sorted": _by_rank}
"""Orders of the channels from left to right."""


@dataclass(frozen=True)
class Ranking:
    """Channel scores, and where each channel stands.

    Attributes:
        scores: (C,) float32 by channel index; NaN where a score is not finite.
        ranks: (C,) rank of each channel, 1 for the highest score; equal scores rank by channel index.
        shown: (C,) the channel at each position from left to right.
        places: (C,) the position of each channel, the inverse of ``shown``.
        order: ``"index"`` or ``"sorted"``.
    """

    scores: Floats
    ranks: Ints
    shown: Ints
    places: Ints
    order: str

    @property
    def count(self) -> int:
        """Number of channels."""
        return int(self.scores.size)

    def extremes(self, k: int) -> tuple[list[int], list[int]]:
        """The k channels with the highest scores, highest first, and the k with the lowest, lowest first."""
        best = [int(i) for i in _by_rank(self.scores) if np.isfinite(self.scores[i])]
        return best[:k], best[::-1][: min(k, max(len(best) - k, 0))]


def ranking(scores: npt.ArrayLike, order: str = "index") -> Ranking:
    """Rank channel scores.

    Args:
        scores: (C,), at least one finite.
        order: A key of ``ORDERS``.

    Raises:
        UserError: Scores of another shape, nothing finite, or an unknown order.
    """
    values = array(scores, 1, "channel scores")
    choice("order", order, ORDERS)
    values = np.where(np.isfinite(values), values, np.float32(np.nan))
    by_rank, shown = _by_rank(values), ORDERS[order](values)
    ranks, places = np.empty_like(by_rank), np.empty_like(by_rank)
    ranks[by_rank] = np.arange(1, values.size + 1)
    places[shown] = np.arange(values.size)
    return Ranking(values, ranks, shown, places, order)


def channels(indices: int | Sequence[int] | None, count: int) -> tuple[int, ...]:
    """Check channel indices in 0..count-1; one, several or none -> a tuple without repeats.

    Raises:
        UserError: One is no whole number or outside the range.
    """
    several = isinstance(indices, (Sequence, np.ndarray))
    given: Any = () if indices is None else tuple(indices) if several else (indices,)  # type: ignore[arg-type]
    return tuple(dict.fromkeys(whole("channel", index, 0, count - 1) for index in given))


def tick_positions(count: int, most: int = 9, first: int = 0) -> list[int]:
    """Numbers to print on an axis of ``count`` channels that starts at ``first``: round ones, and both ends."""
    step = 1
    while count / step > most:
        step *= 2
    last = first + count - 1
    # a round number too close to an end would collide with it
    inner = [n for n in range(0, last, step) if n - first >= step / 2 and last - n > step / 2]
    return sorted({first, *inner, last})
