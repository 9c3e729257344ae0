"""transformers: small configurations of its networks for pictures."""

from __future__ import annotations

from functools import partial

import torch

from tests.zoo.library import Library, words


def _build(model, config, side=64, frames=None, **options):
    import transformers

    settings = getattr(transformers, config)(**options)
    shape = (1, 3, side, side) if frames is None else (1, frames, 3, side, side)
    return getattr(transformers, model)(settings), {"pixel_values": torch.randn(shape)}


TINY = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64, "image_size": 64}
TOKENS = {**TINY, "patch_size": 16}
SWIN = {"image_size": 64, "embed_dim": 16, "depths": [1, 1, 2], "num_heads": [1, 2, 4], "window_size": 4}
STAGES = {"num_encoder_blocks": 4, "depths": [1, 1, 1, 1]}

ARCHITECTURES = {
    "beit": partial(_build, "BeitForImageClassification", "BeitConfig", **TOKENS),
    "bit": partial(_build, "BitForImageClassification", "BitConfig", depths=[1, 1, 1, 1]),
    "clip-vision": partial(_build, "CLIPVisionModel", "CLIPVisionConfig", **TOKENS),
    "convnext": partial(_build, "ConvNextForImageClassification", "ConvNextConfig", depths=[1, 1, 1, 1]),
    "convnextv2": partial(_build, "ConvNextV2ForImageClassification", "ConvNextV2Config", depths=[1, 1, 1, 1]),
    "cvt": partial(_build, "CvtForImageClassification", "CvtConfig", 96, depth=[1, 2, 3]),
    "data2vec-vision": partial(_build, "Data2VecVisionForImageClassification", "Data2VecVisionConfig", **TOKENS),
    "deit": partial(_build, "DeiTForImageClassification", "DeiTConfig", **TOKENS),
    "dinov2": partial(_build, "Dinov2ForImageClassification", "Dinov2Config", **{**TOKENS, "patch_size": 8}),
    "dinov2-registers": partial(
        _build, "Dinov2WithRegistersForImageClassification", "Dinov2WithRegistersConfig", **{**TOKENS, "patch_size": 8}
    ),
    "dinov3-convnext": partial(_build, "DINOv3ConvNextModel", "DINOv3ConvNextConfig", depths=[1, 1, 1, 1]),
    "dinov3-vit": partial(_build, "DINOv3ViTModel", "DINOv3ViTConfig", **TOKENS),
    "dpt": partial(
        _build,
        "DPTForDepthEstimation",
        "DPTConfig",
        **{**TOKENS, "num_hidden_layers": 4},
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=16,
        is_hybrid=False,
    ),
    "efficientnet": partial(
        _build,
        "EfficientNetForImageClassification",
        "EfficientNetConfig",
        96,
        width_coefficient=0.5,
        depth_coefficient=0.5,
        hidden_dim=640,
    ),
    "focalnet": partial(
        _build, "FocalNetForImageClassification", "FocalNetConfig", image_size=64, embed_dim=16, depths=[1, 1, 1, 1]
    ),
    "glpn": partial(_build, "GLPNForDepthEstimation", "GLPNConfig", 128, **STAGES),
    "hgnet-v2": partial(_build, "HGNetV2ForImageClassification", "HGNetV2Config"),
    "hiera": partial(
        _build,
        "HieraForImageClassification",
        "HieraConfig",
        224,
        embed_dim=16,
        depths=[1, 1, 2, 1],
        image_size=[224, 224],
    ),
    "ijepa": partial(_build, "IJepaForImageClassification", "IJepaConfig", **TOKENS),
    "levit": partial(_build, "LevitForImageClassification", "LevitConfig", 224, depths=[1, 1, 2]),
    "mgp-str": partial(
        _build,
        "MgpstrForSceneTextRecognition",
        "MgpstrConfig",
        64,
        image_size=[64, 64],
        patch_size=8,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
    ),
    "mobilenet-v1": partial(_build, "MobileNetV1ForImageClassification", "MobileNetV1Config", 96),
    "mobilenet-v2": partial(_build, "MobileNetV2ForImageClassification", "MobileNetV2Config", 96),
    "mobilevit": partial(_build, "MobileViTForImageClassification", "MobileViTConfig", 96),
    "mobilevitv2": partial(_build, "MobileViTV2ForImageClassification", "MobileViTV2Config", 96),
    "poolformer": partial(_build, "PoolFormerForImageClassification", "PoolFormerConfig", depths=[1, 1, 1, 1]),
    "pp-lcnet": partial(_build, "PPLCNetForImageClassification", "PPLCNetConfig", 96),
    "pvt": partial(_build, "PvtForImageClassification", "PvtConfig", 64, image_size=64, depths=[1, 1, 1, 1]),
    "pvt-v2": partial(_build, "PvtV2ForImageClassification", "PvtV2Config", 64, image_size=64, depths=[1, 1, 1, 1]),
    "regnet-x": partial(
        _build,
        "RegNetForImageClassification",
        "RegNetConfig",
        layer_type="x",
        depths=[1, 1, 2, 1],
        hidden_sizes=[32, 64, 128, 128],
        groups_width=16,
    ),
    "regnet-y": partial(
        _build,
        "RegNetForImageClassification",
        "RegNetConfig",
        layer_type="y",
        depths=[1, 1, 2, 1],
        hidden_sizes=[32, 64, 128, 128],
        groups_width=16,
    ),
    "resnet": partial(_build, "ResNetForImageClassification", "ResNetConfig", depths=[1, 1, 1, 1]),
    "segformer": partial(_build, "SegformerForSemanticSegmentation", "SegformerConfig", 128, **STAGES),
    "siglip-vision": partial(_build, "SiglipVisionModel", "SiglipVisionConfig", **TOKENS),
    "swin": partial(_build, "SwinForImageClassification", "SwinConfig", **SWIN),
    "swin2sr": partial(
        _build,
        "Swin2SRForImageSuperResolution",
        "Swin2SRConfig",
        32,
        image_size=32,
        embed_dim=12,
        depths=[1, 2],
        num_heads=[2, 2],
        window_size=4,
    ),
    "swinv2": partial(_build, "Swinv2ForImageClassification", "Swinv2Config", **SWIN),
    "textnet": partial(_build, "TextNetForImageClassification", "TextNetConfig", 128),
    "timesformer": partial(
        _build, "TimesformerForVideoClassification", "TimesformerConfig", frames=2, num_frames=2, **TOKENS
    ),
    "videomae": partial(_build, "VideoMAEForVideoClassification", "VideoMAEConfig", frames=4, num_frames=4, **TOKENS),
    "vit": partial(_build, "ViTForImageClassification", "ViTConfig", **TOKENS),
    "vit-eager": partial(_build, "ViTForImageClassification", "ViTConfig", **TOKENS, attn_implementation="eager"),
    "vit-msn": partial(_build, "ViTMSNForImageClassification", "ViTMSNConfig", **TOKENS),
    "vitdet": partial(
        _build,
        "VitDetModel",
        "VitDetConfig",
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        image_size=64,
        pretrain_image_size=64,
    ),
    "yolos": partial(
        _build, "YolosForObjectDetection", "YolosConfig", **{**TOKENS, "image_size": [64, 64]}, num_detection_tokens=5
    ),
}

