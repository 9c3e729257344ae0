"""Self-attention: query, key, value, similarity, softmax, weighted sum."""

from __future__ import annotations

from torch import Tensor, nn

from attnviz.attention.position_limit import limit_positions
from attnviz.attention.self_attention import SelfAttention
from attnviz.attention.steps.parts import MAPS, features, layer, learned, step
from attnviz.core.step_values import Step

PAIRS = ("·", "H", "W", "H′", "W′")
FORMULAS = {
    "DotSimilarity": "r = q · k / √d",
    "CosineSimilarity": "r = τ cos(q, k)",
    "AdditiveSimilarity": "r = uᵀ tanh(q + k)",
}


def _mapped(key: str, letter: str, layer_: nn.Module, x: Tensor, axes: tuple[str, ...]) -> Step:
    weights = layer(f"W{letter}", f"b{letter}", layer_, "h", "C")
    return step(key, f"{letter} = W{letter} x + b{letter}", layer_(x), axes, "maps", weights=weights)


def steps(module: SelfAttention, x: Tensor) -> list[Step]:
    """``y = x + γ W softmax(sim(q, k)) v`` (Wang et al. 2018, arXiv 1711.07971; Vaswani et al. 2017)."""
    seen = limit_positions(x, module.max_positions)
    query = module.split(module.query(x))
    key, value = module.split(module.key(seen)), module.split(module.value(seen))
    similarity = module.similarity(query, key)
    weights = module.normalise(similarity)
    joined = module.join(module.weighted_sum(weights, value), x)
    projected = module.project(joined)
    heads = tuple(f"head {i + 1}" for i in range(module.heads)) if module.heads > 1 else ("",)
    places = (*x.shape[2:], *seen.shape[2:])
    own, other = ("h", "H", "W"), ("h", "H′", "W′")
    pairs = {"rows": heads}
    formula = FORMULAS[type(module.similarity).__name__]
    return [
        features(x),
        _mapped("query", "q", module.query, x, own),
        _mapped("key", "k", module.key, seen, other),
        _mapped("value", "v", module.value, seen, other),
        step("similarity", formula, similarity.reshape(1, -1, *places), PAIRS, "planes", **pairs),
        step("weights", "w = softmax_{H′×W′}(r)", weights.reshape(1, -1, *places), PAIRS, "planes", **pairs),
        step("gathered", "o = Σ w v", joined, own, "maps"),
        step(
            "projected",
            "W o + b",
            projected,
            MAPS,
            "maps",
            weights=layer("W", "b", module.project, "C", "h"),
            worked="W o + b = {here}",
        ),
        step(
            "residual",
            "y = x + γ (W o + b)",
            x + module.scale * projected,
            MAPS,
            "maps",
            weights=learned("γ", module.scale, "1"),
            worked="{features} + γ × {projected} = {here}",
        ),
    ]
