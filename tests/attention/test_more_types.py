"""BAM, triplet, second-order, pyramid and split attention against independent implementations."""

import numpy as np
import pytest
import timm.layers
import torch
from torch import nn
from torch.nn import functional

from attnviz.attention.bam import BottleneckAttention
from attnviz.attention.pfa import PyramidFeatureAttention
from attnviz.attention.resnest import SplitAttention, rounded
from attnviz.attention.soca import SecondOrderAttention, covariance, square_root
from attnviz.attention.triplet import TripletAttention
from attnviz.core.errors import UserError
from tests.attention.helpers import features, gates_of, randomise

CLOSE = {"rtol": 0, "atol": 1e-10}


def copied(ours, theirs):
    """Weights copied in the order of their layers, by shape up to axes of size 1."""
    own, other = list(ours.state_dict().values()), theirs.state_dict()
    assert [v.numel() for v in own] == [v.numel() for v in other.values()]
    theirs.load_state_dict({k: v.reshape(other[k].shape) for k, v in zip(other, own, strict=True)})
    return theirs.eval()


@pytest.mark.parametrize(
    ("splits", "groups", "channels"), [(2, 1, 16), (1, 1, 16), (2, 2, 64), (3, 1, 48), (2, 4, 128)]
)
def test_split_attention_is_timms(splits, groups, channels):
    ours = randomise(SplitAttention(channels, splits, groups).double()).eval()
    theirs = timm.layers.SplitAttn(channels, groups=groups, radix=splits, norm_layer=nn.BatchNorm2d).double()
    names = {"conv": ours.conv, "bn0": ours.norm, "fc1": ours.reduce, "bn1": ours.squeeze_norm, "fc2": ours.expand}
    for name, layer in names.items():
        getattr(theirs, name).load_state_dict(layer.state_dict())
    x = features(2, channels, 5, 4)
    torch.testing.assert_close(ours(x), theirs.eval()(x), **CLOSE)
    assert rounded(channels * splits / 4) == theirs.fc1.out_channels


@pytest.mark.parametrize("combine", ["sum", "product"])
def test_bottleneck_attention_is_its_published_code(combine):
    """The two branches of github.com/Jongchan/attention-module, written from its text."""
    ours = randomise(BottleneckAttention(12, 3, combine).double()).eval()
    channel = copied(
        nn.Sequential(ours.squeeze, ours.expand),
        nn.Sequential(nn.Linear(12, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 12)).double(),
    )
    dilated = [m for _ in range(2) for m in (nn.Conv2d(4, 4, 3, padding=4, dilation=4), nn.BatchNorm2d(4), nn.ReLU())]
    spatial = copied(
        nn.Sequential(ours.look, ours.mix),
        nn.Sequential(nn.Conv2d(12, 4, 1), nn.BatchNorm2d(4), nn.ReLU(), *dilated, nn.Conv2d(4, 1, 1)).double(),
    )
    x = features(2, 12, 9, 11)
    of_channel = channel(functional.avg_pool2d(x, (9, 11)).flatten(1))[:, :, None, None].expand_as(x)
    of_place = spatial(x).expand_as(x)
    gate = torch.sigmoid(of_channel + of_place if combine == "sum" else of_channel * of_place)
    out, [(_, kind, values, _)] = gates_of(ours, x)
    torch.testing.assert_close(out, (1 + gate) * x, **CLOSE)
    torch.testing.assert_close(values, gate, **CLOSE)
    assert kind == "full"


def test_triplet_attention_is_its_published_code():
    """Permute, pool, convolve, permute back, as in github.com/landskape-ai/triplet-attention."""
    ours, x = randomise(TripletAttention(6).double()).eval(), features(2, 6, 9, 8)

    def gated(branch, y):
        pooled = torch.cat((y.max(1)[0].unsqueeze(1), y.mean(1).unsqueeze(1)), dim=1)
        return y * torch.sigmoid(branch.norm(branch.conv(pooled)))

    first = gated(ours.columns, x.permute(0, 2, 1, 3).contiguous()).permute(0, 2, 1, 3)
    second = gated(ours.rows, x.permute(0, 3, 2, 1).contiguous()).permute(0, 3, 2, 1)
    out, seen = gates_of(ours, x)
    torch.testing.assert_close(out, (first + second + gated(ours.places, x)) / 3, **CLOSE)
    assert [(kind, tuple(v.shape)) for _, kind, v, _ in seen] == [
        ("strip", (2, 6, 1, 8)), ("strip", (2, 6, 9, 1)), ("spatial", (2, 1, 9, 8))
    ]  # fmt: skip


