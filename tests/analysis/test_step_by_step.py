"""Modules of whole networks, step by step on a photograph."""

import numpy as np
import pytest
import torch

from attnviz.analysis.analyser import Analyser
from attnviz.analysis.step_by_step import PIXELS, frames, inside, inside_untrained, places
from attnviz.attention import ATTENTION
from attnviz.backbones.blocks import kinds_of
from attnviz.core.errors import UserError
from attnviz.core.step_values import Change
from attnviz.gates.watch_module import attention_modules, watching
from attnviz.images.prepare import prepare
from attnviz.models.network import Network
from attnviz.models.spec import build
from tests.attention.helpers import make, randomise
from tests.conftest import tiny_spec


def analyser(attention):
    spec = tiny_spec(attention)
    torch.manual_seed(0)
    module = build(spec)
    for path, _ in attention_modules(module):
        randomise(module.get_submodule(path))
    return Analyser(Network("tiny", module.eval().requires_grad_(False), spec, ("a", "b", "c")))


@pytest.fixture(scope="module")
def cbam():
    return analyser("cbam")


@pytest.fixture
def image(cbam, photograph):
    return prepare(photograph, cbam.loaded.spec.input)


def stands_in_a_block(name):
    """Whether a type neither moves features nor gives one vector for all places."""
    return not getattr(ATTENTION[name], "pools", False) and "geometric" not in kinds_of(make(name, 8))


def hooks(module):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in module.modules())


@pytest.mark.parametrize("name", [n for n in ATTENTION if stands_in_a_block(n)])
def test_the_last_step_is_what_the_network_itself_went_on_with(name, photograph):
    own = analyser(name)
    image = prepare(photograph, own.loaded.spec.input)
    module, seen = own.loaded.module, {}
    for path, _ in places(own):
        handle = module.get_submodule(path).register_forward_hook(lambda m, i, o, p=path: seen.update({p: (i[0], o)}))
        with torch.no_grad():
            module(own.input(image))
        handle.remove()
        found = inside(own, image, path)
        assert found.attention == name and found.trained and found.place == path and found.difference < 1e-6
        np.testing.assert_array_equal(found.steps[0].values, seen[path][0][0].numpy())
        np.testing.assert_allclose(found.steps[-1].values, seen[path][1][0].numpy(), rtol=1e-6, atol=1e-6)
    assert hooks(module) == 0


def test_the_gates_are_those_of_the_analysis(cbam, image):
    analysis = cbam.analyse(image)
    for record in analysis.gates:
        steps = {step.key: step for step in inside(cbam, image, record.site.name.rpartition(".")[0]).steps}
        key = {"channel": "channel_gate", "spatial": "spatial_gate"}[record.site.kind]
        np.testing.assert_allclose(steps[key].values, record.values.reshape(steps[key].shape), rtol=1e-6)


def test_another_photograph_gives_other_numbers_and_the_same_weights(cbam, image, photograph):
    other = prepare(photograph.rotate(90).point(lambda v: 255 - v), cbam.loaded.spec.input)
    first, second = (inside(cbam, picture, "stage1.0.attention") for picture in (image, other))
    for one, two in zip(first.steps, second.steps, strict=True):
        assert not np.array_equal(one.values, two.values), one.key
        for mine, same in zip(one.weights, two.weights, strict=True):
            np.testing.assert_array_equal(mine.values, same.values)


def test_a_change_of_the_features_goes_through_the_real_module(cbam, image):
    plain = inside(cbam, image, "stage2.0.attention")
    changed = inside(cbam, image, "stage2.0.attention", Change(3, 0.0, "left"))
    assert changed.difference < 1e-6
    assert not changed.steps[0].values[3].any() and not changed.steps[0].values[..., :1].any()
    assert not np.array_equal(plain.steps[4].values, changed.steps[4].values)


def test_nothing_is_left_behind_when_the_network_fails(cbam, image):
    module = cbam.loaded.module
    with pytest.raises(RuntimeError), watching(module, "stage1.0.attention") as passage, torch.no_grad():
        module(torch.zeros(1, 5, 32, 32))
    assert hooks(module) == 0 and passage.features is None


def test_a_module_that_runs_twice_shows_its_first_call_and_each_pass_anew():
    class Twice(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = ATTENTION["se"](4).eval()

        def forward(self, x):
            return self.attention(self.attention(x))

    model = Twice()
    with torch.no_grad(), watching(model, "attention") as passage:
        model(torch.ones(1, 4, 2, 2))
        assert torch.equal(passage.features, torch.ones(1, 4, 2, 2))
        model(torch.zeros(1, 4, 2, 2))
    assert not passage.features.any()


@pytest.mark.parametrize("path", ["nowhere", "", None, "stage1.0.attention.channel"])
def test_an_unknown_module_is_refused_before_anything_is_hooked(cbam, image, path):
    with pytest.raises(UserError, match="no (attention )?module"):
        inside(cbam, image, path)
    assert hooks(cbam.loaded.module) == 0


@pytest.mark.parametrize("name", list(ATTENTION))
@pytest.mark.parametrize("place", [PIXELS, "stage1.0.attention"])
def test_every_type_can_be_shown_untrained_on_features_of_the_photograph(cbam, image, name, place):
    found = inside_untrained(cbam, image, name, place)
    assert not found.trained and found.difference < 1e-6
    assert found.sizes == ({"C": 3, "H": 32, "W": 32} if place == PIXELS else {"C": 8, "H": 8, "W": 8})


def test_volumes_are_a_clip_of_the_photograph(cbam, image):
    clip = frames(image)
    assert [picture.network.shape for picture in clip] == [(32, 32, 3)] * 4
    assert not np.array_equal(clip[0].network, clip[3].network)
    found = inside_untrained(cbam, image, "cbam", "stage1.0.attention", volume=True)
    assert found.sizes == {"C": 8, "D": 4, "H": 8, "W": 8} and found.difference < 1e-6
    shapes = {step.key: step.shape for step in found.steps}
    assert shapes["channel_gate"] == (8, 4) and shapes["spatial_gate"] == (4, 8, 8)
    with pytest.raises(UserError, match="no form for volumes"):
        inside_untrained(cbam, image, "se", volume=True)
