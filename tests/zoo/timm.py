"""timm."""

from __future__ import annotations

from functools import partial

import torch

from tests.zoo import FAST, SLOW
from tests.zoo.library import Library


def _build(name, side):
    import timm

    return timm.create_model(name), torch.randn(1, 3, side, side)


SIDES = {
    **{name: side for name, (side, _) in {**FAST, **SLOW}.items() if ":" not in name},
    **dict.fromkeys(
        "gernet_s resnet51q seresnext26ts eca_resnet33ts eca_resnext26ts gcresnet33ts mobileone_s0 mobileone_s4 regnetz_c16 "
        "regnety_002 regnetx_002 cspdarknet53 cs3darknet_focus_s darknet53 densenetblur121d dpn48b efficientnet_es "
        "efficientnet_lite0 fbnetc_100 spnasnet_100 mobilenetv2_050 mobilenetv4_conv_small mobilenetv3_rw tf_efficientnet_cc_b0_4e "
        "mixnet_m tf_mobilenetv3_small_minimal_100 ghostnetv3_050 hgnetv2_b0 hgnet_small inception_v4 inception_resnet_v2 "
        "legacy_seresnet34 legacy_xception nf_regnet_b0 nf_seresnet26 nf_ecaresnet26 nf_resnet26 ecaresnet26t ecaresnetlight "
        "pnasnet5large resnest26d resnest50d_1s4x24d resnetv2_50 resnetblur50 seresnet33ts selecsls42b "
        "skresnet34 skresnext50_32x4d tresnet_l vovnet39a ese_vovnet39b xception41p dla46_c rexnetr_200 "
        "poolformerv2_s12 convformer_s18 efficientvit_l1 convnext_femto_ols wide_resnet50_2 seresnet152d "
        "cs3se_edgenet_x lambda_resnet50ts regnetv_040 tf_efficientnetv2_b0 tf_efficientnet_b0 mobilenetv1_100 tinynet_e "
        "lcnetv2_base edgenext_x_small repvit_m1 dm_nfnet_f0 resnetaa50d seresnextaa101d_32x8d".split(),
        96,
    ),
    **dict.fromkeys(
        "coat_lite_tiny coat_tiny coatnet_pico_rw_224 coatnext_nano_rw_224 deit_tiny_patch16_224 beit_base_patch16_224 "
        "efficientformer_l1 efficientformerv2_s0 efficientvim_m1 iformer_t gcvit_xxtiny maxxvit_rmlp_nano_rw_256 caformer_s18 "
        "resmlp_12_224 gmixer_12_224 mvitv2_tiny nest_tiny nextvit_small pit_ti_224 pvt_v2_b0 sequencer2d_s shvit_s1 "
        "swiftformer_xs swinv2_cr_tiny_ns_224 tiny_vit_5m_224 tnt_s_legacy_patch16_224 twins_pcpvt_small twins_svt_small "
        "vit_tiny_patch16_224 vit_relpos_small_patch16_224 vitamin_small_224 mobilevit_s eva02_tiny_patch14_224 hiera_tiny_224 "
        "lowformer_b0 visformer_small vit_small_r26_s32_224 mobilenetv4_hybrid_large efficientvit_m1 "
        "levit_conv_128s volo_d1_224 eca_halonext26ts lambda_resnet26rpt_256 lamhalobotnet50ts_256 naflexvit_base_patch16_gap "
        "xcit_tiny_12_p16_224 halonet50ts".split(),
        224,
    ),
    "swinv2_tiny_window8_256": 256,
    "maxxvit_rmlp_nano_rw_256": 256,
    "lambda_resnet26rpt_256": 256,
    "lamhalobotnet50ts_256": 256,
    "mobilenetv4_hybrid_large": 256,
    "halonet50ts": 256,
    "eca_halonext26ts": 256,
    "pnasnet5large": 128,
    "inception_v4": 128,
    "inception_resnet_v2": 128,
    "naflexvit_base_patch16_gap": 224,
    "lamhalobotnet50ts_256": 256,
    "eva02_tiny_patch14_224": 224,
}

def _context(module):
    """``layers/global_context.py``: pooled by softmax or by a mean; then scales, adds, or both."""
    kinds = ["pairwise"] if module.conv_attn is not None else []
    kinds += ["channel"] if module.mlp_scale is not None else []
    return kinds + (["added"] if module.mlp_add is not None else [])


