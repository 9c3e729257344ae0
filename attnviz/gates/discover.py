"""Finding the gates of a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.attention.gate import Gate
from attnviz.errors import UserError
from attnviz.types import GateSite


def site_name(path: str, call: int) -> str:
    """Name of a gate: the path of the module that owns it, and ``#2``, ``#3`` … for further calls of one module."""
    owner = path.removesuffix(".gate") or path
    return owner if call == 1 else f"{owner}#{call}"


@contextmanager
def in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Put a model into eval mode and every module of it back into its own mode afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        yield
    finally:
        for module, training in modes:
            module.training = training


def find_gates(model: nn.Module, example: Tensor) -> tuple[GateSite, ...]:
    """Run one example and list the gates in the order in which they act.

    Args:
        model: Any network made of attnviz's own attention modules; its mode is put back afterwards.
        example: Input of the model, N in front.

    Returns:
        The sites, empty where the model has no gates.

    Raises:
        UserError: ``model`` is no module.
    """
    if not isinstance(model, nn.Module):
        raise UserError(f"find_gates needs a torch.nn.Module, got {type(model).__name__}")
    sites: list[GateSite] = []
    calls: dict[str, int] = {}

    def note(path: str, kind: str) -> Any:
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            calls[path] = calls.get(path, 0) + 1
            shapes = ((1, *output.shape[1:]), (1, *inputs[1].shape[1:]))
            sites.append(GateSite(site_name(path, calls[path]), kind, *shapes))

        return hook

    with ExitStack() as stack, torch.no_grad(), in_eval_mode(model):
        for path, module in model.named_modules():
            if isinstance(module, Gate):
                handle = module.register_forward_hook(note(path, module.kind))
                stack.callback(handle.remove)
        model(example)
    return tuple(sites)
