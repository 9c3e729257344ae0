"""SimAM: what stands out in its channel counts more, without a parameter."""

from __future__ import annotations

import torch
from torch import Tensor

from attnviz.attention.simam import SimAM
from attnviz.attention.steps.parts import MAPS, features, step
from attnviz.core.step_values import Step


def steps(module: SimAM, x: Tensor) -> list[Step]:
    """``y = x · σ((x - μ)² / 4(v + λ) + ½)`` (Yang et al. 2021, ICML, PMLR 139)."""
    mean = x.mean((2, 3), keepdim=True)
    distance = (x - mean).square()
    variance = distance.sum((2, 3), keepdim=True) / max(x.shape[2] * x.shape[3] - 1, 1)
    energy = distance / (4 * (variance + module.regularisation)) + 0.5
    gate = torch.sigmoid(energy)
    return [
        features(x),
        step("mean", "μ = mean_{H×W}(x)", mean.flatten(1), "C", "bars", worked="μ = {here}"),
        step("si_distance", "d = (x − μ)²", distance, MAPS, "maps", worked="({features} − {mean})² = {here}"),
        step("si_variance", "v = var_{H×W}(x)", variance.flatten(1), "C", "bars", worked="v = {here}"),
        step(
            "si_energy",
            f"E = d / (4 (v + λ)) + ½, λ = {module.regularisation:g}",
            energy,
            MAPS,
            "maps",
            worked="{si_distance} / (4 ({si_variance} + λ)) + ½ = {here}",
        ),
        step("full_gate", "s = σ(E)", gate, MAPS, "maps", worked="σ({si_energy}) = {here}"),
        step("scaled", "y = x × s", x * gate, MAPS, "maps", worked="{features} × {full_gate} = {here}"),
    ]
