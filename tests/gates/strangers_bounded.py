"""Gates that take more than one operation, and weights of what is learned. After the structure of public repositories, written from memory."""

from __future__ import annotations

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from tests.gates.foreign import C, NonLocal, _Spatial, _Squeeze


class ChannelMean(nn.Module):
    """The mean over channels of a sigmoid of all of them."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, C, 1)

    def forward(self, x):
        return x * self.conv(x).sigmoid().mean(1, keepdim=True)


class LargestOfChannels(ChannelMean):
    def forward(self, x):
        return x * self.conv(x).sigmoid().max(1, keepdim=True)[0]


class PooledMask(_Spatial):
    """A mask that is smoothed after the sigmoid."""

    def forward(self, x):
        return x * F.avg_pool2d(self.conv(x).sigmoid(), 3, 1, 1)


class PooledToChannels(ChannelMean):
    """The sigmoid comes before the pooling."""

    def forward(self, x):
        return x * F.adaptive_avg_pool2d(self.conv(x).sigmoid(), 1)


class DilatedMask(_Spatial):
    def forward(self, x):
        return x * F.max_pool2d(self.conv(x).sigmoid(), 3, 1, 1)


class NormedMask(_Spatial):
    """Batch norm after the sigmoid, as in copies of Attention U-Net with the layers swapped."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(1)

    def forward(self, x):
        return x * self.norm(self.conv(x).sigmoid())


class MeanOfTwo(ChannelMean):
    """Full and spatial masks averaged."""

    def forward(self, x):
        return x * (self.conv(x).sigmoid() + x.mean(1, keepdim=True).sigmoid()) / 2


class EinsumPooling(_Spatial):
    """Places are weighed by a sigmoid and summed in one operation."""

    def forward(self, x):
        pooled = torch.einsum("nchw,nhw->nc", x, self.conv(x)[:, 0].sigmoid())
        return x + pooled[..., None, None] * 0.1


class MatmulPooling(_Spatial):
    def forward(self, x):
        mask = self.conv(x).sigmoid().flatten(2)
        return x.relu() + torch.matmul(x.flatten(2), mask.transpose(1, 2)).view(len(x), C, 1, 1) * 0.1


class ExternalMemory(nn.Module):
    """External attention (Guo et al. 2021): softmax over positions, then a sum over the memory, by convolutions."""

    def __init__(self):
        super().__init__()
        self.keys, self.values = nn.Conv1d(C, 5, 1, bias=False), nn.Conv1d(5, C, 1, bias=False)

    def forward(self, x):
        weights = self.keys(x.flatten(2)).softmax(-1)
        weights = weights / (1e-9 + weights.sum(1, keepdim=True))
        return self.values(weights).view_as(x)


class LinearMemory(nn.Module):
    """The same by linear layers on tokens (external-attention-pytorch)."""

    def __init__(self):
        super().__init__()
        self.keys, self.values = nn.Linear(C, 5, bias=False), nn.Linear(5, C, bias=False)

    def forward(self, x):
        weights = self.keys(x.flatten(2).transpose(1, 2)).softmax(1)
        weights = weights / weights.sum(2, keepdim=True)
        return self.values(weights).transpose(1, 2).reshape(x.shape)


class Prototypes(nn.Module):
    """A soft choice between learned vectors."""

    def __init__(self):
        super().__init__()
        self.keys, self.values = nn.Parameter(torch.randn(C, 5)), nn.Parameter(torch.randn(5, C))

    def forward(self, x):
        chosen = (x.mean((2, 3)) @ self.keys).softmax(-1) @ self.values
        return x * F.relu(chosen)[..., None, None]


class Codebook(nn.Module):
    """Softmax over learned vectors, for every token."""

    def __init__(self):
        super().__init__()
        self.keys, self.values = nn.Parameter(torch.randn(C, 5)), nn.Parameter(torch.randn(5, C))

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return ((tokens @ self.keys).softmax(-1) @ self.values).transpose(1, 2).view_as(x)


class NormedWeights(NonLocal):
    """ResT: instance norm between softmax and values."""

    def __init__(self):
        super().__init__()
        self.norm = nn.InstanceNorm2d(2)

    def forward(self, x):
        q, k, v = (f(x).unflatten(1, (2, -1)).flatten(3) for f in (self.q, self.k, self.v))
        weights = self.norm((q.transpose(2, 3) @ k).softmax(-1))
        return (v @ weights.transpose(2, 3)).reshape(x.shape)


class RoutedKernels(_Squeeze):
    """CondConv (Yang et al. 2019): sigmoid weights mix the kernels of experts."""

    def __init__(self):
        super().__init__(4)
        self.weight = nn.Parameter(torch.randn(4, C * C * 9) * 0.1)

    def mix(self, x):
        return torch.matmul(self.logits(x).sigmoid(), self.weight)

    def forward(self, x):
        n, c, h, w = x.shape
        kernels = self.mix(x).view(n * c, c, 3, 3)
        return F.conv2d(x.reshape(1, n * c, h, w), kernels, padding=1, groups=n).view(n, c, h, w)


