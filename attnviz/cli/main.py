"""The command line: ``attnviz COMMAND``, one file of ``attnviz.cli.commands`` each."""

from __future__ import annotations

import ast
import importlib.util
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from typer import Context, Exit, Option, Typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

import attnviz
from attnviz.cli.options import CONTEXT, command
from attnviz.core.errors import UserError
from attnviz.core.registry import Registry

COMMANDS: Registry[Callable[[Any], None]] = Registry(
    "command",
    (
        ("explore", "attnviz.cli.commands.explore:run"),
        ("app", "attnviz.cli.commands.app:run"),
        ("train", "attnviz.cli.commands.train:run"),
        ("experiment", "attnviz.cli.commands.experiment:run"),
        ("evaluate", "attnviz.cli.commands.evaluate:run"),
        ("reference", "attnviz.cli.commands.reference:run"),
        ("ablate", "attnviz.cli.commands.ablate:run"),
        ("verify", "attnviz.cli.commands.verify:run"),
        ("cost", "attnviz.cli.commands.cost:run"),
        ("describe", "attnviz.cli.commands.describe:run"),
        ("gates", "attnviz.cli.commands.gates:run"),
        ("faithfulness", "attnviz.cli.commands.faithfulness:run"),
        ("audit", "attnviz.cli.commands.audit:run"),
        ("replay", "attnviz.cli.commands.replay:run"),
        ("info", "attnviz.cli.commands.info:run"),
    ),
)
"""Every entry is a function that takes a dataclass of options; ``--help`` lists them in this order."""


def summary(name: str) -> str:
    """What a command does: the docstring of its module, which is read and not imported."""
    module = COMMANDS.targets[name].partition(":")[0]
    source = Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")  # type: ignore[union-attr,arg-type]
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def command_of(name: str) -> TyperCommand:
    """A command of the table, its module imported.

    Raises:
        UserError: There is none of this name; the text names the nearest.
    """
    return command(name, COMMANDS[name], summary(name))


class _Commands(TyperGroup):
    """Commands by name and summary; the module of one is imported when it is asked for."""

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[Any, Any, list[str]]:  # type: ignore[override]
        if ctx.resilient_parsing and args[0] not in COMMANDS:  # a shell asks for completions
            return None, None, args[1:]
        return args[0], command_of(args[0]), args[1:]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"attnviz {attnviz.__version__}")
        raise Exit


def _top(
    version: Annotated[bool, Option("--version", callback=_version, is_eager=True, help="print it")] = False,
) -> None:
    """See, test and trust the attention gates inside a convolutional network."""


def _all() -> Any:
    """The commands, and what completes them in a shell."""
    app = Typer(cls=_Commands, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=CONTEXT)
    app.callback(subcommand_metavar="COMMAND")(_top)
    for name in COMMANDS:
        app.command(name, short_help=summary(name))(_top)
    return get_command(app)


def _print_anywhere() -> None:
    """Let terminals that know no σ (cp437, gbk, ascii) print a question mark for it, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _sentence(error: TyperException) -> str:
    """What is wrong with a command line, what was given, and where to read on."""
    text = error.format_message().replace("Value error, ", "").rstrip(".")
    if wrong := getattr(error.__cause__, "errors", None):  # pydantic says what it wants, and not what it was given
        given = wrong()[0]["input"]
        text += "" if repr(given) in text else f", got {given!r}"
    if isinstance(meant := getattr(error, "possibilities", None), list):
        text = f"unknown option {error.option_name!r}" + (  # type: ignore[attr-defined]
            f"; did you mean {' or '.join(map(repr, meant))}?" if meant else ""
        )
    context = getattr(error, "ctx", None)
    return f"{text} (see {context.command_path} --help)" if context else text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, or 2 where the user's input cannot be used."""
    _print_anywhere()
    if "_ATTNVIZ_COMPLETE" in os.environ:  # a shell asks, in variables
        return int(_all()(prog_name="attnviz"))
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and not given[0].startswith("-"):  # at once: options before a name take typer 0.2 s to read
            chosen, path = command_of(given[0]), f"attnviz {given.pop(0)}"
        else:
            chosen, path = _all(), "attnviz"
        with chosen.make_context(path, given) as context:
            chosen.invoke(context)
        sys.stdout.flush()
    except Exit as end:
        return end.exit_code
    except TyperException as error:
        print(f"attnviz: {_sentence(error)}", file=sys.stderr)
        return 2
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
