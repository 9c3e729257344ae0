"""Simple, parameter-free attention (Yang et al. 2021, ICML, PMLR 139)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features
from attnviz.attention.stepwise import Stepwise
from attnviz.core.checks import is_number
from attnviz.core.errors import UserError


class SimAM(Stepwise):
    """An element counts as much as it stands out in its channel: ``y = x · σ((x - μ)² / 4(σ² + λ) + ½)``.

    μ is the mean of the channel over space and σ² its variance with H·W - 1 in the denominator.

    Args:
        channels: C of the features; there is no parameter that depends on it.
        regularisation: λ > 0.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="SimAM",
        formula="y = x · σ(E), E = (x − μ)² / (4 (v + λ)) + ½, μ and v: mean and variance of the channel over space",
        paper="Yang et al. 2021, SimAM: a simple, parameter-free attention module, ICML (PMLR 139)",
        symbols=lambda m, h, w: {"C": m.channels},
        parameters="0",
    )

    def __init__(self, channels: int, regularisation: float = 1e-4) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        if not is_number(regularisation, 0) or regularisation == 0:
            raise UserError(f"regularisation must be a number above 0, got {regularisation!r}")
        self.regularisation = regularisation
        self.gate = Gate("full")

    def start_neutral(self) -> float:
        """Refused: without parameters there is nothing to zero.

        Raises:
            ValueError: Always.
        """
        raise UserError(
            "simam has no parameters, so its gate cannot be made constant and a pretrained network cannot start "
            "unchanged with it; train it from scratch (pretrained=False)"
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, C, H, W) in (0.62, 1)."""
        check_features(x, self.channels, dims=2)
        mean = x.mean((2, 3), keepdim=True)
        self.step("mean", mean, "C 1 1", "bars", "μ = mean_{H×W}(x)", "mean over space", worked="μ = {here}")
        distance = (x - mean).square()
        self.step("si_distance", distance, "C H W", "maps", "d = (x − μ)²", "squared distance from the mean",
                  worked="({features} − {mean})² = {here}")  # fmt: skip
        # one position has no variance; its distance is zero, so that any denominator gives zero
        freedom = max(x.shape[2] * x.shape[3] - 1, 1)
        variance = distance.sum((2, 3), keepdim=True) / freedom
        self.step("si_variance", variance, "C 1 1", "bars", "v = var_{H×W}(x)", "variance over space",
                  worked="v = {here}")  # fmt: skip
        energy = distance / (4 * (variance + self.regularisation)) + 0.5
        self.step("si_energy", energy, "C H W", "maps", f"E = d / (4 (v + λ)) + ½, λ = {self.regularisation:g}",
                  "inverse energy", worked="{si_distance} / (4 ({si_variance} + λ)) + ½ = {here}")  # fmt: skip
        gate = self.gate(torch.sigmoid(energy), x)
        self.step("full_gate", gate, "C H W", "maps", "s = σ(E)", "σ: the gate", worked="σ({si_energy}) = {here}")
        scaled = x * gate
        self.step("scaled", scaled, "C H W", "features", "y = x × s", "features × gate",
                  worked="{features} × {full_gate} = {here}")  # fmt: skip
        return scaled
