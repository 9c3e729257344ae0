"""What the noise experiment says: how much is won back, and whether a gate follows content or position."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from attnviz.core.intervals import fieller, welch
from attnviz.core.numbers import significant


def recovery(rgb: Sequence[float], noise: Sequence[float], gate: Sequence[float]) -> dict[str, Any]:
    """(gate − noise) / (RGB − noise): the share of what noise costs that the gate wins back.

    Args:
        rgb: Accuracy in percent of every seed, without noise.
        noise: The same with noise.
        gate: The same with noise and gate.

    Returns:
        ``cost`` in points with its 95 % ``cost_interval`` and ``p`` (Welch), and ``gain`` in points; ``recovered`` and
        its 95 % ``interval`` (Fieller) only where the noise costs something beyond chance, else ``why`` not.
    """
    if min(len(rgb), len(noise), len(gate)) < 2:
        return {"why": "needs two seeds of each of the three rows"}
    cost = welch(noise, rgb)
    shares: dict[str, Any] = {
        "cost": round(cost.value, 3),
        "cost_interval": [round(cost.low, 3), round(cost.high, 3)],
        "p": significant(cost.p),
        "gain": round(statistics.fmean(gate) - statistics.fmean(noise), 3),
    }
    ends = fieller(gate, rgb, noise)
    if cost.value <= 0 or not cost.significant or not all(map(math.isfinite, ends)):
        return {**shares, "why": "the cost of the noise cannot be told from chance"}
    return {
        **shares,
        "recovered": round((statistics.fmean(gate) - statistics.fmean(noise)) / cost.value, 3),
        "interval": [round(v, 3) for v in ends],
    }


def effects(by_position: Tensor, orders: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Scores by content and by position, and how much of their spread each explains.

    Args:
        by_position: (O, C), mean score of every position under each of O orders in which every channel visits every
            position once.
        orders: ``orders[o][p]`` is the channel at position p; 0, 1, 2 are R, G, B.

    Returns:
        ``content`` and ``position``: C mean scores each. ``explained_by_content`` and ``explained_by_position``:
        shares of the sum of squares of log10 scores, of two factors with two levels each: a real channel or noise,
        and a position that was real in training (0..2) or not.
    """
    square = torch.empty(by_position.shape[1], by_position.shape[1], dtype=torch.float64)
    for row, order in zip(by_position, orders, strict=True):
        for position, channel in enumerate(order):
            square[channel, position] = float(row[position])
    logs = square.clamp(min=1e-30).log10()
    real = torch.arange(len(square)) < 3
    total = float((logs - logs.mean()).square().sum())
    report: dict[str, Any] = {
        "content": [significant(v, 4) for v in square.mean(1)],
        "position": [significant(v, 4) for v in square.mean(0)],
    }
    for name, axis in (("content", 0), ("position", 1)):
        means = logs.movedim(axis, 0).reshape(len(square), -1).mean(1)
        halves = torch.where(real, means[real].mean(), means[~real].mean())
        share = float((halves - logs.mean()).square().sum()) * len(square) / total if total else 0.0
        report[f"explained_by_{name}"] = round(share, 4)
    return report