class SoftKernels(RoutedKernels):
    """Dynamic convolution (Chen et al. 2020): the same by softmax."""

    def mix(self, x):
        return torch.mm((self.logits(x) / 30).softmax(1), self.weight)


class SummedKernels(RoutedKernels):
    """The same by a product and a sum (ODConv)."""

    def mix(self, x):
        weight = self.weight.view(1, 4, C, C, 3, 3)
        return (self.logits(x).softmax(1).view(-1, 4, 1, 1, 1, 1) * weight).sum(1)


class LoopedKernels(RoutedKernels):
    """An expert after the other in a loop."""

    def mix(self, x):
        routing = self.logits(x).sigmoid()
        return sum(routing[:, i].view(-1, 1, 1, 1, 1) * self.weight[i].view(1, C, C, 3, 3) for i in range(4))


class Modulated(nn.Module):
    """DCNv2 (Zhu et al. 2019) by torchvision's operation."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(C, C, 3, 3) * 0.1)
        self.offsets, self.mask = nn.Conv2d(C, 18, 3, padding=1), nn.Conv2d(C, 9, 3, padding=1)

    def forward(self, x):
        return torchvision.ops.deform_conv2d(x, self.offsets(x), self.weight, padding=1, mask=self.mask(x).sigmoid())


class Deformed(Modulated):
    """DCNv1: offsets only."""

    def forward(self, x):
        return torchvision.ops.deform_conv2d(x, self.offsets(x), self.weight, padding=1)


class Unsure(nn.Module):
    """SINet: detail goes in where no class is sure, at 1 - the largest weight of a softmax over the classes."""

    def __init__(self):
        super().__init__()
        self.classes, self.conf = nn.Conv2d(C, C, 1), nn.Softmax2d()

    def forward(self, x):
        sure = torch.max(self.conf(self.classes(x)), dim=1)[0].unsqueeze(1).expand_as(x)
        return F.relu(x) * (1 - sure) + x


class Sure(Unsure):
    def forward(self, x):
        return x * self.conf(self.classes(x)).amax(1, keepdim=True)


class PooledBranch(nn.Module):
    """PAN: the pooled branch is resized and added to what an unbounded mask has weighed."""

    def __init__(self):
        super().__init__()
        self.mask, self.pooled = (
            nn.Conv2d(C, 1, 3, padding=1),
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(C, C, 1)),
        )

    def forward(self, x):
        return x * self.mask(x) + F.interpolate(self.pooled(x), size=x.shape[2:], mode="bilinear", align_corners=True)


class PooledBranchOfNorm(PooledBranch):
    """LEDNet: the same with a norm and an activation behind the convolution."""

    def __init__(self):
        super().__init__()
        self.norm = nn.GroupNorm(2, C)

    def forward(self, x):
        y = F.interpolate(F.relu(self.norm(self.pooled(x))), size=x.shape[2:], mode="nearest")
        return x * self.mask(x) + y


class Scattered(_Squeeze):
    """The largest weights of a sigmoid, put back where they were; the others are 0."""

    def forward(self, x):
        gate = self.logits(x).sigmoid()
        values, places = gate.topk(3, 1)
        return x * torch.zeros_like(gate).scatter(1, places, values)[..., None, None]


class Chosen(Scattered):
    """Whether a channel is among the largest, as 0 and 1."""

    def forward(self, x):
        scores = self.logits(x)
        return x * torch.zeros_like(scores).scatter_(1, scores.topk(3, 1)[1], 1.0)[..., None, None]


class Sorted(Scattered):
    def forward(self, x):
        values, places = torch.sort(self.logits(x).sigmoid(), 1, descending=True)
        return x * torch.empty_like(values).zero_().scatter(1, places, values)[..., None, None]


MISSED = {
    Scattered: ["channel"],
    Chosen: ["channel"],
    Sorted: ["channel"],
    Unsure: ["spatial"],
    Sure: ["spatial"],
    PooledBranch: ["added"],
    PooledBranchOfNorm: ["added"],
    ChannelMean: ["spatial"],
    LargestOfChannels: ["spatial"],
    PooledMask: ["spatial"],
    PooledToChannels: ["channel"],
    DilatedMask: ["spatial"],
    NormedMask: ["spatial"],
    MeanOfTwo: ["full"],
    EinsumPooling: ["spatial"],
    MatmulPooling: ["spatial"],
    ExternalMemory: ["pairwise"],
    LinearMemory: ["pairwise"],
    Prototypes: ["pairwise"],
    Codebook: ["pairwise"],
    NormedWeights: ["pairwise"],
    RoutedKernels: ["branch"],
    SoftKernels: ["branch"],
    SummedKernels: ["branch"],
    LoopedKernels: ["branch"],
    Modulated: ["geometric", "full"],
    Deformed: ["geometric"],
}
"""Module -> the kinds that must be found, in this order."""
