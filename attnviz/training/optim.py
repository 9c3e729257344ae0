"""What moves the weights: the learning rate, what is decayed, and averages."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.training.recipe_fields import TrainPart


def learning_rate(part: TrainPart, step: int, steps_per_epoch: int) -> float:
    """Linear warm-up, then a cosine to zero, at a step counted from 0."""
    warmup = part.warmup_epochs * steps_per_epoch
    if step < warmup:
        return part.lr * (step + 1) / (warmup + 1)
    share = (step - warmup) / max(1, part.epochs * steps_per_epoch - warmup)
    return part.lr * 0.5 * (1 + math.cos(math.pi * share))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for weights of more than one axis, none for biases and batch norm; frozen ones are left out."""
    trained = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.ndim > 1]
    spared = [p for p in trained if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]


def make_optimizer(model: nn.Module, part: TrainPart) -> torch.optim.Optimizer:
    """SGD as the recipe wants it."""
    nesterov = part.nesterov and part.momentum > 0
    groups = parameter_groups(model, part.weight_decay)
    return torch.optim.SGD(groups, lr=part.lr, momentum=part.momentum, nesterov=nesterov)


@torch.no_grad()
def update_average(ema: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """Move the average of weights and buffers towards the model; young averages forget faster."""
    decay = min(decay, (1 + step) / (10 + step)) if decay else 0.0
    for mine, theirs in zip(ema.state_dict().values(), model.state_dict().values(), strict=True):
        if mine.is_floating_point():
            mine.lerp_(theirs, 1 - decay)
        else:
            mine.copy_(theirs)


@torch.no_grad()
def share_buffers(model: nn.Module, fabric: Any) -> None:
    """Give all processes the mean of their buffers: batch norm saw only its own share of the batch in each."""
    floats: list[Tensor] = [b for b in model.buffers() if b.is_floating_point()]
    if fabric.world_size == 1 or not floats:
        return
    mean = fabric.all_reduce(torch.cat([b.flatten() for b in floats]), reduce_op="mean")
    for buffer, values in zip(floats, mean.split([b.numel() for b in floats]), strict=True):
        buffer.copy_(values.view_as(buffer))
