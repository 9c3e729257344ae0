"""Dual attention (Fu et al. 2019, arXiv 1809.02983)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width
from attnviz.attention.position_limit import check_limit, kept_positions, limit_positions
from attnviz.attention.stepwise import Stepwise


class PositionAttention(Stepwise):
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
        places = (*x.shape[2:], *seen.shape[2:])
        query, key = self._mapped("query", x, "h H W"), self._mapped("key", seen, "h H′ W′")
        value = self._mapped("value", seen, "C H′ W′").flatten(2).transpose(1, 2)
        energy = query.flatten(2).transpose(1, 2) @ key.flatten(2)
        self.step("similarity", energy, "H W H′ W′", "planes", "r = q · k", "every query with every key", view=places)
        weights = energy.softmax(-1)
        del energy  # as in ``SelfAttention``
        weights = self.gate(weights, value)
        self.step("weights", weights, "H W H′ W′", "planes", "w = softmax_{H′×W′}(r)",
                  "softmax over keys: the gate over positions", view=places)  # fmt: skip
        gathered = (weights @ value).transpose(1, 2).reshape(x.shape)
        self.step("da_positions", gathered, "C H W", "maps", "P = Σ w v", "gate × values", worked="P = {here}")
        return gathered

    def _mapped(self, name: str, seen: Tensor, axes: str) -> Tensor:
        """Query, key or value of all positions, (N, h or C, H, W)."""
        layer, letter = getattr(self, name), name[0]
        mapped: Tensor = layer(seen)
        self.step(name, mapped, axes, "maps", f"{letter} = W{letter} x + b{letter}", f"{name}: 1×1 conv C→{axes[0]}",
                  layers=((f"W{letter}", f"b{letter}", layer, axes[0], "C"),))  # fmt: skip
        return mapped


class ChannelAffinity(Stepwise):
    """``softmax(max(x xᵀ) - x xᵀ) x`` over channels, without parameters; unlike channels weigh more."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate("pairwise")

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, C, C)."""
        flat = x.flatten(2)
        energy = flat @ flat.transpose(1, 2)
        self.step("da_products", energy, "C C′", "bars", "r = x xᵀ", "every channel with every channel")
        weights = (energy.amax(-1, keepdim=True) - energy).softmax(-1)
        del energy
        weights = self.gate(weights, flat)
        self.step("da_weights", weights, "C C′", "gate", "w = softmax_{C′}(max(r) − r)",
                  "softmax: the gate over channels")  # fmt: skip
        gathered = (weights @ flat).reshape(x.shape)
        self.step("da_channels", gathered, "C H W", "maps", "K = Σ w x", "gate × features", worked="K = {here}")
        return gathered


class DualAttention(Stepwise):
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
        parameters="2*(C*h + h) + (C*C + C) + 2",
        example={"max_positions": 256},
        set_by_hand="α and β are set to 1; a new module starts at 0 and adds nothing. "
        "Keys and values are averaged down to at most 256 places.",
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

    def start_visible(self) -> None:
        """α = β = 1, since a new module adds nothing."""
        nn.init.ones_(self.position_scale)
        nn.init.ones_(self.channel_scale)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); gates (N, HWq, HWk) and (N, C, C), rows that sum to 1."""
        check_features(x, self.channels, dims=2)
        out = x + self.position_scale * self.position(x) + self.channel_scale * self.channel(x)
        self.step("da_residual", out, "C H W", "features", "y = x + α P + β K",
                  "features + α · positions + β · channels",
                  layers=(("α", self.position_scale, "1"), ("β", self.channel_scale, "1")),
                  worked="{features} + α × {da_positions} + β × {da_channels} = {here}")  # fmt: skip
        return out
