"""Gates of 0 and 1 that come of comparing two values, and look-alikes. After public repositories, from memory."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from tests.gates.foreign import C, _Spatial, _Squeeze


class Winners(_Squeeze):
    """The k most salient channels stay, as in dynamic channel pruning (FBS, k winners take all)."""

    def forward(self, x):
        scores = self.logits(x)
        return x * (scores >= scores.topk(4, 1)[0][:, -1:]).to(x.dtype)[..., None, None]


class WinnersOfShares(_Squeeze):
    """Bounded first, and the threshold by sorting."""

    def forward(self, x):
        gate = torch.sigmoid(self.logits(x))
        return x * (gate > gate.sort(1)[0][:, 2:3])[..., None, None]


class AboveTheMean(_Spatial):
    """Places above the mean of their map, as in attention-based erasing (ADL, ACoL) by a learned map."""

    def forward(self, x):
        mask = self.conv(x)
        return x * (mask > mask.mean((2, 3), keepdim=True)).float()


class AboveAShareOfTheLargest(_Spatial):
    def forward(self, x):
        mask = self.conv(x).sigmoid()
        return x * (mask >= 0.8 * mask.amax((2, 3), keepdim=True))


class AboveTheMedian(_Spatial):
    def forward(self, x):
        mask = self.conv(x).sigmoid()
        return x * torch.gt(mask, mask.flatten(1).median(1)[0][:, None, None, None]).float()


class AboveAQuantile(_Squeeze):
    def forward(self, x):
        gate = self.logits(x)
        return x * (gate > gate.quantile(0.5, dim=1, keepdim=True)).float().view(-1, C, 1, 1)


class Between(_Spatial):
    """A band of a mask, by two limits."""

    def forward(self, x):
        mask = self.conv(x).sigmoid()
        return x * ((mask > 0.4) & (mask < 0.6))


class EitherEnd(_Squeeze):
    def forward(self, x):
        gate = self.logits(x).tanh()
        return x * torch.logical_or(gate > 0.05, gate < -0.05)[..., None, None].float()


class OneOfTwo(_Spatial):
    """Where exactly one of two masks is open."""

    def __init__(self):
        super().__init__()
        self.other = nn.Conv2d(C, 1, 1)

    def forward(self, x):
        return x * ((self.conv(x).sigmoid() > 0.5) ^ (self.other(x).sigmoid() > 0.5))


class MoreThanTheOther(OneOfTwo):
    """Two maps decide which places stay, as a maxout over "keep" and "drop" (DynamicViT, SACT)."""

    def forward(self, x):
        return x * (self.conv(x) > self.other(x)).float()


class OneHot(_Squeeze):
    """The one channel of the largest score, by ``one_hot`` (hard selection of ConvNet-AIG, SpotTune)."""

    def forward(self, x):
        return x * F.one_hot(self.logits(x).argmax(1), C)[..., None, None]


class OneHotAsNumbers(_Squeeze):
    def forward(self, x):
        return x * F.one_hot(torch.softmax(self.logits(x), 1).argmax(1), C).float().view(-1, C, 1, 1)


class TheLargest(_Squeeze):
    def forward(self, x):
        scores = self.logits(x)
        return x * scores.eq(scores.amax(1, keepdim=True)).float()[..., None, None]


class AllButTheLeast(_Squeeze):
    def forward(self, x):
        scores = self.logits(x).sigmoid()
        return x * (scores != scores.amin(1, keepdim=True))[..., None, None]


class StraightThrough(_Spatial):
    """Hard forwards, soft backwards, with a threshold of its own for every picture."""

    def forward(self, x):
        soft = self.conv(x).sigmoid()
        hard = (soft > soft.mean((2, 3), keepdim=True)).float()
        return x * (hard - soft.detach() + soft)


class TokensKept(nn.Module):
    """A token stays if its score is among the largest, (N, L, 1)."""

    def __init__(self):
        super().__init__()
        self.score = nn.Linear(C, 1)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        scores = self.score(tokens)
        kept = scores >= scores.topk(20, 1)[0][:, -1:]
        return (tokens * kept).transpose(1, 2).view_as(x)


COMPARED = {
    Winners: ["channel"],
    WinnersOfShares: ["channel"],
    AboveTheMean: ["spatial"],
    AboveAShareOfTheLargest: ["spatial"],
    AboveTheMedian: ["spatial"],
    AboveAQuantile: ["channel"],
    Between: ["spatial"],
    EitherEnd: ["channel"],
    OneOfTwo: ["spatial"],
    MoreThanTheOther: ["spatial"],
    OneHot: ["channel"],
    OneHotAsNumbers: ["channel"],
    TheLargest: ["channel"],
    AllButTheLeast: ["channel"],
    StraightThrough: ["spatial"],
    TokensKept: ["spatial"],
}
"""Module -> the kinds that must be found, in this order."""


class LocalPeaks(nn.Module):
    """Non-maximum suppression of learned maps without a sigmoid."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, C, 1)

    def forward(self, x):
        heat = self.conv(x)
        return heat * (F.max_pool2d(heat, 3, 1, 1) == heat).float()


class PeaksOfShares(LocalPeaks):
    def forward(self, x):
        heat = self.conv(x).sigmoid().clamp(1e-4, 1 - 1e-4)
        return heat * F.max_pool2d(heat, 3, 1, 1).eq(heat)


class AboveItsMean(LocalPeaks):
    """A rectifier with a threshold of its own for every map."""

    def forward(self, x):
        y = self.conv(x)
        return y * (y > y.mean((2, 3), keepdim=True))


class KeptWinners(LocalPeaks):
    """k winners take all, an activation: the largest of every place stay."""

    def forward(self, x):
        y = self.conv(x)
        return y * (y >= y.topk(3, 1)[0][:, -1:])


class KeptWinnersByIndex(LocalPeaks):
    def forward(self, x):
        y = self.conv(x)
        return y * torch.zeros_like(y).scatter(1, y.topk(3, 1)[1], 1.0)


class OfTheChosenClass(LocalPeaks):
    """The score of the best class at every place, the others 0."""

    def forward(self, x):
        y = self.conv(x)
        return y * F.one_hot(y.argmax(1), C).permute(0, 3, 1, 2)


class BothSigns(LocalPeaks):
    """What two layers agree on."""

    def forward(self, x):
        y = self.conv(x)
        return y * ((y > 0) == (x > 0))


CHOICES = [LocalPeaks, PeaksOfShares, AboveItsMean, KeptWinners, KeptWinnersByIndex, OfTheChosenClass, BothSigns]
"""What chooses among its own values is an activation, and no gate."""
