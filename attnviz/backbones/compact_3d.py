"""A small network for volumes: what channel and spatial attention look like in three dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.backbones import AttentionFactory
from attnviz.backbones.blocks import check_common, check_counts, he_init, init_attention, kinds_of
from attnviz.core.errors import UserError


def attach_3d(attention: Callable[..., Any], channels: int) -> nn.Module:
    """Build an attention module for volumes; a type that only knows maps is refused.

    Raises:
        UserError: The type has no form for volumes.
    """
    try:
        return attention(channels, dims=3)
    except TypeError as error:
        if "dims" not in str(error):
            raise
    module = attention(channels)
    if kinds_of(module):
        raise UserError(
            f"{type(module).__name__} has no form for volumes (N, C, D, H, W); use cbam, cbam-channel, spatial or none"
        )
    return module


class Compact3d(nn.Module):
    """Blocks of 3×3×3 convolution, batch norm, ReLU, attention and a pool over height and width.

    Depth is kept throughout, so that a spatial gate has one mask for every slice of the input.

    Args:
        attention: Builds an attention module for volumes as ``attention(channels, dims=3)``.
        num_classes: K, at least 2.
        in_channels: Channels of the input.
        widths: Channels of the blocks.
        dropout: Probability of dropping a feature before the classifier, in [0, 1).

    Raises:
        ValueError: An argument is outside its limits, or the attention type has no form for volumes.
    """

    dims = 3

    def __init__(
        self,
        attention: AttentionFactory,
        num_classes: int = 10,
        in_channels: int = 1,
        widths: Sequence[int] = (16, 32, 64),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_common(num_classes, in_channels, dropout)
        channels = in_channels
        blocks = []
        for width in check_counts("widths", widths):
            block = nn.Sequential()
            block.add_module("conv", nn.Conv3d(channels, width, 3, padding=1, bias=False))
            block.add_module("norm", nn.BatchNorm3d(width))
            block.add_module("relu", nn.ReLU())
            block.add_module("attention", attach_3d(attention, width))
            block.add_module("pool", nn.MaxPool3d((1, 2, 2)))
            blocks.append(block)
            channels = width
        self.blocks = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, num_classes)
        he_init(self)
        init_attention(self)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, D, H, W) -> logits (N, K); H and W at least 2 to the number of blocks."""
        return self.classifier(self.dropout(torch.mean(self.blocks(x), (2, 3, 4))))
