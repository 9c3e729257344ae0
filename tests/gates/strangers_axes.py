"""Gates whose kind, size or number only the way on which they came about tells: constants, axes, experts, clusters."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.gates.foreign import C, _Spatial, _Squeeze


class Positioned(_Squeeze):
    """A channel's logit, stored at every place, and a learned bias that is another one at every place."""

    def __init__(self):
        super().__init__()
        self.places = nn.Parameter(torch.rand(1, 1, 12, 12))

    def forward(self, x):
        return x * torch.sigmoid(self.logits(x)[..., None, None].expand_as(x) + self.places)


class Weighted(Positioned):
    """The bias comes in after the sigmoid, as a factor."""

    def forward(self, x):
        return x * (self.places * self.logits(x).sigmoid()[..., None, None].expand_as(x))


class Raised(Positioned):
    """The same by the larger of the two."""

    def forward(self, x):
        return x * torch.maximum(self.logits(x).sigmoid()[..., None, None].expand_as(x), self.places)


class StoredThenPositioned(Positioned):
    def forward(self, x):
        return x * self.logits(x).sigmoid()[..., None, None].expand_as(x).contiguous().sub_(self.places).abs()


class ResizedThenPositioned(Positioned):
    """A 1×1 map, resized, and weighed by a window."""

    def forward(self, x):
        return x * (F.interpolate(self.logits(x).sigmoid()[..., None, None], size=x.shape[2:]) + self.places)


class MaskByChannel(_Spatial):
    """A mask, stored for every channel, times a factor a channel."""

    def __init__(self):
        super().__init__()
        self.factors = nn.Parameter(torch.rand(1, C, 1, 1))

    def forward(self, x):
        return x * (self.conv(x).sigmoid().expand_as(x) * self.factors)


class ShiftedByOne(Positioned):
    """A constant that is the same everywhere leaves the gate repeated."""

    def forward(self, x):
        return x * (self.logits(x).sigmoid()[..., None, None].expand_as(x) * 0.5 + torch.ones(1))


class Codewords(nn.Module):
    """EncNet (Zhang et al. 2018): how much every place belongs to each of five learned vectors."""

    def __init__(self):
        super().__init__()
        self.words, self.assign = nn.Parameter(torch.randn(5, C)), nn.Conv2d(C, 5, 1)

    def forward(self, x):
        places = x.flatten(2).transpose(1, 2)
        weights = self.assign(x).flatten(2).transpose(1, 2).softmax(2)
        far = places[:, :, None].expand(*places.shape[:2], 5, C) - self.words
        return x + (weights[..., None] * far).sum(1).mean(1)[..., None, None]


class Clusters(Codewords):
    """NetVLAD (Arandjelović et al. 2016): the same with clusters in front."""

    def forward(self, x):
        weights = self.assign(x).flatten(2).softmax(1)[:, :, None]
        far = x.flatten(2)[:, None] - self.words[None, :, :, None]
        return x + (weights * far).sum(-1).mean(1)[..., None, None]


