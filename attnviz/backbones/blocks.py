"""What backbones share: putting attention in its place, checks, stems and initialisation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from attnviz.attention.gate import Gate
from attnviz.attention.none import NoAttention
from attnviz.backbones import AttentionFactory
from attnviz.core.checks import is_number, is_whole
from attnviz.core.errors import UserError
from attnviz.core.kinds import KINDS

PAPER_GATE: dict[str, Any] = {"reduction": 1, "bias": True}
"""Options of a channel gate that sits on the input or on the last map, where channels are few or all."""


def attach(attention: AttentionFactory, channels: int, branch: bool, pools: bool = False) -> nn.Module:
    """Build the attention module of one place in a backbone for maps.

    Args:
        attention: Builds the module from a number of channels.
        channels: C of the features there.
        branch: Whether the features are later added to, or set beside, others that do not pass the module.
        pools: Whether it stands in the place of mean pooling; no attention there is the mean.

    Raises:
        UserError: The module is for volumes, moves features that must stay aligned with others, or pools where
            places are needed, or does not where one vector is.
    """
    module = attention(channels)
    pooling = getattr(module, "pools", False)
    if pooling and not pools:
        raise UserError(
            f"{type(module).__name__} gives one vector for all places, so that it can only stand in the place of mean "
            "pooling: use position='pool' (vgg16: with head='small')"
        )
    if pools and not pooling and not isinstance(module, NoAttention):
        raise UserError(
            f"{type(module).__name__} keeps all places, so that it cannot stand in the place of mean pooling "
            "(position='pool'); use attention 'pool' there"
        )
    if any(getattr(part, "dims", 2) != 2 for part in module.modules()):
        raise UserError(f"{type(module).__name__} was asked for volumes (dims=3), but this backbone has maps (dims=2)")
    if branch and any(KINDS[kind].moves for kind in kinds_of(module)):
        raise UserError(
            f"{type(module).__name__} moves features, but here they meet others that stay where they are "
            "(a shortcut or earlier layers); put it where all features pass, e.g. vgg16"
        )
    return module


def kinds_of(module: nn.Module) -> set[str]:
    """Kinds of all gates inside a module."""
    return {part.kind for part in module.modules() if isinstance(part, Gate)}


def init_attention(model: nn.Module) -> None:
    """Let attention types that start in their own way do so again, after a backbone initialised all its layers."""
    for module in model.modules():
        own_start = getattr(module, "init_weights", None)
        if module is not model and own_start is not None:
            own_start()


def mean_of_places(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C); of what was pooled already, (N, C, 1, 1), the same numbers."""
    return x.mean((2, 3))


def check_common(num_classes: Any, in_channels: Any, dropout: Any = 0.0) -> None:
    """Raise ``UserError`` unless there are ≥ 2 classes, ≥ 1 input channels and a dropout in [0, 1)."""
    if not isinstance(num_classes, int) or not isinstance(in_channels, int) or num_classes < 2 or in_channels < 1:
        raise UserError(f"num_classes must be ≥ 2 and in_channels ≥ 1, got {num_classes!r} and {in_channels!r}")
    if not isinstance(dropout, (int, float)) or not 0 <= dropout < 1:
        raise UserError(f"dropout must be in [0, 1), got {dropout!r}")


def check_factor(what: str, given: Any) -> float:
    """Return a width or depth factor if it is in (0, 4], else raise ``UserError``."""
    if not is_number(given, 0, 4) or given == 0:
        raise UserError(f"{what} must be a number in (0, 4], got {given!r}")
    return float(given)


def check_counts(what: str, given: Any, length: int | None = None) -> tuple[int, ...]:
    """Return a sequence of whole numbers of at least 1 as a tuple, else raise ``UserError``."""
    values = tuple(given) if isinstance(given, (list, tuple)) else ()
    if not values or not all(is_whole(v, 1) for v in values) or (length is not None and len(values) != length):
        wanted = "whole numbers ≥ 1" if length is None else f"{length} whole numbers ≥ 1"
        raise UserError(f"{what} must be {wanted}, got {given!r}")
    return values


def hidden_layers(width: int, count: Any) -> nn.Sequential:
    """Linear layers with ReLU that keep their width, for between pooling and classifier.

    Two have exactly as many parameters as CBAM's channel gate with r = 1 and biases: its ungated control.

    Args:
        width: Features of each.
        count: How many, 0..4.

    Raises:
        UserError: ``count`` is something else.
    """
    if not is_whole(count, 0, 4):
        raise UserError(f"hidden must be in 0..4, got {count!r}")
    return nn.Sequential(*(nn.Sequential(nn.Linear(width, width), nn.ReLU()) for _ in range(count)))


def stem_for(conv: nn.Conv2d, in_channels: int) -> nn.Conv2d:
    """``conv`` itself where it takes ``in_channels``, else a fresh one of its geometry, He fan-out."""
    if conv.in_channels == in_channels:
        return conv
    bias = conv.bias is not None
    kernel, stride, padding = conv.kernel_size, conv.stride, conv.padding
    fresh = nn.Conv2d(in_channels, conv.out_channels, kernel, stride, padding, bias=bias)  # type: ignore[arg-type]
    he_init(fresh)
    return fresh


def he_init(model: nn.Module) -> None:
    """He fan-out initialisation of all convolutions; their biases start at zero."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Conv3d)):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
