"""From a model to its modules."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from attnviz.core.errors import UserError
from attnviz.models.network import Network


def unwrapped(model: nn.Module | Network) -> nn.Module:
    """The module of a ``Network``, or that ``torch.compile`` wrapped, or the module itself."""
    if isinstance(model, Network):
        model = model.module
    # a look at the children: a Module takes long to say that it has no such attribute
    children = getattr(model, "_modules", {})
    return children["_orig_mod"] if "_orig_mod" in children else model  # noqa: SIM401 - TorchScript's have no get


def module_at(model: nn.Module, path: str) -> nn.Module | None:
    """The module at a dotted path (``""`` is the model itself), or ``None``.

    Every capture asks for dozens of paths; ``get_submodule`` takes some ten microseconds for each.
    """
    module: nn.Module | None = model
    for name in path.split(".") if path else ():
        children = {} if module is None else module._modules
        module = children[name] if name in children else None  # noqa: SIM401 - as above
    return module


def above(path: str) -> Iterator[str]:
    """Paths of the modules around one: ``""`` and ``"layer1"`` for ``"layer1.0"``."""
    names = path.split(".") if path else []
    return (".".join(names[:depth]) for depth in range(len(names)))


def refuse_others(model: object) -> None:
    """Raise ``UserError`` for what is no module."""
    if not isinstance(model, nn.Module):
        raise UserError(f"gates are read and edited in a torch.nn.Module, got {type(model).__name__}")


def refuse_script(path: str, module: nn.Module) -> None:
    """Raise ``UserError`` for modules of TorchScript: hooks see nothing of what runs in them."""
    if isinstance(module, torch.jit.ScriptModule):
        raise UserError(
            f"{path or 'the model'} is a {type(module).__name__} of torch.jit (scripted, traced or frozen), in which "
            "no gate can be read or edited; give the module that it was made of"
        )


def refuse_lazy(path: str, module: nn.Module) -> None:
    """Raise ``UserError`` for a lazy module that has not run: it has no parameters yet."""
    if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params():
        raise UserError(
            f"{path or 'the model'} is a {type(module).__name__} whose parameters have no shape before its first pass; "
            "run the model once first"
        )
