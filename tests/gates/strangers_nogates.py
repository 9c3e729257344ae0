"""What looks like attention and is none. After the structure of public repositories, written from memory."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from tests.gates.foreign import C, _Squeeze


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


class PooledLevel(FeaturePyramid):
    """DAPPM, PSP: the mean of all places is the coarsest level of a pyramid."""

    def forward(self, x):
        top = self.side[0](x.mean((2, 3), keepdim=True))
        return F.relu(self.side[1](x) + F.interpolate(top, size=x.shape[2:], mode="bilinear"))


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
    PooledLevel,
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
