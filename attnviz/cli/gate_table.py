"""The gates of a loaded model as rows and as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attnviz.core.errors import UserError
from attnviz.core.sites import GateSite
from attnviz.gates.discover import find_gates, what_it_has
from attnviz.gates.explain import Explanation, explain_search
from attnviz.models.network import Network

COLUMNS = ("name", "kind", "shape", "features", "how")


def gates_of(loaded: Network) -> tuple[GateSite, ...]:
    """The gates of a model, searched with an empty picture of its own input size.

    Raises:
        UserError: It has none; the text says what it has.
    """
    sites = find_gates(loaded)
    if not sites:
        raise UserError(f"{loaded.name}: {what_it_has(loaded.module)}")
    return sites


def explanations_of(loaded: Network) -> tuple[Explanation, ...]:
    """For every product in a loaded model, why it is a gate or not."""
    return explain_search(loaded.module, loaded.example())


def as_rows(sites: Sequence[GateSite]) -> list[dict[str, Any]]:
    """Plain values for JSON."""
    return [{column: getattr(site, column) for column in COLUMNS} for site in sites]


def as_text(sites: Sequence[GateSite]) -> str:
    """A table with a header; shapes as ``1×64×1×1``."""
    cells = [[str(v) if isinstance(v, str) else "×".join(map(str, v)) for v in row.values()] for row in as_rows(sites)]
    lines = [list(COLUMNS), *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
