"""Uses in which an operation, a gradient or a context could be taken for another one."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attnviz import UserError
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, scale, set_to
from attnviz.gates.log import log_gates
from tests.gates import models_of_passes as nets
from tests.gates.models_of_passes import C, named

X = torch.randn(2, 3, 9, 9, generator=torch.Generator().manual_seed(0))


class Plain(nn.Module):
    """A channel gate in the model's own forward; ``forced`` takes its place, without attnviz."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.fc, self.head = nn.Conv2d(3, C, 3), nn.Linear(C, C), nn.Linear(C, 5)
        self.forced, self.gates, self.kept = None, [], None

    def weigh(self, features, factor=1.0):
        gate = torch.sigmoid(factor * self.fc(features.mean((2, 3))))[..., None, None]
        self.gates.append(gate.detach().clone())
        return features * (gate if self.forced is None else torch.full_like(gate, self.forced))

    def forward(self, x):
        self.kept = self.weigh(self.stem(x))
        return self.head(self.kept.mean((2, 3)))


class Crops(Plain):
    """Several crops in one tensor, as in the evaluation of ten crops."""

    def forward(self, x):
        return sum(self.head(self.weigh(self.stem(crop)).mean((2, 3))) for crop in x.chunk(max(1, len(x) // 2)))


class Dropped(Plain):
    """Dropout of whole channels in front of the gate: its mask is as large as the gate."""

    def forward(self, x):
        return self.head(self.weigh(F.dropout2d(self.stem(x), 0.5, self.training)).mean((2, 3)))


class DroppedByModule(Plain):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout2d(0.5)

    def forward(self, x):
        return self.head(self.weigh(self.dropout(self.stem(x))).mean((2, 3)))


class DropPath(Plain):
    """timm's ``drop_path`` in front of the gate, with a mask of the shape of a gate of one number."""

    def forward(self, x):
        features = self.stem(x)
        if self.training:
            mask = features.new_empty((len(x), C, 1, 1)).bernoulli_(0.5)
            features = features * mask.div_(0.5)
        return self.head(self.weigh(features).mean((2, 3)))


class OlderDropPath(Plain):
    def forward(self, x):
        features = self.stem(x)
        if self.training:
            features = features.div(0.5) * (0.5 + torch.rand((len(x), C, 1, 1))).floor_()
        return self.head(self.weigh(features).mean((2, 3)))


class OneMore(Plain):
    """In train mode there is one more product like the one with the gate."""

    def forward(self, x):
        features = self.stem(x)
        if self.training:
            features = features * features.mean((2, 3), keepdim=True)
        return self.head(self.weigh(features).mean((2, 3)))


@pytest.mark.parametrize("net", [Dropped, DroppedByModule, DropPath, OlderDropPath], ids=lambda n: n.__name__)
def test_masks_of_dropout_are_taken_for_no_gate(net):
    model = net().eval()
    (site,) = find_gates(model, X)
    model.train()
    with torch.no_grad(), capture(model, [site]) as tape:
        torch.manual_seed(1)
        model(X)
    assert torch.equal(tape[site.name].values, model.gates[-1])
    with torch.no_grad():
        with edit(model, {site: set_to(0.25)}):
            torch.manual_seed(1)
            edited = model(X)
        model.forced = 0.25
        torch.manual_seed(1)
        assert torch.allclose(edited, model(X), atol=1e-6)


@pytest.mark.parametrize(("net", "more"), [(Crops, torch.cat((X, X, X))), (OneMore, X)], ids=["crops", "train mode"])
def test_more_operations_like_the_one_with_the_gate(net, more):
    model = net().eval()
    (site,) = find_gates(model, X)
    model.train()
    for context in (capture(model, [site]), edit(model, {site: scale(0.5)})):
        with torch.no_grad(), context, pytest.raises(UserError, match="model is multiplication .* cannot be told"):
            model(more)
    model.eval()
    with torch.no_grad(), capture(model, [site]) as tape:
        model(X)
    assert torch.equal(tape[site.name].values, model.gates[-1])


class Residual(Plain):
    """torchvision's blocks: what comes out of the attention is written to."""

    def __init__(self):
        super().__init__()
        self.attention = nets.Inside()

    def forward(self, x):
        features = self.stem(x)
        out = self.attention(features)
        out += features
        return self.head(F.relu(out, inplace=True).mean((2, 3)))


def test_what_comes_out_of_an_edited_module_can_be_written_to():
    model = Residual().eval()
    (site,) = find_gates(model, X)
    with torch.no_grad():
        features = model.stem(X)
        expected = model.head(F.relu(1.25 * features).mean((2, 3)))
    with edit(model, {site: set_to(0.25)}):
        edited = model(X)
    assert torch.allclose(edited, expected, atol=1e-6)
    with pytest.raises(UserError, match="gradients cannot pass"):
        edited.sum().backward()


def test_gradients_past_the_output_are_refused_too():
    model = Plain().eval()
    (site,) = find_gates(model, X)
    with edit(model, {site: set_to(0.25)}):
        logits = model(X)
    with pytest.raises(UserError, match="gradients cannot pass"):
        model.kept.sum().backward()
    with pytest.raises(UserError, match="gradients cannot pass"):
        logits.sum().backward()


class Inner(Plain):
    """The gradient is a part of the forward pass, as in energy models."""

    def forward(self, x):
        with torch.enable_grad():
            features = self.stem(x).detach().requires_grad_()
            return torch.autograd.grad(self.weigh(features).square().sum(), features)[0]


def test_gradients_inside_of_the_forward_pass_are_refused():
    model = Inner().eval()
    site = find_gates(model, X)[0]
    with edit(model, {site: set_to(0.25)}), pytest.raises(UserError, match="gradients cannot pass"):
        model(X)


def test_a_module_around_a_gate_that_is_called_by_its_forward():
    model = named(nets.Net, nets.Inside)
    (site,) = find_gates(model, X)
    with torch.no_grad(), edit(model, {site: set_to(0.25)}):
        model(X)
        whole, stem = model.attention(model.stem(X)), model.stem(X)
        assert torch.equal(model.attention.forward(stem), whole)
        assert torch.equal(type(model.attention).forward(model.attention, stem), whole)


class Wrapper(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x)


@pytest.mark.parametrize("attention", [nets.Inside, nets.ByModule, nets.Tapped], ids=lambda a: a.__name__)
def test_a_model_and_a_part_of_it_are_not_read_and_edited_at_once(attention):
    part = named(nets.Net, attention)
    whole = Wrapper(part)
    own, outer = find_gates(part, X), find_gates(whole, X)
    refused = pytest.raises(UserError, match="as a part of another model")
    opening = {
        "part": lambda: capture(part, own),
        "whole": lambda: capture(whole, outer),
        "edit": lambda: edit(whole, {outer[0]: scale(0.5)}),
    }
    for first, second in (("part", "whole"), ("whole", "part"), ("part", "edit"), ("edit", "part")):
        with torch.no_grad(), opening[first]():
            expected = whole(X)
            with refused:
                opening[second]().__enter__()
            assert torch.equal(whole(X), expected)
    with torch.no_grad(), capture(whole, outer) as tape:
        whole(X)
    assert set(tape) == {outer[0].name}
    part.train()
    with torch.no_grad(), log_gates(part, X, every=1):
        with refused:
            opening["edit"]().__enter__()
        whole(X)


def test_a_search_under_an_edit_is_refused():
    model = Plain().eval()
    (site,) = find_gates(model, X)
    with edit(model, {site: set_to(0.25)}), torch.no_grad():
        with pytest.raises(UserError, match="cannot be searched while some of them are edited"):
            find_gates(model, X)
        model(X)
    assert [s.kind for s in find_gates(model, X)] == ["channel"]


class Shut(Plain):
    """Some channels of the gate are written to."""

    def weigh(self, features, factor=1.0):
        gate = torch.sigmoid(self.fc(features.mean((2, 3)))[..., None, None])
        self.write(gate)
        self.gates.append(gate.clone())
        return features * gate


WRITES = {
    "a number": lambda g: g[:, 0].fill_(0.0),
    "by index": lambda g: g.__setitem__((slice(None), 0), 0),
    "its own": lambda g: g.__setitem__((slice(None), slice(0, 2)), g[:, 2:4]),
    "a view": lambda g: g.flatten(1).mul_(0.5),
}


@pytest.mark.parametrize("way", WRITES)
def test_a_gate_that_is_written_to_in_part(way):
    model = Shut().eval()
    model.write = WRITES[way]
    (site,) = find_gates(model, X)
    assert site.kind == "channel"
    with torch.no_grad(), capture(model, [site]) as tape:
        model(X)
    assert torch.equal(tape[site.name].values, model.gates[-1])


def test_features_that_are_written_to_are_no_gate():
    model = Shut().eval()
    model.weigh = lambda features: features * features.mean((2, 3), keepdim=True).index_fill_(1, torch.tensor([0]), 0.0)
    assert find_gates(model, X) == ()
