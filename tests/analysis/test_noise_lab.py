import numpy as np
import pytest
import torch

from attnviz.analysis.analyser import Analyser
from attnviz.analysis.noise_lab import gate_of, look, mean_scores, stand_ins
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec, NoiseSpec
from attnviz.images.noise_channels import NOISES, append_noise
from attnviz.images.prepare import prepare
from attnviz.images.samples import load_sample
from attnviz.models.network import Network
from attnviz.models.spec import ModelSpec, build

LABELS = ("a", "b", "c")


def network(attention="cbam-channel", channels=3, position="first"):
    options = {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1], "position": position}
    noise = NoiseSpec(channels) if channels else None
    options |= {"in_channels": 3 + channels}
    spec = ModelSpec("compact-resnet", attention, 3, options, {}, InputSpec(size=(32, 32), noise=noise))
    torch.manual_seed(0)
    return Analyser(Network("net", build(spec).eval(), spec, LABELS))


def by_hand(attention, mean, most):
    w1, b1, w2, b2 = (p.detach() for layer in (attention.reduce, attention.expand) for p in (layer.weight, layer.bias))
    return torch.sigmoid(sum(torch.relu(v @ w1.T + b1) @ w2.T + b2 for v in (mean, most)))


@pytest.fixture(scope="module")
def gated():
    return network()


@pytest.fixture(scope="module")
def picture(gated):
    return prepare(load_sample("parachute"), gated.loaded.spec.input)


@pytest.mark.parametrize("kind", NOISES)
def test_scores_are_the_gates_own_and_logits_those_of_the_plain_forward(gated, picture, kind):
    noise = NoiseSpec(3, kind, 1.5, order=(3, 0, 4, 1, 5, 2), seed=4)
    seen = look(gated, picture, noise)
    assert seen.order == noise.order and seen.channels.shape == (6, 32, 32)
    module, x = gated.loaded.module, torch.from_numpy(seen.channels)[None]
    with torch.no_grad():
        np.testing.assert_array_equal(seen.analysis.logits, module(x)[0].numpy())
        mean, most = x.mean((2, 3)), x.amax((2, 3))
        scores = by_hand(module.attention, mean, most)
    np.testing.assert_allclose(seen.scores, scores[0].numpy(), rtol=1e-5)


def test_networks_without_noise_or_gate_answer_too(picture):
    plain = look(network("none", 0, "block"), picture, NoiseSpec())
    assert plain.noise is None and plain.scores is None and plain.order == (0, 1, 2)
    noisy = look(network("none", 3, "block"), picture, NoiseSpec())
    assert noisy.scores is None and noisy.channels.shape[0] == 6
    assert gate_of(network("se", 3, "block")) is None
    with pytest.raises(UserError, match="takes 3 noise channels, got 2"):
        look(network("none", 3, "block"), picture, NoiseSpec(2))


@pytest.mark.parametrize("kind", ["gaussian", "uniform", "salt-and-pepper", "constant", "shuffled", "other-image"])
def test_the_mean_needs_no_pictures(gated, kind):
    x = torch.randn(5, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    moments = torch.stack((x.mean((2, 3)), x.amax((2, 3))), -1).numpy()
    again = stand_ins(moments, (32, 32))
    np.testing.assert_allclose(again.mean((2, 3)), moments[..., 0], atol=1e-5)
    np.testing.assert_array_equal(again.amax((2, 3)), moments[..., 1])
    noise = NoiseSpec(3, kind, seed=2, order=(5, 0, 1, 2, 3, 4))
    both, _ = append_noise(x, noise)
    with torch.no_grad():
        expected = by_hand(gated.loaded.module.attention, both.mean((2, 3)), both.amax((2, 3)))
    np.testing.assert_allclose(mean_scores(gated, moments, noise), expected.numpy(), atol=1e-5)


def test_bad_moments_and_networks_are_refused(gated):
    with pytest.raises(UserError, match="moments"):
        stand_ins(np.zeros((2, 3)), (8, 8))
    with pytest.raises(UserError, match="mean ≤ maximum"):
        stand_ins(np.full((1, 3, 2), [1.0, 0.0]), (8, 8))
    with pytest.raises(UserError, match="no channel gate on its input"):
        mean_scores(network("se", 3, "block"), np.zeros((1, 3, 2)), NoiseSpec())
