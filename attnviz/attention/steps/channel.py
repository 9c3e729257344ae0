"""Channel gates: squeeze-and-excitation, the channel half of CBAM, efficient channel attention."""

from __future__ import annotations

import torch
from torch import Tensor

from attnviz.attention.cbam import ChannelAttention
from attnviz.attention.eca import EfficientChannelAttention
from attnviz.attention.se import SqueezeExcitation
from attnviz.attention.steps.parts import axes_of, features, layer, learned, step
from attnviz.core.step_values import Step


def gated(x: Tensor, gate: Tensor, source: str, part: str = "") -> Step:
    """Features × channel gate, the last step of every channel gate."""
    worked = f"{{{source}}} × {{channel_gate}} = {{here}}"
    return step(
        "channel_scaled", f"y = {letter_of(source)} × s", x * gate, axes_of(x), "maps", worked=worked, part=part
    )


def se_steps(module: SqueezeExcitation, x: Tensor) -> list[Step]:
    """``y = x · σ(W₂ ReLU(W₁ mean(x)))`` (Hu et al. 2018, arXiv 1709.01507)."""
    mean = x.mean((2, 3))
    hidden = torch.relu(module.reduce(mean))
    scores = module.expand(hidden)
    gate = torch.sigmoid(scores)
    return [
        features(x),
        step("mean", "z = mean_{H×W}(x)", mean, "C", "bars", worked="mean = {here}"),
        step("hidden", "a = ReLU(W₁ z)", hidden, "h", "bars", weights=layer("W₁", "b₁", module.reduce, "h", "C")),
        step(
            "scores",
            "e = W₂ a",
            scores,
            "C",
            "bars",
            weights=layer("W₂", "b₂", module.expand, "C", "h"),
            worked="e = {here}",
        ),
        step("channel_gate", "s = σ(e)", gate, "C", "gate", worked="σ({scores}) = {here}"),
        gated(x, gate[:, :, None, None], "features"),
    ]


def channel_steps(
    module: ChannelAttention, x: Tensor, source: str = "features", *, product: bool = True, part: str = ""
) -> list[Step]:
    """``y = x · σ(MLP(mean(x)) + MLP(max(x)))`` (Woo et al. 2018, arXiv 1807.06521, eq. 2).

    Args:
        module: For maps or for volumes.
        x: The features.
        source: Key of the step that they are.
        product: Whether the last step multiplies them; the module's own output is that product.
        part: Which part of a larger module this is.
    """
    axes = (2, 3, 4) if module.pool_depth else (-2, -1)
    average = x.mean(axes, keepdim=True).movedim(1, -1)
    maximum = x.amax(axes, keepdim=True).movedim(1, -1)
    hidden = [torch.relu(module.reduce(pooled)) for pooled in (average, maximum)]
    answers = [module.expand(values) for values in hidden]
    total = (answers[0] + answers[1]).movedim(-1, 1)
    gate = torch.sigmoid(answers[0] + answers[1]).movedim(-1, 1)
    kept = ("D",) if x.ndim == 5 and not module.pool_depth else ()
    rows, per, over = ("mean", "max"), ("C", *kept), "H×W" if axes == (-2, -1) else "D×H×W"
    letter = letter_of(source)
    biased = module.reduce.bias is not None

    def pair(tensors: list[Tensor]) -> Tensor:
        """Two (1, …, n) with axes of size 1 -> (1, 2, n, D)."""
        return torch.stack([_tight(t, bool(kept)) for t in tensors], 1)

    inner = f"W₁ v{' + b₁' if biased else ''}"
    outer = f"W₂ a{' + b₂' if biased else ''}"
    both = {"rows": rows, "part": part}
    first = layer("W₁", "b₁", module.reduce, "h", "C")
    second = layer("W₂", "b₂", module.expand, "C", "h")
    found = [
        step(
            "pools",
            f"v = [mean_{{{over}}}({letter}) ; max_{{{over}}}({letter})]",
            pair([average, maximum]),
            ("·", *per),
            "bars",
            worked="mean = {here[0]}, max = {here[1]}",
            **both,
        ),
        step("hidden", f"a = ReLU({inner})", pair(hidden), ("·", "h", *kept), "bars", weights=first, **both),
        step(
            "answers",
            outer,
            pair(answers),
            ("·", *per),
            "bars",
            weights=second,
            worked="MLP(mean) = {here[0]}, MLP(max) = {here[1]}",
            **both,
        ),
        step(
            "sum",
            "e = MLP(mean) + MLP(max)",
            _plain(total, bool(kept)),
            per,
            "bars",
            worked="{answers[0]} + {answers[1]} = {here}",
            part=part,
        ),
        step(
            "channel_gate",
            "s = σ(e)",
            _plain(gate, bool(kept)),
            per,
            "gate",
            worked="σ({sum}) = {here}",
            part=part,
        ),
    ]
    opening = [features(x, part)] if source == "features" and product and not part else []
    return [*opening, *found, *([gated(x, gate, source, part)] if product else [])]


def letter_of(source: str) -> str:
    """The letter by which formulas know the features."""
    return "x" if source == "features" else "x′"


def _tight(pooled: Tensor, depth: bool) -> Tensor:
    """(1, [D,] 1, 1, n) -> (1, n) or (1, n, D)."""
    last = pooled.movedim(-1, 1)
    return last.flatten(1) if not depth else last[..., 0, 0]


def _plain(gate: Tensor, depth: bool) -> Tensor:
    """(1, C, …, 1, 1) -> (1, C) or (1, C, D)."""
    return gate[..., 0, 0] if depth else gate.flatten(1)


def eca_steps(module: EfficientChannelAttention, x: Tensor) -> list[Step]:
    """``y = x · σ(conv1d(mean(x)))`` (Wang et al. 2020, arXiv 1910.03151)."""
    mean = x.mean((2, 3))
    scores = module.conv(mean[:, None])[:, 0]
    gate = torch.sigmoid(scores)
    size = module.conv.kernel_size[0]
    return [
        features(x),
        step("mean", "z = mean_{H×W}(x)", mean, "C", "bars", worked="mean = {here}"),
        step(
            "neighbours",
            f"e = conv1d_{{k={size}}}(z)" if size > 1 else "e = w z",
            scores,
            "C",
            "bars",
            weights=learned("w", module.conv.weight[0, 0], "k"),
            worked="e = {here}",
        ),
        step("channel_gate", "s = σ(e)", gate, "C", "gate", worked="σ({neighbours}) = {here}"),
        gated(x, gate[:, :, None, None], "features"),
    ]
