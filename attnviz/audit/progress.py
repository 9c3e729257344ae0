"""How far an audit is, how fast, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable

from attnviz.audit.settings import Say

EVERY = 2.0
"""Seconds between two lines."""


class ProgressCounter:
    """Counts, and says so now and then.

    Args:
        what: What is done, as a word.
        total: How many there are.
        say: Takes a line of text; ``None`` for silence.
        watch: Called with this object at every count, in the thread that computes; what it raises ends the audit.
    """

    def __init__(self, what: str, total: int, say: Say | None, watch: Callable[[ProgressCounter], None] | None) -> None:
        self.what, self.total, self.say, self.watch = what, total, say, watch
        self.done = self.skipped = 0
        self.started = self.spoken = time.monotonic()

    def skip(self, count: int) -> None:
        """So many were done in an earlier run."""
        self.done += count
        self.skipped += count

    def add(self, count: int) -> None:
        """So many more are done."""
        self.done += count
        if self.watch is not None:
            self.watch(self)
        now = time.monotonic()
        if self.say is not None and (now - self.spoken >= EVERY or self.done >= self.total):
            self.spoken = now
            left = self.left()
            times = f"{left:.0f} s left" if left < 90 else f"{left / 60:.0f} min left"
            self.say(f"{self.what}: {self.done:,} of {self.total:,} images, {self.speed():.0f} images/s, {times}")

    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.started

    def speed(self) -> float:
        """So many in a second of this run."""
        return (self.done - self.skipped) / max(self.elapsed(), 1e-9)

    def left(self) -> float:
        """Seconds until all are done, at the speed until now."""
        return (self.total - self.done) / max(self.speed(), 1e-9)
