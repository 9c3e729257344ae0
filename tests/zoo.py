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
    "torchvision:efficientnet_b0": (64, {"channel": 16}),
    "torchvision:efficientnet_v2_s": (64, {"channel": 30}),
    "torchvision:regnet_y_400mf": (64, {"channel": 16}),
    "torchvision:shufflenet_v2_x0_5": (64, {}),
    "torchvision:mobilenet_v2": (64, {}),
    "torchvision:vgg11": (64, {}),
    "torchvision:squeezenet1_0": (64, {}),
}


def zoo_model(name):
    """A network of the zoo in eval mode; residual branches are not zeroed, so that edits show in the logits."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name.startswith("torchvision:"):
            from torchvision.models import get_model

            return get_model(name.partition(":")[2]).eval()
        import timm

        model = timm.create_model(name)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and module.weight is not None:
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
    return model.eval()
