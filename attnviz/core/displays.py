"""How a notebook shows a value. Values know nothing of pictures: the package's front says what draws which type."""

from __future__ import annotations

import importlib
from typing import Any

DISPLAYS: dict[str, str] = {}
"""Name of a type -> ``"module:function"``, which makes HTML of a value; filled by ``attnviz/__init__.py``."""


def as_html(value: Any) -> str:
    """HTML of a value whose type is in ``DISPLAYS``; what draws it is imported now."""
    module, function = DISPLAYS[type(value).__name__].split(":")
    html: str = getattr(importlib.import_module(module), function)(value)
    return html
