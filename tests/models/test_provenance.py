"""What a measurement says of where it came from."""

import pytest
import torch
from torch import nn

import attnviz
from attnviz.models.fit_state import fill
from attnviz.models.provenance import fingerprint
from tests.own_models import own_net


class Told:
    """Something without a text of its own."""


class WithState(nn.Module):
    """A network with state that is no tensor."""

    def __init__(self, extra):
        super().__init__()
        self.body, self.extra = own_net(), extra

    def forward(self, x):
        return self.body(x)

    def get_extra_state(self):
        return self.extra

    def set_extra_state(self, state):
        self.extra = state


EXTRA = {
    "a mapping": ({"step": 1}, {"step": 2}),
    "a text": ("a", "b"),
    "a number": (1, 2),
    "nothing": (None, 0),
    "a tensor": (torch.zeros(2), torch.ones(2)),
    "a tensor inside": ([torch.zeros(2)], [torch.ones(2)]),
    "an object": (Told(), "another"),
}


def taken(extra):
    return attnviz.wrap(WithState(extra), size=32, mean=0.5, std=0.5)


@pytest.mark.parametrize("name", EXTRA)
def test_state_of_any_type_has_a_fingerprint(name):
    one, other = EXTRA[name]
    again = Told() if isinstance(one, Told) else one
    assert fingerprint(taken(one)) == fingerprint(taken(again)) != fingerprint(taken(other))


@pytest.mark.parametrize("name", EXTRA)
def test_weights_are_filled_beside_state_of_any_type(name):
    one, other = EXTRA[name]
    net, file = WithState(one), WithState(other)
    with torch.no_grad():
        file.body.head[3].weight.fill_(2)
    tensors = {key: value for key, value in file.state_dict().items() if isinstance(value, torch.Tensor)}
    fill(net, tensors, "w.pt")
    assert bool((net.body.head[3].weight == 2).all())
    assert net.extra is one or name == "a tensor"
