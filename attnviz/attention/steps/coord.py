"""Coordinate attention: one weight per channel and row, one per channel and column."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attnviz.attention.coord import CoordinateAttention
from attnviz.attention.steps.parts import MAPS, features, layer, step
from attnviz.core.step_values import Step


def steps(module: CoordinateAttention, x: Tensor) -> list[Step]:
    """``y = x · g_h · g_w`` (Hou et al. 2021, arXiv 2103.02907)."""
    high = x.shape[2]
    strips = torch.cat((x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)), dim=2)
    shared = nn.functional.hardswish(module.norm(module.reduce(strips)))
    rows, columns = shared.split((high, x.shape[3]), dim=2)
    by_row = torch.sigmoid(module.expand_rows(rows))
    by_column = torch.sigmoid(module.expand_columns(columns.transpose(2, 3)))
    half = x * by_row
    first = layer("W", "b", module.reduce, "h", "C")
    second, third = layer("F", "b", module.expand_rows, "C", "h"), layer("G", "b", module.expand_columns, "C", "h")
    return [
        features(x),
        step(
            "co_rows",
            "zʰ = mean_{W}(x)",
            strips[:, :, :high, 0],
            ("C", "H"),
            "bars",
            worked="zʰ = {here}",
        ),
        step(
            "co_columns",
            "zʷ = mean_{H}(x)",
            strips[:, :, high:, 0],
            ("C", "W"),
            "bars",
            worked="zʷ = {here}",
        ),
        step("co_shared", "f = hswish(BN(W [zʰ ; zʷ]))", shared[..., 0], ("h", "H+W"), "planes", weights=first),
        step(
            "co_row_gate",
            "gʰ = σ(F fʰ + b)",
            by_row[..., 0],
            ("C", "H"),
            "gate",
            weights=second,
            worked="gʰ = {here}",
        ),
        step(
            "co_column_gate",
            "gʷ = σ(G fʷ + b)",
            by_column[:, :, 0],
            ("C", "W"),
            "gate",
            weights=third,
            worked="gʷ = {here}",
        ),
        step(
            "co_scaled",
            "y = x × gʰ × gʷ",
            half * by_column,
            MAPS,
            "maps",
            worked="{features} × {co_row_gate} × {co_column_gate} = {here}",
        ),
    ]
