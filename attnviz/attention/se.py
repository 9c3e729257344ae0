"""Squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width
from attnviz.attention.stepwise import Stepwise


class SqueezeExcitation(Stepwise):
    """Channel gate from the mean of every channel: ``y = x · σ(W₂ ReLU(W₁ mean(x)))``.

    Squeeze is the mean over space; excite is Linear(C -> C/r) -> ReLU -> Linear(C/r -> C) -> σ, without biases.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; the hidden width is ``int(C / r)``, never below 1.

    Raises:
        ValueError: ``channels`` or ``reduction`` is below 1.
    """

    DESCRIPTION: ClassVar = Description(
        title="Squeeze-and-excitation (SE)",
        formula="y = x · σ(W₂ ReLU(W₁ mean(x)))",
        paper="Hu et al. 2018, arXiv 1709.01507",
        symbols=lambda m, h, w: {"C": m.channels, "h": m.reduce.out_features},
        parameters="C*h + h*C",
    )

    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        hidden = hidden_width(channels, reduction)
        self.reduce = nn.Linear(channels, hidden, bias=False)
        self.expand = nn.Linear(hidden, channels, bias=False)
        self.gate = Gate("channel")

    def start_neutral(self) -> float:
        """Make the gate constant; returns its value, 0.5."""
        nn.init.zeros_(self.expand.weight)
        return 0.5

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, C, 1, 1) in (0, 1)."""
        check_features(x, self.channels, dims=2)
        mean = x.mean((2, 3))
        self.step("mean", mean, "C", "bars", "z = mean_{H×W}(x)", "squeeze: mean over space", worked="mean = {here}")
        hidden = torch.relu(self.reduce(mean))
        self.step("hidden", hidden, "h", "bars", "a = ReLU(W₁ z)", "Linear C→h without bias, ReLU",
                  layers=(("W₁", "b₁", self.reduce, "h", "C"),))  # fmt: skip
        scores = self.expand(hidden)
        self.step("scores", scores, "C", "bars", "e = W₂ a", "Linear h→C without bias",
                  layers=(("W₂", "b₂", self.expand, "C", "h"),), worked="e = {here}")  # fmt: skip
        gate = self.gate(torch.sigmoid(scores)[:, :, None, None], x)
        self.step("channel_gate", gate, "C 1 1", "gate", "s = σ(e)", "σ: the gate", worked="σ({scores}) = {here}")
        scaled = x * gate
        self.step("channel_scaled", scaled, "C H W", "features", "y = x × s", "features × gate", x=x,
                  worked="{x} × {channel_gate} = {here}")  # fmt: skip
        return scaled
