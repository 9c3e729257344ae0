"""What edits do, in what order, and what they refuse."""

import numpy as np
import pytest
import torch
from torch import nn

from attnviz import UserError
from attnviz.core import types
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, knock_out, mean, neutral, paint, scale, set_to, shuffle
from tests.gates import foreign, strangers_branches

X = torch.randn(3, 3, 12, 12, generator=torch.Generator().manual_seed(0))


def run(model, edits):
    """Logits and gates under edits, and what the attention module was given and gave."""
    seen = []
    handle = model.attn.register_forward_hook(lambda m, i, o: seen.append((i[0].clone(), o.clone())))
    with torch.no_grad(), capture(model, find_gates(model, X)) as tape, edit(model, edits):
        logits = model(X)
    handle.remove()
    assert len([h for m in model.modules() for h in m._forward_hooks]) == 0
    return logits, tape, *seen[-1]


def only_gate(style):
    model = foreign.build(style)
    return model, find_gates(model, X)[0]


IDENTITY_WHEN_NEUTRAL = [
    s for s, kinds in foreign.ATTENTION.items() if set(kinds) <= {"channel", "spatial", "strip", "full"}
]


@pytest.mark.parametrize("style", IDENTITY_WHEN_NEUTRAL, ids=lambda s: s.__name__)
def test_neutral_of_gates_that_multiply_is_no_gate(style):
    model = foreign.build(style)
    _, _, x, y = run(model, {s.name: neutral() for s in find_gates(model, X)})
    if style in (foreign.Residual, foreign.FusedResidual):
        x = 2 * x
    if style is foreign.Highway:
        x = model.attn.conv(x)
    if style is foreign.SharedOutput:
        y, x = y - y.mean() + x.mean(), x  # what else uses the activation keeps its value
    if style is foreign.InPlaceThenReLU:
        x = x.relu()
    assert torch.allclose(x, y, atol=1e-6)


def test_neutral_of_the_other_kinds():
    for style in (foreign.Branches, foreign.BranchesCutApart):
        model, site = only_gate(style)
        _, tape, x, y = run(model, {site: neutral()})
        assert torch.equal(tape["attn"].values, torch.full((3, 2, 8, 1, 1), 0.5))
        assert torch.allclose(y, (x + x.relu()) / 2, atol=1e-6)
    for style in (foreign.NonLocal, foreign.ByHand, foreign.Heads, foreign.Fused):
        model, site = only_gate(style)
        _, tape, x, y = run(model, {site: neutral()})
        average = model.attn.v(x).mean((2, 3), keepdim=True).expand_as(x)
        assert torch.allclose(y, average + x if style is foreign.NonLocal else average, atol=1e-5)
        assert torch.allclose(tape["attn"].values, torch.tensor(1 / 144))
    model, _ = only_gate(foreign.Context)
    _, _, x, y = run(model, {"attn:added": neutral()})
    assert torch.equal(x, y)
    for style in (foreign.Transformer, foreign.Flow):
        model, site = only_gate(style)
        _, _, x, y = run(model, {site: neutral()})
        assert torch.allclose(x, y, atol=1e-5)
    volume = foreign.build(foreign.Volume, volume=True)
    x = torch.randn(2, 3, 12, 12, 12)
    (site,) = find_gates(volume, x)
    with torch.no_grad(), edit(volume, {site: neutral()}):
        expected = volume.head(volume.flat(volume.pool(volume.stem(x))))
        assert torch.allclose(volume(x), expected, atol=1e-6)


