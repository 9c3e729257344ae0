"""Attention modules after published code, as people copy them, and sigmoids written in other ways."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from tests.gates.foreign import LayerScale, _Squeeze

C = 8


class EfficientChannel(nn.Module):
    """ECA-Net (Wang et al. 2020)."""

    def __init__(self):
        super().__init__()
        self.pool, self.sigmoid = nn.AdaptiveAvgPool2d(1), nn.Sigmoid()
        self.conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.pool(x)
        y = self.conv(y.squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)
        return x * self.sigmoid(y).expand_as(x)


class Concurrent(_Squeeze):
    """scSE (Roy et al. 2018): a channel and a spatial gate side by side, the larger product wins."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, 1, 1)

    def forward(self, x):
        return torch.max(x * self.logits(x).sigmoid()[..., None, None], x * self.conv(x).sigmoid())


class Bottleneck(Concurrent):
    """BAM (Park et al. 2018): one sigmoid of the sum of a channel and a spatial branch."""

    def forward(self, x):
        return x * (1 + torch.sigmoid(self.logits(x)[..., None, None].expand_as(x) + self.conv(x).expand_as(x)))


class Triplet(nn.Module):
    """Triplet attention (Misra et al. 2021): one mask over each pair of axes."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3)

    def masked(self, x):
        return x * self.conv(torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)).sigmoid()

    def forward(self, x):
        rows = self.masked(x.permute(0, 2, 1, 3).contiguous()).permute(0, 2, 1, 3)
        columns = self.masked(x.permute(0, 3, 2, 1).contiguous()).permute(0, 3, 2, 1)
        return (rows + columns + self.masked(x)) / 3


class Polarized(nn.Module):
    """PSA (Liu et al. 2021): softmax pooling, then a sigmoid, first over channels, then over positions."""

    def __init__(self):
        super().__init__()
        self.v1, self.q1, self.up = nn.Conv2d(C, 4, 1), nn.Conv2d(C, 1, 1), nn.Linear(4, C)
        self.v2, self.q2 = nn.Conv2d(C, 4, 1), nn.Conv2d(C, 4, 1)

    def forward(self, x):
        n, _, h, w = x.shape
        pooled = torch.matmul(self.v1(x).flatten(2), self.q1(x).view(n, -1, 1).softmax(1))
        x = x * torch.sigmoid(self.up(pooled[..., 0]))[..., None, None]
        query = self.q2(x).mean((2, 3)).view(n, 1, 4).softmax(-1)
        return x * torch.sigmoid(torch.matmul(query, self.v2(x).flatten(2)).view(n, 1, h, w))


class CrissCross(nn.Module):
    """CCNet (Huang et al. 2019): one softmax over the row and the column of every position."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = nn.Conv2d(C, 4, 1), nn.Conv2d(C, 4, 1), nn.Conv2d(C, C, 1)

    def forward(self, x):
        n, _, h, w = x.shape
        q, k, v = self.q(x), self.k(x), self.v(x)

        def down(t):
            return t.permute(0, 3, 1, 2).reshape(n * w, -1, h)

        def along(t):
            return t.permute(0, 2, 1, 3).reshape(n * h, -1, w)

        rows = torch.bmm(down(q).transpose(1, 2), down(k)).view(n, w, h, h).permute(0, 2, 1, 3)
        columns = torch.bmm(along(q).transpose(1, 2), along(k)).view(n, h, w, w)
        weights = torch.cat([rows, columns], 3).softmax(3)
        first, second = weights[..., :h].permute(0, 2, 1, 3).reshape(n * w, h, h), weights[..., h:].reshape(n * h, w, w)
        y = torch.bmm(down(v), first.transpose(1, 2)).view(n, w, -1, h).permute(0, 2, 3, 1)
        return y + torch.bmm(along(v), second.transpose(1, 2)).view(n, h, -1, w).permute(0, 2, 1, 3) + x


class Linearised(nn.Module):
    """Efficient attention (Shen et al. 2021): keys weigh positions, queries weigh channels."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = nn.Conv2d(C, C, 1), nn.Conv2d(C, C, 1), nn.Conv2d(C, C, 1)

    def forward(self, x):
        q, k = self.q(x).flatten(2).softmax(1), self.k(x).flatten(2).softmax(2)
        context = torch.bmm(k, self.v(x).flatten(2).transpose(1, 2))
        return torch.bmm(context.transpose(1, 2), q).view_as(x)


class Skip(nn.Module):
    """The gate on skip connections of Attention U-Net (Oktay et al. 2018)."""

    def __init__(self):
        super().__init__()
        self.g, self.x = nn.Conv2d(C, 4, 1), nn.Conv2d(C, 4, 1, stride=2)
        self.psi = nn.Sequential(nn.Conv2d(4, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, x):
        psi = self.psi(F.relu(self.g(F.avg_pool2d(x, 2)) + self.x(x)))
        return x * F.interpolate(psi, scale_factor=2, mode="nearest")


class GatedConvolution(nn.Module):
    """Half of the channels gate the other half, position by position (Dauphin et al. 2017)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, 2 * C, 3, padding=1)

    def forward(self, x):
        features, gate = self.conv(x).chunk(2, 1)
        return features * torch.sigmoid(gate)


class Tempered(_Squeeze):
    """Softmax over two branches with a temperature, cut apart by slices."""

    def __init__(self):
        super().__init__(2 * C)

    def forward(self, x):
        weights = F.softmax(self.logits(x).view(-1, 2, C) / 30, dim=1)
        return x * weights[:, 0, :, None, None] + F.relu(x) * weights[:, 1, :, None, None]


class WrittenOut(_Squeeze):
    """The sigmoid as its formula."""

    def forward(self, x):
        return x * (1 / (1 + torch.exp(-self.logits(x))))[..., None, None]


ATTENTION = {
    EfficientChannel: ["channel"],
    Concurrent: ["channel", "spatial"],
    Bottleneck: ["full"],
    Triplet: ["spatial", "spatial", "spatial"],
    Polarized: ["pairwise", "channel", "pairwise", "spatial"],
    CrissCross: ["pairwise"],
    Linearised: ["pairwise", "pairwise"],
    Skip: ["spatial"],
    GatedConvolution: ["full"],
    Tempered: ["branch"],
    WrittenOut: ["channel"],
}
"""Module -> the kinds that must be found, in this order."""


class WrittenOutSwish(LayerScale):
    def forward(self, x):
        y = self.conv(x)
        return y / (1 + torch.exp(-y)) + y * (1 / (1 + torch.exp(-y)))


class Softplus(_Squeeze):
    """A broadcast factor without an upper limit."""

    def forward(self, x):
        return x * F.softplus(self.logits(x))[..., None, None]


class InverseExponential(_Squeeze):
    """Without the 1 in the denominator nothing is bounded."""

    def forward(self, x):
        return x * (1 / torch.exp(-self.logits(x)))[..., None, None]


class SpatialGating(nn.Module):
    """gMLP (Liu et al. 2021): a learned mixture over positions multiplies the other half; it has no bound."""

    def __init__(self):
        super().__init__()
        self.norm, self.mix = nn.LayerNorm(4), nn.Linear(144, 144)

    def forward(self, x):
        u, v = x.flatten(2).transpose(1, 2).chunk(2, -1)
        v = self.mix(self.norm(v).transpose(1, 2)).transpose(1, 2)
        return torch.cat([u * v, u], -1).transpose(1, 2).view_as(x)


LOOKALIKES = [WrittenOutSwish, Softplus, InverseExponential, SpatialGating]
"""What must give no gate."""
