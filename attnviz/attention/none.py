"""No attention: the baseline is an attention type like any other."""

from __future__ import annotations

from torch import Tensor, nn

from attnviz.attention.gate import check_channels


class NoAttention(nn.Module):
    """Identity: features (N, C, …) -> the same tensor.

    Args:
        channels: C, at least 1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = check_channels(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, …) -> (N, C, …), the same tensor."""
        return x
