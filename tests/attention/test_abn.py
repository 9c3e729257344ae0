"""The attention branch against its formula in numpy, its own answer, and the loss that training adds."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from attnviz.attention.abn import AttentionBranch
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.gates.discover import find_gates
from attnviz.models.spec import ModelSpec, build
from attnviz.training.auxiliary import auxiliary_loss
from tests.attention.helpers import features, gates_of, randomise, sigmoid

TINY = {"widths": [8, 8, 8, 16], "depths": [1, 1, 1, 1], "position": "stage3"}


class Published(nn.Module):
    """Fukui et al. 2019, fig. 3, layer by layer with torch's own layers; weights are copied in by their order."""

    def __init__(self, channels, hidden, classes):
        super().__init__()
        self.convs = nn.Sequential(nn.Conv2d(channels, hidden, 3, 1, 1, bias=False), nn.BatchNorm2d(hidden))
        self.to_classes = nn.Sequential(nn.Conv2d(hidden, classes, 1, bias=False), nn.BatchNorm2d(classes))
        self.answer = nn.Conv2d(classes, classes, 1)
        self.to_mask = nn.Sequential(nn.Conv2d(classes, 1, 1, bias=False), nn.BatchNorm2d(1))

    def forward(self, x):
        maps = functional.relu(self.to_classes(functional.relu(self.convs(x))))
        mask = torch.sigmoid(self.to_mask(maps))
        return x * mask + x, mask, functional.adaptive_avg_pool2d(self.answer(maps), 1).flatten(1)


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_it_is_the_branch_of_its_paper(mode):
    ours, theirs = randomise(AttentionBranch(6, 4).double()), Published(6, 3, 4).double()
    for mine, other in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        assert mine.shape == other.shape
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    getattr(ours, mode)(), getattr(theirs, mode)()
    x = features(3, 6, 5, 4)
    out, [(_, kind, mask, _)] = gates_of(ours, x)
    expected, their_mask, answer = theirs(x)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(mask, their_mask, rtol=0, atol=1e-12)
    assert kind == "spatial" and mask.shape == (3, 1, 5, 4)
    if mode == "train":
        torch.testing.assert_close(ours._logits, answer, rtol=0, atol=1e-12)


def test_one_place_by_hand():
    module = AttentionBranch(1, 2, reduction=1).double().eval()
    with torch.no_grad():
        module.reduce[0].weight.zero_()[0, 0, 1, 1] = 2.0  # only the place itself
        module.maps[0].weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
        module.mix.weight.copy_(torch.tensor([3.0, 5.0]).reshape(1, 2, 1, 1))
        out = module(torch.full((1, 1, 1, 1), 0.5, dtype=torch.float64))
    scale = 1 / np.sqrt(1 + 1e-5)  # three fresh batch norms
    score = 3 * (2 * 0.5 * scale) * scale * scale
    assert float(out) == pytest.approx(0.5 * (1 + sigmoid(score)), abs=1e-12)


def test_the_gate_is_residual():
    (site,) = find_gates(nn.Sequential(nn.Conv2d(3, 6, 1), AttentionBranch(6, 4)).eval(), torch.randn(1, 3, 8, 8))
    assert (site.kind, site.residual, site.traits.neutral) == ("spatial", True, 0)


def test_a_network_tells_it_its_number_of_classes_and_training_adds_its_loss():
    torch.manual_seed(0)
    model = build(ModelSpec("compact-resnet", "abn", 7, TINY, {"loss_weight": 0.5}, InputSpec((32, 32)))).train()
    targets = functional.one_hot(torch.tensor([3, 6]), 7).float()
    answers = []
    model.attention.answer.register_forward_hook(lambda m, i, o: answers.append(o.mean((2, 3))))
    logits = model(torch.randn(2, 3, 32, 32))
    expected = 0.5 * functional.cross_entropy(answers[0], torch.tensor([3, 6]))
    added = auxiliary_loss(model, targets)
    torch.testing.assert_close(added, expected)
    (functional.cross_entropy(logits, targets) + added).backward()
    assert model.attention.answer.weight.grad.abs().sum() > 0
    with pytest.raises(UserError, match="run the network in train mode first"):
        auxiliary_loss(model, targets)  # each pass is judged once


def test_what_runs_in_eval_mode_adds_nothing():
    model = build(ModelSpec("compact-resnet", "abn", 3, TINY, {}, InputSpec((32, 32))))
    model.attention.eval()
    model(torch.randn(2, 3, 32, 32))
    assert auxiliary_loss(model, torch.eye(3)[:2]) == 0.0
    assert auxiliary_loss(nn.Linear(2, 2), torch.eye(2)) == 0.0


def test_copies_and_files_hold_no_pass():
    module = AttentionBranch(4, 3).train()
    module(torch.randn(2, 4, 3, 3))
    assert module._logits is not None and copy.deepcopy(module)._logits is None
    assert not any("logits" in key for key in module.state_dict())


@pytest.mark.parametrize("classes", [None, 1, 0, 2.0, True, "10"])
def test_without_a_number_of_classes_one_sentence_says_so(classes):
    with pytest.raises(UserError, match="abn classifies by itself: num_classes must be a whole number of at least 2"):
        AttentionBranch(8, classes)


@pytest.mark.parametrize("weight", [-1, float("nan"), True, "1", 1e9])
def test_a_loss_weight_outside_its_limits_is_refused(weight):
    with pytest.raises(UserError, match="loss_weight must be a number in 0..100"):
        AttentionBranch(8, 3, loss_weight=weight)
