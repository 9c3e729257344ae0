"""Every method equals a direct call of Captum, and Grad-CAM the formula of its paper."""

import numpy as np
import pytest
import torch
from captum.attr import (
    InputXGradient,
    IntegratedGradients,
    LayerActivation,
    LayerAttribution,
    LayerGradCam,
    Occlusion,
)
from hypothesis import given
from hypothesis import strategies as st

from attnviz.core.errors import Cancelled, UserError
from attnviz.explain.attribution import ATTRIBUTIONS, attribute
from attnviz.explain.attribution.fills import FILLS, fill
from attnviz.explain.attribution.method import Parameter
from tests.explain.attribution.nets import TRAPS, OnInput, Plain, image, make


def last(model):
    """The last map of these networks."""
    return model.relu2 if model.relu1 is not model.relu2 else model.bn


def enlarged(values, size):
    return LayerAttribution.interpolate(values, (size, size), "bilinear")[0, 0]


def directly_occluded(model, x, target):
    mean = x.mean((2, 3), keepdim=True).expand_as(x)
    return Occlusion(model).attribute(x, (3, 2, 2), (3, 1, 1), mean, target)[0].mean(0)


DIRECTLY = {
    "grad-cam": lambda model, x, target: enlarged(
        LayerGradCam(model, last(model)).attribute(x, target, relu_attributions=True), x.shape[2]
    ),
    "layer-activation": lambda model, x, target: enlarged(
        LayerActivation(model, last(model)).attribute(x).abs().mean(1, keepdim=True), x.shape[2]
    ),
    "gradient-x-input": lambda model, x, target: (
        InputXGradient(model).attribute(x.clone().requires_grad_(), target)[0].sum(0)
    ),
    "integrated-gradients": lambda model, x, target: (
        IntegratedGradients(model).attribute(x, torch.zeros_like(x), target, n_steps=32)[0].sum(0)
    ),
    "occlusion": directly_occluded,
}
"""The same by Captum alone, in one batch: method -> (H, W)."""

UNCHANGED = pytest.mark.parametrize("kind", [k for k in TRAPS if k is not OnInput], ids=lambda k: k.__name__)


@UNCHANGED
@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_it_is_a_map_of_the_photograph_that_says_something(name, kind):
    found = attribute(make(kind), image(), 2, name)
    assert found.shape == (16, 16) and found.dtype == np.float32
    assert np.isfinite(found).all() and np.abs(found).max() > 0
    assert ATTRIBUTIONS[name].signed or found.min() >= 0


@UNCHANGED
@pytest.mark.parametrize("name", DIRECTLY)
def test_it_equals_a_direct_call_of_captum(name, kind):
    found = attribute(make(kind), image(), 2, name)
    expected = DIRECTLY[name](make(kind).eval(), image(), 2).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_a_network_that_changes_its_input_is_explained_like_one_that_does_not(name):
    class Outside(OnInput):
        def forward(self, x):
            return Plain.forward(self, x * 2 - 0.5)

    np.testing.assert_allclose(
        attribute(make(OnInput), image(), 1, name), attribute(make(Outside), image(), 1, name), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("kind", TRAPS, ids=lambda k: k.__name__)
def test_grad_cam_is_the_formula_of_its_paper(kind):
    model, x = make(kind).eval(), image()
    seen = {}
    layer = last(model)
    handle = layer.register_forward_hook(lambda m, i, out: seen.setdefault("map", out) if out.ndim == 4 else None)
    layer_in_use = model(x.clone())[0, 3]
    handle.remove()
    (gradient,) = torch.autograd.grad(layer_in_use, seen["map"])
    cam = torch.relu((gradient.mean((2, 3), keepdim=True) * seen["map"]).sum(1, keepdim=True))
    expected = torch.nn.functional.interpolate(cam, (16, 16), mode="bilinear", align_corners=False)[0, 0]
    found = attribute(make(kind), x, 3, "grad-cam")
    if kind.__name__ == "SharedInPlace":  # the hook above kept a tensor that the shared ReLU has overwritten
        expected = torch.tensor(attribute(make(TRAPS[2]), x, 3, "grad-cam"))
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_integrated_gradients_add_up_to_the_difference_of_the_scores():
    model, x = make(Plain).eval(), image()
    for baseline in FILLS:
        total = attribute(model, x, 0, "integrated-gradients", steps=128, baseline=baseline).sum()
        with torch.no_grad():
            difference = (model(x) - model(fill(x, baseline)))[0, 0]
        assert total == pytest.approx(float(difference), abs=0.02 * abs(float(difference)) + 1e-3)


def test_the_class_matters_where_the_table_says_so():
    for name, method in ATTRIBUTIONS.items():
        maps = [attribute(make(Plain), image(), target, name) for target in (0, 1)]
        assert np.array_equal(*maps) is not method.of_class


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_every_choice_of_every_parameter_works(name):
    for parameter in ATTRIBUTIONS[name].parameters:
        ends = parameter.choices or (parameter.low, parameter.high)
        maps = [attribute(make(Plain), image(), 0, name, **{parameter.name: value}) for value in ends]
        assert not np.array_equal(maps[0], maps[-1]), parameter.name


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_a_parameter_says_its_limits(name):
    for parameter in ATTRIBUTIONS[name].parameters:
        wrong = ("nonsense", 1, None) if parameter.choices else (parameter.high + 1, -1, float("nan"), "1", True)
        for value in wrong:
            with pytest.raises(UserError, match=parameter.name):
                attribute(make(Plain), image(), 0, name, **{parameter.name: value})
    with pytest.raises(UserError, match="no parameter 'colour'"):
        attribute(make(Plain), image(), 0, name, colour=1)


@given(st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.booleans(), st.lists(st.integers())))
def test_a_checked_value_is_within_its_limits(value):
    for parameter in (
        Parameter("n", "N", 8, 1, 64),
        Parameter("f", "F", 0.5, 0.0, 1.0),
        Parameter("w", "W", "a", choices=("a", "b")),
    ):
        try:
            kept = parameter.check(value)
        except UserError:
            continue
        assert kept in ("a", "b") if parameter.choices else parameter.low <= kept <= parameter.high
        assert type(kept) is type(parameter.default)


