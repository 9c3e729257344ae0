"""A list of edits of one model, and applying it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from torch import nn

from attnviz.core.errors import UserError, nearest
from attnviz.core.sites import GateSite
from attnviz.core.types import Edit, Floats
from attnviz.gates.apply import channel_axis
from attnviz.gates.edit import CHECKS, edit, knock_out, scale

MAX_STEPS = 2000
"""Most steps of a list: what a person clicks is a few dozen, "all gates" one for each gate."""
MAX_VALUES = 2**20
"""Most numbers in all masks and references of a list together, 4 MB."""
REPLACING = frozenset({"neutral", "set_to", "paint"})
"""Actions after which nothing is left of what a gate was before; ``mean`` too where it has a reference."""


def replaces(change: Edit) -> bool:
    """Whether nothing is left of what the gate was before."""
    return change.action in REPLACING or (change.action == "mean" and change.value is not None)


def of_channels(change: Edit) -> bool:
    """Whether an edit multiplies single channels."""
    return change.action in ("knock_out", "scale") and bool(change.channels)


@dataclass(frozen=True)
class EditStep:
    """One edit of one gate.

    Attributes:
        gate: Name of the gate.
        edit: What happens to it.
    """

    gate: str
    edit: Edit


@dataclass(frozen=True)
class EditList:
    """Edits of one model in the order in which they act.

    Attributes:
        model: Id of the checkpoint or name of the model that they were made for.
        steps: The edits; several of one gate act one after the other.
        weights: sha256 of the model's file of weights; empty where it has none.
    """

    model: str
    steps: tuple[EditStep, ...] = ()
    weights: str = ""

    def of(self, gate: str) -> tuple[Edit, ...]:
        """The edits of one gate, in order."""
        return tuple(step.edit for step in self.steps if step.gate == gate)

    @property
    def gates(self) -> tuple[str, ...]:
        """Gates that are edited, each once, in the order in which they were touched."""
        return tuple(dict.fromkeys(step.gate for step in self.steps))

    def then(self, gate: str, change: Edit) -> EditList:
        """One more edit; those that it makes void are left out."""
        kept = self.without(gate) if replaces(change) else self
        return replace(self, steps=(*kept.steps, EditStep(gate, change)))

    def without(self, gate: str) -> EditList:
        """The list without the edits of one gate."""
        return replace(self, steps=tuple(step for step in self.steps if step.gate != gate))

    def factors(self, gate: str) -> Mapping[int, float]:
        """What the last edits of a gate multiply single channels with: channel -> factor, 0 where knocked out."""
        by_channel: dict[int, float] = {}
        for change in _tail(self.of(gate)):
            factor = 0.0 if change.value is None else float(change.value)
            by_channel |= {channel: by_channel.get(channel, 1.0) * factor for channel in change.channels}
        return MappingProxyType(by_channel)

    def with_factors(self, gate: str, factors: Mapping[int, float]) -> EditList:
        """Single channels multiplied with these factors, in place of those of ``factors``; 1 leaves a channel alone."""
        changes = self.of(gate)
        kept = [EditStep(gate, change) for change in changes[: len(changes) - len(_tail(changes))]]
        groups: dict[float, list[int]] = {}
        for channel in sorted(factors):
            if factors[channel] != 1:
                groups.setdefault(float(factors[channel]), []).append(channel)
        renewed = [knock_out(*groups[f]) if f == 0 else scale(f, *groups[f]) for f in sorted(groups)]
        return replace(self, steps=(*self.without(gate).steps, *kept, *(EditStep(gate, change) for change in renewed)))

    def check(self, model: str, sites: Sequence[GateSite], weights: str = "") -> None:
        """Whether the list fits a model.

        Args:
            model: Name of the model.
            sites: Its gates.
            weights: sha256 of its file of weights, where it has one.

        Raises:
            UserError: The list belongs to another model, or an edit does not fit its gate, or there is too much.
        """
        if self.model != model:
            raise UserError(f"these edits were made for the model {self.model!r}, not for {model!r}")
        if self.weights and weights and self.weights != weights:
            ours, theirs = weights[:12], self.weights[:12]
            raise UserError(f"these edits were made for other weights of {model!r}: sha256 {theirs}…, got {ours}…")
        if len(self.steps) > MAX_STEPS:
            raise UserError(f"a list has at most {MAX_STEPS} edits, got {len(self.steps)}")
        numbers = sum(np.size(step.edit.value) for step in self.steps if step.edit.value is not None)
        if numbers > MAX_VALUES:
            raise UserError(f"masks and references hold at most {MAX_VALUES} numbers in all, got {numbers}")
        by_name = {site.name: site for site in sites}
        for number, step in enumerate(self.steps, 1):
            _check_step(number, step, model, by_name)


def _tail(changes: Sequence[Edit]) -> Sequence[Edit]:
    """The edits of single channels at the end of a gate's edits."""
    start = len(changes)
    while start and of_channels(changes[start - 1]):
        start -= 1
    return changes[start:]


def _check_step(number: int, step: EditStep, model: str, sites: Mapping[str, GateSite]) -> None:
    site, change = sites.get(step.gate), step.edit
    if site is None:
        raise UserError(f"edit {number}: {model} has no gate {step.gate!r}; {nearest(step.gate, sites)}")
    if change.action not in CHECKS:
        raise UserError(f"edit {number}: unknown action {change.action!r}; {nearest(change.action, CHECKS)}")
    # one photograph is a batch of one: its own mean would change nothing, without a word
    if change.action == "mean" and change.value is None:
        raise UserError(f"edit {number}: the mean of {step.gate} needs a reference: there is one photograph only")
    if change.action == "shuffle" and change.over == "batch":
        raise UserError(
            f"edit {number}: {step.gate} cannot be shuffled over the batch: there is one photograph only; "
            "set it to the values it has for another one"
        )
    try:
        CHECKS[change.action](site, change)
    except UserError as error:
        raise UserError(f"edit {number}: {error}") from error


@contextmanager
def applied(model: nn.Module, steps: Sequence[EditStep]) -> Iterator[None]:
    """Apply steps to a model while the context is open; those of one gate act in their order.

    Raises:
        UserError: A gate is not known, or an edit does not fit it.
    """
    rounds: list[dict[GateSite | str, Edit]] = []
    seen: dict[str, int] = {}
    for step in steps:
        turn = seen[step.gate] = seen.get(step.gate, -1) + 1
        if turn == len(rounds):
            rounds.append({})
        rounds[turn][step.gate] = step.edit
    with ExitStack() as stack:
        for changes in rounds:
            stack.enter_context(edit(model, changes))
        yield


@contextmanager
def multiplied(model: nn.Module, site: GateSite, factors: Floats) -> Iterator[None]:
    """Multiply the channels of a gate, each example of a batch with a row of its own, (B, C).

    Raises:
        UserError: The gate has no C channels.
    """
    axis = channel_axis(site)
    if axis is None:
        raise UserError(f"{site.name} is a {site.kind} gate and has no channels")
    if factors.ndim != 2 or factors.shape[1] != site.shape[axis] or not len(factors):
        raise UserError(f"factors for {site.name} have shape (B, {site.shape[axis]}), got {factors.shape}")
    shape = [1] * len(site.shape)
    shape[0], shape[axis] = factors.shape
    with edit(model, {site: Edit("scale", factors.astype(np.float32).reshape(shape))}):
        yield
