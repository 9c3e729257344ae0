"""ResNet (He et al. 2016, arXiv 1512.03385), torchvision's layers and names, with attention in every block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torchvision.models import resnet as plain

from attnviz.attention.none import NoAttention
from attnviz.backbones import AttentionFactory
from attnviz.backbones.blocks import attach, check_common, check_counts, he_init, mean_of_places
from attnviz.backbones.imagenet import carry, check_known, fold_before, imagenet_state, start_neutral
from attnviz.core.checks import choice
from attnviz.core.errors import UserError

POSITIONS = ("branch", "after", "pool")
PUBLISHED: dict[tuple[str, tuple[int, ...]], str] = {
    ("basic", (2, 2, 2, 2)): "resnet18",
    ("basic", (3, 4, 6, 3)): "resnet34",
    ("bottleneck", (3, 4, 6, 3)): "resnet50",
    ("bottleneck", (3, 4, 23, 3)): "resnet101",
    ("bottleneck", (3, 8, 36, 3)): "resnet152",
}
WIDTHS = (64, 128, 256, 512)


class BasicBlock(plain.BasicBlock):
    """Two 3×3 convolutions; attention on the branch before the addition, or after the block."""

    attention: nn.Module
    position: str

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, ⌈H/stride⌉, ⌈W/stride⌉)."""
        branch = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return _join(self, x, branch)


class Bottleneck(plain.Bottleneck):
    """1×1, 3×3 and 1×1 convolution; attention on the branch before the addition, or after the block."""

    attention: nn.Module
    position: str

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, ⌈H/stride⌉, ⌈W/stride⌉)."""
        branch = self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))))
        return _join(self, x, self.bn3(self.conv3(branch)))


def _join(block: BasicBlock | Bottleneck, x: Tensor, branch: Tensor) -> Tensor:
    """Add branch and shortcut, with the attention before or after."""
    shortcut = x if block.downsample is None else block.downsample(x)
    if block.position == "branch":
        return torch.relu(shortcut + block.attention(branch))
    return block.attention(torch.relu(shortcut + branch))


BLOCKS: dict[str, type[BasicBlock] | type[Bottleneck]] = {"basic": BasicBlock, "bottleneck": Bottleneck}


class ResNet(nn.Module):
    """Stem of stride 4 and four stages of residual blocks, each block with attention.

    Args:
        attention: Builds the attention module of a block from its number of channels.
        num_classes: K, at least 2.
        block: ``basic`` or ``bottleneck`` (whose output is four times as wide).
        depths: Blocks in the four stages; ResNet-18 is basic (2, 2, 2, 2), ResNet-50 bottleneck (3, 4, 6, 3).
        widths: Channels of the four stages.
        in_channels: Channels of the input.
        position: ``branch``: on the residual branch before the addition. ``after``: on what the block returns.
            ``pool``: once, in the place of mean pooling.
        pretrained: Carry torchvision's ImageNet weights; needs a published depth and the default widths.

    Raises:
        ValueError: An argument is outside its limits, or the attention type makes no sense at the position.
    """

    def __init__(
        self,
        attention: AttentionFactory,
        num_classes: int = 1000,
        block: str = "bottleneck",
        depths: Sequence[int] = (3, 4, 6, 3),
        widths: Sequence[int] = WIDTHS,
        in_channels: int = 3,
        position: str = "branch",
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        check_common(num_classes, in_channels)
        make = BLOCKS[choice("block", block, tuple(BLOCKS))]
        depths, widths = check_counts("depths", depths, 4), check_counts("widths", widths, 4)
        self.position = choice("position", position, POSITIONS)
        self.conv1 = nn.Conv2d(in_channels, widths[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        channels = widths[0]
        for number, (width, depth) in enumerate(zip(widths, depths, strict=True), 1):
            stage = _stage(make, channels, width, depth, stride=1 if number == 1 else 2)
            self.add_module(f"layer{number}", stage)
            channels = width * make.expansion
        self.fc = nn.Linear(channels, num_classes)
        he_init(self)
        self.attention = attach(attention if position == "pool" else NoAttention, channels, branch=False, pools=True)
        for part in self.blocks():
            part.position = position
            last = part.conv2 if isinstance(part, BasicBlock) else part.conv3
            factory = NoAttention if position == "pool" else attention
            part.attention = attach(factory, last.out_channels, branch=position == "branch")
        if pretrained:
            published = (block, depths) in PUBLISHED and widths == WIDTHS
            check_known("resnet", published, f"widths {WIDTHS} and {', '.join(f'{b} {d}' for b, d in PUBLISHED)}")
            self.carry(imagenet_state(PUBLISHED[block, depths]))

    def blocks(self) -> list[BasicBlock | Bottleneck]:
        """The residual blocks, first to last."""
        return [module for module in self.modules() if isinstance(module, (BasicBlock, Bottleneck))]

    def carry(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of torchvision's plain network; the last batch norm of a branch makes up for its gate.

        Raises:
            UserError: A gate after the block starts at another constant than 1: the shortcut has no layer that
                could make up for it.
        """
        carry(self, state, ("conv1", "fc"))
        start_neutral(self.attention)
        for block in self.blocks():
            if self.position == "branch":
                fold_before(block.attention, block.bn2 if isinstance(block, BasicBlock) else block.bn3)
            elif start_neutral(block.attention) != 1:
                raise UserError(
                    f"{type(block.attention).__name__} after a block also scales the shortcut, which has no layer "
                    "that could make up for it, so the pretrained network would not start unchanged; use "
                    "position='branch'"
                )

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> logits (N, K)."""
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for number in range(1, 5):
            x = self.get_submodule(f"layer{number}")(x)
        return self.fc(mean_of_places(self.attention(x)))


def _stage(
    make: type[BasicBlock] | type[Bottleneck], channels: int, width: int, depth: int, stride: int
) -> nn.Sequential:
    """Blocks of one width; the first changes stride and channels, with a 1×1 convolution on the shortcut."""
    out = width * make.expansion
    downsample = None
    if stride != 1 or channels != out:
        downsample = nn.Sequential(plain.conv1x1(channels, out, stride), nn.BatchNorm2d(out))
    blocks = [make(channels, width, stride, downsample)]
    blocks += [make(out, width) for _ in range(1, depth)]
    return nn.Sequential(*blocks)
