"""EfficientNet (Tan and Le 2019, arXiv 1905.11946) with attention in place of, or after, each MBConv's own SE."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torchvision.models import efficientnet as plain
from torchvision.ops import SqueezeExcitation

from attnviz.attention.none import NoAttention
from attnviz.backbones import AttentionFactory
from attnviz.backbones.blocks import attach, check_common, check_factor, stem_for
from attnviz.backbones.imagenet import carry, check_known, fold_after, imagenet_state, start_neutral
from attnviz.core.checks import choice
from attnviz.core.errors import UserError

POSITIONS = ("replace", "after", "pool")
PUBLISHED = {
    (1.0, 1.0): "efficientnet_b0",
    (1.0, 1.1): "efficientnet_b1",
    (1.1, 1.2): "efficientnet_b2",
    (1.2, 1.4): "efficientnet_b3",
}
STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)
"""Expansion, kernel, stride, channels in, channels out and blocks of the seven stages of B0."""


class AttendedSE(SqueezeExcitation):
    """torchvision's squeeze-and-excitation, and attention on what it returns."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.attention: nn.Module = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        return self.attention(super().forward(x))


class EfficientNet(plain.EfficientNet):
    """torchvision's EfficientNet with attention in every MBConv.

    Args:
        attention: Builds the attention module of an MBConv from its expanded number of channels.
        num_classes: K, at least 2.
        position: ``replace``: in place of the block's own SE. ``after``: after it. ``pool``: once, in the
            place of mean pooling; blocks keep their own SE.
        width: Factor on the channels of B0, in (0, 4].
        depth: Factor on the number of blocks of B0, in (0, 4].
        in_channels: Channels of the input; the stem is fresh where they are not 3.
        dropout: Probability of dropping a feature before the classifier, in [0, 1).
        pretrained: Carry torchvision's ImageNet weights; needs ``after`` or ``pool``, and the size of B0, B1, B2 or B3.

    Raises:
        ValueError: An argument is outside its limits, or the attention type makes no sense here.
    """

    def __init__(
        self,
        attention: AttentionFactory,
        num_classes: int = 1000,
        position: str = "replace",
        width: float = 1.0,
        depth: float = 1.0,
        in_channels: int = 3,
        dropout: float = 0.2,
        pretrained: bool = False,
    ) -> None:
        check_common(num_classes, in_channels, dropout)
        check_factor("width", width)
        check_factor("depth", depth)
        choice("position", position, POSITIONS)
        block = functools.partial(plain.MBConv, se_layer=AttendedSE)
        stages = [plain.MBConvConfig(*s, width_mult=width, depth_mult=depth, block=block) for s in STAGES]
        super().__init__(stages, dropout, num_classes=num_classes)
        self.features[0][0] = stem_for(self.features[0][0], in_channels)
        if position == "pool":
            pool = attach(attention, self.classifier[1].in_features, branch=False, pools=True)
            self.avgpool: nn.Module = nn.Sequential(OrderedDict(attention=pool, mean=self.avgpool))
            attention = NoAttention
        for part in self.blocks():
            # every stage has blocks with a shortcut, whose output must stay aligned with their input
            module = attach(attention, part[-1][0].in_channels, branch=True)
            if position == "replace":
                part[-2] = nn.Sequential(OrderedDict(attention=module))
            else:
                part[-2].attention = module
        if pretrained:
            if position == "replace":
                raise UserError(
                    "position='replace' takes out the pretrained gates, so the pretrained network cannot start "
                    "unchanged; use position='after' or pretrained=False"
                )
            check_known("efficientnet", (width, depth) in PUBLISHED, f"(width, depth) in {list(PUBLISHED)}")
            self.carry(imagenet_state(PUBLISHED[width, depth]))

    def blocks(self) -> list[Any]:
        """Layers of the MBConvs, first to last: expansion (if any), depthwise, SE, projection."""
        return [module.block for module in self.modules() if isinstance(module, plain.MBConv)]

    def carry(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of torchvision's plain network; the projection after a gate makes up for its start."""
        carry(self, state, ("features.0.0", "classifier.1"))
        for block in self.blocks():
            fold_after(block[-2].attention, block[-1][0])
        if isinstance(self.avgpool, nn.Sequential):
            start_neutral(self.avgpool.get_submodule("attention"))
