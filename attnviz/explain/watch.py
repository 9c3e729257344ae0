"""A model's forward pass, watched: it can be cancelled, has a budget of time, and says how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from attnviz.core.errors import Cancelled, UserError


@dataclass
class Watch:
    """A model to be called many times, which asks before every pass whether to go on.

    Attributes:
        what: What is computed, for errors.
        model: (n, C, H, W) -> logits.
        progress: Called with the share that is done, 0..1.
        cancelled: Asked before every pass; ``True`` ends the computation.
        budget_s: Seconds after which no further pass begins.
        total: Examples that there will be.
        advice: What to do where the budget does not suffice; ends the error.
    """

    what: str
    model: Callable[[Tensor], Tensor]
    progress: Callable[[float], None] | None
    cancelled: Callable[[], bool] | None
    budget_s: float | None
    total: int = 1
    advice: str = ""
    done: int = 0
    pending: int = 0
    started: float = field(default_factory=lambda: time.perf_counter())

    def expect(self, total: int) -> None:
        """Say how many examples there will be."""
        self.total = max(1, total)

    def check(self) -> None:
        """Raise ``Cancelled``, or ``UserError`` where the budget is spent; else report how far it is."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled(f"{self.what} was cancelled")
        share = min(1.0, self.done / self.total)
        if self.budget_s is not None and time.perf_counter() - self.started > self.budget_s:
            spent = f"{self.what} had {100 * share:.0f} % done when its budget of {self.budget_s:g} s was spent"
            raise UserError(spent + self.advice)
        if self.progress is not None:
            self.progress(share)

    def __call__(self, x: Tensor) -> Tensor:
        """Run the model, if it may."""
        self.done += self.pending  # what was passed before has been worked through, its backward pass too
        self.pending = len(x)
        self.check()
        return self.model(x)

    def finish(self) -> None:
        """Report that all is done."""
        if self.progress is not None:
            self.progress(1.0)
