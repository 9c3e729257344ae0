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


REPEATED = {
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
