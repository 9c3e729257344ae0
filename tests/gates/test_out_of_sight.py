"""What happens between the place where a gate is read or changed and the features, out of sight of the search."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attnviz import UserError
from attnviz.attention.gate import Gate
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, scale, set_to
from attnviz.gates.entrances import Hook
from tests.gates import models_of_passes as nets
from tests.gates.models_of_passes import C, named

X = torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """A gate by a module, and something between it and the product; ``used`` is what the features met."""

    def __init__(self, between):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.fc, self.act, self.drop = nn.Conv2d(3, C, 3), nn.Conv2d(C, C, 1), nn.Sigmoid(), nn.Dropout(0.5)
        self.between, self.used = between, None

    def weigh(self, x):
        gate = self.between(self, self.act(self.fc(x.mean((2, 3), keepdim=True))), x)
        self.used = gate.detach().clone()
        return x * gate

    def forward(self, x):
        return self.weigh(self.stem(x))


def noise(net, gate, x):
    """timm's ``drop_path`` on the gate itself."""
    return gate * torch.empty_like(gate).bernoulli_(0.5).div_(0.5) if net.training else gate


def moved_noise(net, gate, x):
    mask = torch.rand(len(gate), C) > 0.5
    return (gate.flatten(1) * mask)[..., None, None] if net.training else gate


