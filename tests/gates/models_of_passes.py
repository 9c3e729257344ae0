"""Networks whose passes begin, repeat and end in other ways than at the search, in the styles of public repositories."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from attnviz.attention.gate import Gate

C = 8


class Inside(nn.Module):
    """A gate inside an operation, as in timm's functional modules."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(C, C)

    def forward(self, x):
        return x * torch.sigmoid(self.fc(x.mean((2, 3))))[..., None, None]


class ByModule(nn.Module):
    """A gate that a module gives out, as in torchvision's ``SqueezeExcitation``."""

    def __init__(self):
        super().__init__()
        self.avgpool, self.fc1, self.fc2 = nn.AdaptiveAvgPool2d(1), nn.Conv2d(C, 4, 1), nn.Conv2d(4, C, 1)
        self.activation, self.scale_activation = nn.ReLU(), nn.Sigmoid()

    def forward(self, x):
        scale = self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(x)))))
        return scale * x


class Tapped(Inside):
    """One of our own, which passes a ``Gate``."""

    def __init__(self):
        super().__init__()
        self.gate = Gate("channel")

    def forward(self, x):
        return x * self.gate(torch.sigmoid(self.fc(x.mean((2, 3))))[..., None, None], x)


class Mask(nn.Module):
    """A mask over positions, as in Jongchan's ``SpatialGate``."""

    def __init__(self):
        super().__init__()
        self.spatial = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x):
        pooled = torch.cat((torch.max(x, 1)[0].unsqueeze(1), torch.mean(x, 1).unsqueeze(1)), dim=1)
        return x * F.sigmoid(self.spatial(pooled))


class Selective(nn.Module):
    """A softmax over two branches, as in SKNet."""

    def __init__(self):
        super().__init__()
        self.fc, self.softmax = nn.Linear(C, 2 * C), nn.Softmax(dim=1)

    def forward(self, x):
        branches = torch.stack((x, F.relu(x)), 1)
        return (branches * self.softmax(self.fc(x.mean((2, 3))).view(-1, 2, C))[..., None, None]).sum(1)


class Pairs(nn.Module):
    """Softmax weights between positions, as in non-local networks."""

    def __init__(self):
        super().__init__()
        self.theta, self.phi, self.g = nn.Conv2d(C, 4, 1), nn.Conv2d(C, 4, 1), nn.Conv2d(C, C, 1)

    def forward(self, x):
        weights = torch.matmul(self.theta(x).flatten(2).transpose(1, 2), self.phi(x).flatten(2)).softmax(-1)
        return torch.matmul(weights, self.g(x).flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape)


ATTENTION = (Inside, ByModule, Tapped, Mask, Selective, Pairs)


class Net(nn.Module):
    """A classifier with timm's parts of a forward pass: (N, 3, H, W) -> (N, 5)."""

    def __init__(self, attention):
        super().__init__()
        self.stem, self.attention, self.head = nn.Conv2d(3, C, 3, padding=1), attention(), nn.Linear(C, 5)

    def forward_features(self, x):
        return self.attention(self.stem(x))

    def forward_head(self, x):
        return self.head(x.mean((2, 3)))

    def forward(self, x):
        return self.forward_head(self.forward_features(x))


class MultiCrop(Net):
    """A list of pictures, each of its own size, one after the other (DINO's ``MultiCropWrapper``, SwAV)."""

    def forward(self, crops):
        return torch.cat([super(MultiCrop, self).forward(crop) for crop in crops])


class FiveCrops(Net):
    """(N, crops, 3, H, W): crops are folded into the batch (``FiveCrop`` of torchvision's examples)."""

    def forward(self, x):
        return super().forward(x.flatten(0, 1)).view(*x.shape[:2], -1).mean(1)


class Twins(Net):
    """Two pictures in one pass through shared weights (SimSiam, Siamese networks)."""

    def forward(self, x, y=None):
        first = super().forward(x)
        return first if y is None else F.cosine_similarity(first, super().forward(y))


class Chunks(Net):
    """Large batches are run in pieces (``batch_size`` loops of CLIP-like encoders)."""

    def forward(self, x):
        return torch.cat([super(Chunks, self).forward(part) for part in x.split(1)])


class Augmented(Net):
    """Test-time augmentation that is part of the network (``augment=True`` of YOLOv5)."""

    augment = False

    def forward(self, x):
        y = super().forward(x)
        return (y + super().forward(x.flip(3))) / 2 if self.augment else y


class Refined(Net):
    """As many rounds as wanted (RAFT's ``iters``)."""

    rounds = 1

    def forward(self, x):
        features = self.stem(x)
        for _ in range(self.rounds):
            features = self.attention(features)
        return self.forward_head(features)


class EarlyExit(Net):
    """Sure examples leave before the attention (BranchyNet)."""

    sure = False

    def forward(self, x):
        features = self.stem(x)
        return self.forward_head(features if self.sure else self.attention(features))


class Skipped(Net):
    """Stochastic depth and layer drop leave out whole modules."""

    drop = False

    def forward_features(self, x):
        return self.stem(x) if self.drop else super().forward_features(x)


class Flagged(Net):
    """A switch of the attention itself (``use_attention=False``)."""

    use_attention = True

    def __init__(self, attention):
        super().__init__(attention)
        inner, switch = self.attention.forward, self
        self.attention.forward = lambda x: inner(x) if switch.use_attention else x


class Checkpointed(Net):
    """Modules are computed once more in the backward pass (timm's ``set_grad_checkpointing``)."""

    reentrant, last = False, True

    def forward_features(self, x):
        x = checkpoint(self.stem, x, use_reentrant=self.reentrant)
        return checkpoint(self.attention, x, use_reentrant=self.reentrant)


class CheckpointedBlock(Checkpointed):
    """A function around several modules is (DenseNet's ``memory_efficient``)."""

    def forward_features(self, x):
        def block(x):
            return self.attention(self.stem(x))

        return checkpoint(block, x, use_reentrant=self.reentrant)


class CheckpointedWhole(Checkpointed):
    """Everything is."""

    def forward(self, x):
        return checkpoint(super(Checkpointed, self).forward, x, use_reentrant=self.reentrant)

    def forward_features(self, x):
        return self.attention(self.stem(x))


class Through(nn.Module):
    """Gives its own input back."""

    def forward(self, x):
        return x


def between(thing, use=False, before=True):
    """Squeeze-and-excitation with a module between gate and product whose result is used or not."""

    class Between(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.between, self.act = nn.Linear(C, C), thing(), nn.Sigmoid()

        def forward(self, x):
            gate = self.fc(x.mean((2, 3)))
            gate = (self.act(gate) if before else torch.sigmoid(gate)).view(-1, C, 1, 1)
            passed = self.between(gate)
            return x * (passed if use else gate)

    return Between


def named(net, attention=Inside):
    """A network with constant random weights, in eval mode."""
    torch.manual_seed(0)
    return net(attention).eval()
