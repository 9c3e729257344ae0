"""What experiments measured: ``results/<experiment>.json``, written by commands and shown as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from attnviz.core.data_folders import data_folder

FOLDER = data_folder("results")
"""Where the results are."""


@lru_cache(maxsize=32)
def read_results(name: str, folder: Path = FOLDER) -> dict[str, Any] | None:
    """One file of results as plain values; ``None`` where it is missing or no JSON object."""
    try:
        values = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def write_results(file: Path, report: Mapping[str, Any]) -> None:
    """Write plain values as JSON, one line for each key, so that two versions can be compared."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in report.items())
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
