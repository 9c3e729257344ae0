"""timm."""

from __future__ import annotations

from functools import partial

import torch

from tests.zoo import FAST, SLOW
from tests.zoo.library import Library, words


def _build(name, side):
    import timm

    return timm.create_model(name), torch.randn(1, 3, side, side)


BY_SIDE = {
    96: """
        convformer_s18 convnext_femto_ols cs3darknet_focus_s cs3se_edgenet_x cspdarknet53 darknet53
        densenetblur121d dla46_c dm_nfnet_f0 dpn48b eca_resnet33ts eca_resnext26ts ecaresnet26t ecaresnetlight
        edgenext_x_small efficientnet_es efficientnet_lite0 efficientvit_l1 ese_vovnet39b fbnetc_100
        gcresnet33ts gernet_s hgnet_small hgnetv2_b0 lambda_resnet50ts lcnetv2_base
        legacy_seresnet34 legacy_xception mixnet_m mobilenetv1_100 mobilenetv2_050 mobilenetv3_rw
        mobilenetv4_conv_small mobileone_s0 mobileone_s4 nf_ecaresnet26 nf_regnet_b0 nf_resnet26 nf_seresnet26
        poolformerv2_s12 regnetv_040 regnetx_002 regnety_002 regnetz_c16 repvit_m1 resnest26d resnest50d_1s4x24d
        resnet51q resnetaa50d resnetblur50 resnetv2_50 rexnetr_200 selecsls42b seresnet152d seresnet33ts
        seresnext26ts seresnextaa101d_32x8d skresnet34 skresnext50_32x4d spnasnet_100 tf_efficientnet_b0
        tf_efficientnet_cc_b0_4e tf_efficientnetv2_b0 tf_mobilenetv3_small_minimal_100 tinynet_e tresnet_l
        vovnet39a wide_resnet50_2 xception41p
    """,
    128: """
        inception_resnet_v2 inception_v4 pnasnet5large
    """,
    224: """
        beit_base_patch16_224 caformer_s18 coat_lite_tiny coat_tiny coatnet_pico_rw_224 coatnext_nano_rw_224
        deit_tiny_patch16_224 efficientformer_l1 efficientformerv2_s0 efficientvim_m1 efficientvit_m1
        eva02_tiny_patch14_224 gcvit_xxtiny ghostnetv3_050 gmixer_12_224 hiera_tiny_224 iformer_t levit_conv_128s lowformer_b0
        mobilevit_s mvitv2_tiny naflexvit_base_patch16_gap nest_tiny nextvit_small pit_ti_224 pvt_v2_b0
        resmlp_12_224 sequencer2d_s shvit_s1 swinv2_cr_tiny_ns_224 tiny_vit_5m_224 tnt_s_legacy_patch16_224
        twins_pcpvt_small twins_svt_small visformer_small vit_relpos_small_patch16_224 vit_small_r26_s32_224
        vit_tiny_patch16_224 vitamin_small_224 volo_d1_224 xcit_tiny_12_p16_224
    """,
    256: """
        eca_halonext26ts halonet50ts lambda_resnet26rpt_256 lamhalobotnet50ts_256 maxxvit_rmlp_nano_rw_256
        mobilenetv4_hybrid_large swinv2_tiny_window8_256
    """,
}
"""Side of the input -> names, besides those of ``tests.zoo``."""

SIDES = {
    **{name: side for name, (side, _) in {**FAST, **SLOW}.items() if ":" not in name},
    **{name: side for side, text in BY_SIDE.items() for name in words(text)},
}


def _context(module):
    """``layers/global_context.py``: pooled by softmax or by a mean; then scales, adds, or both."""
    kinds = ["pairwise"] if module.conv_attn is not None else []
    kinds += ["channel"] if module.mlp_scale is not None else []
    return kinds + (["added"] if module.mlp_add is not None else [])


def _gated(module):
    """An attention layer whose output may be gated element by element (``self.gate``)."""
    return ("pairwise", "full") if module.gate is not None else ("pairwise",)


CHANNEL = words("""
    layers.squeeze_excite.SEModule layers.squeeze_excite.SqueezeExciteCl layers.squeeze_excite.EffectiveSEModule
    layers.eca.EcaModule layers.eca.CecaModule models._efficientnet_blocks.SqueezeExcite models.senet.SEModule
    models.hgnet.EseModule
""")
PAIRWISE = words("""
    layers.attention2d.MultiQueryAttention2d layers.attention2d.MultiQueryAttentionV2 layers.attention2d.Attention2d
    layers.attention_pool.AttentionPoolLatent layers.attention_pool2d.AttentionPool2d layers.attention_pool2d.RotAttentionPool2d
    layers.bottleneck_attn.BottleneckAttn layers.halo_attn.HaloAttn layers.lambda_layer.LambdaLayer
    layers.non_local_attn.NonLocalAttn models.beit.Attention models.cait.ClassAttn models.coat.FactorAttnConvRelPosEnc
    models.convit.GPSA models.convit.MHSA models.crossvit.CrossAttention models.davit.ChannelAttention
    models.davit.ChannelAttentionV2 models.davit.WindowAttention models.edgenext.CrossCovarianceAttn
    models.efficientformer.Attention models.efficientformer_v2.Attention2dDownsample
    models.fastvit.Attention models.gcvit.WindowAttentionGlobal models.hiera.MaskUnitAttention models.levit.Attention
    models.levit.AttentionDownsample models.lowformer.ConvAttention models.maxxvit.Attention2d models.maxxvit.AttentionCl
    models.metaformer.Attention models.mvitv2.MultiScaleAttention models.nest.Attention
    models.nextvit.EfficientAttention models.pvt_v2.Attention models.shvit.SHSA models.swin_transformer.WindowAttention
    models.swin_transformer_v2.WindowAttention models.swin_transformer_v2_cr.WindowMultiHeadAttention
    models.tiny_vit.Attention models.tnt.Attention models.twins.GlobalSubSampleAttn models.twins.LocallyGroupedAttn
    models.visformer.Attention models.vision_transformer_relpos.RelPosAttention models.volo.Attention
    models.volo.ClassAttention models.volo.OutlookAttention models.xcit.XCA
""")
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
    "models.efficientformer_v2.Attention2d": "the same, by a convolution (talking_head2)",
    "layers.mlp.GatedMlp": "its gate is a learned mixture without a bound",
    "models.efficientvim.EfficientViMBlock": "the sigmoid is of a parameter",
    "models.naflexvit.NaFlexEmbeds": "clamps an index",
    "models.efficientvim.EfficientViM": "the softmax is of a parameter",
}
LIBRARY = Library("timm", GATES, NONE, {name: partial(_build, name, side) for name, side in SIDES.items()})
