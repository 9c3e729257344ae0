"""The command line: ``attnviz COMMAND``, one file of ``attnviz.cli.commands`` each."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

import attnviz
from attnviz.cli.commands import Command
from attnviz.core.errors import UserError
from attnviz.core.registry import Registry

COMMANDS: Registry[Command] = Registry(
    "command",
    (
        ("explore", "attnviz.cli.commands.explore:COMMAND"),
        ("app", "attnviz.cli.commands.app:COMMAND"),
        ("train", "attnviz.cli.commands.train:COMMAND"),
        ("experiment", "attnviz.cli.commands.experiment:COMMAND"),
        ("evaluate", "attnviz.cli.commands.evaluate:COMMAND"),
        ("reference", "attnviz.cli.commands.reference:COMMAND"),
        ("ablate", "attnviz.cli.commands.ablate:COMMAND"),
        ("verify", "attnviz.cli.commands.verify:COMMAND"),
        ("cost", "attnviz.cli.commands.cost:COMMAND"),
        ("describe", "attnviz.cli.commands.describe:COMMAND"),
        ("gates", "attnviz.cli.commands.gates:COMMAND"),
        ("faithfulness", "attnviz.cli.commands.faithfulness:COMMAND"),
        ("audit", "attnviz.cli.commands.audit:COMMAND"),
        ("replay", "attnviz.cli.commands.replay:COMMAND"),
        ("info", "attnviz.cli.commands.info:COMMAND"),
    ),
)
"""Every entry is a ``Command``; ``--help`` lists them in this order."""


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="attnviz", description="See, test and trust the attention gates inside a convolutional network."
    )
    top.add_argument("--version", action="version", version=f"attnviz {attnviz.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        own = commands.add_parser(name, help=command.help)
        command.options(own)
        own.set_defaults(run_command=command.run)
    return top


def _print_anywhere() -> None:
    """Let terminals that know no σ (cp437, gbk, ascii) print a question mark for it, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, or 2 where the user's input cannot be used."""
    _print_anywhere()
    args = parser().parse_args(arguments)
    try:
        args.run_command(args)
        sys.stdout.flush()
    except UserError as error:
        print(f"attnviz: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of a pipe has seen enough, as in ``attnviz gates MODEL | head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # a full disk, a name that is too long, a folder that may not be written
        print(f"attnviz: {error.strerror or error}: {str(error.filename or '')[:200]}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("attnviz: interrupted", file=sys.stderr)
        return 130
    return 0
