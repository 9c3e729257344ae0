"""The spatial transformer: where to look, the grid, the sampled picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attnviz.attention.steps.parts import MAPS, features, layer, step
from attnviz.attention.stn import SpatialTransformer
from attnviz.core.step_values import Step


def steps(module: SpatialTransformer, x: Tensor) -> list[Step]:
    """``y = sample(x, grid(θ(x)))`` (Jaderberg et al. 2015, arXiv 1506.02025)."""
    squeezed = torch.relu(module.squeeze(x))
    pooled = module.pool(squeezed)
    located = torch.relu(module.locate(pooled.flatten(1)))
    theta = module.theta(located).reshape(-1, 2, 3)
    grid = module.grid(theta, x)
    sampled = nn.functional.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    first = layer("W₁", "b₁", module.squeeze, "h", "C")
    return [
        features(x),
        step("st_squeeze", "u = ReLU(W₁ x + b₁)", squeezed, ("h", "H", "W"), "maps", weights=first),
        step("st_pool", "p = mean_{4×4}(u)", pooled, ("h", "4", "4"), "maps"),
        step(
            "st_locate", "l = ReLU(W₂ p + b₂)", located, "l", "bars", weights=layer("W₂", "b₂", module.locate, "l", "p")
        ),
        step("theta", "θ = W₃ l + b₃", theta, ("2", "3"), "theta", weights=layer("W₃", "b₃", module.theta, "6", "l")),
        step(
            "grid",
            "(u, v) = θ · (j, i, 1)",
            grid,
            ("H", "W", "2"),
            "grid",
            worked="(u, v) = ({here[0]}, {here[1]})",
        ),
        step("sampled", "y = x(u, v)", sampled, MAPS, "maps", worked="y = {here}"),
    ]
