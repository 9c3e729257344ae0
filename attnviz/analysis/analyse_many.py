"""Many photographs through one network, in batches; as an iterator, a table or an archive."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from attnviz.analysis.analyser import Analyser, as_floats
from attnviz.analysis.likeness import remarked
from attnviz.core.checks import whole
from attnviz.core.errors import UserError
from attnviz.core.files import write_atomically
from attnviz.core.types import Analysis, Floats, GateRecord, PreparedImage
from attnviz.images import folders
from attnviz.models.locator import network_of

if TYPE_CHECKING:
    import pandas
    import pyarrow

SUFFIXES = folders.SUFFIXES | {".npy"}
BATCH = 16
WORKERS = 2
"""Threads that decode; Pillow releases the interpreter lock while it does."""


@dataclass(frozen=True)
class Unreadable:
    """A photograph that could not be used, in place of its analysis, where that was asked for."""

    reason: str


def photographs_in(folder: Path) -> list[Path]:
    """All pictures in a folder and below it, in order of their paths.

    Raises:
        UserError: It is no folder, or holds none.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not files:
        raise UserError(f"{folder} holds no pictures ({', '.join(sorted(SUFFIXES))})")
    return files


def _paths(paths: Any) -> Iterator[Any]:
    if isinstance(paths, (str, os.PathLike)):
        path = Path(paths)
        return iter(photographs_in(path) if path.is_dir() else [path])
    if not isinstance(paths, Iterable):
        raise UserError(f"paths must be a folder or a sequence of photographs, got {type(paths).__name__}")
    return iter(paths)


def analyse_many(
    model: Any,
    paths: Any,
    *,
    batch: int = BATCH,
    workers: int = WORKERS,
    skip_unreadable: bool = False,
    display_side: int | None = 320,
) -> Iterator[tuple[Any, Analysis | Unreadable]]:
    """Predictions and gates of many photographs, one after the other.

    ``for path, analysis in attnviz.analyse_many(net, "photos"): print(path, analysis.top(1))``

    Photographs are decoded by threads while the network works, and given to it in batches; only a few are in memory at
    a time. Numbers differ from those of one photograph at a time by rounding alone.

    Args:
        model: A ``Network``, or what ``attnviz.load`` takes.
        paths: A folder (with those below it), or photographs one after the other: paths, bytes, images or arrays.
        batch: Photographs in one forward pass, at least 1.
        workers: Threads that decode, at least 1.
        skip_unreadable: Give ``Unreadable`` in place of what cannot be read, instead of raising.
        display_side: Longest side in pixels of the photograph that an analysis keeps.

    Yields:
        What was given and its analysis, in order.

    Raises:
        UserError: The model or a photograph cannot be used, or an argument is outside its limits.
    """
    for key, value in (("batch", batch), ("workers", workers)):
        whole(key, value)
    analyser, sources = Analyser(network_of(model)), _paths(paths)  # both raise now, not at the first photograph
    return _analyses(analyser, sources, batch, workers, skip_unreadable, display_side)


def _analyses(
    analyser: Analyser, sources: Iterator[Any], batch: int, workers: int, skip: bool, side: int | None
) -> Iterator[tuple[Any, Analysis | Unreadable]]:
    def prepared(source: Any) -> PreparedImage | Unreadable:
        try:
            return analyser.prepare(source, side)
        except UserError as error:
            if not skip:
                raise
            return Unreadable(str(error))

    with ThreadPoolExecutor(workers) as pool, analyser.in_use():
        current = list(islice(sources, batch))
        pending = [pool.submit(prepared, source) for source in current]
        while current:
            images = [future.result() for future in pending]
            following = list(islice(sources, batch))
            pending = [pool.submit(prepared, source) for source in following]  # decoded while the network works
            good = [image for image in images if isinstance(image, PreparedImage)]
            answers = iter(_batch(analyser, good) if good else [])
            for source, image in zip(current, images, strict=True):
                yield source, image if isinstance(image, Unreadable) else next(answers)
            current = following


