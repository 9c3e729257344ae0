"""Architectures with random weights, and the gates that each must show."""

from __future__ import annotations

import warnings

import torch

FAST = {
    "efficientnet_b0": (64, {"channel": 16}),
    "mobilenetv3_large_100": (64, {"channel": 8}),
    "skresnet18": (64, {"branch": 8}),
    "resnest14d": (64, {"branch": 4}),
    "regnety_008": (64, {"channel": 14}),
    "ghostnet_100": (64, {"channel": 7}),
    "legacy_seresnet18": (64, {"channel": 8}),
    "lcnet_050": (64, {"channel": 2}),
    "gcresnext26ts": (64, {"pairwise": 8, "added": 8}),
    "mobilevit_xxs": (64, {"pairwise": 9}),
    "torchvision:mobilenet_v3_small": (64, {"channel": 9}),
    "resnet18": (64, {}),
    "convnextv2_atto": (64, {}),
}
"""Name -> (side of the input, kinds and their number); timm unless said otherwise."""

SLOW = {
    "mnasnet_100": (64, {}),
    "seresnet50": (64, {"channel": 16}),
    "ecaresnet50t": (96, {"channel": 16}),
    "tresnet_m": (96, {"channel": 18}),
    "rexnet_100": (96, {"channel": 13}),
    "nfnet_f0": (96, {"channel": 12}),
    "coatnet_0_rw_224": (224, {"channel": 5, "pairwise": 9}),
    "tinynet_a": (96, {"channel": 19}),
    "gcresnet50t": (96, {"pairwise": 16, "added": 16}),
    "halonet26t": (256, {"pairwise": 3}),
    "botnet26t_256": (256, {"pairwise": 3}),
    "bat_resnext26ts": (256, {"pairwise": 16}),
    "resnet50": (96, {}),
    "densenet121": (96, {}),
    "convnext_atto": (96, {}),
    "repvgg_a0": (96, {}),
    "mobilenetv3_small_050": (64, {"channel": 9}),
    "mixnet_s": (64, {"channel": 13}),
    "hardcorenas_a": (64, {"channel": 8}),
    "fbnetv3_b": (64, {"channel": 18}),
    "efficientnetv2_rw_t": (64, {"channel": 29}),
    "semnasnet_075": (64, {"channel": 8}),
    "seresnext26d_32x4d": (64, {"channel": 8}),
    "eca_nfnet_l0": (64, {"channel": 12}),
    "eca_botnext26ts_256": (256, {"channel": 5, "pairwise": 3}),
    "sebotnet33ts_256": (256, {"channel": 6, "pairwise": 4}),
    "sehalonet33ts": (256, {"channel": 6, "pairwise": 4}),
    "lambda_resnet26t": (256, {"pairwise": 3}),
    "repghostnet_050": (64, {"channel": 7}),
    "mobilevitv2_050": (64, {"spatial": 9}),
    "fastvit_t8": (64, {"channel": 1}),
    "edgenext_xx_small": (64, {"pairwise": 3}),
    "visformer_tiny": (224, {"pairwise": 8}),
    "ese_vovnet19b_dw": (64, {"channel": 4}),
    "dpn68": (64, {}),
    "dla34": (64, {}),
    "xception41": (96, {}),
    "starnet_s1": (64, {}),
    "mambaout_femto": (64, {}),
    "ghostnetv2_100": (224, {"full": 14, "channel": 7}),
    "resnetrs50": (64, {"channel": 16}),
    "seresnext50_32x4d": (64, {"channel": 16}),
    "cs3sedarknet_l": (64, {"channel": 21}),
    "regnetz_b16": (64, {"channel": 22}),
    "repvit_m0_9": (64, {"channel": 10}),
    "hgnet_tiny": (64, {"channel": 5}),
    "rdnet_tiny": (64, {"channel": 15}),
    "legacy_seresnext26_32x4d": (64, {"channel": 8}),
    "efficientvit_m0": (224, {"pairwise": 24, "channel": 2}),
    "mobilenetv4_hybrid_medium": (256, {"pairwise": 8}),
    "haloregnetz_b": (224, {"channel": 17, "pairwise": 5}),
    "fastvit_sa12": (256, {"pairwise": 2, "channel": 1}),
    "maxvit_rmlp_pico_rw_256": (256, {"channel": 11, "pairwise": 22}),
    "davit_tiny": (224, {"pairwise": 12}),
    "xcit_nano_12_p16_224": (224, {"pairwise": 14}),
    "volo_d1_224": (224, {"pairwise": 20}),
    "levit_128s": (224, {"pairwise": 11}),
    "convit_tiny": (224, {"pairwise": 12}),
    "crossvit_tiny_240": (240, {"pairwise": 21}),
    "swin_tiny_patch4_window7_224": (224, {"pairwise": 12}),
    "cait_xxs24_224": (224, {"pairwise": 2}),  # its talking heads mix the weights before they meet values: no gates
    "hrnet_w18_small": (64, {}),
    "res2net50_26w_4s": (64, {}),
    "cspresnet50": (64, {}),
    "inception_next_tiny": (64, {}),
    "fasternet_t0": (64, {}),
    "poolformer_s12": (64, {}),
    "convmixer_768_32": (64, {}),
    "mixer_s32_224": (224, {}),
    "gmlp_s16_224": (224, {}),  # spatial gating without a bound
    "focalnet_tiny_srf": (64, {}),  # focal modulation: no bound either
    "efficientvit_b0": (64, {}),  # linear attention: no weights anywhere
    "torchvision:vit_b_16": (224, {"pairwise": 12}),
    "torchvision:swin_t": (64, {"pairwise": 12}),
    "torchvision:maxvit_t": (224, {"channel": 11, "pairwise": 22}),
    "torchvision:efficientnet_b0": (64, {"channel": 16}),
    "torchvision:efficientnet_v2_s": (64, {"channel": 30}),
    "torchvision:regnet_y_400mf": (64, {"channel": 16}),
    "torchvision:shufflenet_v2_x0_5": (64, {}),
    "torchvision:mobilenet_v2": (64, {}),
    "torchvision:vgg11": (64, {}),
    "torchvision:squeezenet1_0": (64, {}),
}


def awake(model):
    """Give random values to what starts at or near 0, and to batch norms: where nothing arrives, no fault shows."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and module.weight is not None:
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
    for parameter in model.parameters():
        if parameter.numel() and parameter.abs().max() < 1e-3:
            torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def zoo_model(name):
    """A network of the zoo in eval mode, with random weights."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name.startswith("torchvision:"):
            from torchvision.models import get_model

            return awake(get_model(name.partition(":")[2]))
        import timm

        return awake(timm.create_model(name))
