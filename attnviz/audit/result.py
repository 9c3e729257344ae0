"""What an audit returns, and the files it writes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnviz.audit.tables import arrow_tables, write_tables
from attnviz.audit.thumbnails import thumbnails
from attnviz.audit.work import Work
from attnviz.core.displays import as_html
from attnviz.core.errors import UserError
from attnviz.core.files import write_atomically
from attnviz.core.types import Analysis

VIEW_SIDE = 320
"""Most pixels of a side of a photograph that can be opened in a report."""


@dataclass(frozen=True, eq=False)
class Audit:
    """An audit that is finished.

    Attributes:
        summary: Every number, plain values; see ``attnviz.audit.summary``.
        work: Its blocks.
        folder: Where they are, and what is written goes.
    """

    summary: dict[str, Any]
    work: Work
    folder: Path

    def __repr__(self) -> str:
        return "\n".join([f"Audit of {self.summary['model']['name']}", *(s["en"] for s in self.summary["sentences"])])

    def _repr_html_(self) -> str:
        return as_html(self)

    def show(self) -> Any:
        """The report for a notebook."""
        from IPython.display import HTML

        return HTML(as_html(self))

    def pictures(self, names: Sequence[str]) -> dict[str, bytes]:
        """Small JPEGs of photographs by name."""
        return thumbnails(self.work.photographs, names)

    def analyses(self, names: Sequence[str]) -> Iterator[tuple[str, Analysis]]:
        """One pass over each of some photographs; those that are gone by now are left out."""
        analyser, photographs = self.work.network.analyser, self.work.photographs
        sources = dict(zip(photographs.names, photographs.sources, strict=True))
        with analyser.in_use():
            for name in names:
                try:
                    image = analyser.prepare(sources[name], VIEW_SIDE)
                except UserError:
                    continue
                yield name, analyser.analyse(image)

    @property
    def tables(self) -> dict[str, Any]:
        """``images`` and ``gates`` as Arrow tables; for large data read the files that ``write`` leaves instead."""
        return arrow_tables(self.work)

    def write(self) -> list[Path]:
        """Write ``summary.json``, ``images.parquet`` and ``gates.parquet``."""
        path = self.folder / "summary.json"
        lines = (f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in self.summary.items())
        write_atomically(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
        return [path, *write_tables(self.work, self.folder)]

    def clean(self) -> None:
        """Take away the blocks, once everything is written; the tables of this object are gone with them."""
        shutil.rmtree(self.work.store.folder, ignore_errors=True)
