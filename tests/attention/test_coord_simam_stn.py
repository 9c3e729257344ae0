import numpy as np
import pytest
import torch

from attnviz.attention.coord import CoordinateAttention
from attnviz.attention.simam import SimAM
from attnviz.attention.stn import SpatialTransformer
from attnviz.core.errors import UserError
from tests.attention.helpers import HAND, features, gates_of, put, randomise, sigmoid


def test_coord_equals_timm():
    CoordAttn = pytest.importorskip("timm.layers.coord_attn").CoordAttn  # not in the oldest timm allowed
    ours = randomise(CoordinateAttention(32, reduction=2).double().eval())
    theirs = CoordAttn(32, rd_channels=16, bias=True).double().eval()
    put(theirs.conv1.weight, ours.reduce.weight), put(theirs.conv1.bias, torch.zeros(16))
    for key, value in ours.norm.state_dict().items():
        put(theirs.bn1.state_dict()[key], value)
    for their_conv, our_conv in ((theirs.conv_h, ours.expand_rows), (theirs.conv_w, ours.expand_columns)):
        put(their_conv.weight, our_conv.weight), put(their_conv.bias, our_conv.bias)
    x = features(2, 32, 7, 5)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-12)


def test_coord_by_hand():
    module = CoordinateAttention(2).double().eval()
    module.norm.eps = 0.0
    put(module.reduce.weight, np.concatenate([[[1.0, 1.0]], np.zeros((7, 2))]))
    put(module.expand_rows.weight, np.concatenate([[[1.0], [-1.0]], np.zeros((2, 7))], axis=1))
    put(module.expand_columns.weight, np.concatenate([[[0.5], [0.0]], np.zeros((2, 7))], axis=1))
    put(module.expand_rows.bias, [0.0, 1.0]), put(module.expand_columns.bias, [0.0, 0.0])
    swish = lambda v: v * np.clip(v + 3, 0, 6) / 6  # noqa: E731
    rows, columns = swish(np.array([1.5 + 1.0, 3.5 + 1.0])), swish(np.array([2.0 + 1.0, 3.0 + 1.0]))
    by_row = sigmoid([rows, 1 - rows])[:, :, None]
    by_column = sigmoid([0.5 * columns, 0 * columns])[:, None, :]
    expected = HAND.numpy()[0] * by_row * by_column
    torch.testing.assert_close(module(HAND)[0].detach(), torch.as_tensor(expected), rtol=1e-12, atol=0)


def test_strips_multiply_in_one_after_the_other():
    module, x = randomise(CoordinateAttention(6).double().eval()), features(2, 6, 3, 4)
    out, (rows, columns) = gates_of(module, x)
    assert (rows[0], columns[0]) == ("rows", "columns")
    assert torch.equal(rows[3], x)
    torch.testing.assert_close(columns[3], x * rows[2])
    torch.testing.assert_close(columns[3] * columns[2], out)


def test_simam_by_hand():
    module = SimAM(2)
    distance = np.array([[[2.25, 0.25], [0.25, 2.25]], [[1.0, 1.0], [1.0, 1.0]]])
    variance = np.array([5 / 3, 4 / 3])[:, None, None]
    gate = sigmoid(distance / (4 * (variance + 1e-4)) + 0.5)
    torch.testing.assert_close(module(HAND)[0], HAND[0] * torch.as_tensor(gate), rtol=1e-12, atol=0)
    assert not list(module.parameters())


def test_simam_of_a_flat_map_is_uniform_and_of_one_position_finite():
    flat = torch.full((1, 3, 4, 4), 2.0)
    torch.testing.assert_close(SimAM(3)(flat), flat * torch.sigmoid(torch.tensor(0.5)))
    one = torch.ones(1, 3, 1, 1)
    torch.testing.assert_close(SimAM(3)(one), one * torch.sigmoid(torch.tensor(0.5)))
    for value in (0, -1, float("inf"), float("nan"), "a", True):
        with pytest.raises(UserError, match="regularisation must be a number above 0, got"):
            SimAM(3, value)


def test_stn_samples_where_theta_says():
    module = SpatialTransformer(2).double()
    put(module.theta.bias, [-1.0, 0, 0, 0, 1, 0])  # mirror left to right
    torch.testing.assert_close(module(HAND), HAND.flip(3), rtol=0, atol=1e-12)
    put(module.theta.bias, [0, 1.0, 0, 1, 0, 0])  # transpose: x reads from y
    torch.testing.assert_close(module(HAND), HAND.transpose(2, 3), rtol=0, atol=1e-12)
    put(module.theta.bias, [1.0, 0, 1, 0, 1, 0])  # one cell (half of the width 2) to the right; zeros come in
    shifted = torch.zeros_like(HAND)
    shifted[..., 0] = HAND[..., 1]
    torch.testing.assert_close(module(HAND), shifted, rtol=0, atol=1e-12)


def test_stn_shows_theta_and_its_grid():
    module, x = randomise(SpatialTransformer(6).double()), features(2, 6, 5, 4)
    grids = []
    module.grid.register_forward_hook(lambda m, i, o: grids.append(o.detach()))
    out, [(name, kind, theta, met)] = gates_of(module, x)
    assert (name, kind, theta.shape, grids[0].shape) == ("gate", "geometric", (2, 2, 3), (2, 5, 4, 2))
    assert torch.equal(met, x)
    centre = torch.tensor([-1 + 1 / 4, -1 + 1 / 5, 1], dtype=torch.float64)  # middle of the top left cell
    torch.testing.assert_close(grids[0][1, 0, 0], theta[1] @ centre)
    torch.testing.assert_close(torch.nn.functional.grid_sample(x, grids[0], align_corners=False), out)
    assert not torch.allclose(theta[0], theta[1])  # θ depends on the features
