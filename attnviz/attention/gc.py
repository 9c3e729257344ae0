"""Global context (Cao et al. 2019, arXiv 1904.11492)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width, zero
from attnviz.attention.stepwise import Stepwise


class GlobalContext(Stepwise):
    """One attention-pooled context vector is added everywhere: ``y = x + W₂ ReLU(LN(W₁ Σ_p a_p x_p))``.

    a = softmax over positions of a 1×1 convolution C -> 1. The last layer starts at zero, so that the module
    starts as the identity.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; the hidden width is ``int(C / r)``, never below 1.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Global context (GC)",
        formula="y = x + W₂ ReLU(LN(W₁ Σ_p a_p x_p)), a = softmax over positions of w·x_p",
        paper="Cao et al. 2019, arXiv 1904.11492",
        symbols=lambda m, h, w: {"C": m.channels, "h": m.reduce.out_features},
        parameters="(C + 1) + (C*h + h) + 2*h + (h*C + C)",
        set_by_hand="The last layer is random; a new module starts at 0 and adds nothing.",
    )

    def __init__(self, channels: int, reduction: float = 16) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        hidden = hidden_width(channels, reduction)
        self.attend = nn.Conv2d(channels, 1, 1)
        self.reduce = nn.Linear(channels, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.expand = nn.Linear(hidden, channels)
        self.pooling = Gate("pairwise")
        self.context = Gate("added")
        self.init_weights()

    def init_weights(self) -> None:
        """He initialisation of the pooling weights; the last layer is zero."""
        zero(self.attend)
        nn.init.kaiming_normal_(self.attend.weight, nonlinearity="relu")
        self.start_neutral()

    def start_neutral(self) -> float:
        """Make the added term zero; returns the factor on the features, 1."""
        zero(self.expand)
        return 1.0

    def start_visible(self) -> None:
        """Give the last layer random weights, since a new one adds nothing."""
        nn.init.kaiming_uniform_(self.expand.weight, a=5**0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); gates (N, 1, HW), which sums to 1, and the added (N, C, 1, 1)."""
        check_features(x, self.channels, dims=2)
        positions = x.flatten(2).transpose(1, 2)
        scores = self.attend(x)
        self.step("gc_scores", scores, "1 H W", "planes", "q = w · x + b", "1×1 conv C→1",
                  layers=(("w", "b", self.attend, "1", "C"),), worked="q = {here}")  # fmt: skip
        pooling = self.pooling(scores.flatten(2).softmax(-1), positions)
        self.step("gc_pooling", pooling, "1 H W", "planes", "a = softmax_{H×W}(q)",
                  "softmax over positions: pooling weights", view=(1, *x.shape[2:]), worked="a = {here}")  # fmt: skip
        context = (pooling @ positions)[:, 0]
        self.step("gc_context", context, "C", "bars", "z = Σ a x", "weighted sum of positions: context",
                  worked="z = {here}")  # fmt: skip
        hidden = torch.relu(self.norm(self.reduce(context)))
        self.step("hidden", hidden, "h", "bars", "a = ReLU(LN(W₁ z + b₁))", "Linear C→h, LayerNorm, ReLU",
                  layers=(("W₁", "b₁", self.reduce, "h", "C"),))  # fmt: skip
        term = self.context(self.expand(hidden)[:, :, None, None], x)
        self.step("gc_added", term, "C 1 1", "bars", "t = W₂ a + b₂", "Linear h→C: the added term",
                  layers=(("W₂", "b₂", self.expand, "C", "h"),), worked="t = {here}")  # fmt: skip
        added = x + term
        self.step("added", added, "C H W", "features", "y = x + t", "features + added term",
                  worked="{features} + {gc_added} = {here}")  # fmt: skip
        return added
