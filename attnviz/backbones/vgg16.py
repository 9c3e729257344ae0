"""VGG16 (Simonyan and Zisserman 2015, arXiv 1409.1556) with attention at the end of its five blocks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from attnviz.attention.none import NoAttention
from attnviz.backbones import AttentionFactory
from attnviz.backbones.blocks import attach, check_common, check_factor, he_init
from attnviz.backbones.imagenet import carry, check_known, fold_before, imagenet_state, start_neutral
from attnviz.core.checks import choice
from attnviz.core.errors import UserError

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and number of convolutions of the five blocks."""
HEADS = ("full", "small")
POSITIONS = ("block", "pool")


class VGG16(nn.Module):
    """Thirteen 3×3 convolutions in five blocks, an attention module before each block's max-pool, and a head.

    Args:
        attention: Builds the attention module of a block from its number of channels.
        num_classes: K, at least 2.
        batch_norm: Whether a batch norm follows each convolution.
        width: Factor on all numbers of channels and hidden features, in (0, 4].
        head: ``full``: average pool to 7×7 and three linear layers with dropout. ``small``: mean over space,
            dropout and one linear layer.
        in_channels: Channels of the input.
        dropout: Probability of dropping a feature in the head, in [0, 1).
        pretrained: Carry torchvision's ImageNet weights; needs width 1 and the full head.
        position: ``block``: before each block's max-pool. ``pool``: once, in the place of the small head's mean.

    Raises:
        ValueError: An argument is outside its limits.
    """

    def __init__(
        self,
        attention: AttentionFactory,
        num_classes: int = 1000,
        batch_norm: bool = False,
        width: float = 1.0,
        head: str = "full",
        in_channels: int = 3,
        dropout: float = 0.5,
        pretrained: bool = False,
        position: str = "block",
    ) -> None:
        super().__init__()
        check_common(num_classes, in_channels, dropout)
        check_factor("width", width)
        choice("head", head, HEADS)
        widths = [max(1, int(channels * width)) for channels, _ in BLOCKS]
        choice("position", position, POSITIONS)
        if position == "pool" and head != "small":
            raise UserError(f"position='pool' needs head='small', which pools over space, got head={head!r}")
        self.features = _features(widths, in_channels, batch_norm)
        if head == "full":
            self.avgpool: nn.Module = nn.AdaptiveAvgPool2d(7)
            self.classifier = _full_head(widths[-1] * 49, max(1, int(4096 * width)), num_classes, dropout)
        else:
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(widths[-1], num_classes))
        he_init(self)
        for module in self.classifier:
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)
        # a list of its own keeps torchvision's names (features.0, features.2 …) for the convolutions
        block: AttentionFactory = NoAttention if position == "pool" else attention
        self.attention = nn.ModuleList(attach(block, channels, branch=False) for channels in widths)
        if position == "pool":
            pool = attach(attention, widths[-1], branch=False, pools=True)
            self.avgpool = nn.Sequential(OrderedDict(attention=pool, mean=self.avgpool))
        if pretrained:
            check_known("vgg16", width == 1 and head == "full", "width=1 and head='full'")
            self.carry(imagenet_state("vgg16_bn" if batch_norm else "vgg16"))

    def carry(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of torchvision's plain network; the layer before a gate makes up for its start.

        Between that layer and the gate is a ReLU, and ReLU(a·x) = a·ReLU(x) for a > 0.
        """
        carry(self, state, ("features.0", "classifier.6"))
        if isinstance(self.avgpool, nn.Sequential):
            start_neutral(self.avgpool.get_submodule("attention"))
        places = iter(self.attention)
        last: nn.Module = self.features[0]
        for module in self.features:
            if isinstance(module, nn.MaxPool2d):
                fold_before(next(places), last)
            elif isinstance(module, (nn.Conv2d, nn.BatchNorm2d)):
                last = module

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> logits (N, K); H and W at least 32."""
        places = iter(self.attention)
        for module in self.features:
            x = module(next(places)(x) if isinstance(module, nn.MaxPool2d) else x)
        return self.classifier(torch.flatten(self.avgpool(x), 1))


def _features(widths: list[int], in_channels: int, batch_norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = in_channels
    for width, (_, depth) in zip(widths, BLOCKS, strict=True):
        for _ in range(depth):
            layers.append(nn.Conv2d(channels, width, 3, padding=1))
            layers += [nn.BatchNorm2d(width), nn.ReLU()] if batch_norm else [nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def _full_head(features: int, hidden: int, num_classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(features, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, num_classes),
    )
