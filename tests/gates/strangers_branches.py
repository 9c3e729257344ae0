"""Softmax weights: over branches, tokens and neighbours. After the structure of public repositories, written from memory."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from tests.gates.foreign import C


class LeadingAxis(nn.Module):
    """SKNet as in the repositories that stack one linear layer a branch in front (external-attention-pytorch)."""

    def __init__(self):
        super().__init__()
        self.fcs = nn.ModuleList(nn.Linear(C, C) for _ in range(3))

    def forward(self, x):
        views = [x, F.relu(x), torch.tanh(x)]
        pooled = sum(views).mean((2, 3))
        weights = torch.stack([fc(pooled)[..., None, None] for fc in self.fcs], 0).softmax(0)
        return weights[0] * views[0] + weights[1] * views[1] + weights[2] * views[2]


class LeadingAxisStacked(LeadingAxis):
    """The same with all branches at once."""

    def forward(self, x):
        views = torch.stack([x, F.relu(x), torch.tanh(x)], 0)
        pooled = views.sum(0).mean((2, 3))
        weights = torch.stack([fc(pooled)[..., None, None] for fc in self.fcs], 0).softmax(0)
        return sum(w * v for w, v in zip(weights, views, strict=True))


class ScalePyramid(nn.Module):
    """EPSANet's split: parts (N, S, C/S, …), softmax over the scales, cut apart in a loop."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        parts = x.view(len(x), 2, 4, *x.shape[2:])
        weights = torch.stack([self.fc(p.mean((2, 3), keepdim=True)) for p in parts.unbind(1)], 1).softmax(1)
        out = [parts[:, i] * weights[:, i] for i in range(2)]
        return torch.cat(out, 1)


class PartsOfSequence(nn.Module):
    """(N, K, C, L): softmax over K parts, which are summed afterwards."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(C, 3 * C)

    def forward(self, x):
        parts = torch.stack([x, F.relu(x), x.tanh()], 1).flatten(3)
        weights = self.fc(x.mean((2, 3))).view(-1, 3, C, 1).softmax(1)
        return (parts * weights).sum(1).view_as(x)


class PartMasks(nn.Module):
    """(N, K, H, W): one mask a part, softmax over parts, features of each part a single channel."""

    def __init__(self):
        super().__init__()
        self.masks = nn.Conv2d(C, C, 1)

    def forward(self, x):
        return x + (x * self.masks(x).softmax(1)).sum(1, keepdim=True)


class Adaptive(nn.Module):
    """ASFF: maps of three levels, one softmax over three masks, sliced."""

    def __init__(self):
        super().__init__()
        self.weights = nn.Conv2d(C, 3, 1)

    def forward(self, x):
        w = F.softmax(self.weights(x), dim=1)
        up = F.interpolate(F.max_pool2d(x, 2), scale_factor=2)
        return x * w[:, 0:1, :, :] + up * w[:, 1:2, :, :] + F.relu(x) * w[:, 2:, :, :]


class Temperature(LeadingAxis):
    """Softmax of scaled logits, transposed before it is cut."""

    def forward(self, x):
        pooled = x.mean((2, 3))
        weights = torch.stack([fc(pooled) for fc in self.fcs], 2).div(3).softmax(2).permute(2, 0, 1)
        a, b, c = weights[..., None, None]
        return a * x + b * F.relu(x) + c * x.tanh()


class TokenWeights(nn.Module):
    """DynamicViT's keep score: one number a token, channels last."""

    def __init__(self):
        super().__init__()
        self.norm, self.score, self.mlp = nn.LayerNorm(C), nn.Linear(C, 1), nn.Linear(C, C)

    def forward(self, x):
        tokens = self.mlp(self.norm(x.flatten(2).transpose(1, 2)))
        return (tokens * self.score(tokens).sigmoid()).transpose(1, 2).view_as(x)


