"""Convolutional block attention module (Woo et al. 2018, arXiv 1807.06521)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import (
    Gate,
    check_channels,
    check_dims,
    check_features,
    check_start_scale,
    hidden_width,
    zero,
)
from attnviz.attention.stepwise import Stepwise
from attnviz.core.checks import choice
from attnviz.core.errors import UserError

KERNELS = (3, 7)
ORDERS = ("channel-first", "spatial-first", "parallel")
LAYOUTS = {2: "C H W", 3: "C D H W"}
"""Axes of the features by ``dims``."""


class ChannelAttention(Stepwise):
    """Channel gate from mean and max: ``y = x · σ(MLP(avg-pool x) + MLP(max-pool x))`` (eq. 2).

    One MLP, Linear(C -> C/r) -> ReLU -> Linear(C/r -> C), serves both pools.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1 and possibly fractional; hidden width ``int(C / r)``, never below 1.
            Default 16 for maps and 8 for volumes.
        bias: Whether the MLP has biases (its 1×1-convolution form has none).
        dims: 2 for (N, C, H, W), 3 for (N, C, D, H, W).
        pool_depth: For volumes: pool over depth too, so that all slices share one weight per channel.
        start_scale: Factor on the initial weights of the last layer, at least 0; given, the biases of that layer start
            at zero, so that every channel's gate starts near one half and none is shut by the draw of its weights.
            ``None`` keeps torch's own start.

    Raises:
        ValueError: An argument is outside its limits, or ``pool_depth`` is asked for with ``dims=2``.
    """

    DESCRIPTION: ClassVar = Description(
        title="Channel attention of CBAM",
        formula="y = x · σ(MLP(mean(x)) + MLP(max(x))), one shared MLP(v) = W₂ ReLU(W₁ v)",
        paper="Woo et al. 2018, arXiv 1807.06521, eq. 2",
        symbols=lambda m, h, w: {
            "C": m.channels,
            "h": m.reduce.out_features,
            "b": int(m.reduce.bias is not None),
        },
        parameters="2*C*h + b*(h + C)",
    )

    def __init__(
        self,
        channels: int,
        reduction: float | None = None,
        bias: bool = False,
        dims: int = 2,
        pool_depth: bool = False,
        start_scale: float | None = None,
    ) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        self.dims = check_dims(dims)
        self.start_scale = None if start_scale is None else check_start_scale(start_scale)
        if pool_depth and dims == 2:
            raise UserError("pool_depth needs volumes (dims=3), got dims=2")
        self.pool_depth = pool_depth
        hidden = hidden_width(channels, (16 if dims == 2 else 8) if reduction is None else reduction)
        self.reduce = nn.Linear(channels, hidden, bias=bias)
        self.expand = nn.Linear(hidden, channels, bias=bias)
        self.gate = Gate("channel")
        self.init_weights()

    def init_weights(self) -> None:
        """Scale the last layer's weights by ``start_scale`` and zero its biases; nothing where that is ``None``."""
        if self.start_scale is not None:
            self.expand.reset_parameters()
            with torch.no_grad():
                self.expand.weight.mul_(self.start_scale)
            if self.expand.bias is not None:
                nn.init.zeros_(self.expand.bias)

    def start_neutral(self) -> float:
        """Make the gate constant; returns its value, 0.5."""
        zero(self.expand)
        return 0.5

    def weights(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1); volumes -> (N, C, D, 1, 1), or (N, C, 1, 1, 1) with ``pool_depth``."""
        check_features(x, self.channels, self.dims)
        axes = (2, 3, 4) if self.pool_depth else (-2, -1)
        inner = "1 1" if self.dims == 2 else "1 1 1" if self.pool_depth else "D 1 1"
        both, bias = ("mean", "max"), self.reduce.bias is not None
        average = x.mean(axes, keepdim=True).movedim(1, -1)
        maximum = x.amax(axes, keepdim=True).movedim(1, -1)
        over = "D×H×W" if self.pool_depth else "H×W"
        self.step("pools", (average, maximum), f"· {inner} C", "bars", f"v = [mean_{{{over}}}(x) ; max_{{{over}}}(x)]",
                  "mean over space, and maximum over space", rows=both, worked="mean = {here[0]}, max = {here[1]}",
                  x=x)  # fmt: skip
        hidden = [torch.relu(self.reduce(pooled)) for pooled in (average, maximum)]
        self.step("hidden", hidden, f"· {inner} h", "bars", f"a = ReLU(W₁ v{' + b₁' if bias else ''})",
                  "both: Linear C→h, ReLU", rows=both, layers=(("W₁", "b₁", self.reduce, "h", "C"),))  # fmt: skip
        answers = [self.expand(values) for values in hidden]
        self.step("answers", answers, f"· {inner} C", "bars", f"W₂ a{' + b₂' if bias else ''}", "both: Linear h→C",
                  rows=both, layers=(("W₂", "b₂", self.expand, "C", "h"),),
                  worked="MLP(mean) = {here[0]}, MLP(max) = {here[1]}")  # fmt: skip
        total = answers[0] + answers[1]
        self.step("sum", total, f"{inner} C", "bars", "e = MLP(mean) + MLP(max)", "sum of the two",
                  worked="{answers[0]} + {answers[1]} = {here}")  # fmt: skip
        gate: Tensor = self.gate(torch.sigmoid(total).movedim(-1, 1), x)
        self.step("channel_gate", gate, f"C {inner}", "gate", "s = σ(e)", "σ: the channel gate",
                  worked="σ({sum}) = {here}")  # fmt: skip
        return gate

    def scaled(self, x: Tensor, gate: Tensor) -> Tensor:
        """Features × gate."""
        scaled = x * gate
        self.step("channel_scaled", scaled, LAYOUTS[self.dims], "features", "y = x × s", "features × channel gate",
                  x=x, worked="{x} × {channel_gate} = {here}")  # fmt: skip
        return scaled

    def forward(self, x: Tensor) -> Tensor:
        """Features -> features of the same shape."""
        return self.scaled(x, self.weights(x))


class SpatialAttention(Stepwise):
    """Spatial gate: ``y = x · σ(conv([mean over C, max over C]))`` (eq. 3).

    Args:
        channels: C of the features; the gate itself has no parameter that depends on it.
        kernel_size: Side of the convolution's kernel, 3 or 7; default 7 for maps and 3 for volumes.
        dims: 2 for (N, C, H, W), 3 for (N, C, D, H, W).

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Spatial attention of CBAM",
        formula="y = x · σ(conv_k([mean over C; max over C]))",
        paper="Woo et al. 2018, arXiv 1807.06521, eq. 3",
        symbols=lambda m, h, w: {"C": m.channels, "k": m.conv.kernel_size[0], "d": m.dims},
        parameters="2*k**d",
    )

    def __init__(self, channels: int, kernel_size: int | None = None, dims: int = 2) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        self.dims = check_dims(dims)
        size = (7 if dims == 2 else 3) if kernel_size is None else kernel_size
        if size not in KERNELS:
            raise UserError(f"kernel_size must be 3 or 7, got {kernel_size!r}")
        convolution = nn.Conv2d if dims == 2 else nn.Conv3d
        self.conv = convolution(2, 1, size, padding=size // 2, bias=False)
        self.gate = Gate("spatial")

    def start_neutral(self) -> float:
        """Make the gate constant; returns its value, 0.5."""
        nn.init.zeros_(self.conv.weight)
        return 0.5

    def weights(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 1, H, W); (N, C, D, H, W) -> (N, 1, D, H, W)."""
        check_features(x, self.channels, self.dims)
        place = LAYOUTS[self.dims].removeprefix("C ")
        pooled = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), dim=1)
        self.step("place_pools", pooled, f"· {place}", "planes", "p = [mean_{C}(x) ; max_{C}(x)]",
                  "mean and maximum over channels", rows=("mean", "max"), worked="mean = {here[0]}, max = {here[1]}",
                  x=x)  # fmt: skip
        scores = self.conv(pooled)
        sides = "×".join(map(str, self.conv.kernel_size))
        names = ("kD", "kH", "kW")[-self.dims :]
        self.step("place_scores", scores, f"1 {place}", "planes", f"q = conv_{{{sides}}}(p; w)",
                  "conv k×k, 2→1, without bias", layers=(("w", self.conv.weight[0], "·", *names),),
                  worked="q = {here}")  # fmt: skip
        mask: Tensor = self.gate(torch.sigmoid(scores), x)
        self.step("spatial_gate", mask, f"1 {place}", "mask", "m = σ(q)", "σ: the spatial gate",
                  worked="σ({place_scores}) = {here}")  # fmt: skip
        return mask

    def scaled(self, x: Tensor, mask: Tensor) -> Tensor:
        """Features × mask."""
        scaled = x * mask
        self.step("spatial_scaled", scaled, LAYOUTS[self.dims], "features", "y = x × m", "features × spatial gate",
                  x=x, worked="{x} × {spatial_gate} = {here}")  # fmt: skip
        return scaled

    def forward(self, x: Tensor) -> Tensor:
        """Features -> features of the same shape."""
        return self.scaled(x, self.weights(x))


class CBAM(Stepwise):
    """Channel gate, then spatial gate (Woo et al. 2018, arXiv 1807.06521).

    Args:
        channels: C, at least 1.
        reduction: As in ``ChannelAttention``.
        bias: As in ``ChannelAttention``.
        kernel_size: As in ``SpatialAttention``.
        order: ``channel-first`` (the paper's), ``spatial-first``, or ``parallel`` (both gates are computed
            from the same features and multiplied in together).
        dims: 2 for (N, C, H, W), 3 for (N, C, D, H, W).
        pool_depth: As in ``ChannelAttention``.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Convolutional block attention module (CBAM)",
        formula="x' = x · σ(MLP(mean(x)) + MLP(max(x))), y = x' · σ(conv_k([mean over C of x'; max over C of x']))",
        paper="Woo et al. 2018, arXiv 1807.06521",
        symbols=lambda m, h, w: {
            **ChannelAttention.DESCRIPTION.symbols(m.channel, h, w),
            **SpatialAttention.DESCRIPTION.symbols(m.spatial, h, w),
        },
        parameters="2*C*h + b*(h + C) + 2*k**d",
    )

    def __init__(
        self,
        channels: int,
        reduction: float | None = None,
        bias: bool = False,
        kernel_size: int | None = None,
        order: str = "channel-first",
        dims: int = 2,
        pool_depth: bool = False,
    ) -> None:
        super().__init__()
        choice("order", order, ORDERS)
        self.order = order
        self.channel = ChannelAttention(channels, reduction, bias, dims, pool_depth)
        self.spatial = SpatialAttention(channels, kernel_size, dims)

    def start_neutral(self) -> float:
        """Make both gates constant; returns their product, 0.25."""
        return self.channel.start_neutral() * self.spatial.start_neutral()

    def forward(self, x: Tensor) -> Tensor:
        """Features -> features of the same shape."""
        if self.order == "channel-first":
            return self.spatial(self.channel(x))
        if self.order == "spatial-first":
            return self.channel(self.spatial(x))
        half = self.channel.scaled(x, self.channel.weights(x))
        return self.spatial.scaled(half, self.spatial.weights(x))
