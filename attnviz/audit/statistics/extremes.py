"""The examples with the largest values of every element: bounded heaps, kept as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from attnviz.audit.statistics.base import Array, Doubles, Statistic, Whole

Keys = npt.NDArray[np.uint64]
LAST = np.iinfo(np.uint64).max


@dataclass(frozen=True, eq=False)
class Extremes(Statistic):
    """The k largest values of every element, the largest first; equal ones in the order of their keys.

    Attributes:
        values: (E, k) float64; −∞ where fewer examples were seen.
        keys: (E, k) uint64, hashes of the examples' names.
        numbers: (E, k) int64, which examples; −1 where there are fewer.
    """

    values: Doubles
    keys: Keys
    numbers: Whole

    @classmethod
    def empty(cls, elements: int, k: int) -> Extremes:
        """Of no example."""
        shape = (elements, k)
        return cls(np.full(shape, -np.inf), np.full(shape, LAST, np.uint64), np.full(shape, -1, np.int64))

    def add(self, values: Array, keys: Keys, numbers: Array) -> Extremes:
        """With a batch (N, E), the hashes (N,) and numbers (N,) of its examples."""
        rows = np.asarray(values, np.float64).T
        fresh = np.flatnonzero(rows.max(1, initial=-np.inf) >= self.values[:, -1])
        if not len(fresh):
            return self
        shape = (len(fresh), rows.shape[1])
        batch = rows[fresh], np.broadcast_to(keys, shape), np.broadcast_to(np.asarray(numbers, np.int64), shape)
        return self._with(fresh, *batch)

    def merge(self, other: Extremes) -> Extremes:
        """Of both."""
        return self._with(np.arange(len(self.values)), other.values, other.keys, other.numbers)

    def _with(self, at: Array, values: Array, keys: Array, numbers: Array) -> Extremes:
        """With candidates (n, c) for the elements ``at``, (n,)."""
        k = self.values.shape[1]
        pool = [
            np.concatenate([a[at], b], 1) for a, b in zip(self.arrays().values(), (values, keys, numbers), strict=True)
        ]
        order = np.lexsort((pool[1], -pool[0]), axis=1)[:, :k]
        merged = [array.copy() for array in self.arrays().values()]
        for array, candidates in zip(merged, pool, strict=True):
            array[at] = np.take_along_axis(candidates, order, 1)
        return Extremes(*merged)
