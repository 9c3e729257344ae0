"""Efficient channel attention (Wang et al. 2020, arXiv 1910.03151)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features
from attnviz.attention.stepwise import Stepwise
from attnviz.core.checks import is_whole
from attnviz.core.errors import UserError


def kernel_for(channels: int, gamma: float = 2, b: float = 1) -> int:
    """Kernel size ``|(log₂ C + b) / γ|``, made odd (eq. 12); 5 for 256 channels, 1 for up to 7."""
    size = int(abs((math.log2(channels) + b) / gamma))
    return size if size % 2 else size + 1


def check_kernel(kernel_size: Any) -> int:
    """Return an odd whole number of at least 1, else raise ``ValueError``."""
    if not is_whole(kernel_size, 1) or kernel_size % 2 == 0:
        raise UserError(f"kernel_size must be an odd whole number of at least 1, got {kernel_size!r}")
    return int(kernel_size)


class EfficientChannelAttention(Stepwise):
    """Channel gate without reduction: ``y = x · σ(conv1d(mean(x)))``, the convolution runs over the channels.

    Args:
        channels: C, at least 1.
        kernel_size: Odd number of neighbouring channels; chosen from C by the paper's formula if not given.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Efficient channel attention (ECA)",
        formula="y = x · σ(conv1d_k(mean(x))), k = odd(|(log₂ C + 1) / 2|)",
        paper="Wang et al. 2020, arXiv 1910.03151",
        symbols=lambda m, h, w: {"C": m.channels, "k": m.conv.kernel_size[0]},
        parameters="k",
    )

    def __init__(self, channels: int, kernel_size: int | None = None) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        size = kernel_for(channels) if kernel_size is None else check_kernel(kernel_size)
        self.conv = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)
        self.gate = Gate("channel")

    def start_neutral(self) -> float:
        """Make the gate constant; returns its value, 0.5."""
        nn.init.zeros_(self.conv.weight)
        return 0.5

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, C, 1, 1) in (0, 1)."""
        check_features(x, self.channels, dims=2)
        mean = x.mean((2, 3))[:, None]
        self.step("mean", mean, "1 C", "bars", "z = mean_{H×W}(x)", "mean over space, channels in a row",
                  worked="mean = {here}")  # fmt: skip
        scores = self.conv(mean)
        size = self.conv.kernel_size[0]
        self.step("neighbours", scores, "1 C", "bars", f"e = conv1d_{{k={size}}}(z)" if size > 1 else "e = w z",
                  "1-D conv over channels, kernel k, no bias",
                  layers=(("w", self.conv.weight[0, 0], "k"),), worked="e = {here}")  # fmt: skip
        gate = self.gate(torch.sigmoid(scores[:, 0])[:, :, None, None], x)
        self.step("channel_gate", gate, "C 1 1", "gate", "s = σ(e)", "σ: the gate", worked="σ({neighbours}) = {here}")
        scaled = x * gate
        self.step("channel_scaled", scaled, "C H W", "features", "y = x × s", "features × gate", x=x,
                  worked="{x} × {channel_gate} = {here}")  # fmt: skip
        return scaled
