"""Small networks, each with one of the traps that attribution libraries fall into."""

from __future__ import annotations

import torch
from torch import nn


class Plain(nn.Module):
    """Two convolutions with ReLUs of their own, and a linear classifier."""

    def __init__(self, inplace=False):
        super().__init__()
        self.conv1, self.relu1 = nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(inplace)
        self.conv2, self.relu2 = nn.Conv2d(6, 8, 3, 2, 1), nn.ReLU(inplace)
        self.bn = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 4)

    def features(self, x):
        return self.relu2(self.bn(self.conv2(self.relu1(self.conv1(x)))))

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


class InPlace(Plain):
    """Every ReLU works in place."""

    def __init__(self):
        super().__init__(inplace=True)


class Shared(Plain):
    """One ReLU for all: the maps, and the vector after pooling."""

    def __init__(self):
        super().__init__()
        self.relu1 = self.relu2 = nn.ReLU()

    def forward(self, x):
        return self.head(self.relu1(self.features(x).mean((2, 3))))


class SharedInPlace(Shared):
    def __init__(self):
        super().__init__()
        self.relu1.inplace = True


class OnInput(Plain):
    """Normalises its input in place."""

    def forward(self, x):
        return super().forward(x.mul_(2).sub_(0.5))


class Dropping(Plain):
    """Would be random, and would change its batch norm, in training mode."""

    def forward(self, x):
        return self.head(nn.functional.dropout(self.features(x).mean((2, 3)), 0.5, self.training))


class OwnParameter(Plain):
    """A module of it returns a parameter."""

    def __init__(self):
        super().__init__()
        self.position = Position()

    def features(self, x):
        return super().features(x) + self.position()


class Position(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(1, 8, 4, 4))

    def forward(self):
        return self.table


class Late(nn.Module):
    """Its last modules give a mask with one channel, channels last, and softmax weights: no feature maps."""

    def __init__(self):
        super().__init__()
        self.conv, self.mask, self.last, self.soft = (
            nn.Conv2d(3, 8, 4, 4),
            nn.Conv2d(8, 1, 1),
            nn.Identity(),
            nn.Softmax(-1),
        )
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = self.conv(x)
        x = x * torch.sigmoid(self.mask(x))
        self.last(x.movedim(1, -1))
        self.soft(x.flatten(2).transpose(1, 2)[:, None] @ x.flatten(2)[:, None]).expand(1, 2, -1, -1)
        return self.head(x.mean((2, 3)))


class Detached(Plain):
    def forward(self, x):
        return super().forward(x).detach()


class Segmenter(Plain):
    def forward(self, x):
        return self.features(x)


class Twins(Plain):
    def forward(self, x):
        return super().forward(x), x


class Tokens(nn.Module):
    """A patch embedding and then only vectors, as in a vision transformer."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.blocks = nn.Sequential(*(nn.Linear(8, 8) for _ in range(20)))
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.blocks(self.patches(x).flatten(2).transpose(1, 2)).mean(1))


class Broken(Plain):
    """Fails in the middle, after the first convolution, from the second pass on."""

    def __init__(self):
        super().__init__()
        self.passes = 0

    def features(self, x):
        x = self.relu1(self.conv1(x))
        self.passes += 1
        if self.passes > 1:
            raise ZeroDivisionError("in the middle of the network")
        return self.relu2(self.bn(self.conv2(x)))


TRAPS = (Plain, InPlace, Shared, SharedInPlace, OnInput, Dropping, OwnParameter)


def make(kind, training=False, trainable=True):
    torch.manual_seed(0)
    model = kind()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return model.train(training).requires_grad_(trainable)


def image(size=16, seed=1):
    return torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(seed))


def state(model):
    """Everything that an attribution must leave as it was."""
    hooks = {
        (name, kind): len(getattr(module, kind))
        for name, module in model.named_modules()
        for kind in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    }
    modes = {name: module.training for name, module in model.named_modules()}
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    grads = {name: (t.requires_grad, t.grad is None, t.data_ptr()) for name, t in tensors.items()}
    values = {name: t.detach().clone() for name, t in tensors.items()}
    return hooks, modes, grads, values


def same(a, b):
    return a[:3] == b[:3] and all(torch.equal(a[3][k], b[3][k]) for k in a[3])
