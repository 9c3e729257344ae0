"""A compact residual network (He et al. 2016, arXiv 1512.03385) with attention in every residual branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor, nn

from attnviz.attention.none import NoAttention
from attnviz.backbones import AttentionFactory
from attnviz.backbones.blocks import (
    PAPER_GATE,
    attach,
    check_common,
    check_counts,
    hidden_layers,
    init_attention,
    mean_of_places,
)
from attnviz.core.checks import choice
from attnviz.core.errors import UserError

POSITIONS = ("block", "first", "stage3", "last", "pool", "pool-and-mean")
STRIDES = (1, 2, 2, 1)
"""With the stem's stride of 4 the output stride is 16, so that the last masks of a 128 px image are 8×8."""
Border = Literal["zeros", "replicate"]
BORDERS = get_args(Border)


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1, border: str = "zeros") -> nn.Sequential:
    """Convolution without bias, then batch norm."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False, padding_mode=cast(Border, border))
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """``ReLU(shortcut(x) + attention(conv(ReLU(conv(x)))))``, batch norm after every convolution.

    The shortcut of a block that halves the map averages 2×2 positions before its 1×1 convolution
    (He et al. 2019, arXiv 1812.01187), so that no activation is skipped.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int, attention: AttentionFactory, border: str = "zeros"
    ) -> None:
        super().__init__()
        self.conv1 = conv_bn(inputs, outputs, 3, stride, border)
        self.conv2 = conv_bn(outputs, outputs, 3, border=border)
        self.attention = attach(attention, outputs, branch=True)
        layers: list[nn.Module] = []
        if stride > 1:
            layers.append(nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False))
        if inputs != outputs:
            layers.append(conv_bn(inputs, outputs, 1))
        self.shortcut = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, ⌈H/stride⌉, ⌈W/stride⌉)."""
        branch = self.attention(self.conv2(torch.relu(self.conv1(x))))
        return torch.relu(self.shortcut(x) + branch)


class CompactResNet(nn.Module):
    """Stem of two stride-2 convolutions, four stages of basic blocks, output stride 16 unless ``strides`` says else.

    Args:
        attention: Builds the attention module of a block from its number of channels.
        num_classes: K, at least 2.
        in_channels: Channels of the input, at least 1.
        widths: Channels of the four stages.
        depths: Blocks in the four stages.
        dropout: Probability of dropping a feature before the classifier, in [0, 1).
        position: ``block``: in every residual branch. ``first``: on the input itself, before the stem. ``stage3``:
            after the third stage, where all features pass. ``last``: on the final map, before pooling. ``pool``: in
            the place of mean pooling. ``pool-and-mean``: beside it; the classifier reads both, one after the other.
        hidden: Linear layers of the last map's width, with ReLU, between pooling and classifier, 0..4; two are the
            ungated control of CBAM's channel gate at ``last``.
        strides: Of the four stages, 1 or 2 each; (1, 2, 1, 1) keeps maps of 16×16 for images of 128 px.
        border: What convolutions see beyond the border: ``zeros`` or ``replicate``.

    Raises:
        ValueError: An argument is outside its limits.
    """

    def __init__(
        self,
        attention: AttentionFactory,
        num_classes: int = 10,
        in_channels: int = 3,
        widths: Sequence[int] = (32, 64, 128, 152),
        depths: Sequence[int] = (2, 2, 2, 2),
        dropout: float = 0.0,
        position: str = "block",
        hidden: int = 0,
        strides: Sequence[int] = STRIDES,
        border: str = "zeros",
    ) -> None:
        super().__init__()
        check_common(num_classes, in_channels, dropout)
        widths, depths = check_counts("widths", widths, 4), check_counts("depths", depths, 4)
        if max(check_counts("strides", strides, 4)) > 2:
            raise UserError(f"strides must be 1 or 2 each, got {strides}")
        choice("border", border, BORDERS)
        self.position = choice("position", position, POSITIONS)
        if position != "block":
            met = {"first": in_channels, "stage3": widths[2]}.get(position, widths[3])
            self.attention = attach(attention, met, branch=False, pools=position.startswith("pool"))
            attention = NoAttention
        half = max(1, widths[0] // 2)
        self.stem = nn.Sequential(
            conv_bn(in_channels, half, 3, 2, border), nn.ReLU(), conv_bn(half, widths[0], 3, 2, border), nn.ReLU()
        )
        channels = widths[0]
        for number, (width, depth, stride) in enumerate(zip(widths, depths, strides, strict=True), 1):
            blocks = [
                BasicBlock(channels if i == 0 else width, width, stride if i == 0 else 1, attention, border)
                for i in range(depth)
            ]
            self.add_module(f"stage{number}", nn.Sequential(*blocks))
            channels = width
        self.hidden = hidden_layers(channels, hidden)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(2 * channels if position == "pool-and-mean" else channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        init_attention(self)

    @staticmethod
    def attention_defaults(attention: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options of an attention type at a position, where they differ from the type's own defaults."""
        outside = options.get("position") in ("first", "last")
        return dict(PAPER_GATE) if attention == "cbam-channel" and outside else {}

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> logits (N, K); H and W at least 16."""
        x = self.attention(x) if self.position == "first" else x
        for name in ("stem", "stage1", "stage2", "stage3", "stage4"):
            x = self.get_submodule(name)(x)
            x = self.attention(x) if self.position == name else x
        pooled = mean_of_places(self.attention(x) if self.position in ("last", "pool", "pool-and-mean") else x)
        if self.position == "pool-and-mean":
            return self.classifier(self.dropout(torch.cat((self.hidden(pooled), mean_of_places(x)), 1)))
        return self.classifier(self.dropout(self.hidden(pooled)))
