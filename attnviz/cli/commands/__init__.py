"""One file a command: its docstring is its help, ``run`` does it, and takes the dataclass of its options.

What a command needs is imported when it runs, so that ``--help`` answers at once. ``run`` raises ``UserError`` where
what the user gave cannot be used.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from attnviz.core.errors import UserError


def say(text: str) -> None:
    """Tell how far a command is, beside what it prints."""
    print(text, file=sys.stderr, flush=True)


def print_json(values: Any) -> None:
    """Print plain values as JSON."""
    print(json.dumps(values, indent=1, ensure_ascii=False))


def named_values(texts: Sequence[str] | None) -> dict[str, object]:
    """``["width=0.5"]`` -> ``{"width": 0.5}``; what is no JSON is a word.

    Raises:
        UserError: One has no ``=``.
    """
    values: dict[str, object] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"an option is NAME=VALUE, got {text!r}")
        try:
            values[name] = json.loads(value)
        except (ValueError, RecursionError):  # also of too many digits, or nested too deep
            values[name] = value
    return values