@pytest.mark.parametrize("style", [foreign.FunctionalSigmoid, foreign.ModuleSigmoid, foreign.Einsum, foreign.ExpandAs])
def test_actions_on_a_channel_gate(style):
    model, site = only_gate(style)
    plain = run(model, {})[1]["attn"].values

    def values(change):
        _, tape, x, y = run(model, {site: change})
        assert torch.allclose(y, x * tape["attn"].values, atol=1e-6), "the network must use what the tape says"
        return tape["attn"].values

    assert torch.equal(values(set_to(0.25)), torch.full_like(plain, 0.25))
    each = torch.linspace(0, 1, 8).view(1, 8, 1, 1)
    assert torch.equal(values(set_to(each)), each.expand_as(plain))
    rows = torch.rand(plain.shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(values(set_to(rows)), rows), "a row for each example"
    assert torch.equal(values(scale(2)), plain * 2)
    doubled = values(scale(2, 1, 6))
    assert torch.equal(doubled[:, [1, 6]], plain[:, [1, 6]] * 2) and torch.equal(doubled[:, 2:6], plain[:, 2:6])
    kept = values(knock_out(0, 5))
    assert kept[:, [0, 5]].abs().max() == 0 and torch.equal(kept[:, 1:5], plain[:, 1:5])
    assert torch.equal(values(knock_out([7]))[:, :7], plain[:, :7])
    assert torch.allclose(values(mean()), plain.mean(0, keepdim=True).expand_as(plain))
    reference = np.random.default_rng(0).random((5, 8, 1, 1), dtype=np.float32)
    assert np.allclose(values(mean(reference))[1], reference.mean(0), atol=1e-6)
    shuffled = values(shuffle())
    assert torch.equal(shuffled.sort(1).values, plain.sort(1).values)
    assert all((shuffled[:, c] != plain[:, c]).all() for c in range(8)), "every weight moves"
    assert torch.equal(values(shuffle()), shuffled) and not torch.equal(values(shuffle(seed=1)), shuffled)
    over_batch = values(shuffle("batch"))
    assert not torch.equal(over_batch, plain) and torch.equal(over_batch.sort(0).values, plain.sort(0).values)
    with pytest.raises(UserError, match="does not fit"):
        values(set_to(rows[:1].repeat(len(plain) + 1, 1, 1, 1)))


def test_actions_on_other_kinds():
    model, site = only_gate(foreign.SpatialMask)
    mask = np.zeros((12, 12), np.float32)
    mask[3, 4] = 1
    _, tape, x, y = run(model, {site: paint(mask)})
    assert (tape["attn"].values[:, 0].numpy() == mask).all()
    assert torch.equal(y[:, :, 3, 4], x[:, :, 3, 4])
    elsewhere = y.detach().clone()
    elsewhere[:, :, 3, 4] = 0
    assert not elsewhere.any()
    plain = run(model, {})[1]["attn"].values
    moved = run(model, {site: shuffle("positions")})[1]["attn"].values
    assert torch.equal(moved.flatten(2).sort(2).values, plain.flatten(2).sort(2).values)
    assert not torch.equal(moved, plain)
    model, site = only_gate(foreign.Energy)
    _, tape, x, y = run(model, {site: paint(mask)})
    assert torch.equal(y, x * torch.from_numpy(mask))
    model, site = only_gate(foreign.NonLocal)
    moved = run(model, {site: shuffle("positions")})[1]["attn"].values
    assert torch.allclose(moved.sum(-1), torch.ones(())) and not torch.equal(moved, run(model, {})[1]["attn"].values)
    model, site = only_gate(foreign.BranchesCutApart)
    _, _, x, y = run(model, {site: knock_out(1)})
    weight = run(model, {})[1]["attn"].values[:, 0]
    assert torch.allclose(y, x * weight, atol=1e-6)


def test_nesting_and_the_order_of_contexts():
    model = foreign.build(foreign.Strips)
    sites = find_gates(model, X)
    with torch.no_grad():
        plain = model(X)
        with capture(model, sites) as outer, edit(model, {"attn:0": set_to(0.5)}):
            with edit(model, {"attn:0": scale(4), "attn:1": neutral()}), capture(model, sites) as inner:
                model(X)
            assert (inner["attn:0"].values == 2).all() and (inner["attn:1"].values == 1).all()
            model(X)
            assert (outer["attn:0"].values == 0.5).all() and not (outer["attn:1"].values == 1).all()
        assert torch.equal(model(X), plain)


def test_a_nested_scope_does_not_count_the_arithmetic_of_an_edit():
    class Outer(foreign.Energy):
        def __init__(self):
            super().__init__()
            self.inner = foreign.FunctionalSigmoid()

        def forward(self, x):
            return super().forward(self.inner(x))

    model = foreign.build(Outer)
    sites = find_gates(model, X)
    assert [(s.name, s.kind) for s in sites] == [("attn.inner", "channel"), ("attn", "full")]
    with torch.no_grad(), edit(model, {"attn.inner": knock_out(0)}), capture(model, sites) as tape:
        model(X)
    assert set(tape) == {"attn.inner", "attn"} and tape["attn"].values.shape == (3, 8, 12, 12)
    assert (tape["attn"].values[:, 0] == torch.tensor(0.5).sigmoid()).all(), "a channel that is 0 has no energy"


def test_gradients_pass_outputs_and_are_refused_inside_operations():
    model, site = only_gate(foreign.ModuleSigmoid)
    with edit(model, {site: set_to(0.5)}):
        model(X).sum().backward()
    gradient = model.stem.weight.grad.clone()
    model.attn.forward = lambda x: 0.5 * x
    model.zero_grad()
    model(X).sum().backward()
    assert torch.allclose(gradient, model.stem.weight.grad, atol=1e-5)
    model, site = only_gate(foreign.FunctionalSigmoid)
    with edit(model, {site: set_to(0.5)}):
        logits = model(X)
    with pytest.raises(UserError, match="gradients cannot pass a gate that was edited inside an operation"):
        logits.sum().backward()
    with capture(model, [site]):
        model(X).sum().backward()


@pytest.mark.parametrize(
    ("style", "change", "message"),
    [
        (foreign.FunctionalSigmoid, knock_out(8), r"must be in 0\.\.7 for attn, got 8"),
        (foreign.FunctionalSigmoid, knock_out(-1), r"must be in 0\.\.7 for attn, got -1"),
        (foreign.SpatialMask, knock_out(0), "has no channels to knock out"),
        (foreign.SpatialMask, scale(2, 0), "has no channels to scale"),
        (foreign.FunctionalSigmoid, scale(2, 8), r"must be in 0\.\.7 for attn, got 8"),
        (foreign.SpatialMask, paint(np.ones((7, 7))), r"has shape \(12, 12\), got \(7, 7\)"),
        (foreign.FunctionalSigmoid, paint(np.ones((12, 12))), "is a channel gate; a mask can be painted"),
        (foreign.FunctionalSigmoid, set_to([1.0, 2.0]), r"cannot be set to values of shape \(2,\)"),
        (foreign.FunctionalSigmoid, mean(np.ones((4, 9, 1, 1))), r"shape \(R, 8, 1, 1\), got \(4, 9, 1, 1\)"),
        (foreign.FunctionalSigmoid, shuffle("positions"), "has no positions to shuffle"),
        (foreign.SpatialMask, shuffle("channels"), "has no channels to shuffle"),
        (foreign.SpatialMask, "neutral", "is made by neutral"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_hook(style, change, message):
    model, site = only_gate(style)
    with pytest.raises(UserError, match=message), edit(model, {"attn": change}):
        raise AssertionError("the context must not open")
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_arguments_that_make_no_edit():
    for make, message in [
        (lambda: knock_out(), "at least one channel"),
        (lambda: knock_out(True), "whole number, got True"),
        (lambda: knock_out(1.5), "whole number, got 1.5"),
        (lambda: scale([1, 2]), "one number"),
        (lambda: scale(2, "3"), "to scale is a whole number, got '3'"),
        (lambda: scale(float("nan")), "finite"),
        (lambda: set_to("high"), "must be numbers, got str"),
        (lambda: shuffle("chanels"), "did you mean 'channels'"),
        (lambda: shuffle(seed=-1), "a seed is a whole number"),
    ]:
        with pytest.raises(UserError, match=message):
            make()
    change = set_to(np.ones(3))
    with pytest.raises(ValueError, match="read-only"):
        change.value[0] = 2
    with pytest.raises(AttributeError):
        change.action = "scale"
    assert isinstance(change, types.Edit)


def test_what_fits_only_at_the_searched_size_is_refused_when_it_runs():
    model, site = only_gate(foreign.SpatialMask)
    with torch.no_grad(), edit(model, {site: paint(np.ones((12, 12)))}):
        with pytest.raises(UserError, match="does not fit attn"):
            model(torch.randn(1, 3, 16, 16))
        model(X)
    with torch.no_grad(), edit(model, {site: shuffle("batch")}), pytest.raises(UserError, match="at least 2 examples"):
        model(X[:1])
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


class Hard(nn.Module):
    """A gate that is a comparison, multiplied in as such."""

    def __init__(self, harden, mask):
        super().__init__()
        self.conv, self.fc, self.harden, self.mask = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 1 if mask else 8, 1), harden, mask

    def forward(self, x):
        x = self.conv(x)
        return x * self.harden(self.fc(x if self.mask else x.mean((2, 3), keepdim=True)).sigmoid())


HARD = {
    "greater": lambda g: g > 0.5,
    "at most": lambda g: g <= 0.5,
    "between": lambda g: (g > 0.4) & (g < 0.6),
    "not": lambda g: ~(g > 0.5),
    "above the mean": lambda g: g >= g.mean((1, 2, 3), keepdim=True),
    "not equal": lambda g: g.round() != 0,
}


@pytest.mark.parametrize("mask", [False, True], ids=["channels", "places"])
@pytest.mark.parametrize("how", HARD)
def test_gates_that_are_comparisons_take_what_a_comparison_can_be(how, mask):
    torch.manual_seed(0)
    model = Hard(HARD[how], mask).eval()
    (site,) = find_gates(model, X)
    with capture(model, [site]) as tape:
        plain = model(X)
    values = tape[site.name].values
    assert values.dtype == torch.bool and 0 < values.float().mean() < 1
    with torch.no_grad():
        x = model.conv(X)
        for change, expected in (
            (neutral(), x),
            (set_to(0), 0 * x),
            (set_to(~values), x * ~values),
            (scale(1.0), plain),
            (scale(0.0), 0 * x),
        ):
            with edit(model, {site: change}):
                assert torch.equal(model(X), expected)
        for change in (scale(0.5), set_to(0.3), set_to(2), set_to(-1), mean(torch.full(values.shape, 0.25)), scale(3)):
            with pytest.raises(UserError, match=r"torch\.bool.*\.float\(\)"), edit(model, {site: change}):
                model(X)
        assert torch.equal(model(X), plain)


@pytest.mark.parametrize("side", [12, (12, 9)], ids=["square", "oblong"])
def test_masks_of_networks_with_channels_last_are_painted(side):
    high, wide = (side, side) if isinstance(side, int) else side
    model, x = strangers_branches.MapsLast().eval(), torch.randn(2, foreign.C, high, wide)
    (site,) = find_gates(model, x)
    assert site.shape == (1, high, wide, 1)
    mask = torch.rand(high, wide)
    with torch.no_grad():
        with edit(model, {site: paint(mask)}):
            painted = model(x)
        plain = model.fc(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    assert torch.allclose(painted, plain * mask)
    for wrong in ((high, 1), (wide, 1), (1, 1), (high + 1, wide), (high, wide, 1)):
        with (
            pytest.raises(UserError, match=rf"has shape \({high}, {wide}\), got"),
            edit(model, {site: paint(torch.ones(wrong))}),
        ):
            pass
