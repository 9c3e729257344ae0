"""Attention branch (Fukui et al. 2019, arXiv 1812.10025)."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width, zero
from attnviz.attention.stepwise import Stepwise
from attnviz.core.checks import number, whole
from attnviz.core.errors import UserError


class AttentionBranch(Stepwise):
    """A branch that classifies by itself gives the mask: ``y = x · (1 + σ(norm(conv(maps))))``.

    Branch: 3×3 conv C -> C/r, norm, ReLU, 1×1 conv to one map a class, norm, ReLU. Their 1×1 mix, averaged over
    space, is an answer of its own with a loss of its own, which makes the maps about the classes; another 1×1 conv of
    them, norm and σ is the mask.

    Args:
        channels: C, at least 1.
        num_classes: K, at least 2; a network that is built from a description knows its own.
        reduction: r, at least 1; the hidden width is ``int(C / r)``, never below 1.
        loss_weight: Factor of the branch's own loss, at least 0; the paper adds it as it is.

    Raises:
        ValueError: An argument is missing or outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Attention branch (ABN)",
        formula="y = x · (1 + σ(BN(w · M))), M = ReLU(BN(V ReLU(BN(conv₃(x))))): one map a class",
        paper="Fukui et al. 2019, arXiv 1812.10025",
        symbols=lambda m, h, w: {"C": m.channels, "h": m.reduce[0].out_channels, "K": m.num_classes},
        parameters="(9*C*h + 2*h) + (h*K + 2*K) + (K*K + K) + (K + 2)",
        example={"num_classes": 10},
    )

    def __init__(
        self, channels: int, num_classes: int | None = None, reduction: float = 2, loss_weight: float = 1.0
    ) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        num_classes = whole("abn classifies by itself: num_classes", num_classes, 2)
        self.num_classes, self.loss_weight = num_classes, number("loss_weight", loss_weight, 100)
        hidden = hidden_width(channels, reduction)
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, hidden, 3, padding=1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU()
        )
        self.maps = nn.Sequential(nn.Conv2d(hidden, num_classes, 1, bias=False), nn.BatchNorm2d(num_classes), nn.ReLU())
        self.answer = nn.Conv2d(num_classes, num_classes, 1)
        self.mix = nn.Conv2d(num_classes, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(1)
        self.gate = Gate("spatial", residual=True)
        self._logits: Tensor | None = None

    def start_neutral(self) -> float:
        """Make the mask constant, 0.5; returns the factor on the features, 1.5."""
        zero(self.norm)
        return 1.5

    def auxiliary_loss(self, targets: Tensor) -> Tensor:
        """Cross-entropy of the branch's own answer in the last pass in train mode, times ``loss_weight``.

        Args:
            targets: (N, K), shares of the classes that sum to 1.

        Raises:
            UserError: There was no such pass since the last call.
        """
        logits, self._logits = self._logits, None
        if logits is None:
            raise UserError("the attention branch has no answer to judge: run the network in train mode first")
        return self.loss_weight * functional.cross_entropy(logits, targets)

    def __getstate__(self) -> dict[str, Any]:
        """What copies and files hold: the answer of a pass stays here."""
        return {**self.__dict__, "_logits": None}

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, 1, H, W) in (0, 1) and acts as 1 + gate."""
        check_features(x, self.channels, dims=2)
        hidden = self.reduce(x)
        self.step("abn_hidden", hidden, "h H W", "maps", "u = ReLU(BN(conv_{3×3}(x)))", "conv 3×3 C→h, norm, ReLU")
        maps = self.maps(hidden)
        self.step("abn_maps", maps, "K H W", "maps", "M = ReLU(BN(V u))", "1×1 conv h→K, norm, ReLU: a map a class",
                  layers=(("V", "b", self.maps[0], "K", "h"),))  # fmt: skip
        if self.training or self._recording is not None:
            logits = self.answer(maps).mean((2, 3))
            self._logits = logits if self.training else None
            self.step("abn_answer", logits, "K", "bars", "answer = mean_{H×W}(W M + b)",
                      "1×1 conv K→K, mean over space: the branch's own answer",
                      layers=(("W", "b", self.answer, "K", "K"),))  # fmt: skip
        scores = self.norm(self.mix(maps))
        self.step("place_mix", scores, "1 H W", "planes", "q = BN(w · M)", "1×1 conv K→1, norm",
                  layers=(("w", "b", self.mix, "1", "K"),), worked="q = {here}")  # fmt: skip
        mask = self.gate(torch.sigmoid(scores), x)
        self.step("spatial_gate", mask, "1 H W", "mask", "m = σ(q)", "σ: the gate", worked="σ({place_mix}) = {here}")
        scaled = x * (1 + mask)
        self.step("residual_scaled", scaled, "C H W", "features", "y = x × (1 + m)", "features × (1 + gate)", x=x,
                  worked="{x} × (1 + {spatial_gate}) = {here}")  # fmt: skip
        return scaled
