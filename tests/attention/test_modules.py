"""Every module against hand-worked values and independent implementations."""

import numpy as np
import pytest
import timm.layers
import timm.layers.cbam
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from attnviz.attention import ATTENTION
from attnviz.attention.cbam import CBAM, ORDERS, ChannelAttention, SpatialAttention
from attnviz.attention.gate import Gate, hidden_width
from attnviz.attention.none import NoAttention
from attnviz.attention.se import SqueezeExcitation
from attnviz.core.errors import UserError
from tests.attention.helpers import make, shape_after

# 2 channels of 2×2: means 2.5 and 1, maxima 4 and 2
HAND = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 2.0], [2.0, 0.0]]]])


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


@torch.no_grad()
def set_weights(**parameters):
    for parameter, values in parameters.values():
        parameter.copy_(torch.as_tensor(values, dtype=parameter.dtype).reshape(parameter.shape))


def features(*shape):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_se_by_hand():
    module = SqueezeExcitation(2, reduction=2)
    set_weights(a=(module.reduce.weight, [1, -1]), b=(module.expand.weight, [2, -1]))
    gate = sigmoid([2 * 1.5, -1.5])  # hidden = relu(2.5 - 1) = 1.5
    expected = HAND.numpy() * gate[None, :, None, None]
    np.testing.assert_allclose(module(HAND).detach(), expected, rtol=1e-6)


def test_channel_attention_by_hand():
    module = ChannelAttention(2, reduction=2, bias=True)
    set_weights(a=(module.reduce.weight, [1, -1]), b=(module.reduce.bias, [0.5]),
                c=(module.expand.weight, [1, -2]), d=(module.expand.bias, [0.1, 0.2]))  # fmt: skip
    # average: hidden relu(1.5 + .5) = 2; maximum: relu(4 - 2 + .5) = 2.5; the bias of the last layer counts twice
    gate = sigmoid([2 + 2.5 + 0.2, -4 - 5 + 0.4])
    np.testing.assert_allclose(module(HAND).detach(), HAND.numpy() * gate[None, :, None, None], rtol=1e-6)


def test_spatial_attention_by_hand():
    module = SpatialAttention(2, kernel_size=3)
    kernel = torch.zeros(1, 2, 3, 3)
    kernel[0, 0, 1, 1] = 1.0  # the mean at the position itself
    kernel[0, 1, 1, 2] = 0.5  # the maximum at the position to the right
    set_weights(a=(module.conv.weight, kernel))
    mean, maximum = np.array([[0.5, 2], [2.5, 2]]), np.array([[1.0, 2], [3, 4]])
    mask = sigmoid(mean + 0.5 * np.array([[maximum[0, 1], 0], [maximum[1, 1], 0]]))
    np.testing.assert_allclose(module(HAND).detach(), HAND.numpy() * mask, rtol=1e-6)


def test_se_equals_timm_and_torchvision():
    ours = SqueezeExcitation(32, reduction=4).double()
    theirs = timm.layers.SEModule(32, rd_channels=8, bias=False).double()
    other = torchvision.ops.SqueezeExcitation(32, 8).double()
    set_weights(a=(theirs.fc1.weight, ours.reduce.weight), b=(theirs.fc2.weight, ours.expand.weight),
                c=(other.fc1.weight, ours.reduce.weight), d=(other.fc2.weight, ours.expand.weight),
                e=(other.fc1.bias, torch.zeros(8)), f=(other.fc2.bias, torch.zeros(32)))  # fmt: skip
    x = features(3, 32, 7, 5)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-12)
    torch.testing.assert_close(ours(x), other(x), rtol=0, atol=1e-12)


def their_cbam(ours):
    theirs = timm.layers.cbam.CbamModule(32, rd_ratio=1 / 4, spatial_kernel_size=7).double()
    theirs.spatial.conv.bn = nn.Identity()
    theirs.spatial.conv.conv.bias = None
    set_weights(a=(theirs.channel.fc1.weight, ours.channel.reduce.weight),
                b=(theirs.channel.fc2.weight, ours.channel.expand.weight),
                c=(theirs.spatial.conv.conv.weight, ours.spatial.conv.weight))  # fmt: skip
    return theirs


