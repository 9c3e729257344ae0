"""A compact residual network (He et al. 2016, arXiv 1512.03385) with attention in every residual branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.attention.none import NoAttention
from attnviz.backbones import AttentionFactory
from attnviz.backbones.blocks import PAPER_GATE, attach, check_choice, hidden_layers, init_attention
from attnviz.core.errors import UserError

POSITIONS = ("block", "first", "last")
STAGE_STRIDES = (1, 2, 2, 1)
"""With the stem's stride of 4 the output stride is 16, so that the last masks of a 128 px image are 8×8."""


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution without bias, then batch norm."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """``ReLU(shortcut(x) + attention(conv(ReLU(conv(x)))))``, batch norm after every convolution.

    The shortcut of a block that halves the map averages 2×2 positions before its 1×1 convolution
    (He et al. 2019, arXiv 1812.01187), so that no activation is skipped.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, attention: AttentionFactory) -> None:
        super().__init__()
        self.conv1 = conv_bn(inputs, outputs, 3, stride)
        self.conv2 = conv_bn(outputs, outputs, 3)
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
    """Stem of two stride-2 convolutions, four stages of basic blocks, output stride 16.

    Args:
        attention: Builds the attention module of a block from its number of channels.
        num_classes: K, at least 2.
        in_channels: Channels of the input, at least 1.
        widths: Channels of the four stages.
        depths: Blocks in the four stages.
        dropout: Probability of dropping a feature before the classifier, in [0, 1).
        position: ``block``: in every residual branch. ``first``: on the input itself, before the stem. ``last``: on
            the final map, before pooling.
        hidden: Linear layers of the last map's width, with ReLU, between pooling and classifier, 0..4; two are the
            ungated control of CBAM's channel gate at ``last``.

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
    ) -> None:
        super().__init__()
        if num_classes < 2 or in_channels < 1:
            raise UserError(f"num_classes must be ≥ 2 and in_channels ≥ 1, got {num_classes} and {in_channels}")
        if len(widths) != 4 or len(depths) != 4 or min(*widths, *depths) < 1:
            raise UserError(f"widths and depths must be four numbers ≥ 1, got {widths} and {depths}")
        if not 0 <= dropout < 1:
            raise UserError(f"dropout must be in [0, 1), got {dropout}")
        self.position = check_choice("position", position, POSITIONS)
        if position != "block":
            self.attention = attach(attention, in_channels if position == "first" else widths[-1], branch=False)
            attention = NoAttention
        half = max(1, widths[0] // 2)
        self.stem = nn.Sequential(
            conv_bn(in_channels, half, 3, 2), nn.ReLU(), conv_bn(half, widths[0], 3, 2), nn.ReLU()
        )
        channels = widths[0]
        for number, (width, depth, stride) in enumerate(zip(widths, depths, STAGE_STRIDES, strict=True), 1):
            blocks = [
                BasicBlock(channels if i == 0 else width, width, stride if i == 0 else 1, attention)
                for i in range(depth)
            ]
            self.add_module(f"stage{number}", nn.Sequential(*blocks))
            channels = width
        self.hidden = hidden_layers(channels, hidden)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, num_classes)
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
        x = self.attention(x) if self.position == "last" else x
        return self.classifier(self.dropout(self.hidden(x.mean((2, 3)))))