def _gated(module):
    """An attention layer whose output may be gated element by element (``self.gate``)."""
    return ("pairwise", "full") if module.gate is not None else ("pairwise",)


CHANNEL = """
    layers.squeeze_excite.SEModule layers.squeeze_excite.SqueezeExciteCl layers.squeeze_excite.EffectiveSEModule
    layers.eca.EcaModule layers.eca.CecaModule models._efficientnet_blocks.SqueezeExcite models.senet.SEModule
    models.hgnet.EseModule
""".split()
PAIRWISE = """
    layers.attention2d.MultiQueryAttention2d layers.attention2d.MultiQueryAttentionV2 layers.attention2d.Attention2d
    layers.attention_pool.AttentionPoolLatent layers.attention_pool2d.AttentionPool2d layers.attention_pool2d.RotAttentionPool2d
    layers.bottleneck_attn.BottleneckAttn layers.halo_attn.HaloAttn layers.lambda_layer.LambdaLayer
    layers.non_local_attn.NonLocalAttn models.beit.Attention models.cait.ClassAttn models.coat.FactorAttnConvRelPosEnc
    models.convit.GPSA models.convit.MHSA models.crossvit.CrossAttention models.davit.ChannelAttention
    models.davit.ChannelAttentionV2 models.davit.WindowAttention models.edgenext.CrossCovarianceAttn
    models.efficientformer.Attention models.efficientformer_v2.Attention2d models.efficientformer_v2.Attention2dDownsample
    models.fastvit.Attention models.gcvit.WindowAttentionGlobal models.hiera.MaskUnitAttention models.levit.Attention
    models.levit.AttentionDownsample models.lowformer.ConvAttention models.maxxvit.Attention2d models.maxxvit.AttentionCl
    models.metaformer.Attention models.mvitv2.MultiScaleAttention models.mvitv2.MultiScaleAttentionPool models.nest.Attention
    models.nextvit.EfficientAttention models.pvt_v2.Attention models.shvit.SHSA models.swin_transformer.WindowAttention
    models.swin_transformer_v2.WindowAttention models.swin_transformer_v2_cr.WindowMultiHeadAttention
    models.tiny_vit.Attention models.tnt.Attention models.twins.GlobalSubSampleAttn models.twins.LocallyGroupedAttn
    models.visformer.Attention models.vision_transformer_relpos.RelPosAttention models.volo.Attention
    models.volo.ClassAttention models.volo.OutlookAttention models.xcit.XCA
""".split()
"""Softmax (written out or fused) over keys or positions, times values."""

GATES = {
    **dict.fromkeys(CHANNEL, ("channel",)),
    **dict.fromkeys(PAIRWISE, ("pairwise",)),
    "layers.attention.Attention": _gated,
    "layers.attention.AttentionRope": _gated,
    "models.eva.EvaAttention": _gated,
    "layers.global_context.GlobalContext": _context,
    "layers.non_local_attn.BilinearAttnTransform": ("pairwise", "pairwise"),  # sigmoids divided by their sums: p x q
    "layers.selective_kernel.SelectiveKernel": ("branch",),
    "layers.split_attn.SplitAttn": lambda m: ("branch",) if m.radix > 1 else ("channel",),
    # One product for every head: its softmax meets its own values.
    "models.efficientvit_msra.CascadedGroupAttention": lambda m: ("pairwise",) * m.num_heads,
    "models.efficientvim.HSMSSD": ("full",),  # softmax over positions times b, (N, S, L) both
    "models.ghostnet.GhostModuleV2": ("full",),
    "models.ghostnet.GhostModuleV3": lambda m: ("full",) if m.mode == "shortcut" else (),
    "models.iformer.SHMA": ("pairwise", "full"),
    "models.mobilevit.LinearSelfAttention": ("spatial",),
    # Sigmoid weights of experts, used by three convolutions: one gate.
    "models._efficientnet_blocks.CondConvResidual": ("branch",),
}
NONE = {
    "models.cait.TalkingHeadAttn": "a linear layer mixes the softmax weights of heads before they meet values",
    "layers.mlp.GatedMlp": "its gate is a learned mixture without a bound",
    "models.efficientvim.EfficientViMBlock": "the sigmoid is of a parameter",
    "models.naflexvit.NaFlexEmbeds": "clamps an index",
    "models.efficientvim.EfficientViM": "the softmax is of a parameter",
}
LIBRARY = Library("timm", GATES, NONE, {name: partial(_build, name, side) for name, side in SIDES.items()})
