"""The spatial half of CBAM, and both halves together."""

from __future__ import annotations

import torch
from torch import Tensor

from attnviz.attention.cbam import CBAM, SpatialAttention
from attnviz.attention.steps.channel import channel_steps, gated, letter_of
from attnviz.attention.steps.parts import axes_of, features, learned, step
from attnviz.core.step_values import Step

ROWS = ("mean", "max")


def masked(x: Tensor, mask: Tensor, source: str, part: str = "") -> Step:
    """Features × mask, the last step of every spatial gate."""
    worked = f"{{{source}}} × {{spatial_gate}} = {{here}}"
    return step(
        "spatial_scaled", f"y = {letter_of(source)} × m", x * mask, axes_of(x), "maps", worked=worked, part=part
    )


def spatial_steps(
    module: SpatialAttention, x: Tensor, source: str = "features", *, product: bool = True, part: str = ""
) -> list[Step]:
    """``y = x · σ(conv([mean over C; max over C]))`` (Woo et al. 2018, arXiv 1807.06521, eq. 3).

    Arguments as those of ``channel_steps``.
    """
    pooled = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), dim=1)
    scores = module.conv(pooled)
    mask = torch.sigmoid(scores)
    place = axes_of(x)[1:]
    size = "×".join([str(module.conv.kernel_size[0])] * module.dims)
    kernel = learned("w", module.conv.weight[0], "·", *(("kD", "kH", "kW") if module.dims == 3 else ("kH", "kW")))
    letter = letter_of(source)
    found = [
        step(
            "place_pools",
            f"p = [mean_{{C}}({letter}) ; max_{{C}}({letter})]",
            pooled,
            ("·", *place),
            "planes",
            rows=ROWS,
            worked="mean = {here[0]}, max = {here[1]}",
            part=part,
        ),
        step(
            "place_scores",
            f"q = conv_{{{size}}}(p; w)",
            scores[:, 0],
            place,
            "planes",
            weights=kernel,
            worked="q = {here}",
            part=part,
        ),
        step("spatial_gate", "m = σ(q)", mask[:, 0], place, "mask", worked="σ({place_scores}) = {here}", part=part),
    ]
    opening = [features(x, part)] if source == "features" and product and not part else []
    return [*opening, *found, *([masked(x, mask, source, part)] if product else [])]


def _channel_first(module: CBAM, x: Tensor) -> list[Step]:
    between = module.channel(x)
    return [
        features(x),
        *channel_steps(module.channel, x, part="channel"),
        *spatial_steps(module.spatial, between, "channel_scaled", part="spatial"),
    ]


def _spatial_first(module: CBAM, x: Tensor) -> list[Step]:
    between = module.spatial(x)
    return [
        features(x),
        *spatial_steps(module.spatial, x, part="spatial"),
        *channel_steps(module.channel, between, "spatial_scaled", part="channel"),
    ]


def _parallel(module: CBAM, x: Tensor) -> list[Step]:
    channel, mask = module.channel.weights(x), module.spatial.weights(x)
    return [
        features(x),
        *channel_steps(module.channel, x, product=False, part="channel"),
        gated(x, channel, "features", "channel"),
        *spatial_steps(module.spatial, x, product=False, part="spatial"),
        masked(x * channel, mask, "channel_scaled", "spatial"),
    ]


ORDERS = {"channel-first": _channel_first, "spatial-first": _spatial_first, "parallel": _parallel}
"""The orders of ``attnviz.attention.cbam.ORDERS``."""


def cbam_steps(module: CBAM, x: Tensor) -> list[Step]:
    """Channel gate, then spatial gate, or in the module's own order (Woo et al. 2018, arXiv 1807.06521)."""
    return ORDERS[module.order](module, x)
