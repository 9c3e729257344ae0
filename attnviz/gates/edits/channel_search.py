"""Which channels of a gate an answer rests on: knock them out and look; one pass for many variants.

Both searches are iterators that stop for a pass after each item, so whoever asks can show how far it is, stop
early, or keep to a time limit; what has been found until then is in the last item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from attnviz.core.errors import UserError
from attnviz.core.types import Floats

Run = Callable[[Floats], Floats]
"""Logits under factors for a gate's channels: (B, C) -> (B, K)."""

BATCH = 16
"""Variants in one pass."""


@dataclass(frozen=True, eq=False)
class Search:
    """What a search has found so far.

    Attributes:
        target: The class whose logit is watched.
        base: (K,) logits without any change.
        channels: Channels that were knocked out: one alone (``leave_one_out``), or each on top of those before it
            (``greedy``).
        logits: (n, K) logits under each.
        done: Variants computed.
        total: Variants that there will be.
    """

    target: int
    base: Floats
    channels: tuple[int, ...]
    logits: Floats
    done: int
    total: int

    @property
    def drops(self) -> Floats:
        """(n,) by how much the target's logit fell; negative where it rose."""
        drops: Floats = self.base[self.target] - self.logits[:, self.target]
        return drops

    def most(self, k: int) -> tuple[int, ...]:
        """The k channels whose loss costs the most, the worst first."""
        order = np.argsort(-self.drops, kind="stable")[:k]
        return tuple(self.channels[i] for i in order)


def _check_channels(channels: Sequence[int], count: int) -> None:
    if not channels or len(set(channels)) != len(channels) or not all(0 <= c < count for c in channels):
        raise UserError(f"channels to look at must be different ones in 0..{count - 1}, got {list(channels)[:20]}")


def _knocked_out(
    run: Run, shape: tuple[int, int], target: int, part: Sequence[int], taken: Sequence[int] = ()
) -> Floats:
    """Logits, (B, K), of one pass with each channel of ``part`` knocked out on top of ``taken``; the last row is free.

    Every pass has the same size and its own unchanged row: sums are rounded differently in batches of other sizes.
    """
    factors = np.ones(shape, dtype=np.float32)
    factors[: len(part), list(taken)] = 0
    factors[np.arange(len(part)), list(part)] = 0
    logits = run(factors)
    if not 0 <= target < logits.shape[1]:
        raise UserError(f"target must be a class in 0..{logits.shape[1] - 1}, got {target}")
    return logits


def leave_one_out(run: Run, count: int, target: int, channels: Sequence[int], batch: int = BATCH) -> Iterator[Search]:
    """Knock out every channel alone.

    Args:
        run: Runs the network.
        count: C, the gate's number of channels.
        target: The class whose logit is watched.
        channels: Which channels, the first ones first: where time runs out the last ones are missing.
        batch: Variants in one pass.

    Raises:
        UserError: A channel or the target is not there.
    """
    _check_channels(channels, count)
    size = min(batch, len(channels)) + 1
    rows: list[Floats] = []
    base: Floats | None = None
    for start in range(0, len(channels), size - 1):
        part = channels[start : start + size - 1]
        logits = _knocked_out(run, (size, count), target, part)
        base = logits[-1] if base is None else base
        rows.extend(logits[: len(part)])
        yield Search(target, base, tuple(channels[: len(rows)]), np.stack(rows), len(rows), len(channels))


def greedy(
    run: Run, count: int, target: int, candidates: Sequence[int], steps: int, batch: int = BATCH
) -> Iterator[Search]:
    """Knock out channels one after the other, each time the one whose loss costs the target's logit the most.

    Args:
        run: Runs the network.
        count: C, the gate's number of channels.
        target: The class whose logit is watched.
        candidates: Channels to choose from.
        steps: How many to knock out, at most as many as there are candidates.
        batch: Variants in one pass.

    Raises:
        UserError: A channel or the target is not there, or ``steps`` is outside its limits.
    """
    _check_channels(candidates, count)
    if not 1 <= steps <= len(candidates):
        raise UserError(f"steps must be in 1..{len(candidates)}, the number of candidates, got {steps}")
    taken: list[int] = []
    kept: list[Floats] = []
    total = sum(len(candidates) - step for step in range(steps))
    size, done, base = min(batch, len(candidates)) + 1, 0, None
    for _ in range(steps):
        left = [channel for channel in candidates if channel not in taken]
        rows: list[Floats] = []
        for start in range(0, len(left), size - 1):
            part = left[start : start + size - 1]
            logits = _knocked_out(run, (size, count), target, part, taken)
            base = logits[-1] if base is None else base
            rows.extend(logits[: len(part)])
            done += len(part)
            if len(rows) == len(left):
                best = int(np.argmin([row[target] for row in rows]))
                taken.append(left[best])
                kept.append(rows[best])
            so_far = np.stack(kept) if kept else np.empty((0, len(base)), dtype=np.float32)
            yield Search(target, base, tuple(taken), so_far, done, total)
