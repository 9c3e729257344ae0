"""Dual attention: every position looks at every position, every channel at every channel."""

from __future__ import annotations

from torch import Tensor

from attnviz.attention.danet import DualAttention
from attnviz.attention.position_limit import limit_positions
from attnviz.attention.steps.parts import MAPS, features, layer, learned, step
from attnviz.core.step_values import Step


def _positions(module: DualAttention, x: Tensor) -> tuple[Tensor, list[Step]]:
    own = module.position
    seen = limit_positions(x, own.max_positions)
    query, key, value = own.query(x), own.key(seen), own.value(seen)
    energy = query.flatten(2).transpose(1, 2) @ key.flatten(2)
    weights = energy.softmax(-1)
    gathered = (weights @ value.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape)
    places, part = (*x.shape[2:], *seen.shape[2:]), {"part": "positions"}
    pairs, other = ("H", "W", "H′", "W′"), ("h", "H′", "W′")
    weight = [layer(f"W{n}", f"b{n}", m, "h", "C") for n, m in zip("qkv", (own.query, own.key, own.value), strict=True)]
    return gathered, [
        step("query", "q = Wq x + bq", query, ("h", "H", "W"), "maps", weights=weight[0], **part),
        step("key", "k = Wk x + bk", key, other, "maps", weights=weight[1], **part),
        step("value", "v = Wv x + bv", value, ("C", "H′", "W′"), "maps", weights=weight[2], **part),
        step("similarity", "r = q · k", energy.reshape(1, *places), pairs, "planes", **part),
        step("weights", "w = softmax_{H′×W′}(r)", weights.reshape(1, *places), pairs, "planes", **part),
        step("da_positions", "P = Σ w v", gathered, MAPS, "maps", worked="P = {here}", **part),
    ]


def _channels(x: Tensor) -> tuple[Tensor, list[Step]]:
    flat = x.flatten(2)
    energy = flat @ flat.transpose(1, 2)
    weights = (energy.amax(-1, keepdim=True) - energy).softmax(-1)
    gathered = (weights @ flat).reshape(x.shape)
    part = {"part": "channel"}
    return gathered, [
        step("da_products", "r = x xᵀ", energy, ("C", "C′"), "bars", **part),
        step("da_weights", "w = softmax_{C′}(max(r) − r)", weights, ("C", "C′"), "gate", **part),
        step("da_channels", "K = Σ w x", gathered, MAPS, "maps", worked="K = {here}", **part),
    ]


def steps(module: DualAttention, x: Tensor) -> list[Step]:
    """``y = x + α softmax(q kᵀ) v + β softmax(max(x xᵀ) − x xᵀ) x`` (Fu et al. 2019, arXiv 1809.02983)."""
    positions, first = _positions(module, x)
    channels, second = _channels(x)
    scales = (*learned("α", module.position_scale, "1"), *learned("β", module.channel_scale, "1"))
    out = x + module.position_scale * positions + module.channel_scale * channels
    worked = "{features} + α × {da_positions} + β × {da_channels} = {here}"
    last = step("da_residual", "y = x + α P + β K", out, MAPS, "maps", weights=scales, worked=worked)
    return [features(x), *first, *second, last]
