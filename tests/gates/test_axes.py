"""What pairwise weights run over, where their shape cannot tell."""

import math

import pytest
import torch
from torch import nn

from attnviz import find_gates
from attnviz.analysis.analyser import Analyser
from attnviz.attention import ATTENTION
from attnviz.core.gate_map import mask_for
from attnviz.core.input_spec import InputSpec
from attnviz.core.types import GateRecord
from attnviz.gates.axes import kind_of_axis, labelled, of_map, reshaped
from attnviz.models.wrap import wrap


class Positions(nn.Module):
    """Position attention as the authors of DANet publish it: the value stays (N, C, HW)."""

    def __init__(self, channels):
        super().__init__()
        self.query, self.key = nn.Conv2d(channels, 8, 1), nn.Conv2d(channels, 8, 1)
        self.value = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        query = self.query(x).view(n, -1, h * w).permute(0, 2, 1)
        weights = torch.bmm(query, self.key(x).view(n, -1, h * w)).softmax(-1)
        return torch.bmm(self.value(x).view(n, -1, h * w), weights.permute(0, 2, 1)).view(n, c, h, w) + x


class Channels(nn.Module):
    """Channel attention as they publish it."""

    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        flat = x.view(*x.shape[:2], -1)
        energy = torch.bmm(flat, flat.permute(0, 2, 1))
        weights = (energy.max(-1, keepdim=True)[0].expand_as(energy) - energy).softmax(-1)
        return torch.bmm(weights, flat).view(x.shape) + x


class EinsumChannels(Channels):
    def forward(self, x):
        weights = torch.einsum("nchw,ndhw->ncd", x, x).softmax(-1)
        return torch.einsum("ncd,ndhw->nchw", weights, x) + x


class LastChannels(Channels):
    """Cross-covariance attention: tokens first, then channels look at channels."""

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        query, key, value = torch.stack((tokens, tokens, tokens)).unbind(0)
        weights = (nn.functional.normalize(query, dim=1).transpose(1, 2) @ key).softmax(-1)
        return (weights @ value.transpose(1, 2)).reshape(x.shape) + x


class FusedChannels(Channels):
    def forward(self, x):
        flat = x.flatten(2)[:, None]
        return nn.functional.scaled_dot_product_attention(flat, flat, flat)[:, 0].reshape(x.shape) + x


class Tokens(nn.Module):
    """Multi-head attention of torch over the places of a map."""

    def __init__(self, channels):
        super().__init__()
        self.attention = nn.MultiheadAttention(channels, 4, batch_first=True)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return self.attention(tokens, tokens, tokens)[0].transpose(1, 2).reshape(x.shape) + x


class LastPlaces(nn.Module):
    """Channels last, with a linear layer for query, key and value at once, and heads folded into the batch."""

    def __init__(self, channels):
        super().__init__()
        self.project = nn.Linear(channels, 3 * channels)

    def forward(self, x):
        n, c, h, w = x.shape
        triple = self.project(x.permute(0, 2, 3, 1)).reshape(n, h * w, 3, 2, c // 2).permute(2, 0, 3, 1, 4)
        query, key, value = triple.reshape(3, n * 2, h * w, c // 2).unbind(0)
        out = (query @ key.transpose(-2, -1)).softmax(-1) @ value
        return out.reshape(n, 2, h * w, c // 2).transpose(2, 3).reshape(x.shape) + x


PLACES, CHANNELS = (Positions, Tokens, LastPlaces), (Channels, EinsumChannels, LastChannels, FusedChannels)


def net(module, channels):
    """A network whose attention is called what nothing follows from."""
    model = nn.Sequential(nn.Conv2d(3, channels, 3, padding=1), nn.ReLU())
    model.add_module("channel" if module in PLACES else "cam", module(channels))
    return model.eval()


# 64 channels on 8×8 places look the same by every shape
@pytest.mark.parametrize(("channels", "side"), [(64, 16), (64, 8), (256, 16), (16, 4), (36, 6)])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("module", [*PLACES, *CHANNELS])
def test_channels_and_places_are_told_apart_by_how_the_weights_came_about(module, channels, side, batch):
    (site,) = find_gates(net(module, channels), torch.randn(batch, 3, side, side))
    wanted = "place" if module in PLACES else "channel"
    assert site.kind == "pairwise" and site.over[-2:] == (wanted, wanted)
    drawn = mask_for(GateRecord(site, torch.rand(site.shape).softmax(-1).numpy()))
    assert (drawn is not None) == (module in PLACES)


@pytest.mark.parametrize("side", [8, 16])
def test_own_attention_too(side):
    for name, expected in (("self-attention", ["place"]), ("danet", ["place", "channel"]), ("gc", ["place"])):
        model = nn.Sequential(nn.Conv2d(3, 64, 1), ATTENTION[name](64))
        sites = [s for s in find_gates(model, torch.randn(1, 3, side, side)) if s.kind == "pairwise"]
        assert [site.over[-1] for site in sites] == expected, name


def test_windows_are_places_beside_places():
    class Windows(nn.Module):
        def forward(self, x):
            n, c, h, w = x.shape
            cut = x.view(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 16, c)
            mixed = (cut @ cut.transpose(1, 2)).softmax(-1) @ cut
            return mixed.sum()[None]

    (site,) = find_gates(nn.Sequential(nn.Conv2d(3, 8, 1), Windows()), torch.randn(1, 3, 8, 8))
    assert site.over == ("place", "place", "place")
    assert mask_for(GateRecord(site, torch.rand(site.shape).numpy())) is None


def test_a_reshape_regroups_axes_and_gives_up_where_they_cross():
    def kinds(before, after):
        return [kind_of_axis(axis) for axis in reshaped(before, after)]

    image = of_map((2, 6, 4, 4))
    assert kinds(image, (2, 6, 16)) == ["batch", "channel", "place"]
    assert kinds(image, (2, 2, 3, 2, 2, 4)) == ["batch", "channel", "channel", "place", "place", "place"]
    assert kinds(image, (12, 16)) == ["channel", "place"]
    assert kinds(image, (2, 24, 4)) == ["batch", "mixed", "place"]
    assert kinds(reshaped(image, (12, 16)), (2, 6, 4, 4)) == ["batch", "channel", "place", "place"]
    assert kinds(labelled(("channel", "place"), (6, 5)), (5, 6)) == ["", ""]
    for shape in ((2, 6, 16), (192,), (2, 1, 96), (12, 16)):
        sizes = [math.prod(size for _, size in axis) for axis in reshaped(image, shape)]
        assert sizes == list(shape)


def test_a_strangers_dual_attention_is_not_drawn_as_a_map_of_places():
    """Sixty-four channels on sixteen by sixteen places, in a network that was given to the app."""
    model = nn.Sequential(net(Channels, 64), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 2))
    (site,) = Analyser(wrap(model, transform=InputSpec((16, 16)), labels=["a", "b"])).sites
    assert site.shape == (1, 64, 64) and "cam" in site.name
    assert mask_for(GateRecord(site, torch.rand(site.shape).numpy())) is None
