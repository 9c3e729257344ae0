"""Self-attention and dual attention against independent implementations, and their memory guard."""

import weakref

import numpy as np
import pytest
import torch
from timm.layers.non_local_attn import NonLocalAttn
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from attnviz.attention.danet import DualAttention
from attnviz.attention.gate import Gate
from attnviz.attention.position_limit import kept_positions, limit_positions, pooling_factor
from attnviz.attention.self_attention import SIMILARITIES, SelfAttention
from attnviz.core.errors import UserError
from tests.attention.helpers import HAND, features, gates_of, put, randomise, softmax


def test_one_head_equals_timm():
    ours = randomise(SelfAttention(32, reduction=4).double())
    theirs = NonLocalAttn(32, rd_channels=8).double()
    theirs.norm, theirs.scale = nn.Identity(), 8**-0.5
    put(ours.scale, [1.0])
    for name, layer in (("t", ours.query), ("p", ours.key), ("g", ours.value), ("z", ours.project)):
        put(getattr(theirs, name).weight, layer.weight), put(getattr(theirs, name).bias, layer.bias)
    x = features(2, 32, 5, 4)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-10)


def test_four_heads_equal_torch():
    ours = randomise(SelfAttention(16, reduction=1, heads=4).double())
    put(ours.scale, [0.7])
    theirs = nn.MultiheadAttention(16, 4, batch_first=True).double()
    put(theirs.in_proj_weight, torch.cat([m.weight.flatten(1) for m in (ours.query, ours.key, ours.value)]))
    put(theirs.in_proj_bias, torch.cat([m.bias for m in (ours.query, ours.key, ours.value)]))
    put(theirs.out_proj.weight, ours.project.weight), put(theirs.out_proj.bias, ours.project.bias)
    x = features(2, 16, 3, 5)
    tokens = x.flatten(2).transpose(1, 2)
    expected, weights = theirs(tokens, tokens, tokens, average_attn_weights=False)
    out, [(_, _, gate, _)] = gates_of(ours, x)
    torch.testing.assert_close(out, x + 0.7 * expected.transpose(1, 2).reshape(x.shape), rtol=0, atol=1e-10)
    torch.testing.assert_close(gate, weights, rtol=0, atol=1e-12)


def similarity_by_loops(kind, module, q, k):
    if kind == "dot":
        return q @ k / np.sqrt(len(q))
    if kind == "cosine":
        return module.temperature.item() * (q @ k) / np.linalg.norm(q) / np.linalg.norm(k)
    return float(np.tanh(q + k) @ module.vector.detach().numpy().ravel())


@pytest.mark.parametrize("kind", list(SIMILARITIES))
def test_by_hand(kind):
    module = SelfAttention(2, reduction=1, similarity=kind).double()
    randomise(module.similarity)
    for layer, weight, bias in ((module.query, [[1, 0], [0, 2]], [0.1, 0]), (module.key, [[1, 1], [0, 1]], [0, 0.2]),
                                (module.value, [[0, 1], [1, 0]], [0, 0]), (module.project, [[1, 0], [0, 1]], [0, 0])):  # fmt: skip
        put(layer.weight, weight), put(layer.bias, bias)
    put(module.scale, [0.5])
    x = HAND.numpy()[0].reshape(2, 4).T
    query = [np.array([a + 0.1, 2 * b]) for a, b in x]
    key = [np.array([a + b, b + 0.2]) for a, b in x]
    value = np.array([[b, a] for a, b in x])
    rows = [softmax([similarity_by_loops(kind, module.similarity, q, k) for k in key]) for q in query]
    expected = x + 0.5 * np.array(rows) @ value
    torch.testing.assert_close(
        module(HAND).detach()[0].reshape(2, 4).T, torch.as_tensor(expected), rtol=1e-9, atol=1e-12
    )


def test_three_stages_are_visible():
    module, x = randomise(SelfAttention(8, heads=2).double()), features(1, 8, 3, 3)
    seen = {}
    for name in ("similarity", "normalise", "weighted_sum"):
        getattr(module, name).register_forward_hook(lambda m, i, o, name=name: seen.update({name: o.detach()}))
    out = module(x)
    torch.testing.assert_close(seen["similarity"].softmax(-1), seen["normalise"])
    values = module.value(x).reshape(1, 2, 2, 9).transpose(2, 3)
    torch.testing.assert_close(seen["normalise"] @ values, seen["weighted_sum"])
    joined = seen["weighted_sum"].transpose(2, 3).reshape(1, 4, 3, 3)
    torch.testing.assert_close(x + module.scale * module.project(joined), out)