def _batch(analyser: Analyser, images: Sequence[PreparedImage]) -> list[Analysis]:
    """One forward pass over prepared images."""
    x = torch.cat([analyser.input(image) for image in images])
    with remarked(analyser.loaded, analyser.likeness) as remarks:
        logits, tape = analyser.forward(x)
    numbers = _rows(logits, len(images), "the answer")
    gates = {site.name: _rows(tape[site.name].values, len(images), site.name) for site in analyser.sites}
    records = (
        tuple(GateRecord(site, gates[site.name][i : i + 1]) for site in analyser.sites) for i in range(len(images))
    )
    answers = zip(images, numbers, records, strict=True)
    return [analyser.analysis(*answer, {}, remarks(i)) for i, answer in enumerate(answers)]


def _rows(values: torch.Tensor, count: int, what: str) -> Floats:
    rows = as_floats(values)
    if len(rows) != count:
        raise UserError(f"{what} has {len(rows)} rows for {count} photographs: the network takes one, give batch=1")
    return rows


def as_table(analyses: Iterable[tuple[Any, Analysis | Unreadable]]) -> pyarrow.Table:
    """Analyses as an Arrow table, one row a photograph and gate: ``as_table(analyse_many(net, "photos"))``.

    Columns: ``path``, ``model``, ``label`` and ``score`` (the best class and its probability or number), ``gate``,
    ``kind``, ``min``, ``mean``, ``max``, ``std`` of its weights, ``weights`` (a list, where it is one number a channel)
    and ``error`` for photographs that could not be read.

    Raises:
        UserError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise UserError("a table is an Arrow table: pip install pyarrow") from error
    kinds = dict.fromkeys(("score", "min", "mean", "max", "std"), pa.float32()) | {"weights": pa.list_(pa.float32())}
    columns = ("path", "model", "label", "score", "gate", "kind", "min", "mean", "max", "std", "weights", "error")
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
    rows = [row for path, analysis in analyses for row in _table_rows(str(path), analysis)]
    return pa.Table.from_pylist(rows, schema)


def _table_rows(path: str, analysis: Analysis | Unreadable) -> Iterator[dict[str, Any]]:
    if isinstance(analysis, Unreadable):
        yield {"path": path, "error": analysis.reason}
        return
    best = analysis.top(1)
    about = {"path": path, "model": analysis.model, **({"label": best[0][0], "score": best[0][1]} if best else {})}
    for record in analysis.gates:
        values = record.values
        yield {
            **about,
            "gate": record.site.name,
            "kind": record.site.kind,
            "min": float(values.min()),
            "mean": float(values.mean()),
            "max": float(values.max()),
            "std": float(values.std()),
            "weights": values.ravel().tolist() if record.site.has_scores else None,
        }
    if not analysis.gates:
        yield about


def as_pandas(analyses: Iterable[tuple[Any, Analysis | Unreadable]]) -> pandas.DataFrame:
    """The same table for pandas; ``UserError`` where pandas is not installed."""
    table = as_table(analyses)
    try:
        return table.to_pandas()
    except ImportError as error:
        raise UserError("pip install pandas for a data frame; as_table needs pyarrow alone") from error


def save_npz(analyses: Iterable[tuple[Any, Analysis | Unreadable]], file: str | os.PathLike[str]) -> int:
    """Write logits and every gate of many photographs into one ``.npz``; returns how many photographs it holds.

    It holds ``paths`` (N,), ``labels`` (K,), ``logits`` (N, K) and, by its name, each gate (N, …), float32; what could
    not be read is left out and stands in ``unreadable``. ``numpy.load(file)`` reads it without pickles.

    Raises:
        UserError: There is no photograph, or the file cannot be written.
    """
    path = Path(file)
    path = path if path.suffix == ".npz" else path.with_name(f"{path.name}.npz")  # as numpy calls it
    pairs = list(analyses)
    good = [(str(path), a) for path, a in pairs if isinstance(a, Analysis)]
    if not good:
        raise UserError("there is no photograph that could be read")
    first = good[0][1]
    arrays: dict[str, Any] = {
        "paths": np.array([path for path, _ in good]),
        "labels": np.array(first.labels),
        "logits": np.stack([a.logits for _, a in good]),
        "unreadable": np.array([str(path) for path, a in pairs if isinstance(a, Unreadable)]),
    }
    for number, record in enumerate(first.gates):
        arrays[record.site.name] = np.concatenate([a.gates[number].values for _, a in good])
    try:
        whole = io.BytesIO()  # and then into the file: one that is there stays as it is until this one is whole
        np.savez_compressed(whole, **arrays)
        write_atomically(path, whole.getvalue())
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror or error}") from error
    return len(good)
