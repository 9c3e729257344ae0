import subprocess
import sys

import pytest
import torch
from torch import nn

from attnviz.core.sites import GateSite
from attnviz.gates.discover import find_gates
from attnviz.gates.outline import outline
from attnviz.models.spec import build
from tests.conftest import tiny_spec


class Block(nn.Module):
    def __init__(self, channels, stride=1):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels, channels, 3, stride, 1), nn.ReLU())
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1), nn.Sigmoid())
        self.stride = stride

    def forward(self, x):
        out = self.body(x)
        out = out * self.gate(out)
        return out + x if self.stride == 1 else out


class Head(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def plain():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Sequential(Block(8), Block(8, 2)), Head(), nn.Linear(8, 4)
    )


def test_blocks_are_folded_and_a_shortcut_is_where_two_maps_are_added():
    units = outline(plain(), torch.zeros(1, 3, 16, 16))
    assert [(u.name, u.block, u.shortcut, u.shape) for u in units] == [
        ("0", False, False, (8, 8, 8)),
        ("2.0", True, True, (8, 8, 8)),
        ("2.1", True, False, (8, 4, 4)),
        ("3", False, False, (4,)),
    ]
    assert [u.layers for u in units] == [2, 5, 5, 2] and units[1].cells == (8, 8) and units[3].cells == ()


def test_a_bias_and_a_sum_of_vectors_are_no_shortcut():
    class Vectors(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 8, 1), nn.Linear(8, 8)

        def forward(self, x):
            x = self.a(x) + torch.ones(1, 8, 1, 1)
            v = x.mean((2, 3))
            return self.b(v) + v

    assert not any(u.shortcut for u in outline(Vectors(), torch.zeros(1, 3, 8, 8)))


@pytest.mark.parametrize("attention", ["cbam", "se", "self-attention", "none"])
def test_every_gate_is_in_exactly_one_piece_the_one_that_holds_it(attention):
    model, example = build(tiny_spec(attention)), torch.zeros(1, 3, 32, 32)
    sites = find_gates(model, example)
    units = outline(model, example, sites)
    assert [name for unit in units for name in unit.gates] == [site.name for site in sites]
    assert all(name.startswith(f"{unit.name}.") for unit in units for name in unit.gates)
    assert sum(unit.shortcut for unit in units) == 4


def test_a_gate_that_no_path_holds_stays_in_its_order():
    sites = [GateSite("2.0.gate", "channel", (1, 8, 1, 1), (1, 8, 8, 8)), GateSite("lost", "channel", (1,), (1,))]
    units = outline(plain(), torch.zeros(1, 3, 16, 16), sites)
    assert units[1].gates == ("2.0.gate", "lost")


def test_the_network_is_left_as_it_was():
    model = plain().train()
    outline(model, torch.zeros(1, 3, 16, 16))
    assert model.training and all(module.training for module in model.modules())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_hooks_are_removed_after_an_error():
    model = plain()
    with pytest.raises(RuntimeError):
        outline(model, torch.zeros(1, 5, 16, 16))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_network_without_modules_is_one_piece():
    units = outline(Head(), torch.zeros(1, 3, 4, 4))
    assert len(units) == 1 and units[0].shape == (3,)


ANALYSED = """
import sys
import attnviz
import numpy as np
attnviz.analyse("noise-attention", np.zeros((40, 40, 3), np.uint8))
print("torch._dynamo" in sys.modules)
"""


@pytest.mark.slow
def test_a_first_answer_does_not_load_torchs_compiler():
    out = subprocess.run([sys.executable, "-c", ANALYSED], capture_output=True, text=True, check=False)
    assert out.stdout.split() == ["False"], out.stderr
