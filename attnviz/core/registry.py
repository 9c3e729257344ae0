"""Tables of things that are loaded when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar, cast

from attnviz.core.errors import UserError, nearest

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A read-only table from a name to ``"module:attribute"``, imported at first use.

    Args:
        what: What one entry is, for error messages ("attention type").
        rows: ``(name, "module:attribute")`` pairs; a name may appear once.

    Raises:
        ValueError: A name is repeated, or a target is not of the form ``module:attribute``.
    """

    def __init__(self, what: str, rows: tuple[tuple[str, str], ...]) -> None:
        self.what = what
        self._targets = dict(rows)
        if len(self._targets) != len(rows):
            repeated = sorted({name for name, _ in rows if sum(n == name for n, _ in rows) > 1})
            raise ValueError(f"{what} table repeats {', '.join(repeated)}")
        for name, target in rows:
            if target.count(":") != 1:
                raise ValueError(f"{what} {name!r} must point to 'module:attribute', got {target!r}")

    @property
    def targets(self) -> Mapping[str, str]:
        """Every name with the ``module:attribute`` of its line; nothing is imported."""
        return dict(self._targets)

    def __getitem__(self, name: str) -> T:
        """Import and return an entry; an unknown name raises ``UserError`` naming the nearest ones."""
        target = self._targets.get(name) if isinstance(name, str) else None
        if target is None:
            raise UserError(f"unknown {self.what} {name!r}; {nearest(name, self._targets)}")
        module, attribute = target.split(":")
        return cast(T, getattr(importlib.import_module(module), attribute))

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)
