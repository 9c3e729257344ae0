"""Selective kernels (Li et al. 2019, arXiv 1903.06586)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width
from attnviz.attention.stepwise import Stepwise
from attnviz.core.checks import is_whole
from attnviz.core.errors import UserError

MIN_HIDDEN = 32


def _branch(channels: int, groups: int, kernel: int, dilation: int) -> nn.Sequential:
    conv = nn.Conv2d(
        channels, channels, kernel, padding=dilation * (kernel // 2), dilation=dilation, groups=groups, bias=False
    )
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU())


class SelectiveKernel(Stepwise):
    """A softmax chooses, per channel, between two branches of different reach: ``y = Σ_b a_b · U_b``.

    Split: U₁ is conv 3×3, U₂ conv 3×3 with dilation 2 (or conv 5×5), each with batch norm and ReLU. Fuse:
    z = ReLU(BN(W mean(U₁ + U₂))), at least 32 wide. Select: a = softmax over the branches of V z.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; the hidden width is ``max(int(C / r), 32)``.
        groups: Groups of the branch convolutions; divides C.
        dilated: Whether the second branch is a dilated 3×3 convolution, else 5×5.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Selective kernels (SK)",
        formula="y = a₁·U₁ + a₂·U₂, U_b = ReLU(BN(conv_b(x))), a = softmax_b(V ReLU(BN(W mean(U₁ + U₂))))",
        paper="Li et al. 2019, arXiv 1903.06586",
        symbols=lambda m, h, w: {
            "C": m.channels,
            "h": m.reduce.out_features,
            "B": len(m.branches),
            "g": m.branches[0][0].groups,
            "k": m.branches[1][0].kernel_size[0],
        },
        parameters="(9 + k**2)*C*C//g + B*2*C + C*h + 2*h + h*B*C",
    )

    def __init__(self, channels: int, reduction: float = 16, groups: int = 1, dilated: bool = True) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        if not is_whole(groups, 1) or channels % groups:
            raise UserError(f"groups must be a whole number that divides channels={channels}, got {groups!r}")
        hidden = max(hidden_width(channels, reduction), MIN_HIDDEN)
        wide = _branch(channels, groups, 3, 2) if dilated else _branch(channels, groups, 5, 1)
        self.branches = nn.ModuleList((_branch(channels, groups, 3, 1), wide))
        self.reduce = nn.Linear(channels, hidden, bias=False)
        self.norm = nn.BatchNorm1d(hidden)
        self.select = nn.Linear(hidden, len(self.branches) * channels, bias=False)
        self.gate = Gate("branch")

    def start_neutral(self) -> float:
        """Refused: no start of this module leaves the features as they are.

        Raises:
            ValueError: Always.
        """
        raise UserError(
            "sk puts two new convolutions in place of the features, so a pretrained network cannot start "
            "unchanged with it; train it from scratch (pretrained=False)"
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, B, C, 1, 1) and sums to 1 over the B branches."""
        check_features(x, self.channels, dims=2)
        branches = torch.stack([branch(x) for branch in self.branches], dim=1)
        rows = ("3×3", "wider")
        self.step("sk_branches", branches, "· C H W", "planes", "U₁ = ReLU(BN(conv₁(x))), U₂ = ReLU(BN(conv₂(x)))",
                  "split: conv 3×3 and conv of wider reach, batch norm, ReLU", rows=rows,
                  worked="U₁ = {here[0]}, U₂ = {here[1]}")  # fmt: skip
        mean = branches.sum(1).mean((2, 3))
        self.step("mean", mean, "C", "bars", "z = mean_{H×W}(U₁ + U₂)", "fuse: sum over branches, mean over space",
                  worked="mean = {here}")  # fmt: skip
        hidden = torch.relu(self.norm(self.reduce(mean)))
        self.step("hidden", hidden, "h", "bars", "a = ReLU(BN(W z))", "Linear C→h, batch norm, ReLU",
                  layers=(("W", "b", self.reduce, "h", "C"),))  # fmt: skip
        scores = self.select(hidden).reshape(len(x), len(self.branches), self.channels, 1, 1)
        self.step("sk_scores", scores, "· C 1 1", "bars", "e = V a", "Linear h→B·C", rows=rows,
                  layers=(("V", "b", self.select, "2·C", "h"),))  # fmt: skip
        gate = self.gate(scores.softmax(1), branches)
        self.step("sk_gate", gate, "· C 1 1", "gate", "[a₁ ; a₂] = softmax(e)", "softmax over branches: the gate",
                  rows=rows, worked="{here[0]} + {here[1]} = 1")  # fmt: skip
        chosen = (branches * gate).sum(1)
        self.step("sk_chosen", chosen, "C H W", "maps", "y = a₁ U₁ + a₂ U₂", "select: sum of branch × gate",
                  worked="{sk_branches[0]} × {sk_gate[0]} + {sk_branches[1]} × {sk_gate[1]} = {here}")  # fmt: skip
        return chosen
