"""The comparison as a picture for a paper, written where the browser can fetch it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.render.export import file_name
from attnviz.render.figures.comparison import Sheet, SheetRow, comparison_sheet
from attnviz.render.figures.style import to_png
from attnviz.render.shared_scales import CHOICES
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.downloads import Downloads
from attnviz.ui.tabs.compare.facts_html import facts
from attnviz.ui.tabs.compare.state import Comparison, Look
from attnviz.ui.tabs.compare.table_html import cells_of

DPI = 200
TOLD = ("attnviz", "torch", "device")
"""Facts of an analysis that a reader of the picture needs; the others are for machines."""


def sheet_of(comparison: Comparison, look: Look, store: Store) -> Sheet:
    """What the picture shows, in English: figures carry no other language."""
    wanted, method = comparison.wanted, ATTRIBUTIONS[comparison.wanted.method]
    rows = []
    for cells in cells_of(comparison, look):
        row = cells.row
        name = row.analysis.model
        about = [
            f"{what} {value} ({more})" for what, value, more in facts(store.card(name), comparison.costs[name], "en")
        ]
        attribution = row.attribution
        rows.append(
            SheetRow(
                title=row.title,
                about=tuple(about) if wanted.mode == "networks" else (),
                image=row.analysis.image,
                mask=cells.mask,
                mask_scale=cells.mask_scale,
                scores=cells.scores,
                scores_scale=cells.scores_scale,
                attribution=None if attribution is None else attribution.values,
                attribution_scale=cells.attribution_scale,
                explained=row.label,
                top=row.analysis.top(3),
                numbers=row.analysis.scores,
            )
        )
    first = comparison.rows[0]
    photos = dict.fromkeys(row.photo.title or "own photograph" for row in comparison.rows)
    subtitle = {
        "networks": f"Photograph: {next(iter(photos))}",
        "photographs": f"Network: {store.title(first.analysis.model)}",
        "gates": f"Network: {store.title(first.analysis.model)} · photograph: {next(iter(photos))}",
    }[wanted.mode]
    return Sheet(
        title=_title(comparison),
        subtitle=subtitle,
        rows=tuple(rows),
        method=method.title + _settings(comparison),
        explained=f"class “{comparison.label}”" if comparison.label is not None else "each row's own answer",
        scale=CHOICES[look.scale],
        facts={name: first.analysis.facts[name] for name in TOLD if name in first.analysis.facts},
    )


def _title(comparison: Comparison) -> str:
    what = {"networks": "networks", "photographs": "photographs", "gates": "places with gates"}
    return f"{len(comparison.rows)} {what[comparison.wanted.mode]} side by side"


def _settings(comparison: Comparison) -> str:
    """Parameters of the attribution that was drawn, with its layer."""
    attribution = next((row.attribution for row in comparison.rows if row.attribution is not None), None)
    parameters: Mapping[str, object] = {} if attribution is None else attribution.parameters
    titles = {p.name: p.title.lower() for p in ATTRIBUTIONS[comparison.wanted.method].parameters}
    settings = ", ".join(f"{titles.get(name, name)}: {value}" for name, value in parameters.items())
    return f" ({settings})" if settings else ""


class Sheets(Downloads):
    """Writes comparisons, each into a folder of its own; the oldest are deleted."""

    def write(self, comparison: Comparison, look: Look, store: Store) -> Path:
        """The comparison as ``attnviz-compare-<what>.png``."""
        folder = Path(tempfile.mkdtemp(dir=self._root.name))
        models = dict.fromkeys(row.analysis.model for row in comparison.rows)
        path = folder / f"{file_name('attnviz-compare-' + '-'.join(models))[:120]}.png"
        path.write_bytes(to_png(comparison_sheet(sheet_of(comparison, look, store)), DPI))
        self._keep(folder)
        return path
