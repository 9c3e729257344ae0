"""Triplet attention (Misra et al. 2020, arXiv 2010.03045)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, zero
from attnviz.attention.stepwise import Stepwise

KERNEL = 7
PLANES = {1: ("C", "H W", "1 H W"), 2: ("H", "C W", "C 1 W"), 3: ("W", "H C", "C H 1")}
"""By the axis that is pooled away: its name, the plane that the convolution sees, and the axes of the gate."""


class Plane(Stepwise):
    """σ(norm(conv 7×7)) of the maximum and the mean over one axis: a weight for each place of the plane of the others.

    Args:
        axis: The axis that is pooled away: 1 for C, 2 for H, 3 for W.
        kind: Kind of the gate.
    """

    def __init__(self, axis: int, kind: str) -> None:
        super().__init__()
        self.axis = axis
        self.conv = nn.Conv2d(2, 1, KERNEL, padding=KERNEL // 2, bias=False)
        self.norm = nn.BatchNorm2d(1)
        self.gate = Gate(kind)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same size with 1 along the axis."""
        over, plane, layout = PLANES[self.axis]
        # the pooled axis changes places with the channels, which the convolution mixes
        pooled = torch.cat((x.amax(self.axis, keepdim=True), x.mean(self.axis, keepdim=True)), self.axis)
        pooled = pooled.transpose(1, self.axis)
        drawn = "planes" if self.axis == 1 else "bars"
        self.step("tri_pools", pooled, f"· {plane}", drawn, f"p = [max_{{{over}}}(x) ; mean_{{{over}}}(x)]",
                  f"maximum and mean over {over}", rows=("max", "mean"))  # fmt: skip
        scores = self.norm(self.conv(pooled))
        self.step("tri_scores", scores, f"1 {plane}", drawn, "q = BN(conv_{7×7}(p))", "conv 7×7, 2→1, norm",
                  layers=(("w", self.conv.weight[0], "·", "kH", "kW"),))  # fmt: skip
        gate: Tensor = self.gate(torch.sigmoid(scores).transpose(1, self.axis), x)
        self.step("tri_gate", gate, layout, "mask" if self.axis == 1 else "gate", "g = σ(q)",
                  f"σ: the gate over {plane.replace(' ', ' and ')}")  # fmt: skip
        return gate


class TripletAttention(Stepwise):
    """Three gated copies of the features, averaged: ``y = x · (g_HW + g_CW + g_CH) / 3``, without a bottleneck.

    Each gate sees the features along another axis: their maximum and mean over it, a 7×7 convolution over the plane
    of the other two, batch norm, σ.

    Args:
        channels: C, at least 1; there is no parameter that depends on it.

    Raises:
        ValueError: ``channels`` is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Triplet attention",
        formula="y = (x · g_HW + x · g_CW + x · g_CH) / 3, g = σ(BN(conv₇([max; mean] over the third axis)))",
        paper="Misra et al. 2020, arXiv 2010.03045",
        symbols=lambda m, h, w: {"C": m.channels, "k": KERNEL},
        parameters="3*(2*k**2 + 2)",
    )

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        self.columns = Plane(2, "strip")
        self.rows = Plane(3, "strip")
        self.places = Plane(1, "spatial")

    def start_neutral(self) -> float:
        """Make the three gates constant; returns their mean, 0.5."""
        zero(self.columns.norm, self.rows.norm, self.places.norm)
        return 0.5

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); gates (N, C, 1, W), (N, C, H, 1) and (N, 1, H, W) in (0, 1)."""
        check_features(x, self.channels, dims=2)
        averaged = (x * self.columns(x) + x * self.rows(x) + x * self.places(x)) / 3
        self.step("tri_averaged", averaged, "C H W", "features", "y = (x × g₁ + x × g₂ + x × g₃) / 3",
                  "mean of the three gated copies")  # fmt: skip
        return averaged
