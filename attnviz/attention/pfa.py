"""Pyramid feature attention (Zhao and Wu 2019, arXiv 1903.00179)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width
from attnviz.attention.stepwise import Stepwise
from attnviz.core.errors import UserError

RATES = (1, 3, 5, 7)
"""Dilations of the context convolutions; the first has a kernel of one cell."""
KERNEL = 9


def _context(channels: int, width: int, rate: int) -> nn.Sequential:
    conv = (
        nn.Conv2d(channels, width, 1, bias=False)
        if rate == 1
        else nn.Conv2d(channels, width, 3, padding=rate, dilation=rate, bias=False)
    )
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU())


def _strips(channels: int, width: int, first: tuple[int, int]) -> nn.Sequential:
    """A 1×k and a k×1 convolution, or the other way round, with norm and ReLU between them."""
    second = (first[1], first[0])
    return nn.Sequential(
        nn.Conv2d(channels, width, first, padding=(first[0] // 2, first[1] // 2), bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, 1, second, padding=(second[0] // 2, second[1] // 2)),
    )


class PyramidFeatureAttention(Stepwise):
    """Context of four reaches, a channel gate over it, a spatial gate after that: ``y = f · c(f) · s(f · c(f))``.

    f: a 1×1 convolution and 3×3 convolutions with rates 3, 5 and 7, each C -> C/4 with norm and ReLU, side by side.
    c is a squeeze-and-excitation gate, s the σ of the sum of a 1×k -> k×1 and a k×1 -> 1×k branch, k = 9. The paper
    applies the spatial mask to *lower* features, those of an earlier layer; here it acts on the same map.

    Args:
        channels: C, at least 1; what does not divide by 4 goes to the first convolutions.
        reduction: r of the channel gate, at least 1.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Pyramid feature attention (PFA)",
        formula="y = f' · σ(S₁(f') + S₂(f')), f' = f · σ(W₂ ReLU(W₁ mean(f))), f = [conv₁; conv₃ at rates 3, 5, 7](x)",
        paper="Zhao and Wu 2019, arXiv 1903.00179",
        symbols=lambda m, h, w: {
            "C": m.channels,
            "q": m.context[0][0].out_channels,
            "h": m.reduce.out_features,
            "u": m.across[0].out_channels,
            "k": KERNEL,
        },
        parameters="(C*q + 9*C*(C - q) + 2*C) + 2*C*h + 2*(C*u*k + 2*u + u*k + 1)",
    )

    def __init__(self, channels: int, reduction: float = 4) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        hidden, half = hidden_width(channels, reduction), max(1, channels // 2)
        widths = [channels // len(RATES) + (i < channels % len(RATES)) for i in range(len(RATES))]
        self.context = nn.ModuleList(
            _context(channels, width, rate) for width, rate in zip(widths, RATES, strict=True) if width
        )
        self.reduce = nn.Linear(channels, hidden, bias=False)
        self.expand = nn.Linear(hidden, channels, bias=False)
        self.across = _strips(channels, half, (1, KERNEL))
        self.down = _strips(channels, half, (KERNEL, 1))
        self.channel_gate = Gate("channel")
        self.spatial_gate = Gate("spatial")

    def start_neutral(self) -> float:
        """Refused: no start of this module leaves the features as they are.

        Raises:
            ValueError: Always.
        """
        raise UserError(
            "pfa puts new convolutions in place of the features, so a pretrained network cannot start unchanged with "
            "it; train it from scratch (pretrained=False)"
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); gates (N, C, 1, 1) and (N, 1, H, W) in (0, 1)."""
        check_features(x, self.channels, dims=2)
        context = torch.cat([look(x) for look in self.context], 1)
        self.step("pfa_context", context, "C H W", "features", "f = [conv_{1×1} ; conv_{3×3}, rates 3, 5, 7](x)",
                  "context: 1×1 conv and dilated 3×3 convs, each C→C/4, side by side", x=x)  # fmt: skip
        mean = context.mean((2, 3))
        self.step("mean", mean, "C", "bars", "z = mean_{H×W}(f)", "mean over space", worked="mean = {here}")
        hidden = torch.relu(self.reduce(mean))
        self.step("hidden", hidden, "h", "bars", "a = ReLU(W₁ z)", "Linear C→h without bias, ReLU",
                  layers=(("W₁", "b₁", self.reduce, "h", "C"),))  # fmt: skip
        scores = self.expand(hidden)
        self.step("scores", scores, "C", "bars", "e = W₂ a", "Linear h→C without bias",
                  layers=(("W₂", "b₂", self.expand, "C", "h"),), worked="e = {here}")  # fmt: skip
        gate = self.channel_gate(torch.sigmoid(scores)[:, :, None, None], context)
        self.step("channel_gate", gate, "C 1 1", "gate", "s = σ(e)", "σ: the channel gate",
                  worked="σ({scores}) = {here}")  # fmt: skip
        half = context * gate
        self.step("channel_scaled", half, "C H W", "features", "f′ = f × s", "context × channel gate",
                  worked="{pfa_context} × {channel_gate} = {here}")  # fmt: skip
        places = self.across(half) + self.down(half)
        self.step("pfa_places", places, "1 H W", "planes", "q = c_{9×1}(c_{1×9}(f′)) + c_{1×9}(c_{9×1}(f′))",
                  "1×9 then 9×1 conv, and 9×1 then 1×9 conv, summed", worked="q = {here}")  # fmt: skip
        mask = self.spatial_gate(torch.sigmoid(places), half)
        self.step("spatial_gate", mask, "1 H W", "mask", "m = σ(q)", "σ: the spatial gate",
                  worked="σ({pfa_places}) = {here}")  # fmt: skip
        scaled = half * mask
        self.step("spatial_scaled", scaled, "C H W", "features", "y = f′ × m", "× spatial gate",
                  worked="{channel_scaled} × {spatial_gate} = {here}")  # fmt: skip
        return scaled
