"""The parts of the documentation that are read from the code, so that they cannot say something else than it does."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping

from typer import Context

from attnviz.attention import ATTENTION
from attnviz.audit.settings import Settings
from attnviz.backbones import BACKBONES
from attnviz.cli.main import COMMANDS, command_of, summary
from attnviz.core.class_map import ClassMap
from attnviz.core.input_spec import InputSpec, NoiseSpec
from attnviz.core.kinds import KINDS
from attnviz.core.sites import GateSite
from attnviz.core.types import Analysis, Edit, GateRecord, PreparedImage
from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.gates.capture import Captured, Tape
from attnviz.models.spec import ModelSpec

WIDTH = 100
"""Columns of a command's help."""

FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "One photograph through one network": ("analyse", "class_map", "Analyser", "open_photograph", "prepare"),
    "Any network": ("load", "wrap", "Network", "ModelCard"),
    "Many photographs": ("analyse_many", "as_table", "as_pandas", "save_npz", "audit"),
    "Gates of any network": ("find_gates", "explain_search", "capture", "edit", "log_gates"),
    "Edits of a gate": ("knock_out", "scale", "set_to", "neutral", "mean", "shuffle", "paint"),
    "The app": ("launch",),
    "Errors": ("UserError",),
}
"""Public names of ``attnviz`` by what they are for."""

VALUES: tuple[type, ...] = (
    Analysis,
    ClassMap,
    GateRecord,
    GateSite,
    Tape,
    Captured,
    Edit,
    PreparedImage,
    ModelSpec,
    InputSpec,
    NoiseSpec,
    Settings,
)
"""What the functions take and give."""


def commands() -> str:
    """Every command with its ``--help``, as Markdown."""
    parts = []
    for name in COMMANDS:
        command = command_of(name)
        text = command.get_help(Context(command, info_name=f"attnviz {name}", terminal_width=WIDTH))
        parts.append(f"## {name}\n\n{summary(name)}\n\n```text\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def reference() -> str:
    """Functions, values and tables, as Markdown with autodoc's directives."""
    parts = []
    for title, names in FUNCTIONS.items():
        parts += [f"## {title}", *(_public(title, name) for name in names)]
    parts.append("## Values")
    parts += [_directive("autoclass", f"{value.__module__}.{value.__qualname__}", ":members:") for value in VALUES]
    parts += [
        "## Kinds of gate",
        _table(("kind", "what it is"), ((kind.name, kind.meaning) for kind in KINDS.values())),
    ]
    for title, table in (("Attention types", ATTENTION), ("Backbones", BACKBONES)):
        rows = (
            (name, (inspect.getdoc(entry) or "").partition("\n\n")[0].replace("\n", " "))
            for name, entry in table.items()
        )
        parts += [f"## {title}", _table(("name", "what it is"), rows)]
    methods = ((name, f"{method.title} ({method.paper})") for name, method in ATTRIBUTIONS.items())
    parts += ["## Attributions", _table(("name", "what it is"), methods)]
    return "\n\n".join(parts) + "\n"


def _public(title: str, name: str) -> str:
    """One public name: an error, a class or a function."""
    if title == "Errors":
        return _directive("autoexception", f"attnviz.{name}")
    if name[0].isupper():
        return _directive("autoclass", f"attnviz.{name}", ":members:")
    return _directive("autofunction", f"attnviz.{name}")


def _directive(kind: str, target: str, *options: str) -> str:
    lines = "".join(f"   {option}\n" for option in options)
    return f"```{{eval-rst}}\n.. {kind}:: {target}\n{lines}```"


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = (f"| `{name}` | {_sentence(text)} |" for name, text in rows)
    return "\n".join((f"| {head[0]} | {head[1]} |", "| --- | --- |", *lines))


def _sentence(text: str) -> str:
    """With a capital and a full stop; ``code`` as Markdown writes it."""
    text = text.replace("``", "`").replace("|", "\\|")
    first = text[:1].upper() if text[:1].isascii() else text[:1]  # θ stays θ
    return first + text[1:].rstrip(".") + "."
