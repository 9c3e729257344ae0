"""What is chosen for an audit."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from attnviz.core.checks import is_whole
from attnviz.core.errors import UserError

Say = Callable[[str], None]
BATCH = 64
WORKERS = max(1, min(4, (os.cpu_count() or 2) - 1))
"""Processes that decode where nobody says how many."""


@dataclass(frozen=True)
class Settings:
    """Choices of an audit.

    Attributes:
        tests: Photographs on which gates are replaced; 0 for none.
        quick: Only all gates replaced together: no gate alone, no channels knocked out.
        raw: Whether the table of gates holds every value of every gate.
        boxes: Where objects are: a COCO JSON, a CSV of boxes or a folder of masks.
        skip_unreadable: Leave out files that cannot be read, instead of refusing.
        workers: Processes that decode; 0 for none but this one.
        batch: Photographs of a batch.
    """

    tests: int = 1000
    quick: bool = False
    raw: bool = False
    boxes: Path | None = None
    skip_unreadable: bool = False
    workers: int = 1
    batch: int = BATCH

    def __post_init__(self) -> None:
        if self.boxes is not None:
            if not isinstance(self.boxes, (str, os.PathLike)):
                raise UserError(f"boxes must be the path of a file or folder, got {type(self.boxes).__name__}")
            object.__setattr__(self, "boxes", Path(self.boxes))
        for name, low, high in (("tests", 0, 10**9), ("workers", 0, 256), ("batch", 1, 4096)):
            value = getattr(self, name)
            if not is_whole(value, low, high):
                raise UserError(f"{name} must be a whole number in {low}..{high:,}, got {value!r}")

    @property
    def decisive(self) -> dict[str, object]:
        """What changes numbers, and must be the same for an audit to go on."""
        boxes = None if self.boxes is None else os.fspath(self.boxes)
        return {"tests": self.tests, "quick": self.quick, "raw": self.raw, "boxes": boxes, "batch": self.batch}
