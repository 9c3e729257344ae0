"""Losses that modules offer beside the network's own."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn


def auxiliary_loss(model: nn.Module, targets: Tensor) -> Tensor | float:
    """Sum of what the modules of a network add to its loss after a pass in train mode; 0 where none adds anything.

    A module offers ``auxiliary_loss(targets) -> Tensor`` (a number) about the last pass.

    Args:
        model: The network.
        targets: (N, K), shares of the classes.
    """
    total: Tensor | float = 0.0
    for module in model.modules():
        # a part that is frozen runs in eval mode and has nothing to add
        offered: Callable[[Tensor], Tensor] | None = getattr(module, "auxiliary_loss", None)
        if module.training and offered is not None:
            total = total + offered(targets)
    return total
