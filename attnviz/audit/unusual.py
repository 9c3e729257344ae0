"""How unusual a photograph is: how far its gates lie from their means, in standard deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from attnviz.audit.reading import GateReading
from attnviz.audit.statistics.base import Array, Doubles
from attnviz.audit.statistics.extremes import Extremes
from attnviz.audit.statistics.hashing import keys_of

if TYPE_CHECKING:
    from attnviz.audit.work import Work

LISTED = 12


def unusualness(arrays: dict[str, Array], gates: tuple[GateReading, ...]) -> Doubles:
    """(n,) of the rows of a block: the root of the mean over gates of z², z² itself a mean over a gate's elements.

    Gates whose elements are not kept for each photograph count by their mean and spread over elements. An ordinary
    photograph has about 1.
    """
    total = np.zeros(len(arrays["rows/number"]))
    for number, gate in enumerate(gates):
        values = arrays.get(f"rows/gate/{number}/values")
        if values is not None and values.shape[1] == gate.values.means.shape[1]:
            mean, variance = gate.values.mean, gate.values.variance
        else:
            values = arrays[f"rows/gate/{number}/summary"][:, :2]
            mean, variance = gate.summary.mean[:2], gate.summary.variance[:2]
        rounding = np.spacing(np.abs(mean).astype(np.float16)).astype(np.float64)  # kept values are of 16 bits
        moves = variance > np.maximum(np.square(rounding), 1e-12)
        if moves.any():
            z = np.square(values.astype(np.float64)[:, moves] - mean[moves]) / variance[moves]
            total += z.mean(1)
    result: Doubles = np.sqrt(total / max(len(gates), 1))
    return result


def most_unusual(work: Work) -> list[list[Any]]:
    """Names and values of the most unusual photographs."""
    extremes = Extremes.empty(1, LISTED)
    for block in work.readings:
        arrays = work.store.load("reading", block, "rows/")
        if "rows/number" in arrays:
            numbers = arrays["rows/number"]
            keys = keys_of([work.photographs.names[n] for n in numbers])
            extremes = extremes.add(unusualness(arrays, work.reading.gates)[:, None], keys, numbers)
    pairs = zip(extremes.numbers[0].tolist(), extremes.values[0].tolist(), strict=True)
    return [[work.photographs.names[n], round(v, 3)] for n, v in pairs if n >= 0]
