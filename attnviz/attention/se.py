"""Squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width


class SqueezeExcitation(nn.Module):
    """Channel gate from the mean of every channel: ``y = x · σ(W₂ ReLU(W₁ mean(x)))``.

    Squeeze is the mean over space; excite is Linear(C -> C/r) -> ReLU -> Linear(C/r -> C) -> σ, without biases.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; the hidden width is ``int(C / r)``, never below 1.

    Raises:
        ValueError: ``channels`` or ``reduction`` is below 1.
    """

    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        hidden = hidden_width(channels, reduction)
        self.reduce = nn.Linear(channels, hidden, bias=False)
        self.expand = nn.Linear(hidden, channels, bias=False)
        self.gate = Gate("channel")

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, C, 1, 1) in (0, 1)."""
        check_features(x, self.channels, dims=2)
        excited = self.expand(torch.relu(self.reduce(x.mean((2, 3)))))
        return x * self.gate(torch.sigmoid(excited)[:, :, None, None], x)
