"""Parallel pointwise channel and spatial attention, multiplied into one weight per element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, check_start_scale, hidden_width, zero
from attnviz.attention.stepwise import Stepwise

TELLING: Mapping[str, tuple[tuple[str, str, str, str, str], ...]] = {
    "channel": (
        ("hidden", "h 1 1", "bars", "a = ReLU(W₁ z + b₁)", "1×1 conv C→h, ReLU"),
        ("scores", "C 1 1", "bars", "e = W₂ a + b₂", "1×1 conv h→C"),
        ("channel_gate", "C 1 1", "gate", "c = σ(e)", "σ: the channel gate"),
    ),
    "spatial": (
        ("place_hidden", "h H W", "maps", "u = ReLU(V₁ x + a₁)", "the same features, 1×1 conv C→h, ReLU"),
        ("place_mix", "1 H W", "planes", "q = V₂ u + a₂", "1×1 conv h→1"),
        ("spatial_gate", "1 H W", "mask", "s = σ(q)", "σ: the spatial gate"),
    ),
}
"""Steps of a branch by its kind: key, axes, kind, formula and what is done."""


class PointwiseBranch(Stepwise):
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
        between, mixed, last = TELLING[self.gate.kind]
        w, b = ("W", "b") if self.gate.kind == "channel" else ("V", "a")
        hidden = torch.relu(self.reduce(pooled))
        self.step(between[0], hidden, *between[1:], layers=((f"{w}₁", f"{b}₁", self.reduce, "h", "C"),))
        scores = self.expand(hidden)
        to = mixed[1].split()[0]
        self.step(
            mixed[0],
            scores,
            *mixed[1:],
            layers=((f"{w}₂", f"{b}₂", self.expand, to, "h"),),
            worked=f"{mixed[3][0]} = {{here}}",
        )
        gate: Tensor = self.gate(torch.sigmoid(scores), features)
        self.step(last[0], gate, *last[1:], worked=f"σ({{{mixed[0]}}}) = {{here}}")
        return gate


class LocalAttention(Stepwise):
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
        parameters="(C*h + h + h*C + C) + (C*h + h + h + 1)",
        example={"start_scale": 1.0},
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
        mean = x.mean((2, 3), keepdim=True)
        self.step("mean", mean, "C 1 1", "bars", "z = mean_{H×W}(x)", "mean over space", worked="mean = {here}")
        both = self.channel(mean, x) * self.spatial(x, x)
        self.step("product", both, "C H W", "maps", "g = c × s", "channel gate × spatial gate",
                  worked="{channel_gate} × {spatial_gate} = {here}")  # fmt: skip
        scaled = x * both
        self.step("scaled", scaled, "C H W", "features", "y = x × g", "features × both",
                  worked="{features} × {product} = {here}")  # fmt: skip
        return scaled
