"""Two parallel branches of 1×1 convolutions, one weight per channel and one per place."""

from __future__ import annotations

import torch
from torch import Tensor

from attnviz.attention.local import LocalAttention, PointwiseBranch
from attnviz.attention.steps.parts import MAPS, features, layer, step
from attnviz.core.step_values import Step


def _channel(branch: PointwiseBranch, x: Tensor) -> tuple[Tensor, list[Step]]:
    mean = x.mean((2, 3), keepdim=True)
    hidden = torch.relu(branch.reduce(mean))
    scores = branch.expand(hidden)
    gate = torch.sigmoid(scores)
    second = layer("W₂", "b₂", branch.expand, "C", "h")
    part = {"part": "channel"}
    return gate, [
        step("mean", "z = mean_{H×W}(x)", mean.flatten(1), "C", "bars", worked="mean = {here}", **part),
        step(
            "hidden",
            "a = ReLU(W₁ z + b₁)",
            hidden.flatten(1),
            "h",
            "bars",
            weights=layer("W₁", "b₁", branch.reduce, "h", "C"),
            **part,
        ),
        step("scores", "e = W₂ a + b₂", scores.flatten(1), "C", "bars", weights=second, worked="e = {here}", **part),
        step("channel_gate", "c = σ(e)", gate.flatten(1), "C", "gate", worked="σ({scores}) = {here}", **part),
    ]


def _spatial(branch: PointwiseBranch, x: Tensor) -> tuple[Tensor, list[Step]]:
    hidden = torch.relu(branch.reduce(x))
    scores = branch.expand(hidden)
    mask = torch.sigmoid(scores)
    first, second = layer("V₁", "a₁", branch.reduce, "h", "C"), layer("V₂", "a₂", branch.expand, "1", "h")
    part = {"part": "spatial"}
    return mask, [
        step(
            "place_hidden",
            "u = ReLU(V₁ x + a₁)",
            hidden,
            ("h", "H", "W"),
            "maps",
            weights=first,
            **part,
        ),
        step(
            "place_mix",
            "q = V₂ u + a₂",
            scores[:, 0],
            ("H", "W"),
            "planes",
            weights=second,
            worked="q = {here}",
            **part,
        ),
        step("spatial_gate", "s = σ(q)", mask[:, 0], ("H", "W"), "mask", worked="σ({place_mix}) = {here}", **part),
    ]


def steps(module: LocalAttention, x: Tensor) -> list[Step]:
    """``y = x · (c · s)``, c and s from the same features."""
    channel, first = _channel(module.channel, x)
    mask, second = _spatial(module.spatial, x)
    both = channel * mask
    return [
        features(x),
        *first,
        *second,
        step("product", "g = c × s", both, MAPS, "maps", worked="{channel_gate} × {spatial_gate} = {here}"),
        step("scaled", "y = x × g", x * both, MAPS, "maps", worked="{features} × {product} = {here}"),
    ]