DROPOUT = {
    "module": lambda net, g, x: net.drop(g),
    "functional": lambda net, g, x: F.dropout(g, 0.5, net.training),
    "in place": lambda net, g, x: F.dropout(g, 0.5, net.training, inplace=True),
    "by keyword": lambda net, g, x: F.dropout(input=g, p=0.5, training=net.training),
    "of channels": lambda net, g, x: F.dropout2d(g, 0.5, net.training),
    "alpha": lambda net, g, x: F.alpha_dropout(g, 0.5, net.training),
    "of torch": lambda net, g, x: torch.dropout(g, 0.5, net.training),
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("between", DROPOUT.values(), ids=DROPOUT)
def test_dropout_on_the_gate_is_read_and_edited_behind_it(between, training):
    net = Net(between).eval()
    sites = find_gates(net, X)
    net.train(training)
    with torch.no_grad():
        with capture(net, sites) as tape:
            net(X)
        assert torch.equal(tape[sites[0].name].values, net.used)
        with edit(net, {sites[0]: set_to(0.25)}):
            assert torch.allclose(net(X), 0.25 * net.stem(X))
    assert "dropout" not in vars(torch._VF)


@pytest.mark.parametrize("between", [noise, moved_noise])
def test_noise_that_only_train_mode_has_is_refused_by_name(between):
    net = Net(between).eval()
    (site,) = find_gates(net, X)
    assert site.place.op == "output"
    with torch.no_grad(), capture(net, [site]) as tape:
        net(X)
    assert torch.equal(tape[site.name].values, net.used)
    net.train()
    refused = pytest.raises(UserError, match=f"{site.name} is multiplied with noise in train mode")
    with torch.no_grad(), refused, capture(net, [site]):
        net(X)
    with torch.no_grad(), refused, edit(net, {site: set_to(0.25)}):
        net(X)
    if between is noise:
        with torch.no_grad(), capture(net, [site], exact=True) as tape:
            net(X)
        assert torch.equal(tape[site.name].values, net.used)


def test_what_does_the_same_in_train_mode_is_read_at_the_lightest_place():
    net = Net(lambda net, g, x: nn.Identity()(g)).eval()
    (site,) = find_gates(net, X)
    assert site.place.op == "output"
    with torch.no_grad(), capture(net.train(), [site]) as tape:
        net(X)
    assert torch.equal(tape[site.name].values, net.used)


HALF = {"replaces": lambda m, i, o: 0.5 * o, "looks": lambda m, i, o: None, "in place": lambda m, i, o: o.mul_(0.5)}


@pytest.mark.parametrize("when", ["before", "inside", "between passes"])
@pytest.mark.parametrize("user", HALF.values(), ids=HALF)
@pytest.mark.parametrize("attention", [nets.ByModule, nets.Tapped, nets.Selective])
def test_a_hook_of_the_user_on_a_gate_comes_first(attention, user, when):
    model = named(nets.Net, attention)
    (site,) = find_gates(model, X)
    module = model.get_submodule(site.place.module)

    def hooked(context):
        handle = module.register_forward_hook(user) if when == "before" else None
        with torch.no_grad(), context as tape:
            if when == "between passes":
                model(X)
            handle = handle or module.register_forward_hook(user)
            out = model(X)
        handle.remove()
        return out, tape

    with torch.no_grad():
        with capture(model, [site]) as tape:
            model(X)
        bare = tape[site.name].values
        handle = module.register_forward_hook(user)
        expected = model(X)
        handle.remove()
        with edit(model, {site: set_to(0.25)}):
            edited = model(X)
    out, tape = hooked(capture(model, [site]))
    assert torch.equal(out, expected)
    assert torch.allclose(tape[site.name].values, bare * (1 if user is HALF["looks"] else 0.5))
    assert torch.allclose(hooked(edit(model, {site: set_to(0.25)}))[0], edited)
    assert not module._forward_hooks and not module._forward_pre_hooks


@pytest.mark.parametrize("attention", [nets.Inside, nets.ByModule, nets.Tapped, nets.Mask, nets.Pairs])
def test_the_forward_of_the_class_is_served(attention):
    model, other = named(nets.Net, attention), named(nets.Net, attention)
    (site,) = find_gates(model, X)
    classes = [type(m) for m in model.modules()]
    before = [cls.__dict__.get("forward") for cls in classes]
    with torch.no_grad():
        plain = other(X)
        with edit(model, {site: scale(0.5)}):
            whole = model(X)
            assert torch.equal(type(model).forward(model, X), whole) and not torch.equal(whole, plain)
            assert torch.equal(type(other).forward(other, X), plain) and torch.equal(other(X), plain)
            part, stem = model.attention, model.stem(X)
            assert torch.equal(type(part).forward(part, stem), part(stem))
            with capture(model, [site]) as tape:
                model(-X)
                type(model).forward(model, X)
                values = tape[site.name].values
                model(X)
            assert torch.equal(values, tape[site.name].values)
    assert [cls.__dict__.get("forward") for cls in classes] == before
    assert not any(isinstance(m.__dict__.get("forward"), Hook) for m in model.modules())


class Below(nets.Inside):
    def forward(self, x):
        return super().forward(x) + 0 * x


def test_the_forward_of_a_parent_class_runs_once():
    model = named(nets.Net, Below)
    (site,) = find_gates(model, X)
    with torch.no_grad(), edit(model, {site: set_to(0.25)}):
        assert torch.allclose(model.attention(model.stem(X)), 0.25 * model.stem(X))
        with edit(model, {site: scale(2.0)}):
            assert torch.allclose(Below.forward(model.attention, model.stem(X)), 0.5 * model.stem(X))
    assert "lead" not in Below.forward.__qualname__ and "lead" not in nets.Inside.forward.__qualname__


class Functional(Net):
    def weigh(self, x):
        gate = self.between(self, self.fc(x.mean((2, 3), keepdim=True)).clone(), x)
        self.used = gate.detach().clone()
        return x * gate


def through_logits(net, z, x):
    view = z.view(len(z), C, 1, 1)
    z.sigmoid_()
    return view


def through_a_buffer(net, z, x):
    buffer = x.new_zeros(len(x), C)
    view = buffer[..., None, None]
    buffer[:] = z.flatten(1).sigmoid()
    return view


def through_copy(net, z, x):
    buffer = x.new_zeros(len(x), C, 1, 1)
    view = buffer.view(len(x), C, 1, 1)
    buffer.copy_(z.sigmoid())
    return view


def through_out(net, z, x):
    buffer = x.new_zeros(len(x), C)
    view = buffer[..., None, None]
    torch.sigmoid(z.flatten(1), out=buffer)
    return view


def through_scaling(net, z, x):
    gate = z.sigmoid()
    view = gate.expand_as(x)
    gate.mul_(0.5).add_(0.25)
    return view


def through_the_view(net, z, x):
    gate = z.sigmoid()
    gate.flatten(1).sub_(0.25).clamp_(min=0)
    return gate


def through_half(net, z, x):
    gate = z.sigmoid()
    view = gate.flatten(1)
    gate[:, :2] = 0.0
    return view[..., None, None]


def unbounded(net, z, x):
    gate = z.sigmoid()
    view = gate.view(len(gate), C, 1, 1)
    gate.log_().neg_()
    return view


WRITES = (through_logits, through_a_buffer, through_copy, through_out, through_scaling, through_the_view, through_half)


@pytest.mark.parametrize("write", WRITES)
def test_a_view_that_was_taken_before_a_write_in_place(write):
    net = Functional(write).eval()
    (site,) = find_gates(net, X)
    assert site.kind == "channel"
    with torch.no_grad(), capture(net, [site]) as tape:
        net(X)
    assert torch.equal(tape[site.name].values.expand_as(net.used), net.used)
    with torch.no_grad(), edit(net, {site: set_to(0.25)}):
        assert torch.allclose(net(X), 0.25 * net.stem(X))


def test_a_view_of_what_has_lost_its_bound_is_no_gate():
    assert not find_gates(Functional(unbounded).eval(), X)


def test_a_module_whose_output_is_written_to_behind_a_view():
    def between(net, gate, x):
        view = gate.view(len(gate), C, 1, 1)
        gate.mul_(0.5)
        return view

    net = Net(between).eval()
    (site,) = find_gates(net, X)
    with torch.no_grad(), capture(net, [site]) as tape:
        net(X)
    assert torch.equal(tape[site.name].values, net.used)
    with torch.no_grad(), edit(net, {site: set_to(0.25)}):
        assert torch.allclose(net(X), 0.25 * net.stem(X))


def test_a_gate_of_our_own_gives_its_tap_what_its_hooks_leave():
    gate, seen = Gate("channel"), []
    gate.register_forward_hook(lambda m, i, o: o * 2)
    gate.tap = lambda values, features: seen.append(values) or values
    assert torch.equal(gate(torch.ones(1, 2, 1, 1), torch.ones(1, 2, 3, 3)), seen[0]) and (seen[0] == 2).all()
