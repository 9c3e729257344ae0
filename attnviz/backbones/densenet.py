"""DenseNet-BC (Huang et al. 2017, arXiv 1608.06993) with attention on new features or after transitions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from attnviz.attention.none import NoAttention
from attnviz.backbones import AttentionFactory
from attnviz.backbones.blocks import attach, check_common, check_counts, mean_of_places
from attnviz.backbones.imagenet import carry, check_known, fold_before, imagenet_state, start_neutral
from attnviz.core.checks import choice
from attnviz.core.errors import UserError

POSITIONS = ("layer", "transition", "pool")
STEMS = ("large", "small")
PUBLISHED: dict[tuple[int, tuple[int, ...]], str] = {
    (32, (6, 12, 24, 16)): "densenet121",
    (48, (6, 12, 36, 24)): "densenet161",
    (32, (6, 12, 32, 32)): "densenet169",
    (32, (6, 12, 48, 32)): "densenet201",
}


@contextlib.contextmanager
def statistics_stay(norm: nn.BatchNorm2d) -> Iterator[None]:
    """Normalise without moving the running statistics, which the first pass has already done.

    Autograd wants the same tensors in both passes, so the statistics are passed but with momentum 0, and a copy
    of the counter counts.
    """
    counter, momentum = norm.num_batches_tracked, norm.momentum
    norm.momentum = 0.0
    norm.num_batches_tracked = None if counter is None else counter.clone()
    try:
        yield
    finally:
        norm.num_batches_tracked, norm.momentum = counter, momentum


class DenseLayer(nn.Module):
    """BN, ReLU, 1×1 convolution to ``bottleneck · k``, BN, ReLU, 3×3 convolution to k new features, attention.

    Args:
        channels: Channels of all earlier features together.
        growth: k.
        bottleneck: Factor of the bottleneck's width.
        dropout: Probability of dropping a new feature.
        memory_efficient: Keep only the inputs of the bottleneck and recompute it in the backward pass (Pleiss et
            al. 2017, arXiv 1707.06990).
    """

    def __init__(self, channels: int, growth: int, bottleneck: int, dropout: float, memory_efficient: bool) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, bottleneck * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(bottleneck * growth)
        self.conv2 = nn.Conv2d(bottleneck * growth, growth, 3, padding=1, bias=False)
        self.attention: nn.Module = nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.memory_efficient = memory_efficient

    def _bottleneck(self, *earlier: Tensor) -> Tensor:
        return self.conv1(torch.relu(self.norm1(torch.cat(earlier, 1))))

    def forward(self, earlier: Sequence[Tensor]) -> Tensor:
        """Earlier features [(N, C_i, H, W), …] -> new features (N, k, H, W)."""
        if self.memory_efficient and torch.is_grad_enabled():
            contexts = lambda: (contextlib.nullcontext(), statistics_stay(self.norm1))  # noqa: E731
            narrow = checkpoint(
                self._bottleneck, *earlier, use_reentrant=False, preserve_rng_state=False, context_fn=contexts
            )
        else:
            narrow = self._bottleneck(*earlier)
        return self.dropout(self.attention(self.conv2(torch.relu(self.norm2(narrow)))))


class DenseBlock(nn.ModuleDict):
    """Layers of which each sees all earlier features."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C + layers · k, H, W)."""
        features = [x]
        for layer in self.values():
            features.append(layer(features))
        return torch.cat(features, 1)


class Transition(nn.Module):
    """BN, ReLU, 1×1 convolution, 2×2 average pool, attention."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, outputs, 1, bias=False)
        self.pool = nn.AvgPool2d(2)
        self.attention: nn.Module = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, outputs, H/2, W/2)."""
        return self.attention(self.pool(self.conv(torch.relu(self.norm(x)))))


