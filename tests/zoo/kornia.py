"""kornia: its networks, none of which needs weights from the net."""

from __future__ import annotations

import importlib
from functools import partial

import torch

from tests.zoo.library import Library


def _build(module, name, *shape, **options):
    return getattr(importlib.import_module(f"kornia.{module}"), name)(**options), torch.rand(1, *shape)


def _named(module, name, variant, side, **options):
    cls = getattr(importlib.import_module(f"kornia.{module}"), name)
    return cls.from_config(variant, **options), torch.rand(1, 3, side, side)


def _detr(variant):
    from kornia.models.rt_detr.model import RTDETR, RTDETRConfig

    config = RTDETRConfig(variant, 5, head_num_queries=10)
    return RTDETR.from_config(config), torch.rand(1, 3, 128, 128)


ARCHITECTURES = {
    "vit-ti16": partial(
        _build,
        "models.vit",
        "VisionTransformer",
        3,
        64,
        64,
        image_size=64,
        patch_size=16,
        embed_dim=48,
        depth=3,
        num_heads=3,
    ),
    "vit-s32": partial(
        _build,
        "models.vit",
        "VisionTransformer",
        3,
        64,
        64,
        image_size=64,
        patch_size=32,
        embed_dim=96,
        depth=2,
        num_heads=6,
    ),
    "mobilevit-xxs": partial(_build, "models.vit_mobile", "MobileViT", 3, 256, 256, mode="xxs"),
    "mobilevit-xs": partial(_build, "models.vit_mobile", "MobileViT", 3, 256, 256, mode="xs"),
    "tinyvit-5m": partial(_named, "models.tiny_vit", "TinyViT", "5m", 224),
    "tinyvit-11m": partial(_named, "models.tiny_vit", "TinyViT", "11m", 224),
    "efficientvit-b0": partial(_build, "models.efficient_vit.backbone", "efficientvit_backbone_b0", 3, 64, 64),
    "efficientvit-l0": partial(_build, "models.efficient_vit.backbone", "efficientvit_backbone_l0", 3, 64, 64),
    "rtdetr-r18d": partial(_detr, "resnet18d"),
    "rtdetr-hgnetv2-l": partial(_detr, "hgnetv2_l"),
    "dexined": partial(_build, "models.dexined", "DexiNed", 3, 96, 96, pretrained=False),
    "rrdbnet": partial(_build, "models.rrdbnet", "RRDBNet", 3, 24, 24, num_in_ch=3, num_out_ch=3, num_block=2),
    "small-sr": partial(_build, "models.small_sr", "SmallSRNet", 1, 32, 32, upscale_factor=2, pretrained=False),
    "yunet": partial(_build, "models.yunet.model", "YuNet", 3, 320, 320, phase="test", pretrained=False),
    "hardnet": partial(_build, "feature", "HardNet", 1, 32, 32, pretrained=False),
    "sosnet": partial(_build, "feature", "SOSNet", 1, 32, 32, pretrained=False),
    "hynet": partial(_build, "feature", "HyNet", 1, 32, 32, pretrained=False),
    "keynet": partial(_build, "feature", "KeyNet", 1, 64, 64, pretrained=False),
    "orinet": partial(_build, "feature", "OriNet", 1, 32, 32, pretrained=False),
    "xfeat": partial(_build, "feature.xfeat", "XFeatModel", 3, 96, 96),
    "defmo": partial(_build, "feature", "DeFMO", 6, 64, 64, pretrained=False),
}

GATES = {
    "models.vit.MultiHeadAttention": ("pairwise",),
    "models.vit_mobile.Attention": ("pairwise",),
    "models.tiny_vit.Attention": ("pairwise",),
    "models.rt_detr.architecture.rtdetr_head.MultiScaleDeformableAttention": lambda m: (
        ("geometric",) * m.num_levels + ("pairwise",)  # one predicted grid a level; softmax over what was sampled
    ),
}
NONE = {
    "feature.hardnet.HardNet": "its output is normalised",
    "feature.orientation.OriNet": "the tanh is the output",
    "models.rt_detr.architecture.rtdetr_head.TransformerDecoder": "boxes",
    "models.rt_detr.architecture.rtdetr_head.RTDETRHead": "boxes and scores",
    "models.yunet.model.YuNet": "scores are not multiplied",
    "feature.xfeat.XFeatModel": "the heat map is an output",
    "feature.defmo.RenderingDeFMO": "the sigmoid is the output",
}
LIBRARY = Library("kornia", GATES, NONE, ARCHITECTURES)
