"""No attention: the baseline is an attention type like any other."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import check_channels


class NoAttention(nn.Module):
    """Identity: features (N, C, …) -> the same tensor.

    Args:
        channels: C, at least 1.
    """

    DESCRIPTION: ClassVar = Description(
        title="No attention",
        formula="y = x",
        paper="the baseline to compare with",
        symbols=lambda m, h, w: {"C": m.channels},
        parameters="0",
    )

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = check_channels(channels)

    def start_neutral(self) -> float:
        """Nothing to do; returns the factor on the features, 1."""
        return 1.0

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, …) -> (N, C, …), the same tensor."""
        return x