class DenseNet(nn.Module):
    """Dense blocks with transitions between them.

    Args:
        attention: Builds an attention module from its number of channels.
        num_classes: K, at least 2.
        growth: k, new features per layer; 12 to 32 in the paper.
        blocks: Layers in each dense block.
        stem: ``large``: 7×7 convolution of stride 2 and max-pool. ``small``: 3×3 convolution of stride 1.
        in_channels: Channels of the input.
        position: ``layer``: on each layer's k new features. ``transition``: after each transition. ``pool``:
            once, in the place of mean pooling.
        compression: Share of the channels that a transition keeps, in (0, 1].
        bottleneck: Width of a layer's bottleneck in units of k.
        dropout: Probability of dropping a new feature, in [0, 1).
        memory_efficient: Recompute the bottlenecks in the backward pass; the same loss and gradients.
        pretrained: Carry torchvision's ImageNet weights; needs a published size and the large stem.

    Raises:
        ValueError: An argument is outside its limits, or the attention type makes no sense at the position.
    """

    def __init__(
        self,
        attention: AttentionFactory,
        num_classes: int = 1000,
        growth: int = 32,
        blocks: Sequence[int] = (6, 12, 24, 16),
        stem: str = "large",
        in_channels: int = 3,
        position: str = "layer",
        compression: float = 0.5,
        bottleneck: int = 4,
        dropout: float = 0.0,
        memory_efficient: bool = False,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        check_common(num_classes, in_channels, dropout)
        blocks = check_counts("blocks", blocks)
        check_counts("growth and bottleneck", (growth, bottleneck))
        if not isinstance(compression, (int, float)) or not 0 < compression <= 1:
            raise UserError(f"compression must be in (0, 1], got {compression!r}")
        self.position = choice("position", position, POSITIONS)
        channels = 2 * growth
        self.features = _stem(choice("stem", stem, STEMS), in_channels, channels)
        for number, depth in enumerate(blocks, 1):
            layers = {
                f"denselayer{i + 1}": DenseLayer(channels + i * growth, growth, bottleneck, dropout, memory_efficient)
                for i in range(depth)
            }
            self.features.add_module(f"denseblock{number}", DenseBlock(layers))
            channels += depth * growth
            if number < len(blocks):
                kept = max(1, int(channels * compression))
                self.features.add_module(f"transition{number}", Transition(channels, kept))
                channels = kept
        self.features.add_module(f"norm{len(blocks) + 1}", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(self.classifier.bias)
        self.attention = attach(attention if position == "pool" else NoAttention, channels, branch=False, pools=True)
        for place, conv in self.places():
            place.attention = attach(attention, conv.out_channels, branch=position == "layer")
        if pretrained:
            sizes = ", ".join(f"growth={g} blocks={b}" for g, b in PUBLISHED)
            standard = stem == "large" and compression == 0.5 and bottleneck == 4
            published = (growth, blocks) in PUBLISHED and standard
            check_known("densenet", published, f"the large stem, compression 0.5, bottleneck 4 and {sizes}")
            self.carry(imagenet_state(PUBLISHED[growth, blocks]))

    def places(self) -> list[tuple[DenseLayer | Transition, nn.Conv2d]]:
        """Modules that hold attention, and the convolution that makes the features it meets."""
        if self.position == "layer":
            return [(module, module.conv2) for module in self.modules() if isinstance(module, DenseLayer)]
        if self.position == "transition":
            return [(module, module.conv) for module in self.modules() if isinstance(module, Transition)]
        return []

    def carry(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of torchvision's plain network; the convolution before a gate makes up for its start."""
        carry(self, state, ("features.conv0", "classifier"))
        start_neutral(self.attention)
        for place, conv in self.places():
            fold_before(place.attention, conv)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> logits (N, K)."""
        return self.classifier(mean_of_places(self.attention(torch.relu(self.features(x)))))


def _stem(kind: str, in_channels: int, channels: int) -> nn.Sequential:
    """Stem under torchvision's names; the small one has no pool and keeps the map's size."""
    stem = nn.Sequential()
    if kind == "small":
        stem.add_module("conv0", nn.Conv2d(in_channels, channels, 3, padding=1, bias=False))
        return stem
    stem.add_module("conv0", nn.Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False))
    stem.add_module("norm0", nn.BatchNorm2d(channels))
    stem.add_module("relu0", nn.ReLU())
    stem.add_module("pool0", nn.MaxPool2d(3, stride=2, padding=1))
    return stem
