"""Figures of an audit as files."""

from __future__ import annotations

import io
from pathlib import Path

from attnviz.core.checks import choice
from attnviz.core.files import write_atomically
from attnviz.render.audit.charts import CHARTS, Summary

FORMATS = ("png", "svg", "pdf")
DPI = 200


def write_figures(summary: Summary, folder: Path, kind: str) -> list[Path]:
    """Write every figure that the summary has numbers for; returns their paths.

    Raises:
        UserError: ``kind`` is none of ``FORMATS``.
    """
    choice("format of figures", kind, FORMATS)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, draw in CHARTS.items():
        figure = draw(summary)
        if figure is not None:
            path = folder / f"{name}.{kind}"
            data = io.BytesIO()
            figure.savefig(data, format=kind, dpi=DPI)
            write_atomically(path, data.getvalue())
            written.append(path)
    return written
