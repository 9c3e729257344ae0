"""Class names from a file."""

from __future__ import annotations

import json
from pathlib import Path

from attnviz.core.errors import UserError

MAX_BYTES = 4 * 2**20


def read_labels(file: Path) -> tuple[str, ...]:
    """Class names from a file: one a line, a JSON list, or a JSON object from index to name or back.

    Raises:
        UserError: The file cannot be read, or holds something else.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UserError(f"{file.name} is too large for labels: at most {MAX_BYTES // 2**20} MiB")
        text = file.read_text(encoding="utf-8-sig")  # editors of Windows begin a file with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{file.name or str(file)} cannot be read as labels: {getattr(error, 'strerror', None) or error}"
        ) from error
    if file.suffix.lower() != ".json":
        return _some(tuple(line.strip() for line in text.splitlines() if line.strip()), file)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file.name} is no JSON: {error}") from error
    if isinstance(values, dict):
        if values and all(type(number) is int for number in values.values()):  # from name to index
            values = {str(number): name for name, number in values.items()}
        if sorted(values) != sorted(map(str, range(len(values)))):
            raise UserError(f"{file.name}: an object of labels has the keys 0..{len(values) - 1}, one for each class")
        values = [values[str(i)] for i in range(len(values))]
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise UserError(f"{file.name} must be a JSON list of class names, or an object from index to name")
    return _some(tuple(values), file)


def _some(names: tuple[str, ...], file: Path) -> tuple[str, ...]:
    if not names:
        raise UserError(f"{file.name} holds no class names")
    return names
