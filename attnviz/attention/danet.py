"""Dual attention (Fu et al. 2019, arXiv 1809.02983)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width
from attnviz.attention.position_limit import check_limit, kept_positions, limit_positions


class PositionAttention(nn.Module):
    """``softmax(query x · key x) (value x)`` over positions; query and key have C/r channels, value C."""

    def __init__(self, channels: int, hidden: int, max_positions: int) -> None:
        super().__init__()
        self.max_positions = max_positions
        self.query = nn.Conv2d(channels, hidden, 1)
        self.key = nn.Conv2d(channels, hidden, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gate = Gate("pairwise")

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, HWq, HWk)."""
        seen = limit_positions(x, self.max_positions)
        energy = self.query(x).flatten(2).transpose(1, 2) @ self.key(seen).flatten(2)
        value = self.value(seen).flatten(2).transpose(1, 2)
        return (self.gate(energy.softmax(-1), value) @ value).transpose(1, 2).reshape(x.shape)


class ChannelAffinity(nn.Module):
    """``softmax(max(x xᵀ) - x xᵀ) x`` over channels, without parameters; unlike channels weigh more."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate("pairwise")

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, C, C)."""
        flat = x.flatten(2)
        energy = flat @ flat.transpose(1, 2)
        weights = (energy.amax(-1, keepdim=True) - energy).softmax(-1)
        return (self.gate(weights, flat) @ flat).reshape(x.shape)


class DualAttention(nn.Module):
    """Position and channel attention, summed onto the features: ``y = x + α P(x) + β K(x)``.

    α and β are learned and start at 0. The paper sums two residual branches, each with its own convolutions
    around it; here one residual carries both, so that the module starts as the identity and not as 2x.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; query and key have ``int(C / r)`` channels, never below 1.
        max_positions: Above this many positions keys and values are average-pooled until they fit, with a
            ``RuntimeWarning``.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Dual attention (DANet)",
        formula="y = x + α softmax(q kᵀ) v + β softmax(max(x xᵀ) − x xᵀ) x",
        paper="Fu et al. 2019, arXiv 1809.02983",
        symbols=lambda m, h, w: {
            "C": m.channels,
            "h": m.position.query.out_channels,
            "K": kept_positions(h, w, m.position.max_positions),
        },
        steps=(
            ("features", "N, C, H, W"),
            ("positions: query 1×1 conv C→h", "N, H*W, h"),
            ("key 1×1 conv C→h (features pooled to at most max_positions)", "N, h, K"),
            ("softmax over keys: gate over positions", "N, H*W, K"),
            ("gate × value (1×1 conv C→C)", "N, C, H, W"),
            ("channels: softmax over x xᵀ: gate over channels", "N, C, C"),
            ("gate × features", "N, C, H, W"),
            ("features + α · positions + β · channels", "N, C, H, W"),
        ),
        parameters="2*(C*h + h) + (C*C + C) + 2",
    )

    def __init__(self, channels: int, reduction: float = 8, max_positions: int = 1024) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        self.position = PositionAttention(channels, hidden_width(channels, reduction), check_limit(max_positions))
        self.channel = ChannelAffinity()
        self.position_scale = nn.Parameter(torch.zeros(1))
        self.channel_scale = nn.Parameter(torch.zeros(1))

    def start_neutral(self) -> float:
        """Take both terms out; returns the factor on the features, 1."""
        nn.init.zeros_(self.position_scale)
        nn.init.zeros_(self.channel_scale)
        return 1.0

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); gates (N, HWq, HWk) and (N, C, C), rows that sum to 1."""
        check_features(x, self.channels, dims=2)
        return x + self.position_scale * self.position(x) + self.channel_scale * self.channel(x)
