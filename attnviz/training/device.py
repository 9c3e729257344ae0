"""Where a run computes: Fabric's devices and processes, and how a batch gets there."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from attnviz.core.checks import choice
from attnviz.core.errors import UserError


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Move a batch; to a GPU from pinned memory, so that the CPU need not wait for the copy."""
    return values.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else values


KINDS = ("auto", "cpu", "cuda", "mps")
"""What ``--device`` may say."""


def make_fabric(precision: str, devices: int, device: str = "auto") -> Any:
    """Lightning Fabric for a number of GPUs, or of CPU processes where there is no GPU.

    Args:
        precision: As in a recipe.
        devices: How many.
        device: One of ``KINDS``; ``"auto"`` for a GPU where there is one.

    Raises:
        UserError: There is no such device here, or Lightning is not installed.
    """
    choice("device", device, KINDS)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device, True):
        raise UserError(f"there is no {device} device here; --device auto takes what there is")
    try:
        from lightning.fabric import Fabric
        from lightning.fabric.strategies.ddp import DDPStrategy
    except ImportError as error:
        raise UserError(f"training needs Lightning ({error}): pip install -r requirements-dev.txt") from error
    # process 0's buffers are not handed round: ``share_buffers`` gives all the mean of theirs
    strategy = DDPStrategy(broadcast_buffers=False) if devices > 1 else "auto"
    return Fabric(accelerator=device, devices=devices, precision=precision, strategy=strategy)  # type: ignore[arg-type]
