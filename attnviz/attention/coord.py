"""Coordinate attention (Hou et al. 2021, arXiv 2103.02907)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from attnviz.attention.description import Description
from attnviz.attention.gate import Gate, check_channels, check_features, hidden_width, zero
from attnviz.attention.stepwise import Stepwise

MIN_HIDDEN = 8


class CoordinateAttention(Stepwise):
    """One weight per channel and row, one per channel and column: ``y = x · g_h · g_w``.

    Means over every row and over every column share one bottleneck, 1×1 conv C -> h -> BN -> h-swish; two 1×1
    convolutions h -> C and σ give the gates.

    Args:
        channels: C, at least 1.
        reduction: r, at least 1; the hidden width is ``max(int(C / r), 8)``.

    Raises:
        ValueError: An argument is outside its limits.
    """

    DESCRIPTION: ClassVar = Description(
        title="Coordinate attention",
        formula="y = x · g_h · g_w, g = σ(F(f)), f = hswish(BN(F₁([mean over each row; mean over each column])))",
        paper="Hou et al. 2021, arXiv 2103.02907",
        symbols=lambda m, h, w: {"C": m.channels, "h": m.reduce.out_channels},
        parameters="C*h + 2*h + 2*(h*C + C)",
    )

    def __init__(self, channels: int, reduction: float = 32) -> None:
        super().__init__()
        self.channels = check_channels(channels)
        hidden = max(hidden_width(channels, reduction), MIN_HIDDEN)
        self.reduce = nn.Conv2d(channels, hidden, 1, bias=False)
        self.norm = nn.BatchNorm2d(hidden)
        self.expand_rows = nn.Conv2d(hidden, channels, 1)
        self.expand_columns = nn.Conv2d(hidden, channels, 1)
        self.rows = Gate("strip")
        self.columns = Gate("strip")

    def start_neutral(self) -> float:
        """Make both gates constant; returns their product, 0.25."""
        zero(self.expand_rows, self.expand_columns)
        return 0.25

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W); gates (N, C, H, 1) and (N, C, 1, W) in (0, 1)."""
        check_features(x, self.channels, dims=2)
        by_row, by_column = x.mean(3, keepdim=True), x.mean(2, keepdim=True)
        self.step("co_rows", by_row, "C H 1", "bars", "zʰ = mean_{W}(x)", "mean of every row", worked="zʰ = {here}")
        self.step("co_columns", by_column, "C 1 W", "bars", "zʷ = mean_{H}(x)", "mean of every column",
                  worked="zʷ = {here}")  # fmt: skip
        strips = torch.cat((by_row, by_column.transpose(2, 3)), dim=2)
        shared = nn.functional.hardswish(self.norm(self.reduce(strips)))
        self.step("co_shared", shared, "h H+W 1", "planes", "f = hswish(BN(W [zʰ ; zʷ]))",
                  "one after the other: 1×1 conv C→h, batch norm, h-swish",
                  layers=(("W", "b", self.reduce, "h", "C"),))  # fmt: skip
        rows, columns = shared.split((x.shape[2], x.shape[3]), dim=2)
        row_gate = self.rows(torch.sigmoid(self.expand_rows(rows)), x)
        self.step("co_row_gate", row_gate, "C H 1", "gate", "gʰ = σ(F fʰ + b)", "1×1 conv h→C, σ: the row gate",
                  layers=(("F", "b", self.expand_rows, "C", "h"),), worked="gʰ = {here}")  # fmt: skip
        half = x * row_gate
        column_gate = self.columns(torch.sigmoid(self.expand_columns(columns.transpose(2, 3))), half)
        self.step("co_column_gate", column_gate, "C 1 W", "gate", "gʷ = σ(G fʷ + b)",
                  "1×1 conv h→C, σ: the column gate",
                  layers=(("G", "b", self.expand_columns, "C", "h"),), worked="gʷ = {here}")  # fmt: skip
        scaled = half * column_gate
        self.step("co_scaled", scaled, "C H W", "features", "y = x × gʰ × gʷ", "features × row gate × column gate",
                  worked="{features} × {co_row_gate} × {co_column_gate} = {here}")  # fmt: skip
        return scaled
