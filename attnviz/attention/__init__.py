"""Attention modules: one file a mechanism, one line in this table."""

from __future__ import annotations

from torch import nn

from attnviz.core.registry import Registry

ATTENTION: Registry[type[nn.Module]] = Registry(
    "attention type",
    (
        ("none", "attnviz.attention.none:NoAttention"),
        ("se", "attnviz.attention.se:SqueezeExcitation"),
        ("cbam-channel", "attnviz.attention.cbam:ChannelAttention"),
        ("spatial", "attnviz.attention.cbam:SpatialAttention"),
        ("cbam", "attnviz.attention.cbam:CBAM"),
        ("local", "attnviz.attention.local:LocalAttention"),
        ("eca", "attnviz.attention.eca:EfficientChannelAttention"),
        ("sk", "attnviz.attention.sk:SelectiveKernel"),
        ("gc", "attnviz.attention.gc:GlobalContext"),
        ("self-attention", "attnviz.attention.self_attention:SelfAttention"),
        ("danet", "attnviz.attention.danet:DualAttention"),
        ("coord", "attnviz.attention.coord:CoordinateAttention"),
        ("simam", "attnviz.attention.simam:SimAM"),
        ("stn", "attnviz.attention.stn:SpatialTransformer"),
        ("abn", "attnviz.attention.abn:AttentionBranch"),
        ("pool", "attnviz.attention.pool:AttentionPooling"),
        ("bam", "attnviz.attention.bam:BottleneckAttention"),
        ("triplet", "attnviz.attention.triplet:TripletAttention"),
        ("soca", "attnviz.attention.soca:SecondOrderAttention"),
        ("pfa", "attnviz.attention.pfa:PyramidFeatureAttention"),
        ("resnest", "attnviz.attention.resnest:SplitAttention"),
    ),
)
"""Every entry is built as ``Type(channels, **options)`` and maps features to features of the same shape.

Besides ``forward`` a type has

- ``DESCRIPTION``: what ``attnviz describe`` prints;
- ``start_neutral() -> float``: zeroes the last layer of its gates and returns the constant by which it then
  multiplies the features, or raises ``UserError`` where no such start exists;
- optionally ``init_weights()``: how its parameters start, where that is not torch's default.
"""
