"""The page that compares audits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from attnviz.core.numbers import number
from attnviz.render.audit.pieces import ends, join, page, table
from attnviz.render.audit.words import word


def _cell(cell: Mapping[str, Any]) -> str:
    text = f"{number(cell['value'], sign=False)} {ends(cell['interval'])}"
    against = cell.get("against_first")
    return text if against is None else f"{text}, p {against['p']:.2g}"


def comparison_html(report: Mapping[str, Any], language: str = "en") -> str:
    """The whole page, as ``attnviz.audit.compare.compare`` measured it."""
    data = report["data"]
    keys = [
        key for key in ("accuracy", *report["replacements"]) if any(key in r["cells"] for r in report["rows"].values())
    ]
    heads = ["", *(word(key, language) for key in keys)]
    rows = []
    for name, row in report["rows"].items():
        title = name if len(row["networks"]) == 1 else f"{name} ({len(row['networks'])})"
        rows.append((title, *(_cell(row["cells"][key]) if key in row["cells"] else "" for key in keys)))
    line = word("data_line", language).format(photographs=f"{data['photographs']:,}", tested=f"{data['tested']:,}")
    head = Markup("<header><h1>{}</h1><p>{}</p></header>").format(word("comparison", language), line)
    text = Markup('<section><p class="lead">{}</p>{}</section>').format(
        word("comparison_text" if data["labelled"] else "comparison_text_kept", language),
        table(heads, rows, word("comparison", language)),
    )
    return page(word("comparison", language), join([head, text]), language)
