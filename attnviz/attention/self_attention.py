"""Self-attention over positions (Wang et al. 2018, arXiv 1711.07971; Vaswani et al. 2017, arXiv 1706.03762)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width
from attnviz.attention.position_limit import check_limit, kept_positions, limit_positions
from attnviz.attention.stepwise import Stepwise
from attnviz.core.checks import choice, is_whole
from attnviz.core.errors import UserError


class DotSimilarity(nn.Module):
    """``q·k / √d`` (Vaswani et al. 2017)."""

    formula = "r = q · k / √d"

    def __init__(self, heads: int, width: int) -> None:
        super().__init__()
        self.factor = width**-0.5

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """(N, heads, Q, d) and (N, heads, K, d) -> (N, heads, Q, K)."""
        return query @ key.transpose(-2, -1) * self.factor


class CosineSimilarity(nn.Module):
    """``τ · cos(q, k)`` with a learned τ per head that starts at 10 (Liu et al. 2022, arXiv 2111.09883)."""

    formula = "r = τ cos(q, k)"

    def __init__(self, heads: int, width: int) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.full((heads, 1, 1), 10.0))

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """(N, heads, Q, d) and (N, heads, K, d) -> (N, heads, Q, K)."""
        query, key = nn.functional.normalize(query, dim=-1), nn.functional.normalize(key, dim=-1)
        return query @ key.transpose(-2, -1) * self.temperature


class AdditiveSimilarity(nn.Module):
    """``vᵀ tanh(q + k)``, a two-layer perceptron (Bahdanau et al. 2015, arXiv 1409.0473)."""

    formula = "r = uᵀ tanh(q + k)"

    def __init__(self, heads: int, width: int) -> None:
        super().__init__()
        self.vector = nn.Parameter(torch.randn(heads, 1, 1, width) * width**-0.5)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """(N, heads, Q, d) and (N, heads, K, d) -> (N, heads, Q, K)."""
        return (torch.tanh(query[:, :, :, None] + key[:, :, None]) * self.vector).sum(-1)


class WeightedSum(nn.Module):
    """Weights times values, the last stage."""

    def forward(self, weights: Tensor, values: Tensor) -> Tensor:
        """(N, heads, Q, K) and (N, heads, K, d) -> (N, heads, Q, d)."""
        return weights @ values


SIMILARITIES: dict[str, tuple[type[nn.Module], int]] = {
    "dot": (DotSimilarity, 1024),
    "cosine": (CosineSimilarity, 1024),
    "mlp": (AdditiveSimilarity, 196),
}
"""Similarity, and the most keys and values by default: ``mlp`` holds d numbers for every pair of positions."""


class SelfAttention(Stepwise):
    """Every position gathers from all others: ``y = x + γ W softmax(sim(query x, key x)) (value x)``.

    Similarity, softmax and weighted sum are modules of their own, so that a hook sees each stage. γ starts at 0,
    so that the module starts as the identity.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; query, key and value have ``int(C / r)`` channels, never below 1.
        heads: Number of heads; divides that width.
        similarity: ``dot``, ``cosine`` or ``mlp``.
        max_positions: Above this many positions keys and values are average-pooled until they fit, with a
            ``RuntimeWarning``; by default 1024 (32×32), and 196 (14×14) for ``mlp``.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Self-attention (non-local block)",
        formula="y = x + γ W softmax(sim(q, k)) v; sim: q·k/√d (dot), τ cos(q, k) (cosine), uᵀ tanh(q + k) (mlp)",
        paper="Wang et al. 2018, arXiv 1711.07971; Vaswani et al. 2017, arXiv 1706.03762",
        symbols=lambda m, h, w: {
            "C": m.channels,
            "h": m.query.out_channels,
            "heads": m.heads,
            "d": m.query.out_channels // m.heads,
            "K": kept_positions(h, w, m.max_positions),
            "s": sum(p.numel() for p in m.similarity.parameters()),
        },
        parameters="3*(C*h + h) + (h*C + C) + 1 + s",
        example={"max_positions": 256},
        set_by_hand="γ is set to 1; a new module starts at 0 and adds nothing. "
        "Keys and values are averaged down to at most 256 places.",
    )

    def __init__(
        self,
        channels: int,
        reduction: float = 2,
        heads: int = 1,
        similarity: str = "dot",
        max_positions: int | None = None,
    ) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        width = hidden_width(channels, reduction)
        if not is_whole(heads, 1) or width % heads:
            raise UserError(f"heads must be a whole number that divides {width}, the width of queries, got {heads!r}")
        choice("similarity", similarity, SIMILARITIES)
        compare, limit = SIMILARITIES[similarity]
        self.heads = heads
        self.max_positions = check_limit(limit if max_positions is None else max_positions)
        self.query = nn.Conv2d(channels, width, 1)
        self.key = nn.Conv2d(channels, width, 1)
        self.value = nn.Conv2d(channels, width, 1)
        self.similarity = compare(heads, width // heads)
        self.normalise = nn.Softmax(dim=-1)
        self.gate = Gate("pairwise")
        self.weighted_sum = WeightedSum()
        self.project = nn.Conv2d(width, channels, 1)
        self.scale = nn.Parameter(torch.zeros(1))

    def start_neutral(self) -> float:
        """Take the attention out; returns the factor on the features, 1."""
        nn.init.zeros_(self.scale)
        return 1.0

    def split(self, x: Tensor) -> Tensor:
        """(N, heads·d, H, W) -> (N, heads, HW, d)."""
        # channels last all the way: a view where the network is trained so, and its convolutions stay fast
        return x.permute(0, 2, 3, 1).reshape(len(x), x.shape[2] * x.shape[3], self.heads, -1).transpose(1, 2)

    def join(self, gathered: Tensor, x: Tensor) -> Tensor:
        """(N, heads, HW, d) -> (N, heads·d, H, W) over the positions of ``x``."""
        return gathered.transpose(1, 2).reshape(len(x), *x.shape[2:], -1).permute(0, 3, 1, 2)

    def start_visible(self) -> None:
        """γ = 1, since a new module adds nothing."""
        nn.init.ones_(self.scale)

    def _mapped(self, name: str, seen: Tensor) -> Tensor:
        """Query, key or value of all positions, (N, heads, HW, d)."""
        layer, letter = getattr(self, name), name[0]
        mapped = layer(seen)
        axes, pooled = ("h H W", "") if name == "query" else ("h H′ W′", " (features pooled to at most max_positions)")
        self.step(name, mapped, axes, "maps", f"{letter} = W{letter} x + b{letter}", f"{name}: 1×1 conv C→h{pooled}",
                  layers=((f"W{letter}", f"b{letter}", layer, "h", "C"),))  # fmt: skip
        return self.split(mapped)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); the gate is (N, heads, HWq, HWk) and sums to 1 over HWk."""
        check_features(x, self.channels, dims=2)
        seen = limit_positions(x, self.max_positions)
        query, key, value = self._mapped("query", x), self._mapped("key", seen), self._mapped("value", seen)
        places = (self.heads, *x.shape[2:], *seen.shape[2:])
        rows = tuple(f"head {i + 1}" for i in range(self.heads)) if self.heads > 1 else ("",)
        similarity = self.similarity(query, key)
        self.step("similarity", similarity, "· H W H′ W′", "planes", str(self.similarity.formula),
                  "similarity of every query with every key", rows=rows, view=places)  # fmt: skip
        weights = self.normalise(similarity)
        del similarity  # as large as the weights: whoever copies these at the gate finds its memory free, and warm
        weights = self.gate(weights, value)
        self.step("weights", weights, "· H W H′ W′", "planes", "w = softmax_{H′×W′}(r)", "softmax over keys: the gate",
                  rows=rows, view=places)  # fmt: skip
        joined = self.join(self.weighted_sum(weights, value), x)
        self.step("gathered", joined, "h H W", "maps", "o = Σ w v", "gate × values, heads joined")
        projected = self.project(joined)
        self.step("projected", projected, "C H W", "maps", "W o + b", "1×1 conv h→C",
                  layers=(("W", "b", self.project, "C", "h"),), worked="W o + b = {here}")  # fmt: skip
        out = x + self.scale * projected
        self.step("residual", out, "C H W", "features", "y = x + γ (W o + b)", "features + γ · that",
                  layers=(("γ", self.scale, "1"),), worked="{features} + γ × {projected} = {here}")  # fmt: skip
        return out
