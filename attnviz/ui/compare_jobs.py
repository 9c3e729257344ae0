"""Long computations: in a thread of their own, with progress, and a way to stop them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

TICK = 0.3
"""Seconds between two looks at how far a computation is."""


@dataclass
class Report:
    """How far a computation is, and whether it shall go on; shared by two threads.

    Attributes:
        stop: Set when nobody waits for the result any more.
        text: What is being done, plain text.
        share: How much of it is done, 0..1.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    text: str = ""
    share: float = 0.0

    def say(self, text: str, share: float = 0.0) -> None:
        """Tell what is being done now."""
        self.text, self.share = text, share

    def part(self, start: float, end: float) -> Callable[[float], None]:
        """A function that reports its argument, 0..1, as progress from ``start`` to ``end``."""

        def report(share: float) -> None:
            self.share = start + (end - start) * share

        return report


class Jobs:
    """One running computation for each visitor, by the hash of the session."""

    def __init__(self) -> None:
        self._running: dict[str, Report] = {}
        self._guard = threading.Lock()

    @contextmanager
    def started(self, who: str) -> Iterator[Report]:
        """A report that ``stop`` reaches while the ``with`` block lasts; at its end the computation is stopped."""
        report = Report()
        with self._guard:
            self._running[who] = report
        try:
            yield report
        finally:
            report.stop.set()
            with self._guard:
                if self._running.get(who) is report:
                    del self._running[who]

    def stop(self, who: str) -> bool:
        """Ask a visitor's computation to end; whether there was one."""
        with self._guard:
            report = self._running.get(who)
        if report is not None:
            report.stop.set()
        return report is not None


@dataclass
class _Outcome(Generic[T]):
    value: T | None = None
    error: BaseException | None = None


def in_steps(work: Callable[[Report], T], report: Report) -> Generator[Report, None, T]:
    """Run ``work`` in a thread and give its report every ``TICK`` seconds; what it returns or raises comes last."""
    outcome: _Outcome[T] = _Outcome()

    def run() -> None:
        try:
            outcome.value = work(report)
        except BaseException as error:
            outcome.error = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join(TICK)
        while thread.is_alive():
            yield report
            thread.join(TICK)
    finally:
        report.stop.set()  # the visitor may have gone: gradio then closes the generator
        thread.join()
    if outcome.error is not None:
        raise outcome.error
    return outcome.value  # type: ignore[return-value]
