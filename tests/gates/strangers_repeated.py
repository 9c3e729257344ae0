"""One gate, used several times. After the structure of public repositories, written from memory."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from tests.gates.foreign import C, _Squeeze


class ChannelLoop(_Squeeze):
    def forward(self, x):
        gate = self.logits(x).sigmoid()
        return torch.stack([x[:, c] * gate[:, c, None, None] for c in range(C)], 1)


class ChannelLoopInPlace(_Squeeze):
    def forward(self, x):
        gate, out = self.logits(x).sigmoid()[..., None, None], torch.empty_like(x)
        for c in range(C):
            out[:, c : c + 1] = x[:, c : c + 1] * gate[:, c : c + 1]
        return out


class GroupLoop(_Squeeze):
    def forward(self, x):
        gates = self.logits(x).sigmoid()[..., None, None].chunk(4, 1)
        return torch.cat([part * gate for part, gate in zip(x.chunk(4, 1), gates, strict=True)], 1)


class MaskLoop(nn.Module):
    """A mask a channel, one after the other."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, C, 3, padding=1)

    def forward(self, x):
        masks = self.conv(x).sigmoid()
        return torch.stack([a * m for a, m in zip(x.unbind(1), masks.unbind(1), strict=True)], 1)


class TwiceUsed(_Squeeze):
    """Multiplied in, and added."""

    def forward(self, x):
        gate = self.logits(x).sigmoid()[..., None, None]
        return x * gate + gate


class TwoFeatures(_Squeeze):
    """One gate for two maps."""

    def forward(self, x):
        gate = self.logits(x).sigmoid()[..., None, None]
        return x * gate + F.relu(x) * gate


class ModuleTwice(_Squeeze):
    """The same from a module."""

    def __init__(self):
        super().__init__()
        self.act = nn.Sigmoid()

    def forward(self, x):
        gate = self.act(self.logits(x))
        return torch.cat([x * gate.view(-1, C, 1, 1), x.tanh() * gate.view(-1, C, 1, 1)], 1)[:, :C]


class TwoMasks(nn.Module):
    """LSK: two masks from one sigmoid for two different maps are two gates."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 7, padding=3)

    def forward(self, x):
        y = F.avg_pool2d(x, 3, 1, 1)
        masks = self.conv(torch.cat([x.mean(1, keepdim=True), y.amax(1, keepdim=True)], 1)).sigmoid()
        return x * masks[:, 0].unsqueeze(1) + y * masks[:, 1].unsqueeze(1)


class Gru(nn.Module):
    """RAFT's recurrent unit, one step: the update gate lets the old in as 1 - z and the new as z."""

    def __init__(self):
        super().__init__()
        self.z, self.q = nn.Conv2d(C, C, 3, padding=1), nn.Conv2d(C, C, 3, padding=1)

    def forward(self, x):
        return self.mix(x, torch.sigmoid(self.z(x)))

    def mix(self, x, gate):
        return (1 - gate) * x + gate * torch.tanh(self.q(x))


class Fusion(_Squeeze):
    """AFF: two maps are mixed by a gate and its complement."""

    def forward(self, x):
        return self.mix(x, self.logits(x).sigmoid()[..., None, None])

    def mix(self, x, gate):
        return 2 * x * gate + 2 * F.relu(x) * (1 - gate)


class Highway(_Squeeze):
    """The complement first, by subtraction of a tensor from a number."""

    def forward(self, x):
        return self.mix(x, self.logits(x).sigmoid()[..., None, None])

    def mix(self, x, gate):
        return F.relu(x) * torch.rsub(gate, 1) + x * gate


class _Expert(nn.Module):
    """A convolution whose kernel is a mixture of four."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, C * C * 9) / 9)

    def forward(self, x, routing):
        kernels = torch.matmul(routing, self.weight).view(-1, C, 3, 3)
        out = F.conv2d(x.reshape(1, -1, *x.shape[2:]), kernels, padding=1, groups=len(x))
        return out.view(x.shape)


class Routed(nn.Module):
    """timm's efficientnet_cc: one routing for all the convolutions of a block."""

    def __init__(self):
        super().__init__()
        self.routing, self.first, self.second, self.third = nn.Linear(C, 4), _Expert(), _Expert(), _Expert()

    def weights(self, x):
        return self.routing(F.adaptive_avg_pool2d(x, 1).flatten(1)).sigmoid()

    def forward(self, x):
        routing = self.weights(x)
        return self.third(F.relu(self.second(F.relu(self.first(x, routing)), routing)), routing)


class RoutedBySoftmax(Routed):
    def weights(self, x):
        return self.routing(F.adaptive_avg_pool2d(x, 1).flatten(1)).softmax(1)


WITH_COMPLEMENT = {Gru: ["full"], Fusion: ["channel"], Highway: ["channel"]}
"""Modules whose ``mix`` uses a gate g as g and as 1 - g."""

REPEATED = {
    Routed: ["branch"],
    RoutedBySoftmax: ["branch"],
    ChannelLoop: ["channel"],
    ChannelLoopInPlace: ["channel"],
    GroupLoop: ["channel"],
    MaskLoop: ["full"],
    TwiceUsed: ["channel"],
    TwoFeatures: ["channel"],
    ModuleTwice: ["channel"],
    TwoMasks: ["spatial", "spatial"],
}
"""Module -> the kinds that must be found, in this order."""
