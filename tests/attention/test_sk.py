import numpy as np
import pytest
import timm.layers
import torch

from attnviz.attention.sk import SelectiveKernel
from attnviz.core.errors import UserError
from tests.attention.helpers import HAND, features, gates_of, put, randomise, softmax


def their_sk(ours, dilated):
    theirs = timm.layers.SelectiveKernel(64, rd_channels=32, groups=4, split_input=False, keep_3x3=dilated)
    theirs = theirs.double().eval()
    for branch, path in zip(ours.branches, theirs.paths, strict=True):
        put(path.conv.weight, branch[0].weight)
        for key, value in branch[1].state_dict().items():
            put(path.bn.state_dict()[key], value)
    put(theirs.attn.fc_reduce.weight, ours.reduce.weight)
    put(theirs.attn.fc_select.weight, ours.select.weight)
    for key, value in ours.norm.state_dict().items():
        put(theirs.attn.bn.state_dict()[key], value)
    return theirs


@pytest.mark.parametrize("dilated", [True, False])
def test_equals_timm(dilated):
    ours = randomise(SelectiveKernel(64, groups=4, dilated=dilated).double().eval())
    x = features(2, 64, 7, 6)
    torch.testing.assert_close(ours(x), their_sk(ours, dilated)(x), rtol=0, atol=1e-10)


def test_by_hand():
    module = SelectiveKernel(2, groups=2).double().eval()
    for number, branch in enumerate(module.branches):
        kernel = torch.zeros(2, 1, 3, 3)
        kernel[:, 0, 1, 1] = number + 1.0  # the first branch is x, the second 2x
        put(branch[0].weight, kernel)
        branch[1].eps = 0.0
    module.norm.eps = 0.0
    put(module.reduce.weight, np.concatenate([[[0.1, 0.2]], np.zeros((31, 2))]))
    put(module.select.weight, np.concatenate([[[1.0], [2.0], [3.0], [1.0]], np.zeros((4, 31))], axis=1))
    z = 0.1 * 3 * 2.5 + 0.2 * 3 * 1.0  # means of x + 2x
    first, second = softmax([1 * z, 3 * z]), softmax([2 * z, 1 * z])
    factor = torch.tensor([first @ [1, 2], second @ [1, 2]], dtype=torch.float64)
    torch.testing.assert_close(module(HAND), HAND * factor[None, :, None, None], rtol=1e-12, atol=0)


def test_the_gate_is_a_softmax_over_branches():
    module = randomise(SelectiveKernel(8).double().eval())
    out, [(name, kind, gate, branches)] = gates_of(module, features(3, 8, 5, 5))
    assert (name, kind, gate.shape, branches.shape) == ("gate", "branch", (3, 2, 8, 1, 1), (3, 2, 8, 5, 5))
    torch.testing.assert_close((gate * branches).sum(1), out)


def test_hidden_width_and_groups():
    assert SelectiveKernel(64).reduce.out_features == 32
    assert SelectiveKernel(1024, reduction=16, groups=32).reduce.out_features == 64
    for groups in (0, 3, 2.0, True):
        with pytest.raises(UserError, match=f"groups must be .* divides channels=8, got {groups!r}"):
            SelectiveKernel(8, groups=groups)
