"""What the last linear layer of a network is given: the features that are pooled over places."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from attnviz.core.errors import UserError


@contextmanager
def pooled(module: nn.Module) -> Iterator[list[Tensor]]:
    """Keep the pooled features of every pass in the ``with`` block, (N, D) each, in the order of the passes.

    Args:
        module: Ends with a linear layer on one vector for each photograph, as all backbones of attnviz do.

    Raises:
        UserError: It has no linear layer, or the last one is given something else than one vector for each photograph.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    if not layers:
        raise UserError("the network has no linear layer, whose input would be its pooled features")
    passes: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if inputs[0].ndim != 2:
            raise UserError(f"pooled features are (N, D); the last linear layer is given {tuple(inputs[0].shape)}")
        passes.append(inputs[0].detach())

    hook = layers[-1].register_forward_pre_hook(keep)
    try:
        yield passes
    finally:
        hook.remove()
