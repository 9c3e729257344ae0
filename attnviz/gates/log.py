"""Statistics of every gate during somebody's own training loop."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from attnviz.core.checks import is_whole
from attnviz.core.contexts import reusable
from attnviz.core.errors import UserError
from attnviz.core.files import write_atomically
from attnviz.core.sites import GateSite
from attnviz.gates.capture import Capture, Tape
from attnviz.gates.discover import find_gates, what_it_has
from attnviz.gates.entrances import Hook
from attnviz.gates.paths import unwrapped
from attnviz.models.network import Network

LOW, HIGH = 0.01, 0.99
"""Below and above these a weight counts as closed and as open."""
STATISTICS = ("mean", "sd", "min", "max", "closed", "open")
COLUMNS = ("step", "gate", "kind", *STATISTICS)


class Writer(Protocol):
    """What takes numbers, such as TensorBoard's ``SummaryWriter``."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> Any:
        """Take one number of one step."""


class GateLog:
    """What ``log_gates`` has written down.

    Attributes:
        sites: The gates.
        rows: One a gate and logged step, with the keys ``COLUMNS``: ``mean``, ``sd`` (of all weights of the batch),
            ``min``, ``max``, and ``closed`` and ``open``, the shares of weights below 0.01 and above 0.99. NaN for a
            gate that the pass did not come to (stochastic depth).
        step: How many training passes there were.
    """

    def __init__(self, model: nn.Module, sites: tuple[GateSite, ...], every: int, writer: Writer | None) -> None:
        self.sites, self.rows, self.step = sites, list[dict[str, Any]](), 0
        self._model, self._every, self._writer = model, every, writer
        self._open = ExitStack()
        self._tape: Tape | None = None

    def save(self, path: str | Path) -> None:
        """Write the rows to a CSV file."""
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, COLUMNS)
        table.writeheader()
        table.writerows(self.rows)
        write_atomically(Path(path), text.getvalue().encode())

    def listen(self) -> None:
        """Read the gates in the next pass."""
        self._tape = self._open.enter_context(Capture(self._model, self.sites, exact=True, trained=True))

    def close(self) -> None:
        """Read no longer."""
        self._tape = None
        self._open.close()

    def passed(self, module: nn.Module, _inputs: Any, _output: Any) -> None:
        """A forward hook: count a training pass, and write down what was read in it."""
        if not module.training:
            return
        if self._tape is not None:
            self._write(self._tape)
            self.close()
        self.step += 1
        if self.step % self._every == 0:
            self.listen()

    def _write(self, tape: Tape) -> None:
        for site, numbers in zip(self.sites, statistics(self.sites, tape), strict=True):
            row = dict(zip(STATISTICS, numbers, strict=True))
            self.rows.append({"step": self.step, "gate": site.name, "kind": site.kind, **row})
            for name, number in row.items() if self._writer is not None else ():
                self._writer.add_scalar(f"gates/{site.name}/{name}", number, self.step)  # type: ignore[union-attr]


def statistics(sites: Sequence[GateSite], tape: Mapping[str, Any]) -> list[list[float]]:
    """``STATISTICS`` of every gate, with one transfer from the device."""
    read = {site.name: _of(tape[site.name].values) for site in sites if site.name in tape}
    numbers = dict(zip(read, torch.stack(list(read.values())).tolist(), strict=True)) if read else {}
    return [numbers.get(site.name, [math.nan] * len(STATISTICS)) for site in sites]


def _of(values: Tensor) -> Tensor:
    weights = values.float()
    low, high = (weights < LOW).float().mean(), (weights > HIGH).float().mean()
    return torch.stack((weights.mean(), weights.std(correction=0), weights.amin(), weights.amax(), low, high))


@reusable
def log_gates(
    model: nn.Module | Network, example: Any, every: int = 100, writer: Writer | None = None
) -> Iterator[GateLog]:
    """Write down statistics of every gate while somebody's own loop trains a model.

    ``with log_gates(model, example, every=100) as log: train(model)``, then ``log.rows`` or ``log.save("gates.csv")``.

    Steps are passes of the whole model in train mode, from 0; passes in eval mode are neither counted nor read. Between
    the logged steps nothing but one forward hook on the model is there. The model cannot be copied or saved whole
    meanwhile; its ``state_dict`` can.

    Args:
        model: Any network with gates, compiled or not.
        example: With what ``find_gates`` runs it, once.
        every: From one logged step to the next, at least 1.
        writer: Something with ``add_scalar(tag, value, step)`` that gets every number too, as
            ``gates/<gate>/<statistic>``.

    Raises:
        UserError: The model has no gates, or an argument is no such thing. In a logged pass: a module with a gate is
            called more often than in the search. On leaving the context: no step was counted.
    """
    if not is_whole(every, 1):
        raise UserError(f"every is a whole number of steps of at least 1, got {every!r}")
    if writer is not None and not callable(getattr(writer, "add_scalar", None)):
        raise UserError(f"a writer has a method add_scalar(tag, value, step), got {type(writer).__name__}")
    sites = find_gates(model, example)
    if isinstance(model, Network):
        model = model.module
    if not sites:
        raise UserError(what_it_has(unwrapped(model)))
    log = GateLog(model, sites, every, writer)
    # on the model as it is given: torch.compile does not see hooks that come later to what it has compiled
    handle = model.register_forward_hook(Hook(log.passed))
    try:
        log.listen()
        yield log
    finally:
        handle.remove()
        log.close()
    if not log.step:
        raise UserError(
            f"no pass of this {type(unwrapped(model)).__name__} in train mode was logged: call the model itself, in "
            "train mode, inside of the context"
        )
