"""Global context: attention pooling, a bottleneck, and one vector that is added everywhere."""

from __future__ import annotations

import torch
from torch import Tensor

from attnviz.attention.gc import GlobalContext
from attnviz.attention.steps.parts import MAPS, features, layer, step
from attnviz.core.step_values import Step


def steps(module: GlobalContext, x: Tensor) -> list[Step]:
    """``y = x + W₂ ReLU(LN(W₁ Σ_p a_p x_p))`` (Cao et al. 2019, arXiv 1904.11492)."""
    positions = x.flatten(2).transpose(1, 2)
    scores = module.attend(x)
    pooling = scores.flatten(2).softmax(-1)
    context = (pooling @ positions)[:, 0]
    hidden = torch.relu(module.norm(module.reduce(context)))
    added = module.expand(hidden)
    first, second = layer("W₁", "b₁", module.reduce, "h", "C"), layer("W₂", "b₂", module.expand, "C", "h")
    return [
        features(x),
        step(
            "gc_scores",
            "q = w · x + b",
            scores[:, 0],
            ("H", "W"),
            "planes",
            weights=layer("w", "b", module.attend, "1", "C"),
            worked="q = {here}",
        ),
        step(
            "gc_pooling",
            "a = softmax_{H×W}(q)",
            pooling.reshape(1, *x.shape[2:]),
            ("H", "W"),
            "planes",
            worked="a = {here}",
        ),
        step("gc_context", "z = Σ a x", context, "C", "bars", worked="z = {here}"),
        step("hidden", "a = ReLU(LN(W₁ z + b₁))", hidden, "h", "bars", weights=first),
        step("gc_added", "t = W₂ a + b₂", added, "C", "bars", weights=second, worked="t = {here}"),
        step(
            "added",
            "y = x + t",
            x + added[:, :, None, None],
            MAPS,
            "maps",
            worked="{features} + {gc_added} = {here}",
        ),
    ]
