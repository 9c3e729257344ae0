"""Split attention (Zhang et al. 2020, ResNeSt, arXiv 2004.08955)."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features
from attnviz.attention.stepwise import Stepwise
from attnviz.core.checks import whole
from attnviz.core.errors import UserError

MIN_HIDDEN, DIVISOR = 32, 8


def rounded(width: float) -> int:
    """A width as a multiple of 8, at least 32, and never more than a tenth below what was asked for."""
    multiple = max(MIN_HIDDEN, int(width + DIVISOR / 2) // DIVISOR * DIVISOR)
    return multiple + DIVISOR if multiple < 0.9 * width else multiple


class SplitAttention(Stepwise):
    """A softmax chooses, per channel, between splits of a grouped convolution: ``y = Σ_r a_r · U_r``.

    U = ReLU(norm(3×3 conv C -> R·C)) in R splits; their sum, averaged over space, passes 1×1 conv, norm, ReLU and 1×1
    conv; a = softmax over the splits within each cardinal group, σ where there is only one split.

    Args:
        channels: C, at least 1.
        splits: R, 1..8.
        groups: Cardinal groups; divides C.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Split attention (ResNeSt)",
        formula="y = Σ_r a_r · U_r, U = ReLU(BN(conv₃(x))), a = softmax_r(W₂ ReLU(BN(W₁ mean(Σ_r U_r))))",
        paper="Zhang et al. 2020, arXiv 2004.08955",
        symbols=lambda m, h, w: {
            "C": m.channels,
            "R": m.splits,
            "g": m.groups,
            "G": m.conv.groups,
            "h": m.reduce.out_channels,
        },
        parameters="(9*C*R*C//G + 2*R*C) + (C*h//g + h + 2*h) + (h*R*C//g + R*C)",
    )

    def __init__(self, channels: int, splits: int = 2, groups: int = 1) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        for name, given, most in (("splits", splits, 8), ("groups", groups, channels)):
            whole(name, given, 1, most)
        hidden = rounded(channels * splits / 4)
        if channels % groups or hidden % groups:
            raise UserError(f"groups must divide channels={channels} and the hidden width {hidden}, got {groups}")
        self.splits, self.groups = splits, groups
        # every split sees a part of its own of the channels, as far as they can be shared out
        apart = groups * math.gcd(splits, channels // groups)
        self.conv = nn.Conv2d(channels, splits * channels, 3, padding=1, groups=apart, bias=False)
        self.norm = nn.BatchNorm2d(splits * channels)
        self.reduce = nn.Conv2d(channels, hidden, 1, groups=groups)
        self.squeeze_norm = nn.BatchNorm2d(hidden)
        self.expand = nn.Conv2d(hidden, splits * channels, 1, groups=groups)
        self.gate = Gate("branch")

    def start_neutral(self) -> float:
        """Refused: no start of this module leaves the features as they are.

        Raises:
            ValueError: Always.
        """
        raise UserError(
            "resnest puts a new convolution in place of the features, so a pretrained network cannot start unchanged "
            "with it; train it from scratch (pretrained=False)"
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, R, C, 1, 1) and sums to 1 over R, or is in (0, 1) for R = 1."""
        check_features(x, self.channels, dims=2)
        rows = tuple(f"split {i + 1}" for i in range(self.splits))
        whole = torch.relu(self.norm(self.conv(x)))
        splits = whole.reshape(len(x), self.splits, self.channels, *x.shape[2:])
        self.step("rs_splits", splits, "· C H W", "planes", "U = ReLU(BN(conv_{3×3}(x)))",
                  "3×3 conv C→R·C in groups, norm, ReLU: the splits", rows=rows)  # fmt: skip
        mean = splits.sum(1).mean((2, 3), keepdim=True)
        self.step("mean", mean, "C 1 1", "bars", "z = mean_{H×W}(Σ_r U_r)", "sum over splits, mean over space",
                  worked="mean = {here}")  # fmt: skip
        hidden = torch.relu(self.squeeze_norm(self.reduce(mean)))
        self.step("hidden", hidden, "h 1 1", "bars", "a = ReLU(BN(W₁ z + b₁))", "1×1 conv C→h, norm, ReLU",
                  layers=(("W₁", "b₁", self.reduce, "h", "C/g"),))  # fmt: skip
        # the convolution gives the splits of one cardinal group after those of another
        grouped = self.expand(hidden).reshape(len(x), self.groups, self.splits, -1).transpose(1, 2)
        scores = grouped.reshape(len(x), self.splits, self.channels, 1, 1)
        self.step("rs_scores", scores, "· C 1 1", "bars", "e = W₂ a + b₂", "1×1 conv h→R·C", rows=rows,
                  layers=(("W₂", "b₂", self.expand, "R·C", "h/g"),))  # fmt: skip
        gate = self.gate(scores.softmax(1) if self.splits > 1 else torch.sigmoid(scores), splits)
        self.step("rs_gate", gate, "· C 1 1", "gate", "a = softmax_{R}(e)" if self.splits > 1 else "a = σ(e)",
                  "softmax over splits: the gate" if self.splits > 1 else "σ: the gate", rows=rows)  # fmt: skip
        chosen = (splits * gate).sum(1)
        self.step("rs_chosen", chosen, "C H W", "maps", "y = Σ_r a_r U_r", "sum of split × gate")
        return chosen
