"""Attention and look-alikes after the structure of public repositories, written from memory."""

from __future__ import annotations

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from tests.gates.foreign import C, NonLocal, _Spatial, _Squeeze

# --- softmax over parallel branches -----------------------------------------------------------------------------


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


# --- what softmax weighs ----------------------------------------------------------------------------------------


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

# --- gates that take more than one operation ---------------------------------------------------------------------


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


MISSED = {
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

# --- one gate, used several times -------------------------------------------------------------------------------


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

# --- what is no gate ---------------------------------------------------------------------------------------------


class Recurrent(nn.Module):
    """An LSTM cell over the columns of a map."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(C, C)

    def forward(self, x):
        state, out = None, []
        for column in x.mean(2).unbind(2):
            state = self.cell(column, state)
            out.append(state[0])
        return torch.stack(out, 2).unsqueeze(2).expand_as(x)


class RecurrentByHand(Recurrent):
    def __init__(self):
        super().__init__()
        self.gates = nn.Linear(2 * C, 4 * C)

    def forward(self, x):
        h = c = x.mean((2, 3))
        for column in x.mean(2).unbind(2):
            i, f, g, o = self.gates(torch.cat([column, h], 1)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return torch.cat([x[:, 1:], h[:, :1, None, None].expand_as(x[:, :1])], 1)


class Grus(Recurrent):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRU(C, C, batch_first=True)

    def forward(self, x):
        return self.cell(x.flatten(2).transpose(1, 2))[0].transpose(1, 2).reshape(x.shape)


class Centreness(nn.Module):
    """FCOS: class scores of boxes, weighed by one number a box, and nothing after that."""

    def __init__(self):
        super().__init__()
        self.scores, self.centre = nn.Conv2d(C, 5, 1), nn.Conv2d(C, 1, 1)

    def rows(self, conv, x):
        return conv(x).flatten(2).transpose(1, 2)

    def forward(self, x):
        return torch.sqrt(self.rows(self.scores, x).sigmoid() * self.rows(self.centre, x).sigmoid())


class CentrenessOfRows(Centreness):
    """The same for one picture after the other, with its best boxes."""

    def forward(self, x):
        pairs = zip(self.rows(self.scores, x), self.rows(self.centre, x), strict=True)
        return [(s.sigmoid() * c.sigmoid()).flatten().topk(5)[0] for s, c in pairs]


class Objectness(Centreness):
    """YOLO: columns of one sigmoid, class × object."""

    def forward(self, x):
        rows = torch.cat([self.rows(self.centre, x), self.rows(self.scores, x)], 2).sigmoid()
        return rows[..., 1:] * rows[..., :1]


class ObjectMap(Centreness):
    """YOLOX: maps of both, before they are rows."""

    def forward(self, x):
        return (self.scores(x).sigmoid() * self.centre(x).sigmoid()).flatten(2)


class SoftObject(Centreness):
    """DETR-like: softmax over classes times a sigmoid."""

    def forward(self, x):
        return (self.rows(self.scores, x).softmax(-1) * self.rows(self.centre, x).sigmoid()).max(-1)


class Quality(Centreness):
    """PAA, GFL: a geometric mean of class score and predicted overlap."""

    def forward(self, x):
        return self.scores(x).sigmoid() ** 0.6 * self.centre(x).sigmoid() ** 0.4


class BoxOffsets(nn.Module):
    """Deformable DETR: offsets in units of a box, which is a sigmoid."""

    def __init__(self):
        super().__init__()
        self.boxes, self.offsets = nn.Conv2d(C, 2, 1), nn.Conv2d(C, 8, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        boxes = self.boxes(x).flatten(2).transpose(1, 2).sigmoid().view(n, h * w, 1, 2)
        grid = boxes + self.offsets(x).flatten(2).transpose(1, 2).view(n, h * w, 4, 2) / 4 * boxes * 0.5
        return F.grid_sample(x, 2 * grid - 1, align_corners=False).mean(-1).view(n, c, h, w)


class FeaturePyramid(nn.Module):
    """Top-down sums; the highest level has size 1×1 at some sizes of the picture."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(C, C, 3, 2, 1) for _ in range(4))
        self.side = nn.ModuleList(nn.Conv2d(C, C, 1) for _ in range(5))

    def forward(self, x):
        levels = [x]
        for conv in self.down:
            levels.append(F.relu(conv(levels[-1])))
        top = self.side[4](levels[4])
        for conv, level in zip(self.side, levels[3::-1], strict=False):
            top = conv(level) + F.interpolate(top, size=level.shape[2:], mode="nearest")
        return top


class PyramidByPooling(FeaturePyramid):
    """Levels by pooling with small windows, added by broadcasting where they are 1×1."""

    def forward(self, x):
        y = F.avg_pool2d(F.relu(self.side[0](x)), 3, 3)
        top = self.side[1](F.avg_pool2d(y, 2, 2, ceil_mode=True))
        return x + F.interpolate(self.side[2](y) + F.interpolate(top, y.shape[2:]), x.shape[2:])


class Peaks(nn.Module):
    """CenterNet: a heat map times whether it is the largest around."""

    def __init__(self):
        super().__init__()
        self.heat = nn.Conv2d(C, C, 1)

    def forward(self, x):
        heat = self.heat(x).sigmoid()
        return heat * (F.max_pool2d(heat, 3, 1, 1) == heat).float()


class PeaksAbove(Peaks):
    """The same with a threshold, in one comparison more."""

    def forward(self, x):
        heat = self.heat(x).sigmoid()
        keep = (F.max_pool2d(heat, 3, 1, 1) - heat).abs() < 1e-6
        return heat * (keep & (heat > 0.1)).to(heat.dtype)


class TimeStep(nn.Module):
    """A diffusion U-Net's embedding: added everywhere, but of no map."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3, C)

    def forward(self, x):
        return x + self.embed(x[:, :3, 0, 0])[..., None, None]


class Expectation(nn.Module):
    """Distribution focal loss: softmax over bins times the numbers of the bins."""

    def __init__(self):
        super().__init__()
        self.bins = nn.Conv2d(C, 1, 1, bias=False)
        self.bins.weight.data[:] = torch.arange(C).view(1, C, 1, 1)

    def forward(self, x):
        return self.bins(x.softmax(1)).expand_as(x)


class TalkingHeads(nn.Module):
    """Softmax weights that a layer mixes along another axis, and no values behind."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(C, C)

    def forward(self, x):
        return self.mix(x.flatten(2).softmax(-1).transpose(1, 2)).transpose(1, 2).reshape(x.shape)


class OwnMean(nn.Module):
    """ReLU6 features times their own mean: powers of one activation."""

    def forward(self, x):
        y = F.relu6(x)
        return y * y.mean((2, 3), keepdim=True)


class RotaryOfInput(nn.Module):
    """Angles of positions that are an input, broadcast over heads."""

    def forward(self, x):
        angle = x.mean((1, 2), keepdim=True)
        return x * angle.cos() + x.roll(1, 1) * angle.sin()


class PaddingMask(nn.Module):
    """Where the input is not zero: a comparison with what is no weight."""

    def forward(self, x):
        return x * (x.abs().sum(1, keepdim=True) != 0).float()


class SpecialKernels(_Squeeze):
    """Kernels predicted as such: no experts that are weighed."""

    def __init__(self):
        super().__init__(C * 9)

    def forward(self, x):
        n, c, h, w = x.shape
        kernels = self.logits(x).view(n * c, 1, 3, 3)
        return F.conv2d(x.reshape(1, n * c, h, w), kernels, padding=1, groups=n * c).view(n, c, h, w)


LOOKALIKES = [
    Recurrent,
    RecurrentByHand,
    Grus,
    FeaturePyramid,
    PyramidByPooling,
    Peaks,
    PeaksAbove,
    TimeStep,
    Expectation,
    TalkingHeads,
    OwnMean,
    RotaryOfInput,
    PaddingMask,
    SpecialKernels,
]
"""What must give no gate."""


SCORES = [Centreness, CentrenessOfRows, Objectness, ObjectMap, SoftObject, Quality, Peaks, PeaksAbove]
"""What must give no gate at the end of a network."""


class SumInLogit(_Squeeze):
    """BAM with broadcast sums, and its kind: pooled and local logits are added before one sigmoid."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, C, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.conv(x) + self.logits(x)[..., None, None])


class SumInNormedLogit(SumInLogit):
    """MS-CAM of AFF: each branch ends in a norm."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(C)

    def forward(self, x):
        return x * torch.sigmoid(self.norm(self.conv(x) + self.logits(x)[..., None, None]) * 0.5)


class SumInClamp(SumInLogit):
    def forward(self, x):
        return x * F.hardsigmoid(self.conv(x) + self.logits(x)[..., None, None])


class UpsampledLogit(SumInLogit):
    """A 1×1 map, upsampled into the logit."""

    def forward(self, x):
        pooled = F.interpolate(self.conv(x.mean((2, 3), keepdim=True)), size=x.shape[2:], mode="bilinear")
        return x * torch.sigmoid(self.conv(x) + pooled)


FALSE_BESIDE = {
    SumInLogit: ["full"],
    SumInNormedLogit: ["full"],
    SumInClamp: ["full"],
    UpsampledLogit: ["full"],
    BoxOffsets: ["geometric"],
}
"""What has a gate, and something beside it that must not be found."""
