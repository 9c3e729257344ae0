"""The reading pass: every photograph once through the network as it is, and what its gates were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np

from attnviz.audit.decoding import Decoded
from attnviz.audit.network import SUMMARY, AuditedNetwork, elements, summarise
from attnviz.audit.objects import ObjectTests
from attnviz.audit.statistics.base import Array, Whole
from attnviz.audit.statistics.counts import Answers, Histogram
from attnviz.audit.statistics.extremes import Extremes
from attnviz.audit.statistics.hashing import keys_of
from attnviz.audit.statistics.moments import ClassMoments, Moments
from attnviz.audit.store import packed, unpacked
from attnviz.core.scores import probabilities
from attnviz.core.sites import GateSite

EXTREMES = 8
"""Photographs that are kept for the most and the least open channel."""
LARGEST = 2**22
"""Most numbers of a gate, elements times classes, whose means are kept for each class."""
LARGEST_RANKED = 2**13
"""Most elements of a gate for whose every one the extreme photographs are kept."""
TOP = 5


def keeps_elements(site: GateSite, classes: int) -> bool:
    """Whether statistics are kept of every element of a gate, and not only of its mean over elements."""
    return int(np.prod(site.shape)) * classes <= LARGEST


def keeps_values(site: GateSite) -> bool:
    """Whether the table of gates holds every value, as it does for channels, strips and branches."""
    return site.traits.has_channels and not site.traits.per_element and int(np.prod(site.shape)) <= LARGEST_RANKED


def keeps_extremes(site: GateSite) -> bool:
    """Whether the photographs that open each element most and least are kept."""
    return site.traits.per_channel and int(np.prod(site.shape)) <= LARGEST_RANKED


def bounds_of(site: GateSite) -> tuple[float, float] | None:
    """Between which values a gate is counted; ``None`` for one without bounds, or that acts as 1 + g."""
    return None if site.residual else site.traits.range


@dataclass(frozen=True, eq=False)
class GateReading:
    """Statistics of one gate.

    Attributes:
        values: Of every element, or of the mean over elements (see ``keeps_elements``).
        histogram: Of all values.
        summary: Of what ``SUMMARY`` names; 0 where a gate has none of it.
        most: Photographs that open each element most; ``None`` where they are not kept.
        least: The same of minus the values.
    """

    values: ClassMoments
    histogram: Histogram
    summary: Moments
    most: Extremes | None = None
    least: Extremes | None = None

    def merge(self, other: GateReading) -> GateReading:
        """Of both."""
        most, least = self.most, self.least
        if most is not None and least is not None and other.most is not None and other.least is not None:
            most, least = most.merge(other.most), least.merge(other.least)
        merged = self.values.merge(other.values), self.histogram.merge(other.histogram)
        return GateReading(*merged, self.summary.merge(other.summary), most, least)


@dataclass(frozen=True, eq=False)
class Reading:
    """Statistics of some photographs.

    Attributes:
        answers: How right the network is; of photographs without classes only how sure it is.
        gates: One for each gate, in the order of the layers.
    """

    answers: Answers
    gates: tuple[GateReading, ...]

    def merge(self, other: Reading) -> Reading:
        """Of both."""
        gates = (a.merge(b) for a, b in zip(self.gates, other.gates, strict=True))
        return Reading(self.answers.merge(other.answers), tuple(gates))

    def arrays(self) -> dict[str, Array]:
        """For a file."""
        packed_arrays = packed("answers", self.answers)
        for number, gate in enumerate(self.gates):
            parts = {"values": gate.values, "histogram": gate.histogram, "summary": gate.summary}
            parts |= {name: part for name in ("most", "least") if (part := getattr(gate, name)) is not None}
            for name, part in parts.items():
                packed_arrays |= packed(f"gate/{number}/{name}", part)
        return packed_arrays

    @classmethod
    def restore(cls, arrays: Mapping[str, Array], count: int) -> Reading:
        """The reverse of ``arrays``, for so many gates."""
        gates = []
        for number in range(count):
            at = f"gate/{number}"
            gate = GateReading(
                unpacked(ClassMoments, f"{at}/values", arrays),
                unpacked(Histogram, f"{at}/histogram", arrays),
                unpacked(Moments, f"{at}/summary", arrays),
            )
            if f"{at}/most/values" in arrays:
                most, least = (unpacked(Extremes, f"{at}/{name}", arrays) for name in ("most", "least"))
                gate = replace(gate, most=most, least=least)
            gates.append(gate)
        return cls(unpacked(Answers, "answers", arrays), tuple(gates))


@dataclass
class Rows:
    """What is kept of each photograph itself; lists of batches.

    Attributes:
        columns: Name -> batches of (n, …).
        problems: Number and reason of the photographs that could not be read.
        objects: How the masks of a gate, by its number, lie on objects where these are known.
    """

    columns: dict[str, list[Array]] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)
    objects: dict[int, Moments] = field(default_factory=dict)

    def add(self, columns: Mapping[str, Array]) -> None:
        """A batch."""
        for name, values in columns.items():
            self.columns.setdefault(name, []).append(values)

    def arrays(self) -> dict[str, Array]:
        """For a file."""
        packed_arrays = {f"rows/{name}": np.concatenate(parts) for name, parts in self.columns.items()}
        packed_arrays["problems/number"] = np.array([number for number, _ in self.problems], np.int64)
        packed_arrays["problems/reason"] = np.array([reason for _, reason in self.problems], np.str_)
        for gate, moments in self.objects.items():
            packed_arrays |= packed(f"objects/{gate}", moments)
        return packed_arrays


class Reader:
    """Reads batches of photographs.

    Args:
        network: The network.
        names: Of all photographs, by number.
        groups: Class of each, by number.
        labelled: Whether these are classes that the answers can be compared with.
        objects: Where objects are in photographs.
        raw: Whether every value of every gate is kept for each photograph.
    """

    def __init__(
        self,
        network: AuditedNetwork,
        names: Sequence[str],
        groups: Whole,
        labelled: bool,
        objects: ObjectTests,
        raw: bool = False,
    ) -> None:
        self.network, self.names, self.groups, self.labelled, self.raw = network, names, groups, labelled, raw
        self.objects = objects
        self.classes = len(np.unique(groups))

    def block(self, batches: Iterable[Decoded], progress: Callable[[int], None]) -> dict[str, Array]:
        """Arrays for the file of a block: its statistics, and a row for each photograph."""
        total, rows = self._empty(), Rows()
        for batch in batches:
            rows.problems += batch.problems
            if len(batch.numbers):
                total = self._add(total, batch, rows)
            progress(len(batch.numbers) + len(batch.problems))
        return total.arrays() | rows.arrays()

    def _empty(self) -> Reading:
        none = np.zeros(0, np.int64)
        gates = []
        for site in self.network.sites:
            size = int(np.prod(site.shape))
            kept = keeps_elements(site, self.classes)
            ranked = keeps_extremes(site)
            gates.append(
                GateReading(
                    ClassMoments.of(np.zeros((0, size if kept else 1)), none),
                    Histogram.of(none, bounds_of(site)),
                    Moments.of(np.zeros((0, len(SUMMARY)))),
                    Extremes.empty(size, EXTREMES) if ranked else None,
                    Extremes.empty(size, EXTREMES) if ranked else None,
                )
            )
        return Reading(Answers.of(len(self.network.loaded.labels), none, none, np.zeros(0)), tuple(gates))

    def _add(self, total: Reading, batch: Decoded, rows: Rows) -> Reading:
        logits, tape = self.network.read(self.network.input(batch.pixels, batch.numbers))
        keys, groups = keys_of([self.names[n] for n in batch.numbers]), self.groups[batch.numbers]
        answers = self._answers(logits, batch.numbers, groups, rows)
        for number, moments in self.objects.measure(self.network, tape, batch.numbers).items():
            rows.objects[number] = rows.objects[number].merge(moments) if number in rows.objects else moments
        gates = []
        for number, (site, seen) in enumerate(zip(self.network.sites, total.gates, strict=True)):
            values = elements(tape[site.name])
            summary = summarise(values, site)
            kept = {f"gate/{number}/summary": summary}
            if self.raw or keeps_values(site):
                kept[f"gate/{number}/values"] = values.astype(np.float16)
            rows.add(kept)
            gates.append(_with(seen, site, values, summary, (groups, keys, batch.numbers)))
        return Reading(total.answers.merge(answers), tuple(gates))

    def _answers(self, logits: Array, numbers: Whole, groups: Whole, rows: Rows) -> Answers:
        shares = probabilities(logits, self.network.loaded.scores)
        top = np.argsort(-shares, axis=1, kind="stable")[:, :TOP]
        said, sure = top[:, 0], np.take_along_axis(shares, top[:, :1], 1)[:, 0]
        best = np.take_along_axis(shares, top, 1)
        rows.add({"number": numbers, "target": groups, "top": top.astype(np.int32), "probability": best})
        return Answers.of(logits.shape[1], groups if self.labelled else said, said, sure)


def _with(
    seen: GateReading, site: GateSite, values: Array, summary: Array, of: tuple[Whole, Array, Whole]
) -> GateReading:
    """A gate's statistics with a batch (N, E); ``of`` are the photographs' classes, keys and numbers."""
    groups, keys, numbers = of
    kept = values if seen.values.means.shape[1] == values.shape[1] else summary[:, :1]
    merged = GateReading(
        seen.values.merge(ClassMoments.of(kept, groups)),
        seen.histogram.merge(Histogram.of(values, bounds_of(site))),
        seen.summary.merge(Moments.of(np.nan_to_num(summary))),
    )
    if seen.most is None or seen.least is None:
        return merged
    return replace(merged, most=seen.most.add(values, keys, numbers), least=seen.least.add(-values, keys, numbers))


def merge_all(readings: Iterable[Reading]) -> Reading:
    """Statistics of all blocks together."""
    return reduce(Reading.merge, readings)
