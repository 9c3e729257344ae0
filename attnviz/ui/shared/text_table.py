"""Every sentence the app shows, in English and Chinese: one row a text, ``texts.py`` or ``…_texts.py`` beside its use.

A file holds ``TEXTS``; it is found by its name.
"""

from __future__ import annotations

import importlib
from pathlib import Path

Row = tuple[str, str]
UI = Path(__file__).resolve().parent.parent


def gather() -> dict[str, Row]:
    """All texts of all files; a key may appear once."""
    texts: dict[str, Row] = {}
    for file in sorted([*UI.rglob("texts.py"), *UI.rglob("*_texts.py")]):
        module = ".".join(("attnviz.ui", *file.relative_to(UI).with_suffix("").parts))
        own: dict[str, Row] = importlib.import_module(module).TEXTS
        if repeated := texts.keys() & own.keys():
            raise ValueError(f"{module} repeats {', '.join(sorted(repeated))}")
        texts |= own
    return texts