def test_cbam_and_its_parts_equal_timm():
    ours = CBAM(32, reduction=4).double()
    theirs, x = their_cbam(ours), features(2, 32, 9, 6)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-6)
    torch.testing.assert_close(ours.channel(x), theirs.channel(x), rtol=0, atol=1e-6)
    torch.testing.assert_close(ours.spatial(x), theirs.spatial(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("order", ORDERS)
def test_orders(order):
    module, x = CBAM(8, reduction=2, order=order).double(), features(2, 8, 5, 5)
    expected = {
        "channel-first": lambda: module.spatial(module.channel(x)),
        "spatial-first": lambda: module.channel(module.spatial(x)),
        "parallel": lambda: x * module.channel.weights(x) * module.spatial.weights(x),
    }
    torch.testing.assert_close(module(x), expected[order]())
    for other in set(ORDERS) - {order}:
        assert not torch.allclose(module(x), expected[other]())


@pytest.mark.parametrize(("pool_depth", "shape"), [(False, (2, 256, 4, 1, 1)), (True, (2, 256, 1, 1, 1))])
def test_channel_attention_of_volumes(pool_depth, shape):
    x = torch.ones(2, 256, 4, 8, 8)
    module = ChannelAttention(256, dims=3, pool_depth=pool_depth)
    assert module.reduce.out_features == 32  # r = 8 for volumes
    assert module.weights(x).shape == shape
    assert module(x).shape == x.shape


def test_spatial_attention_and_cbam_of_volumes():
    x = torch.ones(2, 256, 4, 8, 8)
    assert SpatialAttention(256, kernel_size=7, dims=3).weights(x).shape == (2, 1, 4, 8, 8)
    assert SpatialAttention(256, dims=3).conv.kernel_size == (3, 3, 3)
    assert CBAM(256, dims=3)(x).shape == x.shape


def test_a_volume_of_one_slice_equals_the_map():
    x = features(2, 16, 6, 6)
    flat, deep = ChannelAttention(16, reduction=4).double(), ChannelAttention(16, reduction=4, dims=3).double()
    deep.load_state_dict(flat.state_dict())
    torch.testing.assert_close(deep(x[:, :, None])[:, :, 0], flat(x))


@pytest.mark.parametrize("name", list(ATTENTION))
@given(channels=st.integers(1, 40), height=st.integers(1, 9), width=st.integers(1, 9))
@settings(max_examples=15, deadline=None)
def test_features_keep_their_shape(name, channels, height, width):
    x = torch.randn(2, channels, height, width)
    assert make(name, channels)(x).shape == shape_after(name, x)


@given(channels=st.integers(1, 512), reduction=st.floats(1, 64))
def test_hidden_width_never_falls_below_one(channels, reduction):
    assert 1 <= hidden_width(channels, reduction) <= channels


@pytest.mark.parametrize("name", [n for n in ATTENTION if n != "none"])
def test_gradients(name):
    module = make(name, 4, **({"reduction": 2} if name in ("se", "cbam", "cbam-channel") else {})).double().eval()
    x = features(1, 4, 3, 3).requires_grad_()
    assert torch.autograd.gradcheck(module, x)


@pytest.mark.parametrize("name", list(ATTENTION))
def test_formats_and_precisions(name):
    module, x = make(name, 16).eval(), torch.randn(2, 16, 6, 6)
    plain = module(x)
    torch.testing.assert_close(module(x.contiguous(memory_format=torch.channels_last)), plain)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(module(x).float(), plain, rtol=0.05, atol=0.05)
    exported = torch.export.export(module, (x,)).module()
    torch.testing.assert_close(exported(x), plain)
    again = make(name, 16).eval()
    again.load_state_dict(module.state_dict())
    torch.testing.assert_close(again(x), plain)


def test_every_gate_passes_its_tap_and_an_edit_there_is_multiplied_in():
    module, x = CBAM(8, reduction=2), torch.randn(1, 8, 4, 4)
    seen = []
    for gate in (module.channel.gate, module.spatial.gate):
        gate.register_forward_hook(lambda m, inputs, out: seen.append((m.kind, out.shape)) or torch.ones_like(out))
    torch.testing.assert_close(module(x), x)
    assert seen == [("channel", (1, 8, 1, 1)), ("spatial", (1, 1, 4, 4))]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: NoAttention(0), "channels must be a whole number of at least 1, got 0"),
        (lambda: SqueezeExcitation(2.5), "got 2.5"),
        (lambda: SqueezeExcitation(8, 0), "reduction must be at least 1"),
        (lambda: SqueezeExcitation(8, float("nan")), "reduction must be a number"),
        (lambda: ChannelAttention(8, 0.5), "reduction must be at least 1"),
        (lambda: ChannelAttention(8, pool_depth=True), "pool_depth needs volumes"),
        (lambda: ChannelAttention(8, dims=1), "dims must be 2"),
        (lambda: SpatialAttention(8, 5), "kernel_size must be 3 or 7, got 5"),
        (lambda: CBAM(8, order="chanel-first"), "did you mean 'channel-first'"),
        (lambda: Gate("spacial"), "did you mean 'spatial'"),
        (lambda: CBAM(8)(torch.ones(1, 4, 3, 3)), r"features must be \(N, 8, H, W\), got \(1, 4, 3, 3\)"),
        (lambda: CBAM(8, dims=3)(torch.ones(1, 8, 3, 3)), r"\(N, 8, D, H, W\)"),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(UserError, match=text):
        make()


def test_an_even_start_treats_all_channels_alike():
    """However loud the input, every gate begins near one half, also after a backbone initialised its layers again."""
    torch.manual_seed(0)
    x = 8 * torch.randn(4, 6, 32, 32)
    usual = ChannelAttention(6, reduction=1, bias=True).weights(x)
    module = ChannelAttention(6, reduction=1, bias=True, start_scale=0.01)
    module.init_weights()
    even = module.weights(x)
    assert (usual - 0.5).abs().max() > 0.4  # torch's own start lets the draw of the weights decide
    assert (even - 0.5).abs().max() < 0.15
    assert torch.equal(module.expand.bias, torch.zeros(6))


@pytest.mark.parametrize("scale", [-1, float("nan"), float("inf"), True, "0.1"])
def test_a_start_scale_that_is_no_factor_is_refused(scale):
    with pytest.raises(ValueError, match="start_scale"):
        ChannelAttention(6, start_scale=scale)
