"""What an audit keeps on disk while it runs: one file a finished block, so that it can go on after it was killed."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from attnviz.audit.statistics.base import Array, Statistic
from attnviz.core.errors import UserError
from attnviz.core.files import write_atomically

S = TypeVar("S", bound=Statistic)
PLAN = "plan.json"


def packed(prefix: str, statistic: Statistic) -> dict[str, Array]:
    """Arrays of a statistic with a prefix before their names."""
    return {f"{prefix}/{name}": array for name, array in statistic.arrays().items()}


def unpacked(kind: type[S], prefix: str, arrays: Mapping[str, Array]) -> S:
    """The reverse of ``packed``."""
    start = f"{prefix}/"
    return kind.restore({name[len(start) :]: arrays[name] for name in arrays if name.startswith(start)})


def refuse_another(folder: Path, old: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
    """``UserError`` where an audit in a folder was made with another plan, which says what decides its numbers."""
    new = json.loads(json.dumps(plan))
    other = [key for key in new if old.get(key) != new[key]]
    if other:
        raise UserError(
            f"{folder} holds an audit with another {', '.join(other)}; --resume goes on with the same, --force begins "
            "anew"
        )


class AuditFiles:
    """A folder of finished blocks.

    Args:
        folder: Where; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, plan: Mapping[str, Any], resume: bool) -> None:
        """Begin a new audit, or go on with one of the same plan.

        Raises:
            UserError: There is nothing to go on with, or it was begun with another plan.
        """
        path = self.folder / PLAN
        if resume:
            if not path.is_file():
                raise UserError(f"{self.folder.parent} holds no interrupted audit to go on with")
            refuse_another(self.folder.parent, json.loads(path.read_text(encoding="utf-8")), plan)
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        write_atomically(path, json.dumps(plan, indent=1).encode())

    def _path(self, kind: str, number: int) -> Path:
        return self.folder / f"{kind}-{number:06}.npz"

    def has(self, kind: str, number: int) -> bool:
        """Whether a block is finished."""
        return self._path(kind, number).is_file()

    def save(self, kind: str, number: int, arrays: Mapping[str, Array]) -> None:
        """Keep a finished block, whole or not at all."""
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        write_atomically(self._path(kind, number), buffer.getvalue())

    def load(self, kind: str, number: int, prefix: str = "") -> dict[str, Array]:
        """Arrays of a block whose names begin with ``prefix``."""
        with np.load(self._path(kind, number), allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name.startswith(prefix)}
