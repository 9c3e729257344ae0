"""A small plain network: two convolutions and a hidden layer (LeCun et al. 1998, "Gradient-based learning …")."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from attnviz.attention.none import NoAttention
from attnviz.backbones import AttentionFactory
from attnviz.backbones.blocks import attach, check_common, check_counts, he_init, init_attention
from attnviz.core.checks import choice

POSITIONS = ("first", "block")
GRID = 5
"""Side of the map that the hidden layer reads, whatever the size of the input: it keeps where things are."""


class SmallCNN(nn.Module):
    """``conv 5×5, ReLU, max pool`` twice, a mean over a 5×5 grid, a hidden layer with ReLU, and the classifier.

    There is no batch norm and no shortcut: every feature passes every layer, so that attention which moves features
    (a spatial transformer) may stand anywhere.

    Args:
        attention: Builds the attention module from a number of channels.
        num_classes: K, at least 2.
        in_channels: Channels of the input, at least 1.
        widths: Channels of the two convolutions, and of the hidden layer.
        dropout: Probability of dropping a hidden feature, in [0, 1).
        position: ``first``: attention on the input itself. ``block``: after each convolution.

    Raises:
        UserError: An argument is outside its limits.
    """

    def __init__(
        self,
        attention: AttentionFactory,
        num_classes: int = 10,
        in_channels: int = 3,
        widths: Sequence[int] = (16, 32, 64),
        dropout: float = 0.0,
        position: str = "first",
    ) -> None:
        super().__init__()
        check_common(num_classes, in_channels, dropout)
        first, second, hidden = check_counts("widths", widths, 3)
        self.position = choice("position", position, POSITIONS)
        block: AttentionFactory = attention if position == "block" else NoAttention
        self.attention = attach(attention if position == "first" else NoAttention, in_channels, branch=False)
        self.conv1 = nn.Conv2d(in_channels, first, 5, padding=2)
        self.attention1 = attach(block, first, branch=False)
        self.conv2 = nn.Conv2d(first, second, 5, padding=2)
        self.attention2 = attach(block, second, branch=False)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.grid = nn.AdaptiveAvgPool2d(GRID)
        self.hidden = nn.Linear(second * GRID**2, hidden)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden, num_classes)
        he_init(self)
        init_attention(self)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> logits (N, K); H and W at least 8."""
        x = self.attention(x)
        x = self.pool(self.attention1(torch.relu(self.conv1(x))))
        x = self.pool(self.attention2(torch.relu(self.conv2(x))))
        x = torch.relu(self.hidden(self.grid(x).flatten(1)))
        return self.classifier(self.dropout(x))
