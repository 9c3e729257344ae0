"""What a search has found so far; what follows in the pass may join, rename or take back a finding."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attnviz.core.sites import Place
from attnviz.gates import ops
from attnviz.gates.flow import NONE, Mark, Output, Sizes
from attnviz.gates.marks import Marks

MULTIPLIED = frozenset(("channel", "spatial", "strip", "full", "branch"))
"""Kinds of gates that multiply features one by one."""


@dataclass(frozen=True)
class Source:
    """Where a gate was made.

    Attributes:
        key: Alike for slices of one gate that meet slices of one map.
        place: Where it was made.
        shape: Its shape there, with ones behind up to the rank of the features.
    """

    key: tuple[int, int]
    place: Place
    shape: Sizes


@dataclass(frozen=True)
class Finding:
    """One gate, not named yet.

    Attributes:
        kind: A key of ``KINDS``.
        shape: Shape of the gate as it came, without repeats.
        features: Shape of what it meets.
        exact: Where the gate is.
        meets: Where the features are.
        output: The module's output that the gate is, where there is one.
        uid: Set for gates that are used in several operations but are one site.
        axis: Axis of ``shape`` along which the weights sum to 1.
        along: Axis of the product along which they do.
        value: ``Mark.value`` of the gate.
        source: Where it was made, if nothing but its shape has changed since.
        sampled: Whether the features are several places of one map.
        doubtful: Why it is a gate only if learned weights follow; empty where it is one anyway.
        batch: Axis of ``shape`` along which the examples lie.
        features_batch: The same of ``features``.
        shared: Whether the features are parameters, which all examples share.
        over: For ``pairwise``: what each axis of ``shape`` runs over.
        residual: As its ``Gate`` says.
        even: As its ``Gate`` says.
        channels: Axis of ``features`` along which channels lie, where that is known.
    """

    kind: str
    shape: Sizes
    features: Sizes
    exact: Place
    meets: Place
    output: Output | None = None
    uid: int | None = None
    axis: int | None = None
    along: int | None = None
    value: int | None = None
    source: Source | None = None
    sampled: bool = False
    doubtful: str = ""
    batch: int = 0
    features_batch: int = 0
    shared: bool = False
    over: tuple[str, ...] = ()
    residual: bool = False
    even: bool = False
    channels: int | None = None


@dataclass
class Considered:
    """A product that was looked at.

    Attributes:
        place: Where it is.
        shapes: Shapes of its operands.
        reason: Why it is no gate; empty where it is one.
        numbers: Of the findings that it gave.
    """

    place: Place
    shapes: tuple[Sizes, ...]
    reason: str
    numbers: frozenset[int] = NONE


class Ledger:
    """Findings by number, in the order in which they act.

    Attributes:
        findings: Those that still stand.
        explains: Whether it was asked for every product that a rule looked at.
        considered: Those products.
    """

    def __init__(self, explain: bool = False) -> None:
        self.findings: dict[int, Finding] = {}
        self.considered: list[Considered] = []
        self.explains = explain
        self._next = 0
        self._by_uid: dict[int, int] = {}
        self._by_value: dict[int, list[int]] = defaultdict(list)
        self._by_source: dict[tuple[tuple[int, int], Place], int] = {}
        self._followed: set[int] = set()

    def add(self, findings: Sequence[Finding]) -> frozenset[int]:
        """Numbers of findings, old ones for gates that were found before."""
        return frozenset(self._add(finding) for finding in findings)

    def consider(self, place: Place, shapes: tuple[Sizes, ...], reason: str, numbers: frozenset[int]) -> None:
        """Note what was thought of a product."""
        if reason or numbers:
            self.considered.append(Considered(place, shapes, reason, numbers))

    def _add(self, finding: Finding) -> int:
        number = self._known(finding)
        if number is None:
            number = self._next = self._next + 1
            self.findings[number] = finding
        if finding.uid is not None:
            self._by_uid[finding.uid] = number
        if finding.value is not None:
            self._by_value[finding.value].append(number)
        if finding.source is not None:
            self._by_source.setdefault((finding.source.key, finding.source.place), number)
        return number

    def _known(self, finding: Finding) -> int | None:
        """Number of the site that a finding is another use of."""
        number = self._by_uid.get(finding.uid or 0)
        if number in self.findings:
            if finding.kind == "branch" and self.findings[number].kind == "pairwise":
                self.findings[number] = finding  # weights that met parameters, and the result is a kernel
            elif finding.source is not None and finding.exact != self.findings[number].exact:
                self._read_where_made(number, finding.source)
            return number
        if finding.source is None:
            return None
        source = finding.source
        for number in (*self._by_value.get(finding.value or 0, ()), self._by_source.get((source.key, source.place), 0)):
            known = self.findings.get(number)
            if known is not None and known.kind == finding.kind and self._is_made_at(known, source):
                self._read_where_made(number, source)
                return number
        return None

    @staticmethod
    def _is_made_at(finding: Finding, source: Source) -> bool:
        """Whether a gate was made there: where the same was computed twice, an edit of one leaves the other."""
        return finding.source is not None and finding.source.place == source.place

    def _read_where_made(self, number: int, source: Source) -> None:
        """A gate that is used again, or a slice at a time, is one: an edit has to reach all uses."""
        self.findings[number] = dataclasses.replace(
            self.findings[number], shape=source.shape, exact=source.place, output=None
        )

    def used_again(self, mark: Mark, source: Source | None) -> bool:
        """Whether a value is known as a gate already; it is read where it was made then, if that is known."""
        for number in self._by_value.get(mark.value, ()):
            finding = self.findings.get(number)
            if finding is not None and (source is None or self._is_made_at(finding, source)):
                if source is not None:
                    self._read_where_made(number, source)
                return True
        return False

    def take_back(self, numbers: frozenset[int], reason: str, kinds: frozenset[str] | None = None) -> None:
        """These were no gates."""
        for number in numbers:
            if number in self.findings and (kinds is None or self.findings[number].kind in kinds):
                del self.findings[number]
                for considered in self.considered:
                    if number in considered.numbers:
                        considered.reason = reason

    def take_back_sums(self, numbers: frozenset[int]) -> None:
        """What was added in the logit of a gate is no context of its own."""
        self.take_back(numbers, "the sum is the argument of an activation", frozenset(("added",)))

    def follow(self, numbers: frozenset[int]) -> None:
        """Learned weights read the results of these products."""
        self._followed |= numbers

    def settled(self) -> dict[int, Finding]:
        """The findings by number, once the pass is over."""
        for number, finding in list(self.findings.items()):
            if finding.doubtful and number not in self._followed:
                self.take_back(frozenset((number,)), finding.doubtful)
        return self.findings


def _marks_in(marks: Marks, args: Sequence[Any]) -> list[Mark]:
    return [m for t in ops.tensors_in(args) if (m := marks.get(t)) is not None]


def _learned(ledger: Ledger, marks: Marks, args: Sequence[Any]) -> None:
    for mark in _marks_in(marks, args):
        if mark.carries:
            ledger.follow(mark.carries)


def _activated(ledger: Ledger, marks: Marks, args: Sequence[Any]) -> None:
    for mark in _marks_in(marks, args):
        if mark.straight:
            ledger.take_back_sums(mark.straight)


def _sampled_at(ledger: Ledger, marks: Marks, args: Sequence[Any]) -> None:
    mark = marks.get(args[1])
    if mark is not None:
        ledger.take_back(mark.straight, "the product is a coordinate at which something is sampled", MULTIPLIED)


def _summed(ledger: Ledger, marks: Marks, args: Sequence[Any]) -> None:
    """Weights over what is summed up afterwards are no mask."""
    mark = marks.get(args[0])
    axes = args[1] if len(args) > 1 and isinstance(args[1], (list, tuple)) else ()
    if mark is None or mark.weighs is None or mark.weighs[0] not in ledger.findings:
        return
    number, axis = mark.weighs
    finding, rank = ledger.findings[number], args[0].ndim
    if axis not in [int(a) % rank for a in axes]:
        return
    own = axis - (rank - len(finding.shape))
    if finding.sampled:
        ledger.findings[number] = dataclasses.replace(finding, kind="pairwise", axis=own)
    elif rank > 3 and axis < rank - 2:
        ledger.findings[number] = dataclasses.replace(finding, kind="branch", axis=own)


WATCHERS: Mapping[str, Callable[[Ledger, Marks, Sequence[Any]], None]] = {
    **dict.fromkeys(ops.LEARNED | ops.ATTENTION_OPS, _learned),
    **dict.fromkeys(ops.SOFTMAX | {"sigmoid", "hardsigmoid"}, _activated),
    **dict.fromkeys(("grid_sampler_2d", "grid_sampler_3d", "cudnn_grid_sampler"), _sampled_at),
    "sum": _summed,
}
"""From an operation to what it says about findings that come into it."""
