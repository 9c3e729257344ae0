"""Attention pooling against a loop over places, and the loss that keeps its weights apart."""

import math

import numpy as np
import pytest
import torch

from attnviz.attention.pool import AttentionPooling
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.models.spec import ModelSpec, build
from tests.attention.helpers import HAND, features, gates_of, put, randomise, softmax

TINY = {"widths": [8, 8, 8, 16], "depths": [1, 1, 1, 1]}


def by_hand(module, x):
    """Ilse et al. 2018, eq. 8, as it stands there: bags of instances, one after the other."""
    vectors = [[x[n, :, i, j].numpy() for i in range(x.shape[2]) for j in range(x.shape[3])] for n in range(len(x))]
    v, b = module.reduce.weight.detach()[:, :, 0, 0].numpy(), module.reduce.bias.detach().numpy()
    w, c = module.score.weight.detach()[0, :, 0, 0].numpy(), float(module.score.bias.detach())
    weights = [softmax([float(w @ np.tanh(v @ h + b) + c) for h in bag]) for bag in vectors]
    return [
        sum(a * h for a, h in zip(own, bag, strict=True)) for own, bag in zip(weights, vectors, strict=True)
    ], weights


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (7, 2)])
def test_it_is_the_formula_of_its_paper(size):
    module, x = randomise(AttentionPooling(6, reduction=1.5).double()), features(3, 6, *size)
    out, [(_, kind, weights, _)] = gates_of(module, x)
    pooled, expected = by_hand(module, x)
    assert kind == "pairwise" and module.reduce.out_channels == 4
    np.testing.assert_allclose(out.detach()[:, :, 0, 0].numpy(), pooled, atol=1e-12)
    np.testing.assert_allclose(weights[:, 0].numpy(), expected, atol=1e-12)


def test_worked_out_by_hand():
    # one hidden number, tanh of the difference of the channels: 1, 0, 1, 4; scores twice that
    module = AttentionPooling(2, reduction=2).double()
    put(module.reduce.weight, [[1.0, -1.0]]), put(module.reduce.bias, [0.0])
    put(module.score.weight, [2.0]), put(module.score.bias, [5.0])
    a = softmax(2 * np.tanh([1.0, 0.0, 1.0, 4.0]))
    expected = [a @ [1, 2, 3, 4], a @ [0, 2, 2, 0]]
    np.testing.assert_allclose(module(HAND).detach().flatten().numpy(), expected, atol=1e-12)


def test_the_loss_is_none_for_equal_weights_and_the_factor_for_a_single_place():
    module, x = AttentionPooling(4, spread=0.3).train(), torch.randn(2, 4, 5, 5)
    module.start_neutral()
    module(x)
    assert float(module.auxiliary_loss(torch.eye(2)).detach()) == pytest.approx(0, abs=1e-6)
    x = torch.full((2, 4, 5, 5), -1000.0)
    x[:, :, 2, 2] = 1000
    with torch.no_grad():
        module.reduce.weight.fill_(1.0), module.score.weight.fill_(100.0)
    module(x)
    assert float(module.auxiliary_loss(torch.eye(2)).detach()) == pytest.approx(0.3, abs=1e-3)


def test_the_loss_is_that_of_scipys_entropy():
    from scipy.stats import entropy

    module, x = randomise(AttentionPooling(4, spread=1.0).double()).train(), features(3, 4, 4, 6)
    _, [(_, _, weights, _)] = gates_of(module, x)
    expected = 1 - np.mean([entropy(row) for row in weights[:, 0].numpy()]) / math.log(24)
    assert float(module.auxiliary_loss(torch.eye(3)).detach()) == pytest.approx(expected, rel=1e-6)


def test_a_loss_without_a_pass_is_refused_and_copies_hold_no_pass():
    import copy

    module = AttentionPooling(4).train()
    for ask in (module, module.eval()):
        ask(torch.ones(1, 4, 3, 3)) if not ask.training else None
        with pytest.raises(UserError, match="train mode first"):
            ask.auxiliary_loss(torch.eye(1))
    module.train()(torch.ones(1, 4, 3, 3))
    assert copy.deepcopy(module)._weights is None and module._weights is not None


@pytest.mark.parametrize("spread", [-0.1, float("nan"), float("inf"), True, "1"])
def test_a_spread_that_is_no_factor_is_refused(spread):
    with pytest.raises(UserError, match="spread must be a number of at least 0"):
        AttentionPooling(4, spread=spread)


def test_the_answer_is_read_through_the_weights():
    """A place without weight has no say: that is what makes the mask one about the answer."""
    torch.manual_seed(0)
    spec = ModelSpec("compact-resnet", "pool", 3, {**TINY, "position": "pool"}, {}, InputSpec((64, 64)))
    model, x = build(spec).eval(), torch.randn(1, 3, 64, 64)
    seen = []
    model.attention.register_forward_hook(lambda m, i, o: seen.append((i[0], o)))
    with torch.no_grad():
        logits = model(x)
        [(last, pooled)] = seen
        torch.testing.assert_close(model.classifier(pooled[:, :, 0, 0]), logits)
        model.attention.start_neutral()
        torch.testing.assert_close(model(x), model.classifier(last.mean((2, 3))))


def test_beside_the_mean_the_classifier_reads_both():
    torch.manual_seed(0)
    spec = ModelSpec("compact-resnet", "pool", 3, {**TINY, "position": "pool-and-mean"}, {}, InputSpec((64, 64)))
    model, x = build(spec).eval(), torch.randn(2, 3, 64, 64)
    seen = []
    model.attention.register_forward_hook(lambda m, i, o: seen.append(torch.cat((o.flatten(1), i[0].mean((2, 3))), 1)))
    with torch.no_grad():
        logits = model(x)
        torch.testing.assert_close(model.classifier(seen[0]), logits)
    assert model.classifier.in_features == 32


def test_masks_of_sixteen_by_sixteen():
    options = {**TINY, "position": "pool", "strides": [1, 2, 1, 1], "border": "replicate"}
    model = build(ModelSpec("compact-resnet", "pool", 3, options, {}, InputSpec((128, 128)))).eval()
    _, [(_, _, weights, _)] = gates_of(model, torch.randn(1, 3, 128, 128))
    assert weights.shape == (1, 1, 256)


@pytest.mark.parametrize(
    ("attention", "options", "text"),
    [
        ("pool", {}, "gives one vector for all places.*use position='pool'"),
        ("pool", {"position": "last"}, "gives one vector for all places"),
        ("se", {"position": "pool"}, "keeps all places.*use attention 'pool' there"),
        ("pool", {"position": "pol"}, "unknown position 'pol'; did you mean 'pool'"),
        ("pool", {"position": "pool", "strides": [1, 2, 3, 1]}, "strides must be 1 or 2 each"),
        ("pool", {"position": "pool", "strides": [1, 2]}, "strides must be 4 whole numbers"),
        ("pool", {"position": "pool", "border": "mirror"}, "unknown border 'mirror'"),
    ],
)
def test_what_makes_no_sense_is_refused(attention, options, text):
    with pytest.raises(UserError, match=text):
        build(ModelSpec("compact-resnet", attention, 3, {**TINY, **options}))


def test_vgg_has_a_mean_to_replace_only_in_its_small_head():
    with pytest.raises(UserError, match="position='pool' needs head='small'"):
        build(ModelSpec("vgg16", "pool", 3, {"width": 1 / 16, "head": "full", "position": "pool"}))
