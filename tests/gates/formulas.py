"""Functions that bound a number, in all spellings, and functions that do not."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from tests.gates.foreign import _Squeeze

EPS = 1e-6

BOUNDED = {
    "sigmoid": lambda z: z.sigmoid(),
    "expit": torch.special.expit,
    "squared": lambda z: z.sigmoid() ** 2,
    "root": lambda z: z.sigmoid().sqrt(),
    "fractional power": lambda z: z.sigmoid().pow(1.5),
    "product with itself": lambda z: z.sigmoid() * z.sigmoid(),
    "complement": lambda z: 1 - z.sigmoid(),
    "distance from a half": lambda z: (z.sigmoid() - 0.5).abs(),
    "rectified": lambda z: F.relu(z.sigmoid() - 0.5),
    "leaky": lambda z: F.leaky_relu(z.sigmoid() - 0.5, 0.1),
    "gelu after": lambda z: F.gelu(z.sigmoid()),
    "thresholded": lambda z: torch.where(z.sigmoid() > 0.5, z.sigmoid(), 0.0),
    "one or nothing": lambda z: torch.where(z.sigmoid() > 0.5, 1.0, 0.0),
    "hard": lambda z: (z.sigmoid() > 0.5).float(),
    "masked": lambda z: z.sigmoid().masked_fill(z < 0, 0.0),
    "batch norm after": lambda z: F.batch_norm(z.sigmoid(), torch.zeros(8), torch.ones(8)),
    "two limits": lambda z: z.clamp(0, 1),
    "two limits one after the other": lambda z: z.clamp(min=0).clamp(max=1),
    "rectified and cut": lambda z: F.relu(z).clamp_max(1.0),
    "minimum of maximum": lambda z: torch.minimum(torch.maximum(z, torch.tensor(0.0)), torch.tensor(1.0)),
    "rectified twice": lambda z: 1 - F.relu(1 - F.relu(z)),
    "relu6": lambda z: F.relu6(z + 3) / 6,
    "one over": lambda z: 1 / (1 + torch.exp(-z)),
    "reciprocal": lambda z: (1 + (-z).exp()).reciprocal(),
    "power of -1": lambda z: (torch.exp(-z) + 1) ** -1,
    "torch.pow": lambda z: torch.pow(1 + torch.exp(-z), -1.0),
    "ones over": lambda z: torch.ones_like(z) / (1 + torch.exp(-z)),
    "torch.div": lambda z: torch.div(torch.tensor(1.0), torch.exp(-z).add(1)),
    "exp over 1 + exp": lambda z: torch.exp(z) / (1 + torch.exp(z)),
    "exp over exp + 1": lambda z: (e := torch.exp(z)) / (e + 1),
    "exp times reciprocal": lambda z: (e := torch.exp(z)) * (1 / (1 + e)),
    "exp of logsigmoid": lambda z: F.logsigmoid(z).exp(),
    "exp of -softplus": lambda z: torch.exp(-F.softplus(-z)),
    "half of 1 + tanh": lambda z: 0.5 * (1 + torch.tanh(z / 2)),
    "half of 1 + erf": lambda z: (1 + torch.erf(z)) / 2,
    "arctangent": lambda z: torch.atan(z) / math.pi + 0.5,
    "softsign": F.softsign,
    "softsign written out": lambda z: 0.5 + 0.5 * z / (1 + z.abs()),
    "gaussian": lambda z: torch.exp(-(z**2) / 2),
    "cauchy": lambda z: 1 / (1 + z.square()),
    "share of a sum": lambda z: (s := z.sigmoid()) / (s.sum(1, keepdim=True) + EPS),
    "rectified share": lambda z: (r := F.relu(z)) / (r.sum(1, keepdim=True) + EPS),
    "rectified share, guarded": lambda z: (r := F.relu(z)) / r.sum(1, keepdim=True).clamp(min=EPS),
    "softplus share": lambda z: (r := F.softplus(z)) / r.sum(1, keepdim=True),
    "normalised to sum 1": lambda z: F.normalize(F.relu(z), p=1, dim=1),
    "share of the largest": lambda z: (r := F.relu(z)) / (r.amax(1, keepdim=True) + EPS),
    "share of the range": lambda z: (
        (z - z.amin(1, keepdim=True)) / (z.amax(1, keepdim=True) - z.amin(1, keepdim=True) + EPS)
    ),
    "softmax": lambda z: z.softmax(1),
    "softmax of log": lambda z: F.log_softmax(z, 1).exp(),
    "softmax written out": lambda z: (e := (z - z.amax(1, keepdim=True)).exp()) / e.sum(1, keepdim=True),
}
"""Every one makes a channel gate of logits (N, C, 1, 1)."""

UNBOUNDED = {
    "nothing": lambda z: z,
    "relu": F.relu,
    "one limit": lambda z: z.clamp(min=0),
    "the same limit twice": lambda z: z.clamp(min=0).clamp(min=-1),
    "softplus": F.softplus,
    "exponential": torch.exp,
    "exponential over": lambda z: 1 / torch.exp(-z),
    "elu + 1": lambda z: F.elu(z) + 1,
    "logarithm": lambda z: torch.log1p(F.relu(z)),
    "log of sigmoid": lambda z: z.sigmoid().log(),
    "one over a sigmoid": lambda z: 1 / z.sigmoid(),
    "logit of sigmoid": lambda z: torch.logit(z.sigmoid()),
    "inverse root": lambda z: torch.rsqrt(z.square() + EPS),
    "guarded inverse": lambda z: 1 / (z.abs() + EPS),
    "guarded inverse by clamp": lambda z: 1 / z.abs().clamp(min=1e-3),
    "unit length": lambda z: F.normalize(z, dim=1),
    "over the mean": lambda z: z.abs() / (z.abs().mean(1, keepdim=True) + EPS),
    "over another sum": lambda z: F.relu(z) / (z.sum(1, keepdim=True) + EPS),
    "guarded against overflow": lambda z: z.clamp(-100, 100).exp(),
    "standardised": lambda z: (z - z.mean(1, keepdim=True)) / (z.std(1, keepdim=True) + EPS),
    "of a parameter's sigmoid": lambda z: z * torch.sigmoid(torch.ones(1, 8, 1, 1)),
}
"""None of them makes one."""


class Formula(_Squeeze):
    """A channel gate by a formula for logits (N, C, 1, 1)."""

    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def forward(self, x):
        return x * self.formula(self.logits(x)[..., None, None])


class Swish(_Squeeze):
    """The same formula as half of an activation: no gate, whatever bounds it."""

    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def forward(self, x):
        y = torch.tanh(x) * 3
        return y * self.formula(y)
