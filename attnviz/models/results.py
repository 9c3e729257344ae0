"""What experiments measured: ``results/<experiment>.json``, written by commands and shown as it is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from attnviz.core.data_folders import data_folder
from attnviz.core.errors import UserError
from attnviz.core.files import write_atomically

FOLDER = data_folder("results")
"""Where the results are."""


@lru_cache(maxsize=32)
def read_results(name: str, folder: Path = FOLDER) -> dict[str, Any] | None:
    """One file of results as plain values; ``None`` where it is missing or no JSON object."""
    try:
        values = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def check_results(file: Path, settings: Mapping[str, Any], force: bool = False) -> None:
    """Refuse to put results in the place of others that were made with other settings.

    Whoever measures asks before the work begins, and ``write_results`` asks again.

    Args:
        file: Where the results shall go.
        settings: Everything that was chosen and decides them, plain values; what is not yet known may be missing.
        force: Whether the file may be replaced, whatever it holds.

    Raises:
        UserError: The file is there and says other settings, or none.
    """
    if force or not file.exists():
        return
    try:
        old = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        old = None
    old_settings = old.get("settings") if isinstance(old, dict) else None
    new = json.loads(json.dumps(settings))
    if isinstance(old_settings, dict):
        keys = [key for key in new if old_settings.get(key) != new[key]]
        if not keys:
            return
        why = f"was made with {_said(old_settings, keys)}, not {_said(new, keys)}"
    else:
        why = "does not say with which settings it was made"
    raise UserError(f"{file} holds results and {why}; give another file with --out, or --force to replace it")


def _said(settings: Mapping[str, Any], keys: Sequence[str]) -> str:
    return ", ".join(f"{key} {json.dumps(settings.get(key), ensure_ascii=False)}" for key in keys)[:200]


def write_results(file: Path, report: Mapping[str, Any], settings: Mapping[str, Any], force: bool = False) -> None:
    """Write plain values as JSON, one line for each key, so that two versions can be compared.

    Args:
        file: Where to; its folder is made.
        report: What was measured.
        settings: As for ``check_results``; they stand in the file under ``settings``.
        force: As there.

    Raises:
        UserError: As ``check_results``.
    """
    check_results(file, settings, force)
    file.parent.mkdir(parents=True, exist_ok=True)
    values = {**report, "settings": settings}
    lines = (f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
    write_atomically(file, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets a command replace results that were made with other settings."""
    parser.add_argument("--force", action="store_true", help="replace results that were made with other settings")
