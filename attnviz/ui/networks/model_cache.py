"""A few loaded models in memory: each loaded once, under its own lock, the one unused for longest dropped first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from attnviz.analysis.analyser import Analyser
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.models.machine import CORES, on_threads

LANES = 2
"""Events of the page that compute at once: one photograph is opened while another one is in its network."""


@dataclass
class _Slot:
    """One model's place: it is loaded under the lock at its first lease."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    analyser: Analyser | None = None
    users: int = 0


class Slots:
    """Loaded models by name.

    Args:
        most: Models kept in memory; those in use are never dropped.
        lanes: Among how many computations at once the cores are divided. Always, not only while there are others: the
            last bits of a network's numbers depend on it, and threads that have no core of their own wait for it.
    """

    def __init__(self, most: int, lanes: int = 1) -> None:
        if most < 1:
            raise UserError(f"a store must keep at least 1 model, got {most}")
        self.most, self.threads = most, max(1, CORES // lanes)
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._guard = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """What is in memory, the one used last at the end."""
        with self._guard:
            return tuple(self._slots)

    def ready(self, name: str) -> bool:
        """Whether a model has been loaded and is still in memory; never waits for one that is being loaded."""
        with self._guard:
            slot = self._slots.get(name)
            return slot is not None and slot.analyser is not None

    def input(self, name: str, load: Callable[[], Analyser]) -> InputSpec:
        """What a model wants to be given; nobody waits for it while the model is leased to another thread."""
        with self._guard:
            slot = self._slots.get(name)
        if slot is not None and slot.analyser is not None:
            return slot.analyser.loaded.input
        with self.lease(name, load) as analyser:
            return analyser.loaded.input

    @contextmanager
    def lease(self, name: str, load: Callable[[], Analyser]) -> Iterator[Analyser]:
        """A model in eval mode for as long as the ``with`` block lasts; another thread that asks for it waits.

        Args:
            name: What it is called.
            load: Makes it where it is not in memory; its errors come out, and nothing is kept then.
        """
        slot = self._enter(name)
        try:
            with slot.lock, on_threads(self.threads):
                if slot.analyser is None:
                    slot.analyser = load()
                with slot.analyser.in_use():
                    yield slot.analyser
        finally:
            self._leave(name, slot)

    def _enter(self, name: str) -> _Slot:
        with self._guard:
            slot = self._slots.setdefault(name, _Slot())
            self._slots.move_to_end(name)
            slot.users += 1
        return slot

    def _leave(self, name: str, slot: _Slot) -> None:
        with self._guard:
            slot.users -= 1
            if slot.analyser is None and not slot.users:
                self._slots.pop(name, None)
            for other in list(self._slots):
                if len(self._slots) <= self.most:
                    break
                if not self._slots[other].users:
                    del self._slots[other]
