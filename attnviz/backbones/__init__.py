"""Backbones: one file each, one line in this table."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from attnviz.core.registry import Registry

AttentionFactory = Callable[[int], nn.Module]
"""Builds the attention module for features of C channels."""

BACKBONES: Registry[type[nn.Module]] = Registry(
    "backbone",
    (
        ("compact-resnet", "attnviz.backbones.compact_resnet:CompactResNet"),
        ("mobilenet-v2", "attnviz.backbones.mobilenet_v2:AttentionMobileNetV2"),
        ("resnet", "attnviz.backbones.resnet:ResNet"),
        ("vgg16", "attnviz.backbones.vgg16:VGG16"),
        ("densenet", "attnviz.backbones.densenet:DenseNet"),
        ("efficientnet", "attnviz.backbones.efficientnet:EfficientNet"),
        ("small-cnn", "attnviz.backbones.small_cnn:SmallCNN"),
        ("compact-3d", "attnviz.backbones.compact_3d:Compact3d"),
    ),
)
"""Every entry is built as ``Type(attention_factory, num_classes=…, **options)`` and returns logits (N, K).

A backbone refuses, with a ``UserError`` that says why, an attention type that makes no sense in its places. It has
``dims = 3`` where its input is a volume (N, C, D, H, W), and may have ``attention_defaults(attention, options)``:
options of an attention type that differ from the type's own in this backbone.
"""
