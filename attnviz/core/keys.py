"""Whether a table of names and values holds what a dataclass asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from attnviz.core.errors import UserError, nearest


def check_keys(kind: type[Any], values: Any, what: str, where: str = "") -> None:
    """Check the keys of a table that a dataclass is to be made of; values are left to the dataclass.

    Args:
        kind: The dataclass.
        values: What was read.
        what: What it is, in front of every message ("recipe").
        where: Path of the table inside that; empty for the whole.

    Raises:
        UserError: It is no table, a key is unknown (the nearest right one is named) or one that is needed is missing.
    """
    if not isinstance(values, Mapping):
        raise UserError(f"{what}: {where or 'the whole'} must be a table, got {repr(values)[:80]}")
    path, fields = f"{where}." if where else "", dataclasses.fields(kind)
    names = [f.name for f in fields]
    for key in values:
        if key not in names:
            raise UserError(f"{what}: unknown key {f'{path}{key}'[:80]!r}; {nearest(key, names)}")
    for f in fields:
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING and f.name not in values:
            raise UserError(f"{what}: {path}{f.name} is missing; it has {', '.join(map(str, values)) or 'nothing'}")
