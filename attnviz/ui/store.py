"""The loaded models: one a checkpoint, in eval mode, leased to one visitor's request at a time."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from attnviz.checkpoints import FOLDER, Card, best_device, checkpoint_ids, load, load_card
from attnviz.errors import UserError, nearest
from attnviz.pipeline import Analyser

VARIABLE = "ATTNVIZ_CHECKPOINTS"
"""Environment variable with another folder of checkpoints."""


def checkpoint_folder() -> Path:
    """Where checkpoints are: the folder in ``ATTNVIZ_CHECKPOINTS``, else the bundled one."""
    return Path(os.environ.get(VARIABLE) or FOLDER)


@dataclass
class _Slot:
    """One model's place: it is loaded under the lock at its first lease."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    analyser: Analyser | None = None
    users: int = 0


class Store:
    """Loaded models by checkpoint id.

    Args:
        folder: Where the checkpoints are; ``None`` for ``checkpoint_folder()``.
        most: Models kept in memory; the one not used for longest goes first. Those in use are never dropped.
    """

    def __init__(self, folder: Path | None = None, most: int = 4) -> None:
        if most < 1:
            raise UserError(f"a store must keep at least 1 model, got {most}")
        self.folder = checkpoint_folder() if folder is None else folder
        self.most = most
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._guard = threading.Lock()
        self._cards: dict[str, Card] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """The checkpoints that may be asked for, best validation accuracy first."""
        return tuple(sorted(checkpoint_ids(self.folder), key=lambda i: (-self._accuracy(i), i)))

    @property
    def loaded(self) -> tuple[str, ...]:
        """Ids of the models in memory, the one used last at the end."""
        with self._guard:
            return tuple(self._slots)

    def card(self, name: str) -> Card:
        """The card of a checkpoint; ``UserError`` where there is none of that id."""
        known = self._check(name)
        if known not in self._cards:
            self._cards[known] = load_card(known, self.folder)
        return self._cards[known]

    @contextmanager
    def lease(self, name: str) -> Iterator[Analyser]:
        """A model for as long as the ``with`` block lasts; another thread that asks for it waits.

        Raises:
            UserError: There is no checkpoint of that id, or it is damaged.
        """
        self._check(name)
        slot = self._enter(name)
        try:
            with slot.lock:
                if slot.analyser is None:
                    slot.analyser = Analyser(load(name, self.folder, best_device()))
                yield slot.analyser
        finally:
            self._leave(name, slot)

    def _accuracy(self, name: str) -> float:
        top1 = self.card(name).metrics.get("top1", 0)
        return float(top1) if isinstance(top1, (int, float)) else 0.0

    def _check(self, name: str) -> str:
        # ids only: a path from a visitor must not reach the loader
        known = checkpoint_ids(self.folder)
        if not isinstance(name, str) or name not in known:
            raise UserError(f"no model {name!r}; {nearest(name, known)}")
        return name

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
