"""What holds for every registered type; new types are tested without anyone adding a test."""

import inspect

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.attention import ATTENTION
from attnviz.attention.description import Description
from attnviz.attention.walk import volume_types
from attnviz.core.errors import UserError
from attnviz.core.kinds import KINDS
from tests.attention.helpers import features, gates_of, make, randomise, shape_after, starts_neutral

EVERY = list(ATTENTION)
WITH_GATES = [name for name in EVERY if name != "none"]
REDUCING = [name for name in EVERY if "reduction" in inspect.signature(ATTENTION[name]).parameters]
NEUTRAL = [name for name in EVERY if starts_neutral(name)]


def made(name, channels=6, **options):
    return randomise(make(name, channels, **options).double().eval())


@pytest.mark.parametrize("name", WITH_GATES)
def test_gradients_with_weights_that_are_not_the_start(name):
    module, x = made(name, 4), features(2, 4, 3, 3).requires_grad_()
    parameters = tuple(module.parameters())
    names = [n for n, _ in module.named_parameters()]

    def run(x, *values):
        return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x,))

    # sk has thousands of parameters; a random direction through all of them is as strict
    assert torch.autograd.gradcheck(run, (x, *parameters), fast_mode=True)


@pytest.mark.parametrize("name", volume_types())
def test_gradients_in_volumes(name):
    module = made(name, 3, dims=3)
    assert torch.autograd.gradcheck(module, features(1, 3, 2, 3, 3).requires_grad_(), fast_mode=True)


@pytest.mark.parametrize("name", REDUCING)
@given(st.integers(1, 40), st.floats(1, 60), st.integers(1, 7), st.integers(1, 7))
@settings(max_examples=10, deadline=None)
def test_shapes_with_any_reduction(name, channels, reduction, height, width):
    x = torch.randn(2, channels, height, width)
    assert make(name, channels, reduction=reduction).eval()(x).shape == shape_after(name, x)


@pytest.mark.parametrize("name", EVERY)
def test_export_formats_precision_and_state(name):
    module, x = made(name, 16).float(), features(2, 16, 6, 5).float()
    plain = module(x)
    torch.testing.assert_close(module(x.contiguous(memory_format=torch.channels_last)), plain)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = module(x).float()
    # bfloat16 keeps 8 bits; stn also samples elsewhere by fractions of a pixel, so the average is compared
    assert (low - plain).abs().mean() < 0.06 * plain.abs().mean()
    exported = torch.export.export(module, (x,)).module()
    torch.testing.assert_close(exported(x), plain)
    again = make(name, 16).eval()
    again.load_state_dict(module.state_dict(), strict=True)
    assert torch.equal(again(x), plain)


@pytest.mark.parametrize("name", WITH_GATES)
def test_every_gate_is_of_the_shape_of_its_kind(name):
    x = features(2, 6, 5, 4)
    _, seen = gates_of(made(name), x)
    assert seen
    shapes = {"channel": {(2, 6, 1, 1)}, "spatial": {(2, 1, 5, 4)}, "strip": {(2, 6, 5, 1), (2, 6, 1, 4)},
              "branch": {(2, 2, 6, 1, 1)}, "full": {(2, 6, 5, 4)}, "added": {(2, 6, 1, 1)}, "geometric": {(2, 2, 3)},
              "pairwise": {(2, 1, 20), (2, 1, 20, 20), (2, 20, 20), (2, 6, 6)}}  # fmt: skip
    for _, kind, values, met in seen:
        assert kind in KINDS
        assert tuple(values.shape) in shapes[kind]
        if kind == "branch":
            torch.testing.assert_close(values.sum(1), torch.ones(2, 6, 1, 1, dtype=torch.float64))
        elif kind == "pairwise":
            torch.testing.assert_close(values.sum(-1), torch.ones(values.shape[:-1], dtype=torch.float64))
            assert (values @ met).shape[-1] == met.shape[-1]
        elif kind not in ("added", "geometric"):
            assert ((values > 0) & (values < 1)).all()


@pytest.mark.parametrize("name", NEUTRAL)
def test_a_neutral_start_multiplies_by_the_constant_it_names(name):
    module, x = made(name, 12), features(2, 12, 5, 4)
    before = module(x)
    factor = module.start_neutral()
    plain = x.mean((2, 3), keepdim=True) if getattr(module, "pools", False) else x
    torch.testing.assert_close(module(x), factor * plain, rtol=0, atol=1e-12)
    assert name == "none" or not torch.allclose(before, factor * plain)


@pytest.mark.parametrize("name", [name for name in EVERY if name not in NEUTRAL])
def test_types_without_a_neutral_start_say_why(name):
    with pytest.raises(UserError, match=f"{name} .*pretrained"):
        make(name, 8).start_neutral()


@pytest.mark.parametrize("name", ["gc", "self-attention", "danet", "stn"])
def test_types_with_a_residual_start_as_the_identity(name):
    module, x = ATTENTION[name](12).double(), features(2, 12, 5, 4)
    torch.testing.assert_close(module(x), x, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("channels", [0, -1, 2.0, True, None, "8"])
def test_channels_outside_the_limits_are_refused(name, channels):
    with pytest.raises(UserError, match="channels must be a whole number of at least 1, got"):
        ATTENTION[name](channels)


@pytest.mark.parametrize("name", REDUCING)
@pytest.mark.parametrize("reduction", [0, 0.99, -2, float("inf"), float("nan"), "4"])
def test_reductions_outside_the_limits_are_refused(name, reduction):
    with pytest.raises(UserError, match="reduction must be"):
        make(name, 8, reduction=reduction)


@pytest.mark.parametrize("name", WITH_GATES)
def test_features_of_the_wrong_shape_are_refused(name):
    for shape in ((1, 5, 4, 4), (1, 6, 4), (1, 6, 4, 4, 4)):
        with pytest.raises(UserError, match=r"features must be \(N, 6, H, W\), got"):
            make(name, 6)(torch.ones(shape))


@pytest.mark.parametrize("name", EVERY)
def test_every_type_describes_itself(name):
    assert isinstance(ATTENTION[name].DESCRIPTION, Description)
