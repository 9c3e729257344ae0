"""The work of an audit in blocks, each of which depends on nothing but its number: any process may do any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from attnviz.analysis.analyser import Analyser
from attnviz.audit.decoding import Decoder
from attnviz.audit.network import AuditedNetwork, elements
from attnviz.audit.objects import ObjectTests
from attnviz.audit.photographs import Photographs
from attnviz.audit.reading import Reader, Reading, merge_all
from attnviz.audit.replacements import Pool, Sources
from attnviz.audit.settings import Settings
from attnviz.audit.statistics.base import Array, Whole
from attnviz.audit.statistics.hashing import keys_of
from attnviz.audit.store import AuditFiles
from attnviz.audit.trials import GateChange, Trials, changes_of
from attnviz.audit.walk import batches

DONORS = 8
"""Photographs of each class whose clean gates are kept for others."""
DONORS_OF_ALL = 64
"""The same of all photographs where there are no classes."""
SMALLEST, LARGEST, BLOCKS = 256, 4096, 256
"""Photographs of a block: a share of all of them within these limits."""
MOST_KEPT = 2**30
"""Bytes of features that are held for the tests of one batch."""
Count = Callable[[int], None]


def _nothing(count: int) -> None:
    """No progress is shown."""


@dataclass(frozen=True, eq=False)
class Choice:
    """Photographs that were chosen by the hashes of their names, once it is known which can be read.

    Attributes:
        tests: (T,) int64, those that gates are replaced on, ascending.
        donors: (P,) int64, those whose clean gates are kept, ascending.
    """

    tests: Whole
    donors: Whole


class Work:
    """All blocks of one audit.

    Args:
        analyser: The network.
        photographs: The data.
        settings: What was chosen.
        store: Where finished blocks are.
    """

    def __init__(self, analyser: Analyser, photographs: Photographs, settings: Settings, store: AuditFiles) -> None:
        self.network = AuditedNetwork(analyser)
        self.photographs, self.settings, self.store = photographs, settings, store
        self.batch = self.network.batch(settings.batch)
        most = max(self.batch, self.network.batch(LARGEST))
        self.block = max(self.batch, min(most, max(SMALLEST, len(photographs) // BLOCKS)))
        self.spec = analyser.loaded.spec.input
        self.objects = ObjectTests(settings.boxes, photographs.names, photographs.sources, self.spec)

    def prepared(self, kind: str) -> dict[str, Any]:
        """What blocks of a kind need of those before, by name of the property; for processes without the store."""
        names = {"read": (), "pool": ("choice",), "test": ("choice", "sources", "changes")}[kind]
        return {name: getattr(self, name) for name in names}

    def size(self, kind: str, number: int) -> int:
        """How much a block counts: photographs, or for tests photographs times changes."""
        if kind == "read":
            return len(self.numbers(number))
        if kind == "pool":
            return max(0, min(self.batch, len(self.choice.donors) - number * self.batch))
        count = max(0, min(self.tested, len(self.choice.tests) - number * self.tested))
        return count * len(self.changes)

    # reading ------------------------------------------------------------------------------------------------------

    @property
    def readings(self) -> range:
        """Numbers of the blocks of the reading pass."""
        return range(-(-len(self.photographs) // self.block))

    def numbers(self, number: int) -> range:
        """Photographs of a block of the reading pass."""
        first = number * self.block
        return range(first, min(first + self.block, len(self.photographs)))

    def read(self, blocks: Sequence[int], progress: Count = _nothing) -> Iterator[tuple[int, dict[str, Array]]]:
        """Read blocks; decoding goes on from one to the next."""
        photographs = self.photographs
        names, raw = photographs.names, self.settings.raw
        reader = Reader(self.network, names, photographs.groups, photographs.labelled, self.objects, raw)
        with Decoder(photographs.sources, self.spec, self.settings.workers) as decoder:
            parts = {number: batches(self.numbers(number), self.batch) for number in blocks}
            decoded = decoder.batches(part for block in parts.values() for part in block)
            for number in blocks:
                yield number, reader.block((next(decoded) for _ in parts[number]), progress)

    @cached_property
    def reading(self) -> Reading:
        """Statistics of all blocks, merged in their order."""
        gates = len(self.network.sites)
        stored = (self.store.load("reading", number) for number in self.readings)
        return merge_all(Reading.restore(arrays, gates) for arrays in stored)

    @cached_property
    def problems(self) -> tuple[tuple[int, str], ...]:
        """Numbers of photographs that could not be read, and why."""
        unreadable: list[tuple[int, str]] = []
        for number in self.readings:
            arrays = self.store.load("reading", number, "problems/")
            unreadable += zip(arrays["problems/number"].tolist(), arrays["problems/reason"].tolist(), strict=True)
        return tuple(unreadable)

    # what is tested -----------------------------------------------------------------------------------------------

    @cached_property
    def choice(self) -> Choice:
        """Which photographs are tested, and which give their gates."""
        photographs = self.photographs
        readable = np.ones(len(photographs), bool)
        readable[[number for number, _ in self.problems]] = False
        numbers, groups = np.flatnonzero(readable), photographs.groups
        donors = numbers[np.argsort(keys_of([photographs.names[n] for n in numbers], "donors"), kind="stable")]
        most = DONORS if photographs.labelled else DONORS_OF_ALL
        chosen = np.concatenate([donors[groups[donors] == group][:most] for group in np.unique(groups)])
        common = np.bincount(groups[numbers], minlength=int(groups.max()) + 1)[groups[numbers]] > 1
        tests = numbers[common]  # a class of one photograph has no other to take a gate from
        tests = tests[np.argsort(keys_of([photographs.names[n] for n in tests], "tests"), kind="stable")]
        return Choice(np.sort(tests[: self.settings.tests]), np.sort(chosen))

    @property
    def pools(self) -> range:
        """Numbers of the blocks of donors."""
        return range(-(-len(self.choice.donors) // self.batch)) if len(self.choice.tests) else range(0)

    def pool(self, blocks: Sequence[int], progress: Count = _nothing) -> Iterator[tuple[int, dict[str, Array]]]:
        """Clean gates of donors."""
        parts = [batches(self.choice.donors.tolist(), self.batch)[number] for number in blocks]
        with Decoder(self.photographs.sources, self.spec, self.settings.workers) as decoder:
            for number, decoded in zip(blocks, decoder.batches(parts), strict=True):
                _, tape = self.network.read(self.network.input(decoded.pixels, decoded.numbers))
                gates = {f"gate/{i}": elements(tape[site.name]) for i, site in enumerate(self.network.sites)}
                progress(len(decoded.numbers))
                yield number, {"numbers": decoded.numbers, **gates}

    @cached_property
    def sources(self) -> Sources:
        """Where replacements are taken from."""
        parts = [self.store.load("pool", number) for number in self.pools]
        gates = {
            site.name: np.concatenate([part[f"gate/{i}"] for part in parts])
            for i, site in enumerate(self.network.sites)
        }
        numbers = np.concatenate([part["numbers"] for part in parts])
        pool = Pool(numbers, self.photographs.groups[numbers], gates)
        return Sources(self.network.sites, self.reading.gates, pool)

    @cached_property
    def changes(self) -> tuple[GateChange, ...]:
        """Everything that is tested."""
        if not len(self.choice.tests) or not self.network.sites:
            return ()
        return changes_of(self.network, self.sources, self.photographs.labelled, self.settings.quick)

    @cached_property
    def tested(self) -> int:
        """Photographs of a block of tests, which is one batch: as many as features may be kept of."""
        return max(1, min(self.batch, MOST_KEPT // max(1, self.network.prefixes.size)))

    @property
    def trials(self) -> range:
        """Numbers of the blocks of tests, a batch each."""
        return range(-(-len(self.choice.tests) // self.tested)) if self.changes else range(0)

    def test(self, blocks: Sequence[int], progress: Count = _nothing) -> Iterator[tuple[int, dict[str, Array]]]:
        """Test batches."""
        photographs = self.photographs
        names, targets = photographs.names, photographs.targets
        trials = Trials(self.network, self.sources, self.changes, names, targets)
        every = batches(self.choice.tests.tolist(), self.tested)
        parts = [every[number] for number in blocks]
        with Decoder(photographs.sources, self.spec, self.settings.workers) as decoder:
            for number, decoded in zip(blocks, decoder.batches(parts), strict=True):
                yield number, trials.block(decoded, progress)
