import pytest
import torch

from attnviz.attention.local import LocalAttention
from attnviz.core.errors import UserError
from tests.attention.helpers import HAND, features, gates_of, put, randomise, sigmoid


def test_by_hand():
    module = LocalAttention(2, reduction=2).double()
    put(module.channel.reduce.weight, [1, -1]), put(module.channel.reduce.bias, [0.5])
    put(module.channel.expand.weight, [1, -2]), put(module.channel.expand.bias, [0.1, 0.2])
    put(module.spatial.reduce.weight, [1, 1]), put(module.spatial.reduce.bias, [-2])
    put(module.spatial.expand.weight, [0.5]), put(module.spatial.expand.bias, [-0.25])
    channel = sigmoid([2 + 0.1, -4 + 0.2])  # hidden = relu(2.5 - 1 + .5) = 2
    hidden = torch.tensor([[0.0, 2.0], [3.0, 2.0]])  # relu(sum of the two channels - 2)
    spatial = sigmoid(0.5 * hidden - 0.25)
    expected = HAND.numpy() * channel[None, :, None, None] * spatial[None, None]
    torch.testing.assert_close(module(HAND).detach(), torch.as_tensor(expected), rtol=1e-12, atol=0)


def test_both_branches_see_the_same_features():
    module = randomise(LocalAttention(6, reduction=2).double())
    x = features(2, 6, 4, 3)
    _, seen = gates_of(module, x)
    assert [name for name, *_ in seen] == ["channel.gate", "spatial.gate"]
    assert all(torch.equal(met, x) for *_, met in seen)
    out, seen = gates_of(module, x)
    torch.testing.assert_close(out, x * seen[0][2] * seen[1][2])


@pytest.mark.parametrize(("scale", "most"), [(0.0, 1e-12), (0.01, 0.02), (1.0, 1.0)])
def test_the_start_is_almost_uniform_near_a_quarter(scale, most):
    torch.manual_seed(0)
    module = LocalAttention(64, start_scale=scale)
    _, ((_, _, channel, _), (_, _, spatial, _)) = gates_of(module, torch.relu(torch.randn(2, 64, 9, 9)))
    for gate in (channel, spatial):
        assert (gate - 0.5).abs().max() <= most
    assert (channel * spatial - 0.25).abs().max() <= most
    if scale == 1.0:
        assert (channel - 0.5).abs().max() > 0.05  # an unscaled start is not uniform


def test_he_initialisation():
    torch.manual_seed(0)
    module = LocalAttention(512, reduction=2)
    assert module.spatial.reduce.weight.std().item() == pytest.approx((2 / 512) ** 0.5, rel=0.02)
    assert module.channel.expand.weight.std().item() == pytest.approx(0.01 * (2 / 256) ** 0.5, rel=0.02)
    assert all(not conv.bias.any() for b in (module.channel, module.spatial) for conv in (b.reduce, b.expand))


@pytest.mark.parametrize("scale", [-1, float("nan"), float("inf"), "1", True])
def test_start_scale_is_validated(scale):
    with pytest.raises(UserError, match="start_scale must be a number of at least 0, got"):
        LocalAttention(8, start_scale=scale)
