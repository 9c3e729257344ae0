"""Long computations: in a thread of their own, with progress, and a way to stop them."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST_WAITING = 256
"""Requests that are known before their turn comes; the oldest belong to visitors who have gone."""
TICK = 0.3
"""Seconds between two looks at how far a computation is."""


@dataclass(eq=False)
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


def progress_html(text: str, share: float) -> str:
    """How far a computation is."""
    bar = f'<progress max="1" value="{share:.3f}" aria-label="{escape(text)}"></progress>'
    return f'<div class="av-progress" role="status"><span>{escape(text)} …</span>{bar}</div>'


class Jobs:
    """The computations of each visitor, by the hash of the session: two run where a change meets the one before it."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Report] = OrderedDict()
        self._running: defaultdict[str, set[Report]] = defaultdict(set)
        self._guard = threading.Lock()

    def asked(self, who: str) -> None:
        """Something long is wanted, and waits for its turn: ``stop`` reaches it from now on."""
        with self._guard:
            self._waiting[who] = Report()
            self._waiting.move_to_end(who)
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)

    @contextmanager
    def started(self, who: str, *, asked: bool = False) -> Iterator[Report]:
        """A report that ``stop`` reaches while the ``with`` block lasts; at its end the computation is stopped.

        Args:
            who: The visitor.
            asked: Whether ``asked`` announced it, so that it may have been stopped before it starts.
        """
        with self._guard:
            report = (self._waiting.pop(who, None) if asked else None) or Report()
            self._running[who].add(report)
        try:
            yield report
        finally:
            report.stop.set()
            with self._guard:
                self._running[who].remove(report)
                if not self._running[who]:
                    del self._running[who]

    def stop(self, who: str) -> bool:
        """Ask a visitor's computations to end, the one that waits too; whether there was any."""
        with self._guard:
            reports = self._reports(who)
        for report in reports:
            report.stop.set()
        return bool(reports)

    def at_work(self, who: str) -> bool:
        """Whether anything of a visitor's is computed, or waits for its turn, and was not stopped."""
        with self._guard:
            return not all(report.stop.is_set() for report in self._reports(who))

    def _reports(self, who: str) -> list[Report]:
        waiting = self._waiting.get(who)
        return [*self._running.get(who, ()), *([waiting] if waiting else [])]


@dataclass
class _Outcome(Generic[T]):
    value: T | None = None
    error: BaseException | None = None


def shown(work: Generator[Report, None, T], show: Callable[[Report], Any]) -> Generator[Any, None, T]:
    """What ``show`` makes of each report of some work; what the work returns comes last."""
    while True:
        try:
            report = next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield show(report)


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
