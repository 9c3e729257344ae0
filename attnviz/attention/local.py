"""Parallel pointwise channel and spatial attention, multiplied into one weight per element."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, check_start_scale, hidden_width, zero


class PointwiseBranch(nn.Module):
    """``σ(conv(ReLU(conv(x))))`` with 1×1 convolutions and biases.

    Args:
        channels: C, at least 1.
        hidden: Width between the two convolutions.
        kind: ``channel`` gives C weights, ``spatial`` gives one.
    """

    def __init__(self, channels: int, hidden: int, kind: str) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.expand = nn.Conv2d(hidden, channels if kind == "channel" else 1, 1)
        self.gate = Gate(kind)

    def forward(self, pooled: Tensor, features: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C or 1, h, w) in (0, 1); ``features`` is what the gate will meet."""
        return self.gate(torch.sigmoid(self.expand(torch.relu(self.reduce(pooled)))), features)


class LocalAttention(nn.Module):
    """Channel and spatial weights from the same features: ``y = x · (channel(mean x) · spatial(x))``.

    Both branches are 1×1 convolutions C -> C/r -> ReLU -> C or 1 -> σ. They start almost uniform near 0.5, so
    that their product starts near 0.25.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; the hidden width is ``int(C / r)``, never below 1.
        start_scale: Factor on the He-initialised weights of the last convolution of each branch, at least 0.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Local attention",
        formula="y = x · (c · s), c = σ(W₂ ReLU(W₁ mean(x) + b₁) + b₂), s = σ(V₂ ReLU(V₁ x + a₁) + a₂)",
        paper="pointwise, parallel form of CBAM: Woo et al. 2018, arXiv 1807.06521",
        symbols=lambda m, h, w: {"C": m.channels, "h": m.channel.reduce.out_channels},
        steps=(
            ("features", "N, C, H, W"),
            ("mean over space", "N, C, 1, 1"),
            ("1×1 conv C→h, ReLU", "N, h, 1, 1"),
            ("1×1 conv h→C, σ: channel gate", "N, C, 1, 1"),
            ("the same features, 1×1 conv C→h, ReLU", "N, h, H, W"),
            ("1×1 conv h→1, σ: spatial gate", "N, 1, H, W"),
            ("features × (channel gate × spatial gate)", "N, C, H, W"),
        ),
        parameters="(C*h + h + h*C + C) + (C*h + h + h + 1)",
    )

    def __init__(self, channels: int, reduction: float = 8, start_scale: float = 0.01) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        hidden = hidden_width(channels, reduction)
        self.start_scale = check_start_scale(start_scale)
        self.channel = PointwiseBranch(channels, hidden, "channel")
        self.spatial = PointwiseBranch(channels, hidden, "spatial")
        self.init_weights()

    def init_weights(self) -> None:
        """He initialisation, zero biases, the last convolution of each branch scaled by ``start_scale``."""
        for branch in (self.channel, self.spatial):
            for conv in (branch.reduce, branch.expand):
                zero(conv)
                nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            with torch.no_grad():
                branch.expand.weight.mul_(self.start_scale)

    def start_neutral(self) -> float:
        """Make both gates constant; returns their product, 0.25."""
        zero(self.channel.expand, self.spatial.expand)
        return 0.25

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); gates (N, C, 1, 1) and (N, 1, H, W)."""
        check_features(x, self.channels, dims=2)
        channel = self.channel(x.mean((2, 3), keepdim=True), x)
        return x * (channel * self.spatial(x, x))
