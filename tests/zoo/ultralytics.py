"""ultralytics: networks from its own YAML files."""

from __future__ import annotations

from functools import partial

import torch

from tests.zoo.library import Library, words


def _build(config, task="DetectionModel", side=128):
    from ultralytics.nn import tasks

    return getattr(tasks, task)(config, verbose=False), torch.rand(1, 3, side, side)


class _Modules(torch.nn.Sequential):
    """ultralytics' attention modules between its convolutions, as people put them into their networks."""


def _with_modules(*names):
    from ultralytics.nn.modules import conv

    layers = [conv.Conv(3, 16, 3, 2)]
    for name in names:
        layers += [
            getattr(conv, name)(16) if name != "SpatialAttention" else conv.SpatialAttention(),
            conv.Conv(16, 16, 3),
        ]
    return _Modules(*layers), torch.rand(1, 3, 64, 64)


ARCHITECTURES = {
    **{
        name: partial(_build, f"{name}.yaml")
        for name in words(
            "yolov3-tiny yolov5n yolov6n yolov8n yolov8n-ghost yolov8n-p2 yolov9t yolov9c yolov10n yolov10s yolo11n yolo12n yolo26n"
        )
    },
    "yolov5s-p6": partial(_build, "yolov5s-p6.yaml"),
    "yolov8n-rtdetr": partial(_build, "yolov8n-rtdetr.yaml", "RTDETRDetectionModel"),
    "rtdetr-l": partial(_build, "rtdetr-l.yaml", "RTDETRDetectionModel"),
    "rtdetr-resnet50": partial(_build, "rtdetr-resnet50.yaml", "RTDETRDetectionModel"),
    "yolov8n-cls": partial(_build, "yolov8n-cls.yaml", "ClassificationModel"),
    "yolo11n-cls": partial(_build, "yolo11n-cls.yaml", "ClassificationModel"),
    "yolo12n-cls": partial(_build, "yolo12n-cls.yaml", "ClassificationModel"),
    "yolo11n-seg": partial(_build, "yolo11n-seg.yaml", "SegmentationModel"),
    "yolo11n-pose": partial(_build, "yolo11n-pose.yaml", "PoseModel"),
    "yolo11n-obb": partial(_build, "yolo11n-obb.yaml", "OBBModel"),
    "yolo26n-seg": partial(_build, "yolo26n-seg.yaml", "SegmentationModel"),
    "yolov8s-world": partial(_build, "yolov8s-world.yaml", "WorldModel"),
    "yolov8s-worldv2": partial(_build, "yolov8s-worldv2.yaml", "WorldModel"),
    "cbam": partial(_with_modules, "CBAM", "CBAM"),
    "channel-and-spatial": partial(_with_modules, "ChannelAttention", "SpatialAttention"),
}

GATES = {
    "nn.modules.conv.ChannelAttention": ("channel",),
    "nn.modules.conv.SpatialAttention": ("spatial",),
    "nn.modules.block.Attention": ("pairwise",),  # in PSA, C2PSA, PSABlock
    "nn.modules.block.AAttn": ("pairwise",),
    "nn.modules.block.ImagePoolingAttn": ("pairwise",),
    "nn.modules.block.MaxSigmoidAttnBlock": ("spatial",),  # one mask a head
    # utils.multi_scale_deformable_attn_pytorch: one predicted grid a level, softmax weights over what was sampled.
    "nn.modules.transformer.MSDeformAttn": lambda m: ("geometric",) * m.n_levels + ("pairwise",),
}
NONE = {
    "nn.modules.block.DFL": "the mean of a softmax over fixed numbers",
    "nn.modules.head.Detect": "scores are not multiplied",
    "nn.modules.head.OBB": "angles of boxes",
    "nn.modules.head.Pose": "scores are not multiplied",
    "nn.modules.head.RTDETRDecoder": "boxes and scores",
    "nn.modules.head.WorldDetect": "scores are not multiplied",
    "nn.modules.transformer.DeformableTransformerDecoder": "boxes",
    "nn.modules.head.Classify": "the output's probabilities",
}
LIBRARY = Library("ultralytics", GATES, NONE, ARCHITECTURES)
