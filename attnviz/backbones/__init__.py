"""Backbones: one file each, one line in this table."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from attnviz.registry import Registry

AttentionFactory = Callable[[int], nn.Module]
"""Builds the attention module for features of C channels."""

BACKBONES: Registry[type[nn.Module]] = Registry(
    "backbone",
    (("compact-resnet", "attnviz.backbones.compact_resnet:CompactResNet"),),
)
"""Every entry is built as ``Type(attention_factory, num_classes=…, **options)`` and returns logits (N, K)."""
