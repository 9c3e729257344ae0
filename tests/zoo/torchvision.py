"""torchvision."""

from __future__ import annotations

from functools import partial

import torch

from tests.zoo import FAST, SLOW
from tests.zoo.library import Library, words


def _build(name, side, **options):
    from torchvision.models import get_model

    return get_model(name, weights=None, **options), torch.randn(1, 3, side, side)


def _detector(name, **options):
    from torchvision.models import get_model

    # Such networks take a list of images and scale them themselves.
    return get_model(name, weights=None, weights_backbone=None, **options), ([torch.rand(3, 128, 160)],)


def _segmenter(name):
    return _build(name, 128, weights_backbone=None)


def _video(name, frames, side, **options):
    from torchvision.models import get_model

    return get_model(name, weights=None, **options), torch.randn(1, 3, frames, side, side)


def _flow(name):
    from torchvision.models import get_model

    # One update: from the second on the correlations are sampled where the flow points to.
    model = get_model(name, weights=None)
    return model, {"image1": torch.randn(1, 3, 128, 128), "image2": torch.randn(1, 3, 128, 128), "num_flow_updates": 1}


CLASSIFIERS = {
    **{n.partition(":")[2]: side for n, (side, _) in {**FAST, **SLOW}.items() if n.startswith("torchvision:")},
    **dict.fromkeys(
        words(
            "alexnet vgg11_bn resnet18 resnext50_32x4d wide_resnet50_2 googlenet densenet121 mnasnet0_5 mobilenet_v3_large "
            "regnet_x_400mf regnet_y_800mf shufflenet_v2_x1_5 squeezenet1_1 convnext_tiny efficientnet_b1 swin_v2_t "
            "vit_b_32"
        ),
        96,
    ),
    "alexnet": 128,
    "vit_b_32": 224,
    "inception_v3": 128,
}
SMALL = {"min_size": 128, "max_size": 160}

ARCHITECTURES = {
    **{name: partial(_build, name, side) for name, side in CLASSIFIERS.items()},
    "googlenet": partial(_build, "googlenet", 96, init_weights=False, aux_logits=False),
    "inception_v3": partial(_build, "inception_v3", 128, init_weights=False, aux_logits=False),
    "lraspp_mobilenet_v3_large": partial(_segmenter, "lraspp_mobilenet_v3_large"),
    "deeplabv3_mobilenet_v3_large": partial(_segmenter, "deeplabv3_mobilenet_v3_large"),
    "fcn_resnet50": partial(_segmenter, "fcn_resnet50"),
    "ssdlite320_mobilenet_v3_large": partial(_detector, "ssdlite320_mobilenet_v3_large"),
    "fasterrcnn_mobilenet_v3_large_320_fpn": partial(_detector, "fasterrcnn_mobilenet_v3_large_320_fpn", **SMALL),
    "maskrcnn_resnet50_fpn": partial(_detector, "maskrcnn_resnet50_fpn", **SMALL),
    "retinanet_resnet50_fpn": partial(_detector, "retinanet_resnet50_fpn", **SMALL),
    "fcos_resnet50_fpn": partial(_detector, "fcos_resnet50_fpn", **SMALL),
    "r3d_18": partial(_video, "r3d_18", 4, 64),
    "s3d": partial(_video, "s3d", 16, 224),
    "swin3d_t": partial(_video, "swin3d_t", 4, 64),
    "raft_small": partial(_flow, "raft_small"),
    "raft_large": partial(_flow, "raft_large"),
}

GATES = {
    "ops.misc.SqueezeExcitation": ("channel",),
    "models.segmentation.lraspp.LRASPPHead": ("channel",),  # the pooled branch; sigmoid, times the other
    "models.swin_transformer.ShiftedWindowAttention": ("pairwise",),
    "models.swin_transformer.ShiftedWindowAttentionV2": ("pairwise",),
    "models.maxvit.RelativePositionalMultiHeadAttention": ("pairwise",),
    "models.video.swin_transformer.ShiftedWindowAttention3d": ("pairwise",),
    "models.video.mvit.MultiscaleAttention": ("pairwise",),
    "models.optical_flow.raft.ConvGRU": ("full", "full"),  # update z (as z and as 1 - z) and reset r
    # _utils.upsample_flow: nine neighbours are averaged with softmax weights.
    "models.optical_flow.raft.RAFT": lambda m: ("pairwise",) if m.mask_predictor is not None else (),
}
NONE = {
    "models.maxvit.MaxVit": "the only tanh of its own is in the classifier",
    "models.detection.transform.GeneralizedRCNNTransform": "scales pictures",
    "models.detection.fcos.FCOS": "scores times centreness are rows of boxes, not features",
    "models.detection.retinanet.RetinaNet": "scores are not multiplied",
    "models.detection.ssd.SSD": "scores are not multiplied",
    "models.detection.roi_heads.RoIHeads": "scores are not multiplied",
    "models.detection.rpn.RegionProposalNetwork": "scores are not multiplied",
}
LIBRARY = Library("torchvision", GATES, NONE, ARCHITECTURES)
