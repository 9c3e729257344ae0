"""Attention modules in styles that are met on the web, and modules that look like attention but are none."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

C = 8


class _Squeeze(nn.Module):
    """What most gates start with: mean over space and a small MLP."""

    def __init__(self, outputs=C):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(C, 4), nn.Linear(4, outputs)

    def logits(self, x):
        return self.fc2(F.relu(self.fc1(x.mean((2, 3)))))


class FunctionalSigmoid(_Squeeze):
    def forward(self, x):
        return torch.sigmoid(self.logits(x))[:, :, None, None] * x


class ExpandAs(_Squeeze):
    def forward(self, x):
        return x * self.logits(x).sigmoid().view(len(x), C, 1, 1).expand_as(x)


class ExpandedCopy(_Squeeze):
    """The expanded gate is stored, so that no stride tells that it is repeated."""

    def forward(self, x):
        return x * self.logits(x).sigmoid().view(len(x), C, 1, 1).expand_as(x).contiguous()


class InPlace(_Squeeze):
    def forward(self, x):
        x = x.clone()
        return x.mul_(self.logits(x).sigmoid()[..., None, None])


class InPlaceThenReLU(_Squeeze):
    def forward(self, x):
        gate = self.logits(x).sigmoid_()
        x = F.relu(x * gate[..., None, None], inplace=True)
        gate.zero_()
        return x


class Einsum(_Squeeze):
    def forward(self, x):
        return torch.einsum("nchw,nc->nchw", x, self.logits(x).sigmoid())


class HardSigmoid(_Squeeze):
    def forward(self, x):
        return x * (F.relu6(self.logits(x) + 3.0) / 6.0).unsqueeze(-1).unsqueeze(-1)


class Clamped(_Squeeze):
    def forward(self, x):
        return x * (0.2 * self.logits(x) + 0.5).clamp(min=0, max=1)[..., None, None]


class Residual(_Squeeze):
    """1 + tanh, as in gated residuals: a constant shift and scale after the activation."""

    def forward(self, x):
        return x * (1 + 0.5 * torch.tanh(self.logits(x)))[..., None, None] + x


class FusedResidual(_Squeeze):
    """x + x · gate in one operation."""

    def forward(self, x):
        return torch.addcmul(x, x, self.logits(x).sigmoid()[..., None, None])


class Highway(_Squeeze):
    """From the features to a transform of them, as far as the gate says (Srivastava et al. 2015, arXiv 1505.00387)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, C, 3, padding=1)

    def forward(self, x):
        return torch.lerp(x, self.conv(x), self.logits(x).sigmoid()[..., None, None])