PAIRWISE = words("""
    beit.modeling_beit.BeitAttention clip.modeling_clip.CLIPAttention cvt.modeling_cvt.CvtSelfAttention
    data2vec.modeling_data2vec_vision.Data2VecVisionAttention
    deit.modeling_deit.DeiTAttention dinov2.modeling_dinov2.Dinov2Attention
    dinov2_with_registers.modeling_dinov2_with_registers.Dinov2WithRegistersAttention
    dinov3_vit.modeling_dinov3_vit.DINOv3ViTAttention dpt.modeling_dpt.DPTSelfAttention
    glpn.modeling_glpn.GLPNEfficientSelfAttention hiera.modeling_hiera.HieraMaskUnitAttention
    ijepa.modeling_ijepa.IJepaAttention levit.modeling_levit.LevitAttention levit.modeling_levit.LevitAttentionSubsample
    mgp_str.modeling_mgp_str.MgpstrAttention mgp_str.modeling_mgp_str.MgpstrA3Module
    mobilevit.modeling_mobilevit.MobileViTSelfAttention pvt.modeling_pvt.PvtEfficientSelfAttention
    pvt_v2.modeling_pvt_v2.PvtV2SelfAttention segformer.modeling_segformer.SegformerAttention
    siglip.modeling_siglip.SiglipAttention swin.modeling_swin.SwinAttention swin2sr.modeling_swin2sr.Swin2SRSelfAttention
    swinv2.modeling_swinv2.Swinv2SelfAttention timesformer.modeling_timesformer.TimesformerSelfAttention
    videomae.modeling_videomae.VideoMAESelfAttention vit.modeling_vit.ViTAttention vit_msn.modeling_vit_msn.ViTMSNAttention
    vitdet.modeling_vitdet.VitDetAttention yolos.modeling_yolos.YolosSelfAttention
""")
"""Softmax (written out, or through ``attention_interface``) over keys, times values."""

GATES = {
    **{f"models.{name}": ("pairwise",) for name in PAIRWISE},
    "models.regnet.modeling_regnet.RegNetSELayer": ("channel",),
    "models.efficientnet.modeling_efficientnet.EfficientNetSqueezeExciteLayer": ("channel",),
    "models.pp_lcnet.modeling_pp_lcnet.PPLCNetSqueezeExcitationModule": ("channel",),
    "models.mobilevitv2.modeling_mobilevitv2.MobileViTV2LinearSelfAttention": (
        "spatial",
    ),  # (N, 1, P, L) x (N, C, P, L)
    "models.glpn.modeling_glpn.GLPNSelectiveFeatureFusion": ("spatial", "spatial"),  # two channels of one sigmoid
}
NONE = {
    "activations.QuickGELUActivation": "an activation",
    "models.swin2sr.modeling_swin2sr.Swin2SRModel": "pads and normalises pictures",
    "models.glpn.modeling_glpn.GLPNDepthEstimationHead": "the output: sigmoid times a number",
    "models.yolos.modeling_yolos.YolosForObjectDetection": "the output's boxes",
}
LIBRARY = Library("transformers", GATES, NONE, ARCHITECTURES)
