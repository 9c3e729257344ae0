"""Bottleneck attention module (Park et al. 2018, arXiv 1807.06514)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width, zero
from attnviz.attention.stepwise import Stepwise
from attnviz.core.checks import choice

COMBINATIONS = ("sum", "product")
DILATION = 4


def conv_norm(inputs: int, outputs: int, kernel: int = 1) -> nn.Sequential:
    """Convolution, dilated where its kernel is no single cell, batch norm, ReLU; the size of the map stays."""
    dilation = DILATION if kernel > 1 else 1
    conv = nn.Conv2d(inputs, outputs, kernel, padding=dilation * (kernel // 2), dilation=dilation)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class BottleneckAttention(Stepwise):
    """One residual weight an element from a channel and a spatial branch: ``y = x · (1 + σ(c(x) + s(x)))``.

    c is mean -> 1×1 conv C -> h, norm, ReLU -> 1×1 conv h -> C; s is 1×1 conv C -> h, two 3×3 convs with dilation 4,
    each with norm and ReLU, and a 1×1 conv h -> 1.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; the hidden width is ``int(C / r)``, never below 1.
        combine: ``sum`` of the two branches, as in the paper, or their ``product``, as in its published code.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Bottleneck attention module (BAM)",
        formula="y = x · (1 + σ(c + s)), c = W₂ ReLU(BN(W₁ mean(x))), s = conv₁(conv₃(conv₃(conv₁(x))))",
        paper="Park et al. 2018, arXiv 1807.06514",
        symbols=lambda m, h, w: {"C": m.channels, "h": m.squeeze[0].out_channels},
        parameters="(C*h + 3*h + h*C + C) + (C*h + 3*h) + 2*(9*h*h + 3*h) + (h + 1)",
    )

    def __init__(self, channels: int, reduction: float = 16, combine: str = "sum") -> None:
        super().__init__()
        self.channels = check_channels(channels)
        choice("combine", combine, COMBINATIONS)
        self.combine = combine
        hidden = hidden_width(channels, reduction)
        self.squeeze = conv_norm(channels, hidden)
        self.expand = nn.Conv2d(hidden, channels, 1)
        self.look = nn.Sequential(
            conv_norm(channels, hidden), conv_norm(hidden, hidden, 3), conv_norm(hidden, hidden, 3)
        )
        self.mix = nn.Conv2d(hidden, 1, 1)
        self.gate = Gate("full", residual=True)

    def start_neutral(self) -> float:
        """Make the gate constant, 0.5; returns the factor on the features, 1.5."""
        zero(self.expand, self.mix)
        return 1.5

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, C, H, W) in (0, 1) and acts as 1 + gate."""
        check_features(x, self.channels, dims=2)
        mean = x.mean((2, 3), keepdim=True)
        self.step("mean", mean, "C 1 1", "bars", "z = mean_{H×W}(x)", "mean over space", worked="mean = {here}")
        hidden = self.squeeze(mean)
        self.step("hidden", hidden, "h 1 1", "bars", "a = ReLU(BN(W₁ z + b₁))", "1×1 conv C→h, norm, ReLU",
                  layers=(("W₁", "b₁", self.squeeze[0], "h", "C"),))  # fmt: skip
        scores = self.expand(hidden)
        self.step("scores", scores, "C 1 1", "bars", "c = W₂ a + b₂", "1×1 conv h→C: a score for each channel",
                  layers=(("W₂", "b₂", self.expand, "C", "h"),), worked="c = {here}")  # fmt: skip
        seen = self.look(x)
        self.step("bam_look", seen, "h H W", "maps", "u = conv_{3×3}(conv_{3×3}(conv_{1×1}(x)))",
                  "1×1 conv C→h, two 3×3 convs dilated by 4, each with norm and ReLU")  # fmt: skip
        places = self.mix(seen)
        self.step("place_mix", places, "1 H W", "planes", "s = V u + a", "1×1 conv h→1: a score for each place",
                  layers=(("V", "a", self.mix, "1", "h"),), worked="s = {here}")  # fmt: skip
        both = scores + places if self.combine == "sum" else scores * places
        sign = "+" if self.combine == "sum" else "×"
        gate = self.gate(torch.sigmoid(both), x)
        self.step("full_gate", gate, "C H W", "maps", f"g = σ(c {sign} s)", f"σ of their {self.combine}: the gate",
                  worked=f"σ({{scores}} {sign} {{place_mix}}) = {{here}}")  # fmt: skip
        scaled = x * (1 + gate)
        self.step("residual_scaled", scaled, "C H W", "features", "y = x × (1 + g)", "features × (1 + gate)",
                  worked="{features} × (1 + {full_gate}) = {here}")  # fmt: skip
        return scaled
