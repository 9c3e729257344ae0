"""How far an audit is, how fast, and how long it will take."""

from __future__ import annotations

import time

from attnviz.audit.settings import Say

EVERY = 2.0
"""Seconds between two lines."""


class ProgressCounter:
    """Counts, and says so now and then.

    Args:
        what: What is done, as a word.
        total: How many there are.
        unit: What is counted.
        say: Takes a line of text; ``None`` for silence.
    """

    def __init__(self, what: str, total: int, unit: str, say: Say | None) -> None:
        self.what, self.total, self.unit, self.say = what, total, unit, say
        self.done = self.skipped = 0
        self.started = self.spoken = time.monotonic()

    def skip(self, count: int) -> None:
        """So many were done in an earlier run."""
        self.done += count
        self.skipped += count

    def add(self, count: int) -> None:
        """So many more are done."""
        self.done += count
        now = time.monotonic()
        if self.say is not None and (now - self.spoken >= EVERY or self.done >= self.total):
            self.spoken = now
            speed = (self.done - self.skipped) / max(now - self.started, 1e-9)
            left = (self.total - self.done) / max(speed, 1e-9)
            times = f"{left:.0f} s left" if left < 90 else f"{left / 60:.0f} min left"
            self.say(f"{self.what}: {self.done:,} of {self.total:,} {self.unit}, {speed:.0f} {self.unit}/s, {times}")
