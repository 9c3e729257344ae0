"""Which gates are found, under which names, and in which models."""

import pytest
import torch
from torch import nn

from attnviz import UserError
from attnviz.gates.discover import find_gates, what_it_has
from tests.gates import foreign, published

X = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))
STYLES = {**foreign.ATTENTION, **published.ATTENTION}


def expected_names(path, kinds):
    """Names of gates of one module, by the rule: kinds where there are several, numbers within a kind."""
    apart = len({k for k in kinds if k != "added"}) > 1
    tags = [f":{k}" if apart or k == "added" else "" for k in kinds]
    return [path + tag + (f":{tags[:i].count(tag)}" if tags.count(tag) > 1 else "") for i, tag in enumerate(tags)]


@pytest.mark.parametrize("style", STYLES, ids=lambda s: s.__name__)
def test_foreign_styles_are_found_once_with_the_right_kind(style):
    sites = find_gates(foreign.build(style), X)
    assert [s.kind for s in sites] == STYLES[style]
    assert [s.name for s in sites] == expected_names("attn", STYLES[style])
    assert all(s.shape[0] == 1 for s in sites if style is not foreign.GroupedChannels)


@pytest.mark.parametrize("style", [*foreign.LOOKALIKES, *published.LOOKALIKES], ids=lambda s: s.__name__)
def test_lookalikes_give_nothing(style):
    assert find_gates(foreign.build(style), X) == ()


@pytest.mark.parametrize("style", [foreign.FunctionalSigmoid, foreign.Einsum, foreign.NonLocal, foreign.Context])
def test_found_under_autocast(style):
    model = foreign.build(style)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert [s.kind for s in find_gates(model, X)] == foreign.ATTENTION[style]


def test_volumes():
    (site,) = find_gates(foreign.build(foreign.Volume, volume=True), torch.randn(1, 3, 12, 12, 12))
    assert (site.kind, site.shape, site.features) == ("channel", (1, 8, 1, 1, 1), (1, 8, 12, 12, 12))


def test_a_module_called_twice_has_two_sites():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.se = foreign.FunctionalSigmoid()

        def forward(self, x):
            return self.se(torch.relu(self.se(x)))

    assert [s.name for s in find_gates(foreign.build(Twice), X)] == ["attn.se", "attn.se#2"]


def test_gates_of_the_model_itself_have_a_name():
    class model(nn.Module):  # noqa: N801
        def __init__(self):
            super().__init__()
            self.model = foreign.FunctionalSigmoid()

        def forward(self, x):
            return self.model(x) * x.mean(1, keepdim=True).sigmoid()

    assert [s.name for s in find_gates(model(), torch.randn(1, 8, 6, 6))] == ["model", "model_"]


def test_inputs_and_outputs_of_any_form():
    model = foreign.Several()
    x = torch.randn(1, 8, 6, 6)
    names = [[s.name for s in find_gates(model, e)] for e in (x, (x,), [x, x], {"x": x, "y": x}, (x, 3))]
    assert names == [["gate"]] * 5


def test_two_searches_agree_and_leave_nothing_behind():
    model = foreign.build(foreign.ProductFirst).train()
    model.attn.eval()
    modes = [m.training for m in model.modules()]
    before = {n: p.clone() for n, p in model.state_dict().items()}
    x = X.clone().requires_grad_()
    assert find_gates(model, x) == find_gates(model, X) == find_gates(model, torch.zeros(1, 3, 12, 12))
    assert [m.training for m in model.modules()] == modes
    assert all(torch.equal(before[n], p) for n, p in model.state_dict().items())
    assert x.grad is None and torch.equal(x.detach(), X)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize(
    ("style", "how"),
    [
        (foreign.ModuleSigmoid, "output of attn.act"),
        (foreign.SharedOutput, "operand of multiplication 1 in attn"),
        (foreign.FunctionalSigmoid, "operand of multiplication 1 in attn"),
        (foreign.NonLocal, "result of softmax 1 in attn"),
        (foreign.Fused, "recomputed from query and key: fused attention 1 in attn"),
        (foreign.Context, "result of softmax 1 in attn"),
    ],
    ids=lambda s: getattr(s, "__name__", ""),
)
def test_the_mechanism_is_visible(style, how):
    assert find_gates(foreign.build(style), X)[0].how == how


def test_what_cannot_be_searched():
    model = foreign.build(foreign.FunctionalSigmoid).train()
    with pytest.raises(UserError, match="needs a torch.nn.Module, got str"):
        find_gates("resnet", X)
    with pytest.raises(UserError, match=r"Sequential fails on the example of shape \(1, 4, 12, 12\): RuntimeError"):
        find_gates(model, torch.zeros(1, 4, 12, 12))
    with pytest.raises(UserError, match="at least one tensor"):
        find_gates(model, [1])
    with pytest.raises(UserError, match="got int"):
        find_gates(model, 3)
    assert model.training and not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_what_a_model_without_gates_has():
    assert what_it_has(foreign.build(foreign.LayerScale)) == (
        "this model has no attention gates; here is what it has: 2 Conv2d, 1 AdaptiveAvgPool2d, 1 Flatten, 1 Linear"
    )
