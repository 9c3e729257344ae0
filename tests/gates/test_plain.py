"""Reading runs no operation in another way than a plain pass does: not in any grad mode, not for strided inputs."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attnviz.core.errors import UserError
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.operation_scope import Scope

CONTEXTS = (torch.enable_grad, torch.no_grad, torch.inference_mode)
WIDTH = 16


class Heads(nn.MultiheadAttention):
    def __init__(self, batch_first):
        super().__init__(WIDTH, 4, batch_first=batch_first)
        nn.init.normal_(self.in_proj_bias)

    def forward(self, x):
        return super().forward(x, x, x)[0]


class ByFunction(nn.Module):
    """A layer whose weights are parameters and whose operation is given."""

    def __init__(self, function, *shapes):
        super().__init__()
        self.function = function
        self.weights = nn.ParameterList(torch.randn(s) for s in shapes)

    def forward(self, x):
        return self.function(x, *self.weights)


class Recurrent(nn.LSTM):
    def __init__(self):
        super().__init__(WIDTH, WIDTH, batch_first=True)

    def forward(self, x):
        return super().forward(x)[0]


LAYERS = {
    "linear": lambda: nn.Linear(WIDTH, WIDTH),
    "linear without bias": lambda: nn.Linear(WIDTH, WIDTH, bias=False),
    "two linear": lambda: nn.Sequential(nn.Linear(WIDTH, 48), nn.GELU(), nn.Linear(48, WIDTH)),
    "heads, batch first": lambda: Heads(True),
    "heads, sequence first": lambda: Heads(False),
    "matrix": lambda: ByFunction(torch.matmul, (WIDTH, WIDTH)),
    "matrix an example": lambda: ByFunction(torch.matmul, (6, WIDTH, WIDTH)),
    "einsum": lambda: ByFunction(lambda x, w: torch.einsum("nlc,cd->nld", x, w), (WIDTH, WIDTH)),
    "einsum of heads": lambda: ByFunction(lambda x, w: torch.einsum("nlc,hcd->nhld", x, w).mean(1), (2, WIDTH, WIDTH)),
    "tensordot": lambda: ByFunction(lambda x, w: torch.tensordot(x, w, 1), (WIDTH, WIDTH)),
    "fused attention": lambda: ByFunction(lambda x, w: F.scaled_dot_product_attention(x @ w, x, x), (WIDTH, WIDTH)),
    "softmax": lambda: ByFunction(
        lambda x, w: torch.softmax(x @ w, -1) - 0.5, (WIDTH, WIDTH)
    ),  # below 0, else it is a score
    "bilinear": lambda: ByFunction(lambda x, w: F.bilinear(x, x, w), (WIDTH, WIDTH, WIDTH)),
    "recurrent": Recurrent,
    "convolution": lambda: nn.Conv1d(3, 3, 3, padding=1),
    "layer norm": lambda: nn.LayerNorm(WIDTH),
    "group norm": lambda: nn.GroupNorm(3, 3),
    "instance norm": lambda: nn.InstanceNorm1d(3, affine=True),
    "batch norm": lambda: nn.BatchNorm1d(3),
    "in place": lambda: ByFunction(lambda x, w: F.leaky_relu(x @ w, 0.1, inplace=True).multiply_(0.3), (WIDTH, WIDTH)),
}
"""Layers (6, 3, 16) -> (6, 3, 16) that torch makes of several operations, or in several ways."""


class Gated(nn.Module):
    """A gate in the same module, so that the layer runs where operations are counted."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        y = self.layer(x)
        return (y.unsqueeze(-1) * y.mean(2, keepdim=True).sigmoid().unsqueeze(-1)).squeeze(-1)


def inputs():
    """(6, 3, 16): as it lies in memory, transposed, cut out of something larger, repeated."""
    torch.manual_seed(1)
    wide = torch.randn(6, 3, 3 * WIDTH)
    return {
        "contiguous": torch.randn(6, 3, WIDTH),
        "transposed": torch.randn(3, 6, WIDTH).transpose(0, 1),
        "channels first": torch.randn(6, WIDTH, 3).transpose(1, 2),
        "part": wide[..., WIDTH : 2 * WIDTH],
        "repeated": torch.randn(1, 3, WIDTH).expand(6, -1, -1),
    }


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_hook_an_empty_mode_and_a_capture_beside_the_plain_pass(layer, context):
    torch.manual_seed(0)
    model = Gated(LAYERS[layer]()).eval()
    sites = find_gates(model, inputs()["contiguous"])
    assert sites and any(s.place.op not in ("output", "tap") for s in sites)
    for name, x in inputs().items():
        with context():
            plain = model(x)
            handle = model.layer.register_forward_hook(lambda m, i, o: None)
            assert torch.equal(model(x), plain), (name, "hook")
            handle.remove()
            with Scope([]):
                assert torch.equal(model(x), plain), (name, "empty mode")
            with capture(model, sites, [s.name for s in sites], exact=True) as tape:
                assert torch.equal(model(x), plain), (name, "capture")
            for site in sites:
                if (
                    site.name not in tape
                ):  # torch may take fused attention apart where memory is strided: then it is said
                    assert layer == "fused attention" and name != "contiguous"
                    with pytest.raises(UserError, match=site.name):
                        tape[site.name]
            assert plain.is_inference() == (context is torch.inference_mode)