def test_the_square_root_is_that_of_the_eigenvalues():
    x = features(3, 5, 6, 7)
    expected = np.stack([np.cov(own.reshape(5, -1).numpy(), bias=True) for own in x])
    products = covariance(x)
    np.testing.assert_allclose(products.numpy(), expected, atol=1e-12)
    values, vectors = np.linalg.eigh(expected)
    root = vectors * np.sqrt(values)[:, None, :] @ vectors.transpose(0, 2, 1)
    np.testing.assert_allclose(square_root(products, 30).numpy(), root, atol=1e-10)
    np.testing.assert_allclose(square_root(products).numpy(), root, atol=0.05 * np.abs(root).max())


def test_second_order_attention_with_the_root_of_the_eigenvalues():
    module, x = randomise(SecondOrderAttention(5, 2).double()).eval(), features(2, 5, 6, 7)
    out, [(_, kind, gate, _)] = gates_of(module, x)
    y = z = None
    for own, weights in zip(x, gate, strict=True):
        matrix = np.cov(own.reshape(5, -1).numpy(), bias=True)
        y, z = matrix / np.trace(matrix), np.eye(5)
        for _ in range(5):
            t = (3 * np.eye(5) - z @ y) / 2
            y, z = y @ t, t @ z
        means = torch.tensor(y * np.sqrt(np.trace(matrix))).mean(0).reshape(1, 5, 1, 1)
        expected = torch.sigmoid(module.expand(functional.relu(module.reduce(means))))[0]
        torch.testing.assert_close(weights, expected.detach(), **CLOSE)
    assert kind == "channel"
    torch.testing.assert_close(out, x * gate, **CLOSE)


def test_features_without_spread_have_a_finite_gate():
    for shape in ((1, 4, 1, 1), (2, 4, 3, 3)):
        out = SecondOrderAttention(4)(torch.ones(shape, requires_grad=True))
        out.sum().backward()
        assert torch.isfinite(out).all()


@pytest.mark.parametrize("channels", [8, 10, 3])
def test_pyramid_feature_attention_layer_by_layer(channels):
    module, x = randomise(PyramidFeatureAttention(channels, 2).double()).eval(), features(2, channels, 12, 11)

    def norm(values, layer):
        shape = (1, -1, 1, 1)
        scale = layer.weight.reshape(shape) / (layer.running_var.reshape(shape) + 1e-5).sqrt()
        return (values - layer.running_mean.reshape(shape)) * scale + layer.bias.reshape(shape)

    context = []
    for look, rate in zip(module.context, (1, 3, 5, 7), strict=False):
        weight = look[0].weight
        padded = functional.pad(x, [rate * (weight.shape[-1] // 2)] * 4)
        context.append(functional.relu(norm(functional.conv2d(padded, weight, dilation=rate), look[1])))
    f = torch.cat(context, 1)
    squeezed = functional.relu(f.mean((2, 3)) @ module.reduce.weight.T) @ module.expand.weight.T
    half = f * torch.sigmoid(squeezed)[:, :, None, None]
    places = 0
    for branch, pads in ((module.across, ((4, 4, 0, 0), (0, 0, 4, 4))), (module.down, ((0, 0, 4, 4), (4, 4, 0, 0)))):
        u = functional.conv2d(functional.pad(half, pads[0]), branch[0].weight)
        u = functional.relu(norm(u, branch[1]))
        places = places + functional.conv2d(functional.pad(u, pads[1]), branch[3].weight, branch[3].bias)
    out, seen = gates_of(module, x)
    torch.testing.assert_close(out, half * torch.sigmoid(places), **CLOSE)
    assert f.shape == x.shape and [kind for _, kind, _, _ in seen] == ["channel", "spatial"]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: SplitAttention(8, splits=0), "splits must be a whole number in 1..8, got 0"),
        (lambda: SplitAttention(8, groups=3), "groups must divide channels=8"),
        (lambda: SplitAttention(8, groups=True), "groups must be a whole number"),
        (lambda: BottleneckAttention(8, combine="som"), "unknown combine 'som'; did you mean 'sum'"),
        (lambda: SecondOrderAttention(8, 0.5), "reduction must be at least 1"),
        (lambda: PyramidFeatureAttention(8, 0), "reduction must be at least 1"),
        (lambda: TripletAttention(0), "channels must be"),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(UserError, match=text):
        make()
