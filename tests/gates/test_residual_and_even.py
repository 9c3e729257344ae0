"""Gates that act as 1 + g, and gates whose weights sum to 1: read, edited and neutral by what they do."""

import pytest
import torch
from torch import nn

from attnviz.attention.gate import Gate
from attnviz.core.errors import UserError
from attnviz.core.kinds import KINDS
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.gates.edit import edit, neutral, set_to
from attnviz.gates.edits.replacements import SWAPS

X = torch.randn(2, 4, 6, 5, generator=torch.Generator().manual_seed(3))
SHAPES = {"channel": (4, (1, 1)), "spatial": (1, (6, 5)), "strip": (4, (6, 1)), "full": (4, (6, 5))}
"""Channels and places of a mask by its kind."""


class Residual(nn.Module):
    """x · (1 + σ(f(x))), as bottleneck attention modules and attention branches have it."""

    def __init__(self, kind):
        super().__init__()
        channels, self.places = SHAPES[kind]
        self.mask, self.gate = nn.Conv2d(4, channels, 1), Gate(kind, residual=True)

    def forward(self, x):
        mask = nn.functional.adaptive_avg_pool2d(self.mask(x).sigmoid(), self.places)
        return x * (1 + self.gate(mask, x))


class Pooling(nn.Module):
    """Σ over places of x · softmax(f(x)): attention pooling."""

    def __init__(self):
        super().__init__()
        self.mask, self.gate = nn.Conv2d(4, 1, 1), Gate("spatial", even=True)

    def forward(self, x):
        weights = self.mask(x).flatten(2).softmax(-1).reshape(len(x), 1, *x.shape[2:])
        return (x * self.gate(weights, x)).sum((2, 3))


@pytest.mark.parametrize("kind", SHAPES)
def test_a_neutral_residual_gate_is_the_identity(kind):
    model = Residual(kind)
    (site,) = find_gates(model, X)
    assert (site.kind, site.residual, site.even) == (kind, True, False)
    with torch.no_grad(), edit(model, {site: neutral()}), capture(model, [site]) as tape:
        assert torch.equal(model(X), X)
    assert (tape[site.name].values == 0).all()
    with torch.no_grad(), edit(model, {site: set_to(1.0)}):
        assert torch.equal(model(X), 2 * X)


@pytest.mark.parametrize("size", [(6, 5), (9, 3), (1, 1)])
def test_neutral_attention_pooling_is_the_mean(size):
    model, x = Pooling(), torch.randn(2, 4, *size)
    (site,) = find_gates(model, x)
    assert (site.kind, site.residual, site.even) == ("spatial", False, True)
    with torch.no_grad(), edit(model, {site: neutral()}):
        torch.testing.assert_close(model(x), x.mean((2, 3)))


def test_the_kind_stays_what_it_is():
    (residual,), (even,) = find_gates(Residual("spatial"), X), find_gates(Pooling(), X)
    assert residual.has_mask and residual.traits.multiplies and SWAPS["flat"].fits(residual)
    assert even.has_mask and even.traits.even and even.traits.neutral is None
    assert not KINDS["spatial"].residual and not KINDS["spatial"].even


@pytest.mark.parametrize(
    ("kind", "residual", "even"),
    [("full", True, True), *((k, True, False) for k in ("branch", "pairwise", "added", "geometric")),
     ("added", False, True), ("geometric", False, True)],
)  # fmt: skip
def test_what_cannot_be_is_refused(kind, residual, even):
    with pytest.raises(UserError, match=f"a {kind} gate cannot be residual={residual} and even={even}"):
        Gate(kind, residual=residual, even=even)
