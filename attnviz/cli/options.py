"""A command's options: the fields of a dataclass, each a type with typer's ``Option`` or ``Argument``."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from copy import copy
from typing import Annotated, Any, get_args, get_type_hints

from typer import Context, Typer
from typer.core import TyperCommand
from typer.main import get_command
from typer.models import ArgumentInfo

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Of every command: what asks for help, and how wide it is at most."""


def command(name: str, run: Callable[[Any], None], summary: str) -> TyperCommand:
    """A command whose options are the fields of the dataclass that ``run`` takes.

    A field that is a dataclass itself stands for its own fields; ``--help`` shows them under its docstring. A flag has
    no ``--no-`` form. A list whose metavar ends with dots takes several values at once: ``--compare A B``.

    Args:
        name: What is typed for it.
        run: Does it; its one parameter is annotated with the dataclass.
        summary: One line for ``--help``.
    """
    [taken] = (hint for key, hint in get_type_hints(run).items() if key != "return")

    def call(**given: Any) -> None:
        run(_filled(taken, given))

    call.__signature__ = inspect.Signature(list(_parameters(taken)))  # type: ignore[attr-defined]
    app = Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    app.command(name, cls=_Command, help=summary, context_settings=CONTEXT)(call)
    return get_command(app)  # type: ignore[return-value]


def _parameters(group: Any, panel: str | None = None) -> Iterator[inspect.Parameter]:
    """The fields of a dataclass as typer reads them from a function."""
    hints = get_type_hints(group, include_extras=True)
    for field in dataclasses.fields(group):
        if dataclasses.is_dataclass(hints[field.name]):
            yield from _parameters(hints[field.name], str(inspect.getdoc(hints[field.name])).rstrip("."))
            continue
        kind, info = get_args(hints[field.name])
        info = copy(info)
        info.rich_help_panel = panel
        if isinstance(info, ArgumentInfo):
            info.metavar = field.name.upper()
        elif kind is bool:
            info.param_decls = (f"--{field.name.replace('_', '-')}",)
        default = inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
        )


def _filled(group: Any, given: dict[str, Any]) -> Any:
    """The dataclass with what was given."""
    hints = get_type_hints(group)
    names = (field.name for field in dataclasses.fields(group))
    return group(**{n: _filled(hints[n], given) if dataclasses.is_dataclass(hints[n]) else given[n] for n in names})


class _Command(TyperCommand):
    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """``--compare A B`` is ``--compare=A --compare=B``; an option's name is no value of the option before it."""
        if ctx.resilient_parsing:  # a shell asks for completions, of half a line
            return super().parse_args(ctx, args)
        options: dict[str, Any] = {name: param for param in self.get_params(ctx) for name in param.opts}
        for before, part in zip(["", *args], args, strict=False):  # an empty path would be the working folder
            if part == "" or (part.endswith("=") and part[:-1] in options):
                ctx.fail(
                    f"{part[:-1] or (before if before in options else 'an argument')} is empty: leave it out or say it"
                )
        spelled, rest = [], list(args)
        while rest and rest[0] != "--":
            name = rest.pop(0)
            param = options.get(name)
            if param is None or param.is_flag:
                spelled.append(name)
                continue
            if not rest or rest[0].partition("=")[0] in {*options, "--"}:
                ctx.fail(f"{name} needs a value" + (f", got the option {rest[0]!r}" if rest else ""))
            spelled.append(f"{name}={rest.pop(0)}")
            while (param.metavar or "").endswith("...") and rest and not rest[0].startswith("-"):
                spelled.append(f"{name}={rest.pop(0)}")
        return super().parse_args(ctx, spelled + rest)

    def format_options(self, ctx: Context, formatter: Any) -> None:  # type: ignore[override]
        """Sections by panel, which typer itself draws with rich alone."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if record := param.get_help_record(ctx):
                panel = getattr(param, "rich_help_panel", None) or f"{param.param_type_name.capitalize()}s"
                sections.setdefault(panel, []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)
