"""Tables of photographs and gates, block by block, so that they never lie in memory whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attnviz.audit.network import SUMMARY
from attnviz.audit.unusual import unusualness
from attnviz.audit.work import Work
from attnviz.core.errors import UserError


def _arrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UserError(f"tables need pyarrow ({error}): pip install pyarrow") from error
    return pyarrow


def _image_parts(work: Work) -> Iterator[Any]:
    pa, names, labels = _arrow(), work.photographs.names, work.network.loaded.labels
    gates = work.reading.gates
    for block in work.readings:
        arrays = work.store.load("reading", block, "rows/")
        if "rows/number" not in arrays:
            continue
        numbers, top, best = arrays["rows/number"], arrays["rows/top"], arrays["rows/probability"]
        targets = work.photographs.targets[numbers].tolist()
        yield pa.table(
            {
                "path": pa.array([names[n] for n in numbers], pa.string()),
                "class": pa.array([labels[t] if t >= 0 else None for t in targets], pa.string()),
                "prediction": pa.array([labels[t] for t in top[:, 0]], pa.string()),
                "right": pa.array(
                    [bool(t == s) if t >= 0 else None for t, s in zip(targets, top[:, 0], strict=True)], pa.bool_()
                ),
                "confidence": pa.array(best[:, 0], pa.float32()),
                "top": pa.array([[labels[i] for i in row] for row in top], pa.list_(pa.string())),
                "probabilities": pa.array(list(best), pa.list_(pa.float32())),
                "unusual": pa.array(unusualness(arrays, gates), pa.float32()),
            }
        )


def _gate_parts(work: Work) -> Iterator[Any]:
    pa, names = _arrow(), work.photographs.names
    for block in work.readings:
        arrays = work.store.load("reading", block, "rows/")
        if "rows/number" not in arrays:
            continue
        paths = pa.array([names[n] for n in arrays["rows/number"]], pa.string())
        for number, site in enumerate(work.network.sites):
            summary = arrays[f"rows/gate/{number}/summary"]
            values = arrays.get(f"rows/gate/{number}/values")
            columns = {
                "path": paths,
                "gate": pa.array([site.name] * len(summary), pa.string()),
                "kind": pa.array([site.kind] * len(summary), pa.string()),
            }
            columns |= {name: pa.array(summary[:, i], pa.float32(), from_pandas=True) for i, name in enumerate(SUMMARY)}
            kept = [None] * len(summary) if values is None else list(values)
            columns["values"] = pa.array(kept, pa.list_(pa.float16()))
            yield pa.table(columns)


TABLES: dict[str, Callable[[Work], Iterator[Any]]] = {"images": _image_parts, "gates": _gate_parts}
"""``images``: a row a photograph. ``gates``: a row a photograph and gate; ``values`` in the order of its shape."""


def arrow_tables(work: Work) -> dict[str, Any]:
    """Both tables as Arrow tables, by the names of ``TABLES``."""
    return {name: _arrow().concat_tables(list(parts(work))) for name, parts in TABLES.items()}


def write_tables(work: Work, folder: Path) -> list[Path]:
    """Write both tables as Parquet, each whole or not at all."""
    pa, written = _arrow(), []
    for name, parts in TABLES.items():
        path, new = folder / f"{name}.parquet", folder / f".{name}.parquet.new"
        writer = None
        try:
            for part in parts(work):
                writer = writer or pa.parquet.ParquetWriter(new, part.schema, compression="zstd")
                writer.write_table(part)
        finally:
            if writer is not None:
                writer.close()
        new.replace(path)
        written.append(path)
    return written
