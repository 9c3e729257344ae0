"""pytorchcv."""

from __future__ import annotations

from functools import partial

import torch

from tests.zoo.library import Library, words


def _build(name, side=224, **options):
    from pytorchcv.model_provider import get_model

    return get_model(name, pretrained=False, **options), torch.randn(1, 3, side, side)


SIDES = {
    **dict.fromkeys(
        words(
            "airnet50_1x64d_r2 airnext50_32x4d_r2 alexnet bagnet9 bam_resnet18 bninception cbam_resnet18 channelnet condensenet74_c4_g4 "
            "darknet53 densenet121 dicenet_wd5 diracnet18v2 dla34 dpn68 drnc26 efficientnet_b0 efficientnet_edge_small_b fastseresnet101b "
            "fbnet_cb fdmobilenet_wd4 fishnet99 ghostnet hardnet39ds hrnet_w18_small_v1 ibn_resnet50 igcv3_wd4 menet108_8x1_g3 mixnet_s "
            "mnasnet_small mobilenet_wd4 mobilenetb_w1 mobilenetv2_wd4 mobilenetv3_small_w7d20 octresnet10_ad2 peleenet preresnet10 "
            "proxylessnas_cpu pyramidnet101_a360 regnetx002 regnety002 resattnet56 resnesta18 resnestabc14 resnet10 resnetd50b "
            "scnet50 selecsls42b senet16 sepreresnet10 seresnet10 seresnext50_32x4d sharesnet18 shufflenet_g1_wd4 shufflenetv2_wd2 "
            "shufflenetv2b_wd2 sknet50 sparsenet121 spnasnet squeezenet_v1_0 squeezeresnet_v1_1 sqnxt23_w1 tresnet_m vgg11 vovnet27s wrn50_2 "
            "zfnet"
        ),
        224,
    ),
    **dict.fromkeys(
        words(
            "diaresnet20_cifar10 diapreresnet20_cifar10 seresnet20_cifar10 sepreresnet20_cifar10 xdensenet40_2_k24_bc_cifar10 "
            "shakeshakeresnet20_2x16d_cifar10 ror3_56_cifar10"
        ),
        32,
    ),
}
SEGMENTERS = {
    "cgnet_cityscapes": 128,
    "dabnet_cityscapes": 128,
    "danet_resnetd50b_cityscapes": 96,
    "edanet_cityscapes": 128,
    "enet_cityscapes": 128,
    "esnet_cityscapes": 128,
    "fastscnn_cityscapes": 256,
    "fpenet_cityscapes": 128,
    "lednet_cityscapes": 256,
    "linknet_cityscapes": 128,
    "sinet_cityscapes": 256,
    "unet_cityscapes": 128,
}
SIZED = {
    "bisenet_resnet18_celebamaskhq": 128,  # it needs its size as well
    "centernet_resnet18_coco": 128,
    "ibppose_coco": 128,
    "simplepose_resnet18_coco": 128,
    "alphapose_fastseresnet101b_coco": 128,
    "lwopenpose2d_mobilenet_cmupan_coco": 128,
}
ARCHITECTURES = {
    **{name: partial(_build, name, side) for name, side in SIDES.items()},
    **{n: partial(_build, n, s, in_size=(s, s), fixed_size=False) for n, s in SEGMENTERS.items()},
    **{n: partial(_build, n, s, in_size=(s, s)) for n, s in SIZED.items()},
}

CHANNEL_AND_SPATIAL = {
    "models.common.att.SEBlock": ("channel",),
    # SINet itself asks for PReLU, which has no bound: no gate.
    "models.sinet.SEBlock": lambda m: ("channel",) if isinstance(m.sigmoid, torch.nn.Sigmoid) else (),
    "models.cbamresnet.ChannelGate": ("channel",),
    "models.cbamresnet.SpatialGate": ("spatial",),
    "models.diaresnet.DIAAttention": ("channel",),
    "models.dicenet.DiceBlock": ("channel",),
    "models.fishnet.SkipAttUnit": ("channel",),  # x * w + w: one weight, used twice
    "models.bisenet.AttentionRefinementBlock": ("channel",),
    "models.bisenet.FeatureFusion": ("channel",),
}
GATES = {
    **CHANNEL_AND_SPATIAL,
    "models.common.att.SABlock": ("branch",),
    "models.sknet.SKConvBlock": ("branch",),
    "models.bamresnet.BamBlock": ("full",),
    "models.airnet.AirBottleneck": lambda m: ("full",) if m.use_air_block else (),
    "models.airnext.AirNeXtBottleneck": lambda m: ("full",) if m.use_air_block else (),
    "models.menet.MEUnit": ("full",),
    "models.resattnet.AttBlock": ("full",),  # (1 + mask) * features
    "models.scnet.ScConv": ("full",),
    "models.danet.PosAttBlock": ("pairwise",),
    "models.danet.ChaAttBlock": ("pairwise",),
    "models.fpenet.MEUBlock": ("spatial", "channel"),
    "models.sinet.SBDecodeBlock": ("spatial",),  # 1 - the largest of a softmax over classes
    "models.lednet.APN": ("added",),  # the mask has no bound; the pooled branch is added at every position
    "models.bisenet.PyramidPooling": ("added",),  # pool32's pooled branch is added at every position in pool16
}
NONE = {
    "models.common.activ.Swish": "an activation",
    "models.cbamresnet.CbamBlock": "its two gates multiply",
    "models.diaresnet.DIALSTMCell": "its gates multiply vectors (N, C); what multiplies the map is DIAAttention's",
    "models.centernet.CenterNetHeatmapBlock": "keeps peaks: times (pooled == itself)",
}
LIBRARY = Library("pytorchcv", GATES, NONE, ARCHITECTURES)