class GroupedChannels(_Squeeze):
    def forward(self, x):
        n, c, h, w = x.shape
        gate = self.logits(x).sigmoid().view(n * 2, c // 2, 1, 1)
        return (x.view(n * 2, c // 2, h, w) * gate).view(n, c, h, w)


class ModuleSigmoid(_Squeeze):
    def __init__(self):
        super().__init__()
        self.act = nn.Sigmoid()

    def forward(self, x):
        return x * self.act(self.logits(x)).view(-1, C, 1, 1)


class SharedOutput(ModuleSigmoid):
    """The activation's output is also used elsewhere: its hook would change more than the gate."""

    def forward(self, x):
        gate = self.act(self.logits(x))
        return x * gate.view(-1, C, 1, 1) + gate.mean()


class Checkpointed(_Squeeze):
    def _gated(self, x):
        return x * self.logits(x).sigmoid()[..., None, None]

    def forward(self, x):
        return checkpoint(self._gated, x, use_reentrant=False)


class ChannelsLast(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(C, C)

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        return (x * self.fc(x.mean((1, 2), keepdim=True)).sigmoid()).permute(0, 3, 1, 2)


class _Spatial(nn.Module):
    def __init__(self, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(C, 1, 3, stride, 1)


class SpatialMask(_Spatial):
    def forward(self, x):
        return x * self.conv(x).sigmoid()


class Upsampled(_Spatial):
    def __init__(self):
        super().__init__(2)

    def forward(self, x):
        return x * F.interpolate(torch.sigmoid(self.conv(x)), size=x.shape[2:], mode="bilinear", align_corners=False)


class SoftmaxMask(_Spatial):
    def forward(self, x):
        return x * self.conv(x).flatten(2).softmax(-1).view(len(x), 1, *x.shape[2:])


class Strips(nn.Module):
    def __init__(self):
        super().__init__()
        self.rows, self.columns = nn.Conv2d(C, C, 1), nn.Conv2d(C, C, 1)

    def forward(self, x):
        return x * self.rows(x.mean(3, keepdim=True)).sigmoid() * self.columns(x.mean(2, keepdim=True)).sigmoid()


class ProductFirst(_Squeeze):
    """x * (c * s)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, 1, 1)

    def forward(self, x):
        return x * (self.logits(x).sigmoid()[..., None, None] * self.conv(x).sigmoid())


class Branches(_Squeeze):
    def __init__(self):
        super().__init__(2 * C)

    def forward(self, x):
        u = torch.stack((x, F.relu(x)), 1)
        return (u * self.logits(x).view(-1, 2, C, 1, 1).softmax(1)).sum(1)


class BranchesCutApart(Branches):
    def forward(self, x):
        a, b = self.logits(x).view(-1, 2, C, 1, 1).softmax(1).unbind(1)
        return a * x + b * F.relu(x)


class Energy(nn.Module):
    """SimAM (Yang et al. 2021): a weight per element without parameters."""

    def forward(self, x):
        n = x.shape[2] * x.shape[3] - 1
        d = (x - x.mean((2, 3), keepdim=True)).pow(2)
        return x * torch.sigmoid(d / (4 * (d.sum((2, 3), keepdim=True) / n + 1e-4)) + 0.5)


class NonLocal(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = nn.Conv2d(C, 4, 1), nn.Conv2d(C, 4, 1), nn.Conv2d(C, C, 1)

    def forward(self, x):
        q, k, v = self.q(x).flatten(2), self.k(x).flatten(2), self.v(x).flatten(2)
        attention = torch.bmm(q.transpose(1, 2), k).softmax(-1)
        return torch.bmm(v, attention.permute(0, 2, 1)).view_as(x) + x


class Heads(NonLocal):
    def forward(self, x):
        q, k, v = (f(x).unflatten(1, (2, -1)).flatten(3).transpose(2, 3) for f in (self.q, self.k, self.v))
        weights = torch.einsum("bhid,bhjd->bhij", q, k).softmax(-1)
        return torch.einsum("bhij,bhjd->bhid", weights, v).transpose(2, 3).reshape(x.shape)


class ByHand(NonLocal):
    """A softmax that is written out."""

    def forward(self, x):
        q, k, v = self.q(x).flatten(2), self.k(x).flatten(2), self.v(x).flatten(2)
        scores = (q.transpose(1, 2) @ k).exp()
        return (v @ (scores / scores.sum(-1, keepdim=True)).transpose(1, 2)).view_as(x)


class Fused(NonLocal):
    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Conv2d(C, C, 1), nn.Conv2d(C, C, 1)

    def forward(self, x):
        q, k, v = (f(x).unflatten(1, (2, -1)).flatten(3).transpose(2, 3).contiguous() for f in (self.q, self.k, self.v))
        return F.scaled_dot_product_attention(q, k, v).transpose(2, 3).reshape(x.shape)


class OfTorch(nn.MultiheadAttention):
    """Runs as one operation in eval mode without gradients."""

    def __init__(self):
        super().__init__(C, 2, batch_first=True)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return super().forward(tokens, tokens, tokens, need_weights=False)[0].transpose(1, 2).reshape(x.shape)


class Context(_Squeeze):
    """GCNet (Cao et al. 2019): pooled by attention, transformed, added."""

    def __init__(self):
        super().__init__()
        self.mask = nn.Conv2d(C, 1, 1)

    def forward(self, x):
        weights = self.mask(x).flatten(2).softmax(-1)
        pooled = torch.matmul(x.flatten(2), weights.transpose(1, 2))
        return x + self.fc2(F.relu(self.fc1(pooled[..., 0])))[..., None, None]


class Transformer(nn.Module):
    """Spatial transformer (Jaderberg et al. 2015)."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(C, 6)

    def forward(self, x):
        theta = self.fc(x.mean((2, 3))).view(-1, 2, 3)
        return F.grid_sample(x, F.affine_grid(theta, x.shape, align_corners=False), align_corners=False)


class Flow(nn.Module):
    """A sampling grid that is predicted position by position."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(C, 2, 3, padding=1)

    def forward(self, x):
        return F.grid_sample(x, self.conv(x).permute(0, 2, 3, 1).tanh(), align_corners=False)


class Volume(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Conv3d(C, C, 1)

    def forward(self, x):
        return x * self.fc(x.mean((2, 3, 4), keepdim=True)).sigmoid()


class Several(nn.Module):
    """Several inputs and a dictionary as output."""

    def __init__(self):
        super().__init__()
        self.gate = FunctionalSigmoid()

    def forward(self, x, y=None):
        return {"first": self.gate(x), "rest": (y, [x + 1])}


ATTENTION = {
    FunctionalSigmoid: ["channel"],
    ExpandAs: ["channel"],
    ExpandedCopy: ["channel"],
    InPlace: ["channel"],
    InPlaceThenReLU: ["channel"],
    Einsum: ["channel"],
    HardSigmoid: ["channel"],
    Clamped: ["channel"],
    Residual: ["channel"],
    FusedResidual: ["channel"],
    Highway: ["channel"],
    GroupedChannels: ["channel"],
    ModuleSigmoid: ["channel"],
    SharedOutput: ["channel"],
    Checkpointed: ["channel"],
    ChannelsLast: ["channel"],
    SpatialMask: ["spatial"],
    Upsampled: ["spatial"],
    SoftmaxMask: ["spatial"],
    Strips: ["strip", "strip"],
    ProductFirst: ["channel", "spatial"],
    Branches: ["branch"],
    BranchesCutApart: ["branch"],
    Energy: ["full"],
    NonLocal: ["pairwise"],
    Heads: ["pairwise"],
    ByHand: ["pairwise"],
    Fused: ["pairwise"],
    OfTorch: ["pairwise"],
    Context: ["pairwise", "added"],
    Transformer: ["geometric"],
    Flow: ["geometric"],
}
"""Module -> the kinds that must be found, in this order."""


class LayerScale(nn.Module):
    def __init__(self):
        super().__init__()
        self.gamma = nn.Parameter(torch.full((C, 1, 1), 1e-2))
        self.conv = nn.Conv2d(C, C, 3, padding=1)

    def forward(self, x):
        return x + self.gamma.sigmoid() * self.conv(x)


class DropPath(LayerScale):
    def forward(self, x):
        keep = torch.rand(len(x), 1, 1, 1).add_(0.9).floor_().clamp(0, 1)
        return x + self.conv(x) / 0.9 * keep


class HandLayerNorm(LayerScale):
    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        var = (x - mean).pow(2).mean(1, keepdim=True)
        return (x - mean) / torch.sqrt(var + 1e-6) * self.gamma + 0.1


class HandLayerNormProduct(LayerScale):
    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        return (x - mean) * torch.rsqrt((x - mean).pow(2).mean(1, keepdim=True).clamp(min=1e-6)) * self.gamma


class Rectified(LayerScale):
    """A broadcast factor that only has a lower limit is no gate."""

    def forward(self, x):
        return x * x.mean((2, 3), keepdim=True).clamp(min=1e-6) + x * x.amax(1, keepdim=True).relu()


class HandRMSNorm(LayerScale):
    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + 1e-6) * self.gamma


class HandGRN(LayerScale):
    def forward(self, x):
        norm = x.norm(dim=(2, 3), keepdim=True)
        return self.gamma * (x * (norm / (norm.mean(1, keepdim=True) + 1e-6))) + 0.5 + x


class HandSiLU(LayerScale):
    def forward(self, x):
        y = self.conv(x)
        return y * torch.sigmoid(y) + y * torch.sigmoid(1.702 * y.clone())


class HandHardSwish(LayerScale):
    def forward(self, x):
        y = self.conv(x)
        return y * F.relu6(y + 3) / 6 + y * torch.tanh(F.softplus(y))


class HandGELU(LayerScale):
    def forward(self, x):
        y = self.conv(x)
        return 0.5 * y * (1 + torch.tanh(0.7978845608 * (y + 0.044715 * y.pow(3))))


class ResidualScaling(LayerScale):
    def forward(self, x):
        return x + 0.1 * F.relu6(self.conv(x)) + F.relu6(x) * 0.5


class Blend(LayerScale):
    """Mixed by numbers and by a parameter, not by what is seen."""

    def forward(self, x):
        y = torch.addcmul(x, self.conv(x), x, value=0.1)
        return torch.lerp(torch.lerp(x, y, 0.3), F.relu6(y), self.gamma.sigmoid())


class Positional(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(1, C, 1, 12))
        self.weights = nn.Parameter(torch.randn(1, 1, 12, 12))

    def forward(self, x):
        rows = torch.linspace(-1, 1, 12, device=x.device).view(1, 1, 12, 1)
        return (x + self.table + rows) * self.weights.sigmoid() * torch.zeros_like(x[:, :1]).sigmoid()


class Pyramid(LayerScale):
    """ReLU6 features, pooled and added back from another resolution: no weights anywhere."""

    def forward(self, x):
        y = F.relu6(self.conv(x))
        return y + F.interpolate(F.avg_pool2d(y, 2), scale_factor=2) + x.mean() - y.amax((2, 3), keepdim=True)


LOOKALIKES = [
    LayerScale,
    DropPath,
    HandLayerNorm,
    HandLayerNormProduct,
    Rectified,
    HandRMSNorm,
    HandGRN,
    HandSiLU,
    HandHardSwish,
    HandGELU,
    ResidualScaling,
    Blend,
    Positional,
    Pyramid,
    nn.SiLU,
    nn.Hardswish,
    nn.GELU,
    lambda: nn.GLU(dim=1),
]
"""What must give no gate."""


def build(module, volume=False):
    """A small network around a module, so that it has a path: ``(N, 3, 12, 12) -> (N, 5)``."""
    conv, pool = (nn.Conv3d, nn.AdaptiveAvgPool3d) if volume else (nn.Conv2d, nn.AdaptiveAvgPool2d)
    torch.manual_seed(0)
    net = nn.Sequential()
    net.add_module("stem", conv(3, C, 3, padding=1))
    net.add_module("attn", module())
    net.add_module("pool", pool(1))
    net.add_module("flat", nn.Flatten())
    net.add_module("head", nn.LazyLinear(5))
    net(torch.zeros(1, 3, *(12,) * (3 if volume else 2)))
    return net.eval()
