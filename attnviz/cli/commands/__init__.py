"""One file a command: its options, and what it does."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One command of the command line.

    What it needs is imported when it runs, so that ``--help`` answers at once.

    Attributes:
        help: One line for the list of commands.
        options: Adds its options to a parser.
        run: Does it; raises ``UserError`` where the user's input cannot be used.
    """

    help: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


def option(text: str) -> tuple[str, object]:
    """``"width=0.5"`` -> ``("width", 0.5)``; what is no JSON is a word."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"an option is NAME=VALUE, got {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value
