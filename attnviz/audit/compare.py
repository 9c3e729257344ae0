"""Several networks, or several seeds of one, on the same photographs: what a paper's table needs."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attnviz.audit.summary import SCHEMA
from attnviz.core.errors import UserError
from attnviz.core.intervals import of_mean, welch
from attnviz.core.numbers import significant

Summary = Mapping[str, Any]
SAME = (("data", "fingerprint", "photographs"), ("plan", "tests", "number of tests"))
"""What audits must share to stand in one table: part and key of the summary, and its name."""


def read_summary(path: Path) -> dict[str, Any]:
    """A ``summary.json``; ``UserError`` where it is none of this version."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as the summary of an audit: {error}") from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        raise UserError(f"{path} is no summary of an audit of version {SCHEMA}; audit that network again")
    return values


def rows_of(texts: Sequence[str]) -> dict[str, list[str]]:
    """``["A", "B", "mine=C,D"]`` -> name of the row -> its networks; several are seeds of one.

    Raises:
        UserError: Two rows have one name, or one has no network.
    """
    rows: dict[str, list[str]] = {}
    for text in texts:
        name, equals, listed = text.partition("=")
        networks = [one for one in listed.split(",") if one] if equals else [text]
        if not networks or not name:
            raise UserError(f"a row to compare is MODEL or NAME=MODEL,MODEL,…; got {text!r}")
        if name in rows:
            raise UserError(f"two rows to compare are called {name!r}; name them apart: NAME={','.join(networks)}")
        rows[name] = networks
    return rows


def compare(rows: Mapping[str, Sequence[Summary]]) -> dict[str, Any]:
    """A row for each name: accuracy, and its change under each replacement of all gates together.

    Of one network an interval is over photographs (bootstrap); of several, seeds of one, it is a t interval over seeds,
    and Welch's test stands beside their difference from the first row where that has seeds too.

    Args:
        rows: Name -> summaries of audits.

    Raises:
        UserError: There are fewer than two rows, or the audits are not of the same photographs.
    """
    if len(rows) < 2:
        raise UserError(f"a comparison needs at least 2 rows, got {len(rows)}")
    summaries = [summary for row in rows.values() for summary in row]
    for part, key, what in SAME:
        values = {summary[part][key] for summary in summaries}
        if len(values) > 1:
            raise UserError(f"these audits have another {what}: compare networks on the same photographs")
    shared = [name for name in summaries[0]["together"] if all(name in s["together"] for s in summaries)]
    measured = {name: _row(row, shared) for name, row in rows.items()}
    first = next(iter(measured.values()))
    for row in list(measured.values())[1:]:
        _against(row, first)
    data = {key: summaries[0]["data"][key] for key in ("photographs", "tested", "labelled", "fingerprint")}
    return {"schema": SCHEMA, "data": data, "replacements": shared, "rows": measured}


def _row(row: Sequence[Summary], shared: Sequence[str]) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    if all("top1" in summary["network"] for summary in row):
        cells["accuracy"] = _cell([s["network"]["top1"] for s in row], row[0]["network"]["interval"])
    for name in shared:
        effects = [summary["together"][name] for summary in row]
        cells[name] = _cell([effect["points"] for effect in effects], effects[0]["interval"])
    return {"networks": [summary["model"]["name"] for summary in row], "cells": cells}


def _cell(values: Sequence[float], of_one: Sequence[float]) -> dict[str, Any]:
    ends = of_mean(values) if len(values) > 1 else of_one
    over = "seeds" if len(values) > 1 else "photographs"
    mean = round(statistics.fmean(values), 4)
    return {"value": mean, "interval": [round(end, 4) for end in ends], "over": over, "values": list(values)}


def _against(row: dict[str, Any], first: dict[str, Any]) -> None:
    for name, cell in row["cells"].items():
        base = first["cells"].get(name)
        if base is not None and len(cell["values"]) > 1 and len(base["values"]) > 1:
            apart = welch(base["values"], cell["values"])
            ends = [round(apart.low, 4), round(apart.high, 4)]
            cell["against_first"] = {"value": round(apart.value, 4), "interval": ends, "p": significant(apart.p)}
