import timm.layers
import torch

from attnviz.attention.gc import GlobalContext
from tests.attention.helpers import HAND, features, gates_of, put, randomise, softmax


def test_equals_timm():
    ours = randomise(GlobalContext(32, reduction=4).double())
    theirs = timm.layers.GlobalContext(32, fuse_add=True, fuse_scale=False, rd_ratio=1 / 4).double()
    theirs.mlp_add.norm.eps = ours.norm.eps
    pairs = [(theirs.conv_attn, ours.attend), (theirs.mlp_add.fc1, ours.reduce), (theirs.mlp_add.norm, ours.norm),
             (theirs.mlp_add.fc2, ours.expand)]  # fmt: skip
    for their_layer, our_layer in pairs:
        put(their_layer.weight, our_layer.weight), put(their_layer.bias, our_layer.bias)
    x = features(3, 32, 6, 5)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-10)


def test_by_hand():
    module = GlobalContext(2, reduction=1).double()
    module.norm.eps = 0.0
    put(module.attend.weight, [1.0, 0.0]), put(module.attend.bias, [7.0])  # a softmax does not see the bias
    put(module.reduce.weight, [[1.0, 0.0], [0.0, 1.0]]), put(module.reduce.bias, [0.0, 0.0])
    put(module.expand.weight, [[0.5, 0.0], [1.0, 0.0]]), put(module.expand.bias, [0.25, -1.0])
    weights = softmax([1, 2, 3, 4])
    context = [weights @ [1, 2, 3, 4], weights @ [0, 2, 2, 0]]
    assert context[0] > context[1]  # so that LayerNorm of the two gives 1 and -1, and ReLU 1 and 0
    expected = HAND + torch.tensor([0.75, 0.0], dtype=torch.float64)[None, :, None, None]
    torch.testing.assert_close(module(HAND), expected, rtol=1e-9, atol=1e-9)


def test_its_two_gates():
    module, x = randomise(GlobalContext(6, reduction=2).double()), features(2, 6, 3, 4)
    out, (pooling, added) = gates_of(module, x)
    assert [(g[0], g[1], tuple(g[2].shape)) for g in (pooling, added)] == [
        ("pooling", "pairwise", (2, 1, 12)),
        ("context", "added", (2, 6, 1, 1)),
    ]
    torch.testing.assert_close(added[3] + added[2], out)
    torch.testing.assert_close(
        (pooling[2] @ pooling[3])[:, 0], torch.einsum("np,ncp->nc", pooling[2][:, 0], x.flatten(2))
    )
