"""Networks of somebody who has never heard of attnviz."""

import torch
from torch import nn


class Squeeze(nn.Module):
    """A homemade channel gate, written as people write it."""

    def __init__(self, channels):
        super().__init__()
        self.down, self.up = nn.Linear(channels, 4), nn.Linear(4, channels)

    def forward(self, x):
        pooled = x.mean(dim=(2, 3))
        return x * torch.sigmoid(self.up(torch.relu(self.down(pooled))))[:, :, None, None]


class Look(nn.Module):
    """A homemade spatial gate."""

    def __init__(self):
        super().__init__()
        self.mix = nn.Conv2d(2, 1, 3, padding=1)

    def forward(self, x):
        both = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * self.mix(both).sigmoid()


class OwnNet(nn.Module):
    """Convolutions, batch norm, dropout, two gates and a head."""

    def __init__(self, classes=7, channels=3, gates=True):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, 12, 3, stride=2, padding=1), nn.BatchNorm2d(12), nn.ReLU())
        self.squeeze = Squeeze(12) if gates else nn.Identity()
        self.look = Look() if gates else nn.Identity()
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(12, classes))

    def forward(self, x):
        return self.head(self.look(self.squeeze(self.stem(x))))


def own_net(**options):
    """An ``OwnNet`` in train mode with fixed random weights."""
    torch.manual_seed(0)
    return OwnNet(**options)


class PlaceNet(nn.Module):
    """A class at every place: the brightest of red, green and blue; one gate over the classes."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 3, 1, bias=False)
        self.squeeze = Squeeze(3)

    def forward(self, x):
        return {"out": self.squeeze(nn.functional.avg_pool2d(self.stem(x), 4))}


def place_net():
    """A ``PlaceNet`` (N, 3, H/4, W/4) that is right about plain colours."""
    torch.manual_seed(0)
    net = PlaceNet()
    with torch.no_grad():
        net.stem.weight.copy_(20 * torch.eye(3)[:, :, None, None])
    return net
