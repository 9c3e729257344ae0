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
from attnviz.core.errors import UserError, nearest

KERNELS = (3, 7)
ORDERS = ("channel-first", "spatial-first", "parallel")


class ChannelAttention(nn.Module):
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
        steps=(
            ("features", "N, C, H, W"),
            ("mean over space, and maximum over space", "N, C"),
            ("both: Linear C→h, ReLU", "N, h"),
            ("both: Linear h→C", "N, C"),
            ("sum of the two, σ: the gate", "N, C, 1, 1"),
            ("features × gate", "N, C, H, W"),
        ),
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

    def _mlp(self, pooled: Tensor) -> Tensor:
        """(N, …, C) -> (N, …, C)."""
        return self.expand(torch.relu(self.reduce(pooled)))

    def weights(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1); volumes -> (N, C, D, 1, 1), or (N, C, 1, 1, 1) with ``pool_depth``."""
        check_features(x, self.channels, self.dims)
        axes = (2, 3, 4) if self.pool_depth else (-2, -1)
        average = x.mean(axes, keepdim=True).movedim(1, -1)
        maximum = x.amax(axes, keepdim=True).movedim(1, -1)
        scores = torch.sigmoid(self._mlp(average) + self._mlp(maximum)).movedim(-1, 1)
        return self.gate(scores, x)

    def forward(self, x: Tensor) -> Tensor:
        """Features -> features of the same shape."""
        return x * self.weights(x)


class SpatialAttention(nn.Module):
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
        steps=(
            ("features", "N, C, H, W"),
            ("mean and maximum over channels", "N, 2, H, W"),
            ("conv k×k, 2→1, without bias, σ: the gate", "N, 1, H, W"),
            ("features × gate", "N, C, H, W"),
        ),
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
        pooled = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), dim=1)
        return self.gate(torch.sigmoid(self.conv(pooled)), x)

    def forward(self, x: Tensor) -> Tensor:
        """Features -> features of the same shape."""
        return x * self.weights(x)


class CBAM(nn.Module):
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
        steps=(
            ("features", "N, C, H, W"),
            ("mean over space, and maximum over space", "N, C"),
            ("both: Linear C→h, ReLU, Linear h→C", "N, C"),
            ("sum of the two, σ: channel gate", "N, C, 1, 1"),
            ("features × channel gate", "N, C, H, W"),
            ("mean and maximum over channels", "N, 2, H, W"),
            ("conv k×k, 2→1, without bias, σ: spatial gate", "N, 1, H, W"),
            ("features × spatial gate", "N, C, H, W"),
        ),
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
        if order not in ORDERS:
            raise UserError(f"unknown order {order!r}; {nearest(order, ORDERS)}")
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
        return x * self.channel.weights(x) * self.spatial.weights(x)