@pytest.mark.parametrize("name", ["occlusion", "integrated-gradients"])
def test_memory_is_bounded_whatever_is_chosen(name):
    model, sizes = make(Plain), []
    handle = model.register_forward_pre_hook(lambda m, inputs: sizes.append(len(inputs[0])))
    try:
        attribute(model, image(), 0, name, **({"steps": 128} if "int" in name else {"stride": "quarter"}))
        assert max(sizes) == 16
        sizes.clear()
        attribute(model, image(size=448), 0, name, **({"steps": 16} if "int" in name else {"stride": "whole"}))
        assert max(sizes) == 4
    finally:
        handle.remove()


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_progress_rises_from_0_to_1(name):
    seen = []
    attribute(make(Plain), image(), 0, name, progress=seen.append)
    assert seen[0] == 0 and seen[-1] == 1 and seen == sorted(seen)
    assert name not in ("occlusion", "integrated-gradients") or len(set(seen)) > 2


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_it_can_be_cancelled_at_every_pass(name):
    asked = []

    def count():
        asked.append(1)
        return False

    attribute(make(Plain), image(), 0, name, cancelled=count)
    for stop in range(len(asked)):
        left = [False] * stop + [True]
        with pytest.raises(Cancelled, match=ATTRIBUTIONS[name].title):
            attribute(make(Plain), image(), 0, name, cancelled=lambda left=left: left.pop(0))
        assert not left


def test_a_spent_budget_says_how_far_it_came(monkeypatch):
    ticks = iter(range(1000))
    monkeypatch.setattr("attnviz.explain.watch.time.perf_counter", lambda: float(next(ticks)))
    with pytest.raises(UserError, match=r"Integrated gradients had \d+ % done when its budget of 3 s was spent"):
        attribute(make(Plain), image(), 0, "integrated-gradients", budget_s=3, steps=128)


@pytest.mark.parametrize("budget", [0, -1, float("nan")])
def test_a_budget_is_a_positive_number(budget):
    with pytest.raises(UserError, match="budget_s"):
        attribute(make(Plain), image(), 0, "grad-cam", budget_s=budget)


def test_fills():
    x = image(size=32)
    assert not fill(x, "zero").any()
    assert torch.allclose(fill(x, "mean")[0, :, 3, 5], x.mean((2, 3))[0])
    blurred = fill(x, "blur")
    assert blurred.std() < 0.2 * x.std() and blurred.mean() == pytest.approx(float(x.mean()), abs=0.1)
    flat = torch.full((1, 3, 20, 31), 0.7)
    assert torch.allclose(fill(flat, "blur"), flat, atol=1e-5)
    assert torch.allclose(fill(x, "black", torch.tensor([-1.0, -2.0, -3.0]))[0, 1], torch.tensor(-2.0))
    for name, black in (("nonsense", None), ("black", None), ("black", torch.zeros(2))):
        with pytest.raises(UserError, match="black|nonsense"):
            fill(x, name, black)


def test_fill_blurs_like_scipy():
    from scipy.ndimage import gaussian_filter1d

    x = image(size=32)
    weight = np.ones((32, 32))
    picture = x[0, 1].numpy()
    for axis in (0, 1):
        picture = gaussian_filter1d(picture, 4, axis=axis, mode="constant", radius=12)
        weight = gaussian_filter1d(weight, 4, axis=axis, mode="constant", radius=12)
    np.testing.assert_allclose(fill(x, "blur")[0, 1].numpy(), picture / weight, atol=1e-5)


@pytest.mark.parametrize(("window", "stride", "cells"), [(15, "half", (14, 14)), (50, "whole", (2, 2))])
def test_the_cells_of_occlusion_are_the_positions_of_its_window(window, stride, cells):
    """Of 128 pixels, 19 are covered at a time in steps of 9, or 64 in steps of 64."""
    method = ATTRIBUTIONS["occlusion"]
    assert method.cells(method.check({"window": window, "stride": stride}), (128, 128)) == cells
