"""segmentation_models_pytorch."""

from __future__ import annotations

from functools import partial

import torch

from tests.zoo.library import Library


def _build(decoder, encoder, side=128, **options):
    import segmentation_models_pytorch as smp

    return getattr(smp, decoder)(encoder, encoder_weights=None, **options), torch.randn(1, 3, side, side)


SCSE = {"decoder_attention_type": "scse"}
ARCHITECTURES = {
    "unet-resnet18": partial(_build, "Unet", "resnet18"),
    "unet-resnet18-scse": partial(_build, "Unet", "resnet18", **SCSE),
    "unet-se_resnet50-scse": partial(_build, "Unet", "se_resnet50", **SCSE),
    "unet-efficientnet-b0": partial(_build, "Unet", "efficientnet-b0"),
    "unet-timm-efficientnet-b1": partial(_build, "Unet", "timm-efficientnet-b1"),
    "unet-timm-efficientnet-lite0": partial(_build, "Unet", "timm-tf_efficientnet_lite0"),
    "unet-mobilenet_v2": partial(_build, "Unet", "mobilenet_v2"),
    "unet-mobileone_s0": partial(_build, "Unet", "mobileone_s0"),
    "unet-mobileone_s4": partial(_build, "Unet", "mobileone_s4"),
    "unet-mit_b0": partial(_build, "Unet", "mit_b0"),
    "unet-tu-regnety_002": partial(_build, "Unet", "tu-regnety_002"),
    "unet-tu-resnest14d": partial(_build, "Unet", "tu-resnest14d"),
    "unet-timm-skresnet18": partial(_build, "Unet", "timm-skresnet18"),
    "unetplusplus-resnet18-scse": partial(_build, "UnetPlusPlus", "resnet18", **SCSE),
    "manet-resnet18": partial(_build, "MAnet", "resnet18"),
    "manet-se_resnext50_32x4d": partial(_build, "MAnet", "se_resnext50_32x4d"),
    "pan-resnet18": partial(_build, "PAN", "resnet18", 256),
    "pan-tu-mobilenetv3_small_100": partial(_build, "PAN", "tu-mobilenetv3_small_100", 256),
    "linknet-resnet18": partial(_build, "Linknet", "resnet18"),
    "fpn-se_resnet50": partial(_build, "FPN", "se_resnet50"),
    "pspnet-resnet18": partial(_build, "PSPNet", "resnet18"),
    "deeplabv3-resnet18": partial(_build, "DeepLabV3", "resnet18"),
    "deeplabv3plus-efficientnet-b0": partial(_build, "DeepLabV3Plus", "efficientnet-b0"),
    "upernet-tu-convnext_atto": partial(_build, "UPerNet", "tu-convnext_atto"),
    "upernet-resnet18": partial(_build, "UPerNet", "resnet18", 256),
    "segformer-mit_b0": partial(_build, "Segformer", "mit_b0"),
    "dpt-vit_tiny": partial(
        _build, "DPT", "tu-vit_tiny_patch16_224.augreg_in21k", 224, dynamic_img_size=True, encoder_depth=4
    ),
}

GATES = {
    "base.modules.SCSEModule": ("channel", "spatial"),
    "decoders.manet.decoder.PABBlock": ("pairwise",),  # one softmax over all pairs of positions
    # conv1(cat([x * (hl + ll), skip ...])): the sum of two sigmoids is one weight.
    "decoders.manet.decoder.MFABBlock": ("channel",),
    # mul by a mask that ends in ReLU (no bound) is no gate; the pooled branch is added at every position.
    "decoders.pan.decoder.FPABlock": ("added",),
    "decoders.pan.decoder.GAUBlock": ("channel",),
    "encoders.mobileone.SEBlock": ("channel",),
    "encoders._senet.SEModule": ("channel",),
    "encoders._efficientnet.MBConvBlock": lambda m: ("channel",) if m._has_se else (),
    "encoders.mix_transformer.Attention": ("pairwise",),
}
LIBRARY = Library("segmentation_models_pytorch", GATES, {}, ARCHITECTURES)
