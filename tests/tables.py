"""The tables of the package, and the rules that every line of them keeps."""

import importlib
import importlib.util
import inspect
from typing import get_type_hints

import numpy as np
from gradio.utils import get_function_description
from torch import nn

from attnviz.attention.description import Description
from attnviz.cli.options import command
from attnviz.explain.attribution.method import Method
from attnviz.render.drawings import Drawn
from attnviz.ui.tabs import Tab


def takes(*names):
    """Whether something can be called with these parameters first, and needs no others."""

    def keeps(entry):
        given = list(inspect.signature(entry).parameters.values())
        first = [p.name for p in given[: len(names)]] == list(names)
        return first and all(p.default is not p.empty for p in given[len(names) :])

    return keeps


def named(entry):
    return list(inspect.signature(entry).parameters)


def takes_first(entry, name):
    return inspect.isfunction(entry) and named(entry)[:1] == [name]


def is_module(entry):
    return isinstance(entry, type) and issubclass(entry, nn.Module)


def one_line(text):
    return isinstance(text, str) and bool(text.strip()) and "\n" not in text


RULES = {
    "attnviz.attention:ATTENTION": (
        ("it must be a class of torch modules", is_module),
        ("it must be built as Type(channels, **options)", takes("channels")),
        ("it must have a DESCRIPTION", lambda t: isinstance(getattr(t, "DESCRIPTION", None), Description)),
        (
            "it must say how it starts without an effect: start_neutral()",
            lambda t: callable(getattr(t, "start_neutral")),
        ),
        ("it must have a forward of its own", lambda t: t.forward is not nn.Module.forward),
    ),
    "attnviz.backbones:BACKBONES": (
        ("it must be a class of torch modules", is_module),
        ("it must be built as Type(attention, num_classes, **options)", takes("attention", "num_classes")),
        ("it must have a forward of its own", lambda t: t.forward is not nn.Module.forward),
    ),
    "attnviz.explain.attribution.table:ATTRIBUTIONS": (
        ("it must be a Method", lambda m: isinstance(m, Method)),
        ("it must have a title and a paper", lambda m: one_line(m.title) and one_line(m.paper)),
    ),
    "attnviz.cli.main:COMMANDS": (
        ("it must be a function (args) of a dataclass of options", lambda c: command("x", c, "").params),
        ("its file must begin with one line of help", lambda c: one_line(inspect.getdoc(inspect.getmodule(c)))),
    ),
    "attnviz.ui.app:TABS": (
        ("it must be a Tab", lambda t: isinstance(t, Tab)),
        ("its texts must be in two languages", lambda t: all(len(row) == 2 and all(row) for row in t.texts.values())),
        ("it must be built from a page", lambda t: len(inspect.signature(t.build).parameters) == 1),
    ),
    "attnviz.render.drawings:DRAWINGS": (
        ("it must be a function (values)", takes("values")),
        ("it must give a Drawn", lambda d: isinstance(d(np.full((1, 2, 2, 3), 0.5, np.float32)), Drawn)),
    ),
    "attnviz.ui.api:ENDPOINTS": (
        ("it must be a function whose first argument is the store", lambda e: takes_first(e, "store")),
        ("its arguments and its answer must have types", lambda e: set(get_type_hints(e)) >= {*named(e), "return"}),
        (
            "each argument must be described in one line of its docstring",
            lambda e: all(get_function_description(e)[1][name] for name in named(e)),
        ),
        ("its docstring must say what it answers", lambda e: bool(get_function_description(e)[2])),
    ),
}
"""Rules as (what is asked, whether an entry keeps it), by the table."""


def table(path):
    """A table by ``module:attribute``."""
    module, attribute = path.split(":")
    return getattr(importlib.import_module(module), attribute)


def problem(registry, name, rules):
    """What is wrong with one line of a table, naming the line and the rule; ``None`` where it keeps all."""
    target = registry.targets[name]
    module, attribute = target.split(":")
    line = f"table of {registry.what}s, line {(name, target)}: "
    try:
        there = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        there = False
    if not there:
        return f"{line}there is no file {module.replace('.', '/')}.py"
    if not hasattr(importlib.import_module(module), attribute):
        return f"{line}{module} has no {attribute}"
    for rule, keeps in rules:
        try:
            kept = keeps(registry[name])
        except Exception:  # whatever a wrong entry does when it is asked is no answer
            kept = False
        if not kept:
            return f"{line}{rule}"
    return None
