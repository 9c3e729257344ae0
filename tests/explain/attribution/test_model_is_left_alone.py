"""Whatever happens, a model is as it was before: hooks, modes, requires_grad, values; so is the input."""

import numpy as np
import pytest
import torch

from attnviz.core.errors import UserError
from attnviz.explain.attribution import ATTRIBUTIONS, attribute
from attnviz.explain.attribution.probe import probe
from attnviz.gates.session import lease
from tests.explain.attribution.nets import TRAPS, Broken, Plain, image, make, same, state


def crash(model, x, name):
    with pytest.raises(ZeroDivisionError):
        attribute(model, x, 0, name)


def bad_target(model, x, name):
    with pytest.raises(UserError, match=r"0\.\.3, got 4"):
        attribute(model, x, 4, name)


def normal(model, x, name):
    attribute(model, x, 0, name)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize("happens", [normal, bad_target, crash])
@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_nothing_is_left_behind(name, happens, trainable, training):
    for kind in (Broken,) if happens is crash else TRAPS:
        model, x = make(kind, training, trainable), image()
        own = model.conv1.register_forward_hook(lambda m, i, out: None)  # a hook of the user's
        before, given = state(model), x.clone()
        happens(model, x, name)
        assert same(before, state(model)), kind
        assert torch.equal(x, given) and not x.requires_grad and x.grad is None
        own.remove()


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_inputs_and_models_made_for_inference_only_work(name):
    with torch.inference_mode():
        model, x = make(Plain, trainable=False), image()
        inside = attribute(model, x, 1, name)
    assert next(model.parameters()).is_inference() and x.is_inference()
    np.testing.assert_allclose(inside, attribute(make(Plain), image(), 1, name), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(inside, attribute(model, x, 1, name), rtol=1e-5, atol=1e-7)
    with torch.no_grad():
        np.testing.assert_allclose(inside, attribute(make(Plain), x, 1, name), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_an_input_that_wants_a_gradient_keeps_its_own(name):
    x = image().requires_grad_()
    x.grad = torch.ones_like(x)
    attribute(make(Plain), x, 0, name)
    assert x.requires_grad and x.is_leaf and torch.equal(x.grad, torch.ones_like(x))


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_no_warning_is_given(name, recwarn):
    attribute(make(Plain), image(), 0, name)
    assert not [w for w in recwarn if "captum" in str(w.filename) or "requires_grad" in str(w.message)]


def test_a_model_in_use_by_another_thread_is_refused():
    from concurrent.futures import ThreadPoolExecutor

    model = make(Plain)
    with lease(model), ThreadPoolExecutor(1) as pool, pytest.raises(UserError, match="another thread"):
        pool.submit(attribute, model, image(), 0, "grad-cam").result()


@pytest.mark.parametrize("target", [-1, 4, 10**9, 1.0, "1", None, True, torch.tensor(1)])
def test_the_target_is_checked_before_captum_sees_it(target):
    with pytest.raises(UserError, match="target must be"):
        attribute(make(Plain), image(), target, "grad-cam")


@pytest.mark.parametrize(
    "x",
    [
        torch.zeros(3, 16, 16),
        torch.zeros(2, 3, 16, 16),
        torch.zeros(1, 3, 16, 16).byte(),
        np.zeros((1, 3, 16, 16)),
        None,
    ],
)
def test_the_input_is_one_image(x):
    with pytest.raises(UserError, match="one image"):
        attribute(make(Plain), x, 0, "grad-cam")


def test_an_unknown_method_names_the_nearest():
    with pytest.raises(UserError, match="did you mean 'grad-cam'"):
        attribute(make(Plain), image(), 0, "gradcam")


def test_values_that_are_not_finite_are_an_error():
    model = make(Plain)
    with torch.no_grad():
        model.head.weight[0, 0] = float("inf")
    with pytest.raises(UserError, match="not finite"):
        attribute(model, image(), 0, "gradient-x-input")


def test_too_little_memory_is_a_sentence(monkeypatch):
    def out_of_memory(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    model = make(Plain)
    seen = probe(model, image())
    calls = []
    monkeypatch.setattr(
        Plain,
        "forward",
        lambda self, x: calls.append(1) or (out_of_memory() if len(calls) > 1 else torch.zeros(1, seen.classes)),
    )
    with pytest.raises(UserError, match="not enough memory"):
        attribute(model, image(), 0, "occlusion")


@pytest.mark.slow  # the compiler takes seconds to import
def test_a_compiled_model_is_explained_like_the_plain_one():
    model = make(Plain)
    wrapped = torch.compile(model, backend="eager")
    np.testing.assert_array_equal(attribute(wrapped, image(), 0, "grad-cam"), attribute(model, image(), 0, "grad-cam"))