class ConvexUpsampling(nn.Module):
    """RAFT (Teed and Deng 2020): every finer place is a weighted mean of nine coarse ones."""

    def __init__(self):
        super().__init__()
        self.mask = nn.Conv2d(C, 36, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        weights = self.mask(x).view(n, 1, 9, 2, 2, h, w).softmax(2)
        around = F.unfold(x, 3, padding=1).view(n, c, 9, 1, 1, h, w)
        return (weights * around).sum(2).permute(0, 1, 4, 2, 5, 3).reshape(n, c, 2 * h, 2 * w)


class TopChannels(_Squeeze):
    """A softmax over the three largest logits, put back where they were."""

    def forward(self, x):
        logits = self.logits(x)
        values, places = logits.topk(3, 1)
        return x * torch.zeros_like(logits).scatter(1, places, values.softmax(1))[..., None, None]


class TopExperts(_Squeeze):
    """A mixture of the two experts that fit best (Shazeer et al. 2017)."""

    def __init__(self):
        super().__init__(4)
        self.experts = nn.ModuleList(nn.Conv2d(C, C, 1) for _ in range(4))

    def forward(self, x):
        logits = self.logits(x)
        values, places = logits.topk(2, 1)
        weights = torch.zeros_like(logits).scatter_(1, places, values.softmax(1))
        return (weights[..., None, None, None] * torch.stack([expert(x) for expert in self.experts], 1)).sum(1)


class OmniKernels(_Squeeze):
    """ODConv (Li et al. 2022): experts' kernels by a softmax, and the places of all kernels by a sigmoid."""

    def __init__(self):
        super().__init__(4)
        self.places, self.weight = nn.Linear(C, 9), nn.Parameter(torch.randn(4, C, C, 3, 3))

    def forward(self, x):
        n, c, h, w = x.shape
        places = self.places(x.mean((2, 3))).sigmoid().view(n, 1, 1, 1, 3, 3)
        experts = self.logits(x).softmax(1).view(n, 4, 1, 1, 1, 1)
        kernels = (places * experts * self.weight).sum(1).view(n * c, c, 3, 3)
        return F.conv2d(x.reshape(1, n * c, h, w), kernels, padding=1, groups=n).view(n, c, h, w)


class Signal(_Squeeze):
    """SE on one row of places, as for EEG (N, C, 1, T): the kind may not depend on how many rows there are."""

    def forward(self, x):
        row = x.mean(2, keepdim=True)
        return row * self.logits(row).sigmoid()[..., None, None]


class SignalOfGroups(_Squeeze):
    """One weight for a group of channels of such a row."""

    def __init__(self):
        super().__init__(4)

    def forward(self, x):
        row = x.mean(2, keepdim=True)
        groups = row.view(len(x), 4, C // 4, 1, -1)
        return (groups * self.logits(row).sigmoid()[..., None, None, None]).flatten(1, 2)


class SignalLast(_Squeeze):
    """The same row with channels last."""

    def forward(self, x):
        row = x.mean(2, keepdim=True)
        return (row.permute(0, 2, 3, 1) * self.logits(row).sigmoid()[:, None, None]).permute(0, 3, 1, 2)


class Windowed(_Squeeze):
    """DAT, super resolution (Chen et al. 2023): tokens that come out of windows, by a weight a channel."""

    def forward(self, x):
        n, c, h, w = x.shape
        windows = x.view(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 16, c)
        windows = (windows @ windows.transpose(1, 2)) @ windows / 16
        tokens = windows.view(n, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h * w, c)
        weights = self.logits(x)[..., None, None].permute(0, 2, 3, 1).contiguous().view(n, 1, c)
        return (tokens * weights.sigmoid()).transpose(1, 2).reshape(n, c, h, w)


class WindowedPlaces(Windowed):
    """Such tokens by a weight a place."""

    def __init__(self):
        super().__init__()
        self.mask = nn.Conv2d(C, 1, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2)
        tokens = (tokens @ tokens.transpose(1, 2)) @ tokens / (h * w)
        return (self.mask(x).view(n, -1, 1).sigmoid() * tokens).transpose(1, 2).reshape(n, c, h, w)


class ParameterFree(nn.Module):
    """SPAN (Wan et al. 2024): features by a sigmoid of themselves, less one half."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, C, 3, padding=1)

    def forward(self, x):
        y = self.conv(x)
        return (y + x) * (y.sigmoid() - 0.5)


class ContextCut(_Squeeze):
    """A context term under a ReLU6, as in quantised networks: the sum is cut off, and gates nothing."""

    def forward(self, x):
        return F.relu6(x + F.linear(self.logits(x), torch.eye(C))[..., None, None])


class ContextAsPicture(ContextCut):
    """The same where a picture comes out, of values from 0 to 1."""

    def forward(self, x):
        return (x + self.logits(x)[..., None, None]).clamp(0, 1)


class ContextInCuts(_Squeeze):
    """A sum in a logit that is cut off at both ends, one after the other, and is a gate."""

    def forward(self, x):
        return x * (x.tanh() + self.logits(x)[..., None, None]).clamp(min=0).clamp(max=1)


class ComputedTwice(_Spatial):
    """The same formula, computed twice: two gates, of which an edit changes one."""

    def forward(self, x):
        logits = self.conv(x)
        return logits.sigmoid() * x + logits.sigmoid() * x.relu()


class Resized(_Spatial):
    """Hierarchical multi-scale attention (Tao et al. 2020): two scales mixed by a coarse mask and its complement."""

    def mix(self, x, g):
        return g * x + (1 - g) * x.relu().flip(1)

    def mask(self, x):
        return F.interpolate(F.avg_pool2d(self.conv(x).sigmoid(), 2), size=x.shape[2:], mode="nearest")

    def forward(self, x):
        return self.mix(x, self.mask(x))


class Squared(Resized):
    def mask(self, x):
        return self.conv(x).sigmoid() ** 2


class Cut(Resized):
    def mask(self, x):
        return self.conv(x).clamp(0, 1)


class ResizedForTwo(Resized):
    """One coarse mask on two maps."""

    def mix(self, x, g):
        return g * x + g * x.relu()


class RowsMixed(_Squeeze):
    """SE on a map whose columns a linear layer has mixed: its last axis still holds places."""

    def __init__(self):
        super().__init__()
        self.columns = nn.Linear(12, 12)

    def forward(self, x):
        y = self.columns(x)
        return y * self.logits(y).sigmoid()[..., None, None]


class LogFeatures(_Squeeze):
    """SE on an activation that is a logarithm of shares: features, though, and no loss."""

    def forward(self, x):
        return F.logsigmoid(x) * self.logits(x).sigmoid()[..., None, None]


class TopExpertsSliced(TopExperts):
    """The largest weights, put back where they were, and then one expert after the other."""

    def forward(self, x):
        logits = self.logits(x)
        values, places = logits.softmax(1).topk(2, 1)
        weights = torch.zeros_like(logits).scatter(1, places, values)
        return sum(weights[:, i, None, None, None] * expert(x) for i, expert in enumerate(self.experts))


class ConvexUpsamplingOfDepth(ConvexUpsampling):
    """RAFT-Stereo: the same for a map of one channel."""

    def forward(self, x):
        return super().forward(x) if x.shape[1] == 1 else self.upsample(x)

    def upsample(self, x):
        n, _, h, w = x.shape
        weights = self.mask(x).view(n, 1, 9, 2, 2, h, w).softmax(2)
        around = F.unfold(x.mean(1, keepdim=True), 3, padding=1).view(n, 1, 9, 1, 1, h, w)
        finer = (weights * around).sum(2).permute(0, 1, 4, 2, 5, 3).reshape(n, 1, 2 * h, 2 * w)
        return F.conv2d(finer, torch.ones(C, 1, 1, 1))


class Confidence(nn.Module):
    """Places by the largest share of a softmax over as many classes as the map is wide."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, 12, 1)

    def forward(self, x):
        return x * self.conv(x).softmax(1).topk(1, 1)[0]


class HardMask(_Spatial):
    """Places where a learned logit is positive."""

    def forward(self, x):
        return x * (self.conv(x) > -0.2).float()


class Tiled(_Squeeze):
    """SE whose weights are tiled over all places."""

    def forward(self, x):
        return x * self.logits(x).sigmoid()[..., None, None].repeat(1, 1, *x.shape[2:])


class Entropy(nn.Module):
    """A loss in the forward pass: shares times their logarithms."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, 5, 1)

    def loss(self, z):
        return -(z.softmax(1) * z.log_softmax(1)).sum(1, keepdim=True)

    def forward(self, x):
        self.last = self.loss(self.conv(x))
        return x


class Divergence(Entropy):
    """Kullback and Leibler, from a sharper head."""

    def loss(self, z):
        target = (2 * z).softmax(1)
        return (target * (target.log() - z.log_softmax(1))).sum(1)


class CrossEntropy(Entropy):
    def loss(self, z):
        return -((2 * z).softmax(1) * torch.log(z.softmax(1) + 1e-6)).sum(1)


class BinaryEntropy(Entropy):
    def loss(self, z):
        share = (2 * z).sigmoid()
        return -(share * F.logsigmoid(z) + (1 - share) * F.logsigmoid(-z)).mean()


class CertainPlaces(Entropy):
    """Places by how sure a head is there: the entropy's shares are no gate, the mask is."""

    def forward(self, x):
        return x * torch.exp(-self.loss(self.conv(x)))


BY_AXES = {
    Positioned: ["full"],
    Weighted: ["full"],
    Raised: ["full"],
    StoredThenPositioned: ["full"],
    ResizedThenPositioned: ["full"],
    MaskByChannel: ["full"],
    ShiftedByOne: ["channel"],
    Codewords: ["branch"],
    Clusters: ["branch"],
    ConvexUpsampling: ["pairwise"],
    TopChannels: ["channel"],
    TopExperts: ["branch"],
    OmniKernels: ["branch"],
    Signal: ["channel"],
    SignalOfGroups: ["channel"],
    SignalLast: ["channel"],
    Windowed: ["channel"],
    WindowedPlaces: ["spatial"],
    ParameterFree: ["full"],
    ContextCut: ["added"],
    ContextAsPicture: ["added"],
    ContextInCuts: ["full"],
    ComputedTwice: ["spatial", "spatial"],
    CertainPlaces: ["spatial"],
    RowsMixed: ["channel"],
    LogFeatures: ["channel"],
    TopExpertsSliced: ["branch"],
    ConvexUpsamplingOfDepth: ["pairwise"],
    Confidence: ["spatial"],
    HardMask: ["spatial"],
    Tiled: ["channel"],
}
"""Module -> the kinds that must be found, in this order."""

RESIZED = {Resized: ["spatial"], Squared: ["spatial"], Cut: ["spatial"], ResizedForTwo: ["spatial"]}
"""Modules whose ``mix`` uses a gate twice, after it was changed in a way that moves no values."""

LOSSES = [Entropy, Divergence, CrossEntropy, BinaryEntropy]
"""What must give no gate."""
