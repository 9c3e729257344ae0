"""Second-order channel attention (Dai et al. 2019, Second-order attention network, CVPR)."""

from __future__ import annotations

from contextlib import nullcontext
from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width, zero
from attnviz.attention.stepwise import Stepwise

ITERATIONS = 5


def covariance(x: Tensor) -> Tensor:
    """Covariance of the channels over places, (N, C, H, W) -> (N, C, C), H·W in the denominator."""
    flat = x.flatten(2)
    centred = flat - flat.mean(2, keepdim=True)
    return centred @ centred.transpose(1, 2) / flat.shape[2]


def square_root(matrix: Tensor, iterations: int = ITERATIONS) -> Tensor:
    """Square root of positive semi-definite matrices by Newton-Schulz iterations (Li et al. 2018, arXiv 1712.01034).

    They are divided by their trace before, so that the iterations converge, and multiplied by its root after.

    Args:
        matrix: (N, C, C).
        iterations: How many; 5 come within a few per cent, which is what the module is defined with.
    """
    trace = matrix.diagonal(dim1=1, dim2=2).sum(1)[:, None, None].clamp_min(torch.finfo(matrix.dtype).eps)
    identity = torch.eye(matrix.shape[1], dtype=matrix.dtype, device=matrix.device).expand_as(matrix)
    y, z = matrix / trace, identity
    for _ in range(iterations):
        step = (3 * identity - z @ y) / 2
        y, z = y @ step, step @ z
    return y * trace.sqrt()


class SecondOrderAttention(Stepwise):
    """Channel gate from how channels vary together: ``y = x · σ(W₂ ReLU(W₁ rowmean(√cov(x))))``.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; the hidden width is ``int(C / r)``, never below 1.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Second-order channel attention (SOCA)",
        formula="y = x · σ(W₂ ReLU(W₁ z + b₁) + b₂), z = row means of √cov(x), 5 Newton-Schulz iterations",
        paper="Dai et al. 2019, Second-order attention network, CVPR; Li et al. 2018, arXiv 1712.01034",
        symbols=lambda m, h, w: {"C": m.channels, "h": m.reduce.out_channels},
        parameters="(C*h + h) + (h*C + C)",
    )

    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        hidden = hidden_width(channels, reduction)
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.expand = nn.Conv2d(hidden, channels, 1)
        self.gate = Gate("channel")

    def start_neutral(self) -> float:
        """Make the gate constant; returns its value, 0.5."""
        zero(self.expand)
        return 0.5

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, C, 1, 1) in (0, 1)."""
        check_features(x, self.channels, dims=2)
        # eight bits are too few for products of products
        kind = x.device.type
        with torch.autocast(kind, enabled=False) if torch.amp.is_autocast_available(kind) else nullcontext():
            exact = x if x.dtype == torch.float64 else x.float()
            products = covariance(exact)
            self.step("so_covariance", products, "C C′", "bars", "Σ = cov_{H×W}(x)", "covariance over places")
            root = square_root(products)
            self.step("so_root", root, "C C′", "bars", "R = √Σ", "its square root by Newton-Schulz iterations")
            pooled = root.mean(2)[:, :, None, None]
            self.step("so_means", pooled, "C 1 1", "bars", "z = mean_{C′}(R)", "mean of every row", worked="z = {here}")
        hidden = torch.relu(self.reduce(pooled.to(x.dtype)))
        self.step("hidden", hidden, "h 1 1", "bars", "a = ReLU(W₁ z + b₁)", "1×1 conv C→h, ReLU",
                  layers=(("W₁", "b₁", self.reduce, "h", "C"),))  # fmt: skip
        scores = self.expand(hidden)
        self.step("scores", scores, "C 1 1", "bars", "e = W₂ a + b₂", "1×1 conv h→C",
                  layers=(("W₂", "b₂", self.expand, "C", "h"),), worked="e = {here}")  # fmt: skip
        gate = self.gate(torch.sigmoid(scores), x)
        self.step("channel_gate", gate, "C 1 1", "gate", "s = σ(e)", "σ: the gate", worked="σ({scores}) = {here}")
        scaled = x * gate
        self.step("channel_scaled", scaled, "C H W", "features", "y = x × s", "features × gate", x=x,
                  worked="{x} × {channel_gate} = {here}")  # fmt: skip
        return scaled
