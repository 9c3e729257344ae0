"""Train and eval mode of somebody else's network: afterwards it is as it was."""

import pytest
import torch
from torch import nn

import attnviz
from attnviz.models.modes import in_eval_mode
from tests.own_models import own_net


class Lora(nn.Module):
    """A low-rank change that is added to the weight in eval mode and taken off in train mode, as in loralib."""

    def __init__(self, features=12, classes=7):
        super().__init__()
        self.base, self.merged = nn.Linear(features, classes).requires_grad_(False), False
        self.a, self.b = nn.Parameter(torch.ones(1, features)), nn.Parameter(torch.ones(classes, 1))

    def train(self, mode=True):
        super().train(mode)
        if mode == self.merged:
            self.base.weight.data += (self.b @ self.a).detach() * (-1 if mode else 1)
            self.merged = not mode
        return self

    def forward(self, x):
        return self.base(x) if self.merged else self.base(x) + x @ self.a.T @ self.b.T


class Frozen(nn.Sequential):
    """Batch norm stays in eval mode, whatever mode the network is in."""

    def train(self, mode=True):
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


class Counted(nn.Identity):
    def __init__(self):
        super().__init__()
        self.calls = []

    def train(self, mode=True):
        self.calls.append(mode)
        return super().train(mode)


class Refusing(nn.Identity):
    def train(self, mode=True):
        raise NotImplementedError


def with_lora():
    net = own_net()
    net.head[3] = Lora()
    return net


def frozen_lora():
    """In train mode, but for a part that is in eval mode: its weight is merged."""
    net = with_lora().train()
    net.head[3].eval()
    return net


NETS = {
    "in train mode": lambda: with_lora().train(),
    "in eval mode": lambda: with_lora().eval(),
    "merged inside": frozen_lora,
    "unmerged inside": lambda: (net := with_lora().eval(), net.head[3].train())[0],
    "batch norm frozen": lambda: Frozen(with_lora()).train(),
    "batch norm thawed": lambda: (net := Frozen(with_lora()).train(), net[0].stem[1].train())[0],
    "flags set by hand": lambda: (net := with_lora().train(), setattr(net.head[2], "training", False))[0],
}


def state(net):
    merged = [m.merged for m in net.modules() if isinstance(m, Lora)]
    return [m.training for m in net.modules()], merged


@pytest.mark.parametrize("name", NETS)
def test_every_module_is_as_it_was(name):
    net = NETS[name]()
    before, weights = state(net), {key: value.clone() for key, value in net.state_dict().items()}
    with in_eval_mode(net):
        assert not any(m.training for m in net.modules()) and all(
            m.merged for m in net.modules() if hasattr(m, "merged")
        )
    assert state(net) == before
    for key, value in net.state_dict().items():
        torch.testing.assert_close(value, weights[key])


def test_a_network_can_be_trained_on_after_an_analysis(photograph):
    net = with_lora().train()
    attnviz.analyse(attnviz.wrap(net, size=32, mean=0.5, std=0.5), photograph)
    net(torch.randn(2, 3, 32, 32)).sum().backward()
    assert net.head[3].a.grad is not None and net.head[3].a.grad.abs().sum() > 0


def test_modes_that_stay_are_not_set():
    net = nn.Sequential(Counted()).eval()
    net[0].calls.clear()
    with in_eval_mode(net):
        pass
    assert net[0].calls == []


def test_a_module_that_refuses_train_mode_gets_its_flag_back():
    net = nn.Sequential(nn.Identity(), Refusing())
    with pytest.raises(ValueError, match="inside"), in_eval_mode(net):
        raise ValueError("inside")
    assert all(m.training for m in net.modules())
