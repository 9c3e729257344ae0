"""Passes that take over what lies before a gate give what whole passes give, or are whole."""

import pytest
import torch
from torch import nn

from attnviz.attention.cbam import CBAM
from attnviz.backbones.compact_resnet import CompactResNet
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral, scale, set_to
from attnviz.gates.prefix import Prefixes


class Counted(nn.Module):
    """A layer that counts its calls."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.calls = layer, 0

    def forward(self, x):
        self.calls += 1
        return self.layer(x)


class Squeeze(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc = nn.Linear(channels, channels)

    def forward(self, x):
        return x * torch.sigmoid(self.fc(x.mean((2, 3))))[:, :, None, None]


class Net(nn.Module):
    """Two convolutions with a gate behind each; what is written in place between them must not spoil what is kept."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.act = Counted(nn.Conv2d(3, 8, 3)), nn.BatchNorm2d(8), nn.ReLU(inplace=True)
        self.gate1, self.second, self.gate2 = Squeeze(8), Counted(nn.Conv2d(8, 8, 3)), Squeeze(8)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        y = self.gate1(self.act(self.norm(self.first(x))))
        z = self.second(y)
        z += 1
        z = self.gate2(z.relu_())
        return self.head(z.mean((2, 3)))


class Leaves(nn.Module):
    """Leaves something behind."""

    def forward(self, y):
        self.left = y.mean((2, 3))
        return y * 2


class Whispers(Net):
    """What is left behind before the second gate is read after it."""

    def __init__(self):
        super().__init__()
        self.leaves = Leaves()

    def forward(self, x):
        y = self.gate1(self.act(self.norm(self.first(x))))
        z = self.gate2(self.second(self.leaves(y)))
        return self.head(z.mean((2, 3)) + self.leaves.left)


def prepared(net, size=(2, 3, 12, 12)):
    torch.manual_seed(0)
    net = net.eval()
    x = torch.randn(size)
    return net, x, find_gates(net, x[:1])


@pytest.mark.parametrize("make", [Net, Whispers, lambda: CompactResNet(CBAM, widths=(16, 16, 16, 16))])
def test_a_pass_that_takes_over_is_a_whole_pass(make):
    net, x, sites = prepared(make(), (4, 3, 32, 32))
    prefixes = Prefixes(net, x[:2], sites)
    with torch.inference_mode():
        with prefixes.keeping():
            net(x)
        for site in sites:
            for change in (neutral(), scale(0.3), set_to(0.2)):
                with edit(net, {site: change}):
                    whole = net(x)
                with prefixes.taking([site]), edit(net, {site: change}):
                    assert torch.allclose(net(x), whole, atol=1e-5)
        together = {site: scale(0.5) for site in sites}
        with edit(net, together):
            whole = net(x)
        with prefixes.taking(together), edit(net, together):
            assert torch.allclose(net(x), whole, atol=1e-5)
    assert all("forward" not in module.__dict__ for module in net.modules())


def test_what_lies_before_a_gate_is_run_once():
    net, x, sites = prepared(Net())
    prefixes = Prefixes(net, x, sites)
    with torch.inference_mode(), prefixes.keeping():
        net(x)
    net.first.calls = net.second.calls = 0
    with torch.inference_mode():
        for site in sites:
            with prefixes.taking([site]), edit(net, {site: neutral()}):
                net(x)
    assert (net.first.calls, net.second.calls) == (0, 2)  # what the second gives out is written into: run again


def test_a_network_that_leaves_something_behind_is_run_whole():
    net, x, sites = prepared(Whispers())
    prefixes = Prefixes(net, x, sites)
    with torch.inference_mode(), prefixes.keeping():
        net(x)
    net.first.calls = net.second.calls = 0
    with torch.inference_mode(), prefixes.taking([sites[1]]), edit(net, {sites[1]: neutral()}):
        net(x)
    assert (net.first.calls, net.second.calls) == (1, 1)


def test_a_pass_of_something_else_in_between_changes_nothing():
    net, x, sites = prepared(Whispers())
    prefixes = Prefixes(net, x, sites)
    with torch.inference_mode():
        with prefixes.keeping():
            net(x)
        with edit(net, {sites[1]: scale(0.5)}):
            whole = net(x)
        net(2 * x)
        with prefixes.taking([sites[1]]), edit(net, {sites[1]: scale(0.5)}):
            assert torch.allclose(net(x), whole, atol=1e-6)


def test_only_what_is_needed_is_kept():
    net, x, sites = prepared(Net())
    outputs = 4 * 8 * (10 * 10 + 8 * 8)  # the first activation, and the first gate's product
    assert outputs <= Prefixes(net, x, sites).size <= 4 * outputs


class Scale(nn.Module):
    """Gives a number: a learned temperature."""

    def __init__(self):
        super().__init__()
        self.log = nn.Parameter(torch.zeros(()))

    def forward(self):
        return self.log.exp()


class Tempered(Net):
    def __init__(self):
        super().__init__()
        self.scale = Scale()

    def forward(self, x):
        return super().forward(x) * self.scale()


def test_a_module_may_give_a_number():
    net, x, sites = prepared(Tempered())
    prefixes = Prefixes(net, x, sites)
    with torch.inference_mode():
        with prefixes.keeping():
            net(x)
        for site in sites:
            with edit(net, {site: scale(0.3)}):
                whole = net(x)
            with prefixes.taking([site]), edit(net, {site: scale(0.3)}):
                assert torch.allclose(net(x), whole, atol=1e-5)
