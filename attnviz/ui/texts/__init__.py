"""Every sentence the app shows, in English and Chinese: one row a text, one file a tab (``page`` is for all tabs).

A file holds ``TEXTS``; it is found by being here.
"""

from __future__ import annotations

import importlib
import pkgutil

Row = tuple[str, str]


def gather() -> dict[str, Row]:
    """All texts of all files; a key may appear once."""
    texts: dict[str, Row] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        own: dict[str, Row] = importlib.import_module(f"{__name__}.{module}").TEXTS
        if repeated := texts.keys() & own.keys():
            raise ValueError(f"texts/{module}.py repeats {', '.join(sorted(repeated))}")
        texts |= own
    return texts
