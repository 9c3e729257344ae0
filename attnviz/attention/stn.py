"""Spatial transformer (Jaderberg et al. 2015, arXiv 1506.02025)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width

POOLED = 4
"""Side of the map from which θ is computed: enough to know where something is, independent of the input's size."""
LOCALISATION = 32


class AffineGrid(nn.Module):
    """Where every output position is read, in coordinates that are -1 and 1 at the edges of the input."""

    def forward(self, theta: Tensor, features: Tensor) -> Tensor:
        """θ (N, 2, 3) and features (N, C, H, W) -> grid (N, H, W, 2), x before y."""
        size = [features.shape[0], features.shape[1], features.shape[2], features.shape[3]]
        # torch has no grid of a single place in bfloat16, and eight bits are few for a position
        exact = theta if theta.dtype == torch.float64 else theta.float()
        return nn.functional.affine_grid(exact, size, align_corners=False).to(features.dtype)


class SpatialTransformer(nn.Module):
    """Resamples the features along an affine grid that it computes from them: ``y = sample(x, grid(θ(x)))``.

    Localisation: 1×1 conv C -> C/r, ReLU, mean over a 4×4 grid, Linear -> 32, ReLU, Linear -> θ. The last layer
    starts with zero weights and the identity as its bias. Sampling is bilinear and zero outside of the input.
    θ passes the gate, and ``grid`` is a module of its own, so that a hook on either sees it.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; the width of the localisation is ``int(C / r)``, never below 1.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Spatial transformer (STN)",
        formula="y(p) = bilinear sample of x at θ·(p, 1), θ = localisation(x), identity at the start",
        paper="Jaderberg et al. 2015, arXiv 1506.02025",
        symbols=lambda m, h, w: {"C": m.channels, "h": m.squeeze.out_channels, "p": POOLED, "l": LOCALISATION},
        steps=(
            ("features", "N, C, H, W"),
            ("1×1 conv C→h, ReLU", "N, h, H, W"),
            ("mean over a grid of p×p", "N, h, p, p"),
            ("Linear, ReLU", "N, l"),
            ("Linear: θ", "N, 2, 3"),
            ("affine grid", "N, H, W, 2"),
            ("bilinear sampling", "N, C, H, W"),
        ),
        parameters="(C*h + h) + (h*p**2*l + l) + (l*6 + 6)",
    )

    def __init__(self, channels: int, reduction: float = 8) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        hidden = hidden_width(channels, reduction)
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.pool = nn.AdaptiveAvgPool2d(POOLED)
        self.locate = nn.Linear(hidden * POOLED**2, LOCALISATION)
        self.theta = nn.Linear(LOCALISATION, 6)
        self.gate = Gate("geometric")
        self.grid = AffineGrid()
        self.init_weights()

    def init_weights(self) -> None:
        """Start as the identity."""
        self.start_neutral()

    def start_neutral(self) -> float:
        """Make θ the identity for every input; returns the factor on the features, 1."""
        nn.init.zeros_(self.theta.weight)
        with torch.no_grad():
            self.theta.bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))
        return 1.0

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is θ (N, 2, 3)."""
        check_features(x, self.channels, dims=2)
        located = torch.relu(self.locate(self.pool(torch.relu(self.squeeze(x))).flatten(1)))
        theta = self.gate(self.theta(located).reshape(-1, 2, 3), x)
        grid = self.grid(theta, x)
        return nn.functional.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
