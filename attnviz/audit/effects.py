"""What replacing gates and knocking out channels does to answers, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from attnviz.audit.statistics.base import Doubles
from attnviz.audit.statistics.counts import Paired
from attnviz.audit.store import unpacked
from attnviz.audit.trials import RANKINGS, GateChange
from attnviz.audit.work import Work
from attnviz.core.intervals import sign_test_p
from attnviz.core.numbers import significant

Values = dict[str, Any]


def paired_of(work: Work) -> Paired | None:
    """All blocks of tests merged; ``None`` where nothing was tested."""
    parts = [unpacked(Paired, "paired", work.store.load("trial", number, "paired/")) for number in work.trials]
    return reduce(Paired.merge, parts) if parts else None


def _effect(paired: Paired, number: int) -> Values:
    value, low, high = paired.difference(number)
    logit, logit_low, logit_high = paired.logit_difference(number)
    lost, won, count = int(paired.lost[number]), int(paired.won[number]), max(int(paired.count), 1)
    return {
        "points": round(value, 4),
        "interval": [round(low, 4), round(high, 4)],
        "lost": lost,
        "won": won,
        "p": significant(sign_test_p(lost, won)),
        "changed": round(100 * int(paired.changed[number]) / count, 4),
        "logit": round(logit, 4),
        "logit_interval": [round(logit_low, 4), round(logit_high, 4)],
    }


def effects(paired: Paired, changes: Sequence[GateChange], gate: str) -> Values:
    """Of every replacement of one gate, or of all together where ``gate`` is empty."""
    by_change = {c.what: _effect(paired, i) for i, c in enumerate(changes) if c.gate == gate and not c.k}
    own = by_change.get("own")
    if own is not None and not own["changed"]:
        own["interval"] = [0.0, 0.0]  # a check of the audit, and no sample of anything
    return by_change


def knock_outs(paired: Paired, changes: Sequence[GateChange]) -> list[Values]:
    """A row for each number of channels: every ranking, random ones, and two differences paired by photograph."""
    rows = []
    at = {(c.what, c.k, c.draw): i for i, c in enumerate(changes) if c.k}
    for k in sorted({k for _, k, _ in at}):
        draws = [i for (what, n, _), i in at.items() if what == "random" and n == k]
        row: Values = {"k": k, **{ranking: _effect(paired, at[ranking, k, 0]) for ranking in RANKINGS}}
        row["random"] = _mean_effect(paired, draws, [])
        row["gate_against_low"] = _mean_effect(paired, [at["gate", k, 0]], [at["gate_low", k, 0]])
        row["product_against_random"] = _mean_effect(paired, [at["product", k, 0]], draws)
        rows.append(row)
    return rows


def _mean_effect(paired: Paired, numbers: Sequence[int], against: Sequence[int]) -> Values:
    """Mean change of accuracy over changes, minus that over others, paired by photograph."""

    def mean(of: Sequence[int]) -> tuple[float, Doubles]:
        if not of:
            return 0.0, np.zeros(paired.points.shape[1])
        share = sum(int(paired.won[i] - paired.lost[i]) for i in of) / len(of) / max(int(paired.count), 1)
        return share, paired.points[list(of)].mean(0) / np.maximum(paired.weights, 1)

    (value, drawn), (less, less_drawn) = mean(numbers), mean(against)
    low, high = np.quantile(100 * (drawn - less_drawn), (0.025, 0.975))
    return {"points": round(100 * (value - less), 4), "interval": [round(float(low), 4), round(float(high), 4)]}
