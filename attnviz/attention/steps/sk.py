"""Selective kernels: two reaches, and a softmax that chooses between them for every channel."""

from __future__ import annotations

import torch
from torch import Tensor

from attnviz.attention.sk import SelectiveKernel
from attnviz.attention.steps.parts import MAPS, features, layer, step
from attnviz.core.step_values import Step


def steps(module: SelectiveKernel, x: Tensor) -> list[Step]:
    """``y = Σ_b a_b · U_b`` (Li et al. 2019, arXiv 1903.06586)."""
    branches = torch.stack([branch(x) for branch in module.branches], dim=1)
    mean = branches.sum(1).mean((2, 3))
    hidden = torch.relu(module.norm(module.reduce(mean)))
    scores = module.select(hidden).reshape(len(x), len(module.branches), module.channels, 1, 1)
    gate = scores.softmax(1)
    rows = ("3×3", "wider")
    first, second = layer("W", "b", module.reduce, "h", "C"), layer("V", "b", module.select, "2·C", "h")
    weighed = "{sk_branches[0]} × {sk_gate[0]} + {sk_branches[1]} × {sk_gate[1]} = {here}"
    return [
        features(x),
        step(
            "sk_branches",
            "U₁ = ReLU(BN(conv₁(x))), U₂ = ReLU(BN(conv₂(x)))",
            branches,
            ("·", *MAPS),
            "planes",
            rows=rows,
            worked="U₁ = {here[0]}, U₂ = {here[1]}",
        ),
        step("mean", "z = mean_{H×W}(U₁ + U₂)", mean, "C", "bars", worked="mean = {here}"),
        step("hidden", "a = ReLU(BN(W z))", hidden, "h", "bars", weights=first),
        step("sk_scores", "e = V a", scores[..., 0, 0], ("·", "C"), "bars", rows=rows, weights=second),
        step(
            "sk_gate",
            "[a₁ ; a₂] = softmax(e)",
            gate[..., 0, 0],
            ("·", "C"),
            "gate",
            rows=rows,
            worked="{here[0]} + {here[1]} = 1",
        ),
        step("sk_chosen", "y = a₁ U₁ + a₂ U₂", (branches * gate).sum(1), MAPS, "maps", worked=weighed),
    ]