@pytest.mark.parametrize("make", [SelfAttention, DualAttention])
def test_the_memory_guard_pools_and_says_so(make, recwarn):
    module = randomise(make(8, max_positions=6).double())
    x = features(1, 8, 4, 5)
    with pytest.warns(RuntimeWarning, match=r"4×5 positions are more than max_positions=6.*averaged over 2×2"):
        out, seen = gates_of(module, x)
    assert seen[0][2].shape[-2:] == (20, 6)  # every position still has its own row
    assert out.shape == x.shape
    recwarn.clear()
    gates_of(randomise(make(8, max_positions=20).double()), x)
    assert not recwarn.list


def test_pooled_keys_are_means():
    module = randomise(SelfAttention(8, max_positions=1).double())
    x = features(1, 8, 3, 4)
    with pytest.warns(RuntimeWarning):
        out = module(x)
    # one key and one value: whatever the query, the weight is 1
    value = module.project(module.value(x.mean((2, 3), keepdim=True)))
    torch.testing.assert_close(out, x + module.scale * value)


def test_pooling_factors():
    assert [pooling_factor(8, 8, limit) for limit in (64, 63, 16, 15, 1)] == [1, 2, 2, 3, 8]
    assert kept_positions(9, 5, 10) == 3 * 2
    assert kept_positions(7, 7, 49) == 49


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_windows_over_the_edge_average_what_is_there():
    assert torch.equal(limit_positions(torch.ones(1, 1, 3, 5), 6), torch.ones(1, 1, 2, 3))


def test_dual_attention_by_loops():
    module, x = randomise(DualAttention(4, reduction=2).double()), features(1, 4, 2, 3)
    flat = x[0].flatten(1).numpy()
    convs = {n: getattr(module.position, n) for n in ("query", "key", "value")}
    q, k, v = (c.weight.detach().numpy()[:, :, 0, 0] @ flat + c.bias.detach().numpy()[:, None] for c in convs.values())
    positions, channels = np.zeros((4, 6)), np.zeros((4, 6))
    for i in range(6):
        weights = softmax([q[:, i] @ k[:, j] for j in range(6)])
        positions[:, i] = sum(weights[j] * v[:, j] for j in range(6))
    for a in range(4):
        energy = np.array([flat[a] @ flat[b] for b in range(4)])
        weights = softmax(energy.max() - energy)
        channels[a] = sum(weights[b] * flat[b] for b in range(4))
    expected = flat + module.position_scale.item() * positions + module.channel_scale.item() * channels
    torch.testing.assert_close(module(x)[0].flatten(1).detach(), torch.as_tensor(expected), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: SelfAttention(8, heads=3), "heads must be a whole number that divides 4, .* got 3"),
        (lambda: SelfAttention(8, heads=0), "got 0"),
        (lambda: SelfAttention(8, similarity="cosin"), "did you mean 'cosine'"),
        (lambda: SelfAttention(8, max_positions=0), "max_positions must be a whole number of at least 1, got 0"),
        (lambda: DualAttention(8, max_positions=1.5), "got 1.5"),
    ],
)
def test_what_is_refused(make, text):
    with pytest.raises(UserError, match=text):
        make()


class SoftmaxInputs(TorchDispatchMode):
    """Knows what every softmax was given, without keeping it."""

    def __init__(self):
        super().__init__()
        self.given = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if "softmax" in func.name():
            self.given.append(weakref.ref(args[0]))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("kind", [SelfAttention, DualAttention])
@torch.inference_mode()
def test_nothing_as_large_as_the_weights_is_kept_beside_them(kind):
    module, alive = kind(8).eval(), []
    with SoftmaxInputs() as softmax:
        for gate in (part for part in module.modules() if isinstance(part, Gate)):
            gate.tap = lambda values, _: alive.extend(ref() for ref in softmax.given) or values
        module(torch.randn(1, 8, 6, 6))
    assert alive and not any(scores is not None for scores in alive)
