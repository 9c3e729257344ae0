"""Attention pooling (Ilse et al. 2018, arXiv 1802.04712; related: Jetley et al. 2018, arXiv 1804.02391)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width, zero
from attnviz.attention.stepwise import Stepwise
from attnviz.core.checks import number
from attnviz.core.errors import UserError


class AttentionPooling(Stepwise):
    """A weighted mean over places in place of the plain one: ``z = Σ_p a_p x_p``, a = softmax over places.

    The score of a place is 1×1 conv C -> h, tanh, 1×1 conv h -> 1. The answer of a network is read through the
    weights, so that they cannot lie beside what it rests on. Where the scores are equal it is the mean.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; the hidden width is ``int(C / r)``, never below 1.
        spread: Factor, at least 0, of a loss that training adds: 1 - entropy of the weights / log(H·W), which keeps
            them from collapsing onto a few places. 0 for none.

    Raises:
        ValueError: An argument is outside its limits.
    """

    pools: ClassVar = True
    DESCRIPTION: ClassVar = Description(
        title="Attention pooling",
        formula="z = Σ_p a_p x_p, a = softmax over places of wᵀ tanh(V x_p + b)",
        paper="Ilse et al. 2018, arXiv 1802.04712; related: Jetley et al. 2018, arXiv 1804.02391",
        symbols=lambda m, h, w: {"C": m.channels, "h": m.reduce.out_channels},
        parameters="(C*h + h) + (h + 1)",
    )

    def __init__(self, channels: int, reduction: float = 2, spread: float = 0.0) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        self.spread = number("spread", spread)
        hidden = hidden_width(channels, reduction)
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.score = nn.Conv2d(hidden, 1, 1)
        self.gate = Gate("pairwise")
        self._weights: Tensor | None = None

    def start_neutral(self) -> float:
        """Give every place the same weight, so that it is the mean; returns the factor on it, 1."""
        zero(self.score)
        return 1.0

    def auxiliary_loss(self, targets: Tensor) -> Tensor:
        """``spread · (1 - entropy of the weights / log(H·W))`` of the last pass in train mode, a mean over the batch.

        Args:
            targets: (N, K), not looked at.

        Raises:
            UserError: There was no such pass since the last call.
        """
        weights, self._weights = self._weights, None
        if weights is None:
            raise UserError("attention pooling has no weights to spread: run the network in train mode first")
        if not self.spread or weights.shape[-1] == 1:
            return weights.new_zeros(())
        entropy = -(weights * weights.clamp_min(torch.finfo(weights.dtype).tiny).log()).sum(-1)
        return self.spread * (1 - entropy / math.log(weights.shape[-1])).mean()

    def __getstate__(self) -> dict[str, Any]:
        """What copies and files hold: the weights of a pass stay here."""
        return {**self.__dict__, "_weights": None}

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, 1, 1); the gate is (N, 1, H·W) and sums to 1."""
        check_features(x, self.channels, dims=2)
        place = tuple(x.shape[2:])
        hidden = torch.tanh(self.reduce(x))
        self.step("pool_hidden", hidden, "h H W", "maps", "u = tanh(V x + b)", "1×1 conv C→h, tanh",
                  layers=(("V", "b", self.reduce, "h", "C"),))  # fmt: skip
        scores = self.score(hidden)
        self.step("place_mix", scores, "1 H W", "planes", "q = w · u + c", "1×1 conv h→1: a score for each place",
                  layers=(("w", "c", self.score, "1", "h"),), worked="q = {here}")  # fmt: skip
        positions = x.flatten(2).transpose(1, 2)
        weights = self.gate(scores.flatten(2).softmax(-1), positions)
        if self.training:
            self._weights = weights if weights.dtype == torch.float64 else weights.float()
        self.step("gc_pooling", weights, "1 H W", "planes", "a = softmax_{H×W}(q)",
                  "softmax over places: the gate", view=(1, *place), worked="a = {here}")  # fmt: skip
        pooled = (weights @ positions).transpose(1, 2)[..., None]
        self.step("gc_context", pooled, "C 1 1", "bars", "z = Σ a x", "weighted sum of places", worked="z = {here}")
        return pooled
