import pytest
import timm.layers
import torch

from attnviz.attention.eca import EfficientChannelAttention, kernel_for
from attnviz.core.errors import UserError
from tests.attention.helpers import HAND, features, put, sigmoid


def test_by_hand():
    module = EfficientChannelAttention(2, kernel_size=3).double()
    put(module.conv.weight, [0.5, 1.0, -1.0])  # left neighbour, itself, right neighbour
    gate = sigmoid([2.5 - 1.0, 0.5 * 2.5 + 1.0])
    expected = HAND * torch.as_tensor(gate)[None, :, None, None]
    torch.testing.assert_close(module(HAND), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("channels", [8, 32, 64, 100, 256, 512, 2048])
def test_equals_timm(channels):
    ours, theirs = EfficientChannelAttention(channels).double(), timm.layers.EcaModule(channels).double()
    assert ours.conv.kernel_size == theirs.conv.kernel_size
    put(theirs.conv.weight, ours.conv.weight)
    x = features(2, channels, 5, 4)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-12)


def test_kernels_of_the_formula():
    assert {c: kernel_for(c) for c in (1, 4, 8, 64, 128, 256, 512)} == {1: 1, 4: 1, 8: 3, 64: 3, 128: 5, 256: 5, 512: 5}


@pytest.mark.parametrize("kernel", [0, 2, 4, -3, 3.0, True, "3"])
def test_kernels_are_validated(kernel):
    with pytest.raises(UserError, match=f"kernel_size must be an odd whole number of at least 1, got {kernel!r}"):
        EfficientChannelAttention(8, kernel_size=kernel)
