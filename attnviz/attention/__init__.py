"""Attention modules: one file a mechanism, one line in this table."""

from __future__ import annotations

from torch import nn

from attnviz.registry import Registry

ATTENTION: Registry[type[nn.Module]] = Registry(
    "attention type",
    (
        ("none", "attnviz.attention.none:NoAttention"),
        ("se", "attnviz.attention.se:SqueezeExcitation"),
        ("cbam-channel", "attnviz.attention.cbam:ChannelAttention"),
        ("spatial", "attnviz.attention.cbam:SpatialAttention"),
        ("cbam", "attnviz.attention.cbam:CBAM"),
    ),
)
"""Every entry is built as ``Type(channels, **options)`` and maps features to features of the same shape."""
