"""``FILE.py:FACTORY``: a network that somebody's own code builds. It runs that code, so it is for one's own machine."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from attnviz.core.errors import UserError, nearest
from attnviz.models.network import Network

FACTORY = re.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_]\w*)")
"""What such a network is called."""


def build_from(
    file: Path, name: str, classes: int | None = None, arguments: Mapping[str, Any] | None = None
) -> tuple[nn.Module | Network, tuple[str, ...]]:
    """Run a Python file and call what it calls ``name``.

    Args:
        file: A Python file; modules beside it can be imported by it.
        name: A function or a class that is called without arguments (``num_classes`` where ``classes`` is given), or
            a network itself.
        classes: Number of classes to ask for.
        arguments: Values for arguments of these names, where it takes them.

    Returns:
        What it gives, and the names of ``arguments`` that it was called with.

    Raises:
        UserError: The file or the name is missing, the code raises, needs arguments, or gives no network.
    """
    if not file.is_file():
        raise UserError(f"there is no file {str(file)[:200]!r}")
    with _importable(file.resolve().parent):
        module = _run(file)
        if not hasattr(module, name):
            public = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
            raise UserError(f"{file.name} defines no {name!r}; {nearest(name, public)}")
        factory = getattr(module, name)
        if isinstance(factory, (nn.Module, Network)):
            return factory, ()
        if not callable(factory):
            raise UserError(f"{file.name}:{name} must be a function that gives a network, it is {_kind(factory)}")
        options = _options(factory, f"{file.name}:{name}", classes, arguments or {})
        try:
            result = factory(**options)
        except Exception as error:  # it is somebody else's code: it may raise anything
            raise UserError(f"{file.name}:{name} failed: {_where(error, file)}") from error
        except SystemExit as error:
            raise UserError(f"{file.name}:{name} ends the program (sys.exit); let it return a network") from error
    if not isinstance(result, (nn.Module, Network)):
        raise UserError(f"{file.name}:{name} must give a torch.nn.Module, it gave {_kind(result)}")
    return result, tuple(key for key in arguments or {} if options.get(key) is not None)


def _kind(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}, not one of it: {value.__name__}()"
    return "None" if value is None else f"a {type(value).__name__}"


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Modules in a folder can be imported meanwhile, as when a script in it is run.

    Modules of the same names that were imported from elsewhere, as by a network of another folder, are put aside
    meanwhile: the code would be given these without a word.
    """
    before, names = list(sys.path), _taken(folder)
    aside = _removed(names)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()  # a file may have been written since the folder was last looked into
    try:
        yield
    finally:
        sys.path[:] = before
        _removed(names)
        sys.modules.update(aside)


def _taken(folder: Path) -> set[str]:
    """Names of modules beside the code that are imported already, from elsewhere.

    Those of Python, of installed packages and of attnviz itself are what everything else runs on: they stay.
    """
    beside = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
    names = set()
    for name, module in list(sys.modules.items()):
        top, file = name.partition(".")[0], getattr(module, "__file__", None)
        if top in beside and isinstance(file, str) and not _is_installed(top, file):
            names |= set() if folder in Path(file).resolve().parents else {top}
    return names


def _is_installed(top: str, file: str) -> bool:
    known = top in sys.stdlib_module_names or top in ("attnviz", "__main__")
    return known or bool({"site-packages", "dist-packages"} & set(Path(file).parts))


def _removed(names: set[str]) -> dict[str, ModuleType]:
    """Take modules of these names, and those inside them, out of what is imported."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in names}


def _run(file: Path) -> ModuleType:
    name = f"attnviz_own_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UserError(f"{file.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look modules up by name
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # as above
        raise UserError(f"{file.name} cannot be run: {_where(error, file)}") from error
    except SystemExit as error:
        raise UserError(
            f'{file.name} ends the program when it is run; put that under if __name__ == "__main__":'
        ) from error
    return module


def _where(error: Exception, file: Path) -> str:
    """The error in one line, with the line of the file in which it arose."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError in line {error.lineno}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
    place = f" (line {lines[-1]})" if lines else ""
    text = (str(error).splitlines() or [""])[0][:300]
    return f"{type(error).__name__}: {text}{place}"


def _options(factory: Any, what: str, classes: int | None, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a factory is called with; ``UserError`` where it needs more than can be given."""
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return {}
    options: dict[str, Any] = {key: value for key, value in arguments.items() if key in parameters}
    if classes is not None:
        key = next((k for k in ("num_classes", "classes", "n_classes") if k in parameters), None)
        if key is None:
            raise UserError(f"--classes {classes}: {what} takes no num_classes; build it with {classes} classes there")
        options[key] = classes
    fixed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [
        p.name for p in parameters.values() if p.default is p.empty and p.kind not in fixed and p.name not in options
    ]
    if needed:
        hint = "; --classes N gives num_classes" if set(needed) & {"num_classes", "classes", "n_classes"} else ""
        raise UserError(
            f"{what} needs arguments ({', '.join(needed)}): write a function without, such as "
            f"def make(): return {what.rpartition(':')[2]}(…){hint}"
        )
    return options
