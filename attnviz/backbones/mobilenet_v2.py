"""MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381) with attention at one of three places."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import torchvision
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual

from attnviz.attention.cbam import ChannelAttention
from attnviz.backbones import AttentionFactory
from attnviz.backbones.blocks import (
    PAPER_GATE,
    attach,
    check_common,
    check_factor,
    hidden_layers,
    mean_of_places,
    stem_for,
)
from attnviz.backbones.imagenet import carry, check_known, fold_after, imagenet_state
from attnviz.core.checks import choice

POSITIONS = ("first", "last", "pool", "block", "none")


class AttendedResidual(InvertedResidual):
    """torchvision's inverted residual with attention before its projection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.attention: nn.Module = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H/stride, W/stride)."""
        *layers, project, norm = self.conv
        out = x
        for layer in layers:
            out = layer(out)
        out = norm(project(self.attention(out)))
        return x + out if self.use_res_connect else out


class AttentionMobileNetV2(torchvision.models.MobileNetV2):
    """torchvision's MobileNetV2 for any number of input channels, with attention.

    Args:
        attention: Builds the attention module from its number of channels; by default the channel gate of CBAM
            with biases and r = 1.
        num_classes: K, at least 2.
        position: ``first``: on the input itself, before the stem. ``last``: on the final map, before pooling.
            ``pool``: in the place of mean pooling. ``block``: in every inverted residual, before its projection.
            ``none``.
        in_channels: Channels of the input; the stem is fresh (He, fan-out) where they are not 3.
        width: Factor on the number of channels, in (0, 4].
        dropout: Probability of dropping a feature before the classifier, in [0, 1).
        hidden: Linear layers of the last map's width, with ReLU, between pooling and classifier, 0..4; two are the
            ungated control of the channel gate at ``last``.
        pretrained: Carry torchvision's ImageNet weights; needs width 1.

    Raises:
        ValueError: An argument is outside its limits, or the attention type makes no sense at the position.
    """

    def __init__(
        self,
        attention: AttentionFactory | None = None,
        num_classes: int = 1000,
        position: str = "last",
        in_channels: int = 3,
        width: float = 1.0,
        dropout: float = 0.2,
        hidden: int = 0,
        pretrained: bool = False,
    ) -> None:
        check_common(num_classes, in_channels, dropout)
        check_factor("width", width)
        self.position = choice("position", position, POSITIONS)
        super().__init__(num_classes, width, block=AttendedResidual, dropout=dropout)
        self.features[0][0] = stem_for(self.features[0][0], in_channels)
        self.hidden = hidden_layers(self.last_channel, hidden)
        factory = functools.partial(ChannelAttention, **PAPER_GATE) if attention is None else attention
        if position == "block":
            for block in self.blocks():
                # a residual block adds its input to what comes out; a block without shortcut may move features,
                # but one type for all blocks is either right in all of them or in none
                block.attention = attach(factory, block.conv[-2].in_channels, branch=True)
        elif position != "none":
            met = in_channels if position == "first" else self.last_channel
            self.attention = attach(factory, met, branch=False, pools=position == "pool")
        if pretrained:
            check_known("mobilenet-v2", width == 1 and not hidden, "width=1 and hidden=0")
            self.carry(imagenet_state("mobilenet_v2"))

    @staticmethod
    def attention_defaults(attention: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options of an attention type at a position, where they differ from the type's own defaults."""
        outside = options.get("position", "last") in ("first", "last")
        return dict(PAPER_GATE) if attention == "cbam-channel" and outside else {}

    def blocks(self) -> list[AttendedResidual]:
        """The inverted residuals, first to last."""
        return [module for module in self.features if isinstance(module, AttendedResidual)]

    def carry(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of torchvision's plain network; the layer after a gate makes up for its start.

        The layer before it cannot: between them is ReLU6, and ReLU6(a·x) is not a·ReLU6(x).
        """
        carry(self, state, ("features.0.0", "classifier.1"))
        if self.position == "first":
            fold_after(self.attention, self.features[0][0])
        elif self.position in ("last", "pool"):
            fold_after(self.attention, self.classifier[1])
        elif self.position == "block":
            for block in self.blocks():
                fold_after(block.attention, block.conv[-2])

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> logits (N, K)."""
        if self.position == "first":
            x = self.attention(x)
        x = self.features(x)
        if self.position in ("last", "pool"):
            x = self.attention(x)
        return self.classifier(self.hidden(mean_of_places(x)))