class TokenSoftmax(TokenWeights):
    def forward(self, x):
        tokens = self.mlp(x.flatten(2).transpose(1, 2))
        return x + (tokens * self.score(tokens).softmax(1)).sum(1)[..., None, None]


class TokenChannels(TokenWeights):
    """SE on tokens: (N, 1, C) × (N, L, C)."""

    def forward(self, x):
        tokens = self.mlp(x.flatten(2).transpose(1, 2))
        return (tokens * self.mlp(tokens.mean(1, keepdim=True)).sigmoid()).transpose(1, 2).view_as(x)


class SequenceChannels(nn.Module):
    """SE on a 1-D convolution: (N, C, 1) × (N, C, L)."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv1d(C, C, 3, padding=1), nn.Linear(C, C)

    def forward(self, x):
        y = self.conv(x.flatten(2))
        return (y * self.fc(y.mean(2)).sigmoid().unsqueeze(2)).view_as(x)


class SequencePlaces(SequenceChannels):
    """A mask over a 1-D convolution: (N, 1, L) × (N, C, L)."""

    def forward(self, x):
        y = self.conv(x.flatten(2))
        return (y * y.mean(1, keepdim=True).sigmoid()).view_as(x)


class MapsLast(nn.Module):
    """A mask (N, H, W, 1) on channels-last features, as in ports from Keras."""

    def __init__(self):
        super().__init__()
        self.fc, self.score = nn.Linear(C, C), nn.Linear(C, 1)

    def forward(self, x):
        y = self.fc(x.permute(0, 2, 3, 1))
        return (y * self.score(y).sigmoid()).permute(0, 3, 1, 2)


class Neighbours(nn.Module):
    """A softmax over k×k neighbours of every position (local attention on unfolded values)."""

    def __init__(self):
        super().__init__()
        self.weights = nn.Conv2d(C, 9, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        near = F.unfold(x, 3, padding=1).view(n, c, 9, h, w)
        return (near * self.weights(x).softmax(1).unsqueeze(1)).sum(2)


class NeighbourHeads(nn.Module):
    """The same for heads, after a pass through Tensor.unfold (stand-alone self-attention)."""

    def __init__(self):
        super().__init__()
        self.weights = nn.Conv2d(C, 18, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        near = F.pad(x, [1, 1, 1, 1]).unfold(2, 3, 1).unfold(3, 3, 1)
        near = near.contiguous().view(n, 2, c // 2, h, w, 9)
        weights = self.weights(x).view(n, 2, 1, 9, h, w).permute(0, 1, 2, 4, 5, 3).softmax(-1)
        return (near * weights).sum(-1).view(n, c, h, w)


class DeformablePoints(nn.Module):
    """Deformable attention in plain PyTorch: values at predicted points, weights over the points (Zhu et al. 2021)."""

    def __init__(self):
        super().__init__()
        self.offsets, self.weights = nn.Conv2d(C, 8, 1), nn.Conv2d(C, 4, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        grid = self.offsets(x).flatten(2).transpose(1, 2).view(n, h * w, 4, 2)
        values = F.grid_sample(x, grid, align_corners=False)
        weights = self.weights(x).flatten(2).transpose(1, 2).softmax(-1).view(n, 1, h * w, 4)
        return (values * weights).sum(-1).view(n, c, h, w)


KINDS = {
    LeadingAxis: ["branch"],
    LeadingAxisStacked: ["branch"],
    ScalePyramid: ["branch"],
    PartsOfSequence: ["branch"],
    PartMasks: ["branch"],
    Adaptive: ["branch"],
    Temperature: ["branch"],
    TokenWeights: ["spatial"],
    TokenSoftmax: ["spatial"],
    TokenChannels: ["channel"],
    SequenceChannels: ["channel"],
    SequencePlaces: ["spatial"],
    MapsLast: ["spatial"],
    Neighbours: ["pairwise"],
    NeighbourHeads: ["pairwise"],
    DeformablePoints: ["geometric", "pairwise"],
}
"""Module -> the kinds that must be found, in this order."""
