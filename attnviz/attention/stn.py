"""Spatial transformer (Jaderberg et al. 2015, arXiv 1506.02025)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width
from attnviz.attention.stepwise import Stepwise

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


class SpatialTransformer(Stepwise):
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
        parameters="(C*h + h) + (h*p**2*l + l) + (l*6 + 6)",
        set_by_hand="θ is set by hand: turned by 20° and a little closer.",
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

    def start_visible(self) -> None:
        """Turned by 20° and a quarter closer, since a new one is the identity."""
        with torch.no_grad():
            self.theta.bias.copy_(torch.tensor([0.75, -0.27, 0.1, 0.27, 0.75, 0.0]))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is θ (N, 2, 3)."""
        check_features(x, self.channels, dims=2)
        squeezed = torch.relu(self.squeeze(x))
        self.step("st_squeeze", squeezed, "h H W", "maps", "u = ReLU(W₁ x + b₁)", "1×1 conv C→h, ReLU",
                  layers=(("W₁", "b₁", self.squeeze, "h", "C"),))  # fmt: skip
        pooled = self.pool(squeezed)
        self.step("st_pool", pooled, f"h {POOLED} {POOLED}", "maps", f"p = mean_{{{POOLED}×{POOLED}}}(u)",
                  "mean over a grid of p×p")  # fmt: skip
        located = torch.relu(self.locate(pooled.flatten(1)))
        self.step("st_locate", located, "l", "bars", "l = ReLU(W₂ p + b₂)", "Linear, ReLU",
                  layers=(("W₂", "b₂", self.locate, "l", "p"),))  # fmt: skip
        theta = self.gate(self.theta(located).reshape(-1, 2, 3), x)
        self.step("theta", theta, "2 3", "theta", "θ = W₃ l + b₃", "Linear: θ",
                  layers=(("W₃", "b₃", self.theta, "6", "l"),))  # fmt: skip
        grid = self.grid(theta, x)
        self.step("grid", grid, "H W 2", "grid", "(u, v) = θ · (j, i, 1)", "affine grid",
                  worked="(u, v) = ({here[0]}, {here[1]})")  # fmt: skip
        sampled = nn.functional.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        self.step("sampled", sampled, "C H W", "maps", "y = x(u, v)", "bilinear sampling", worked="y = {here}")
        return sampled
