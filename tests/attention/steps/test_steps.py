"""The last step must be what the module itself gave, and every gate on the way what it multiplied in."""

import numpy as np
import pytest
import torch

from attnviz.attention import ATTENTION
from attnviz.attention.cbam import ORDERS
from attnviz.attention.steps import STEPS
from attnviz.attention.steps.run import VOLUMES, change_features, demonstrate, untrained, walk
from attnviz.core.errors import UserError
from attnviz.core.step_values import KINDS, REGIONS, Change, Follow
from tests.attention.helpers import features, gates_of, randomise

FORMS = [(name, {}) for name in STEPS]
FORMS += [(name, {"dims": 3}) for name in VOLUMES]
FORMS += [("cbam", {"order": order, "bias": True, "reduction": 1.5}) for order in ORDERS]
FORMS += [("cbam", {"order": order, "dims": 3, "pool_depth": True}) for order in ORDERS]
FORMS += [("self-attention", {"heads": 2, "reduction": 1, "similarity": s}) for s in ("dot", "cosine", "mlp")]
FORMS += [("self-attention", {"max_positions": 9}), ("danet", {"max_positions": 9})]
FORMS += [("sk", {"dilated": False}), ("eca", {"kernel_size": 5}), ("spatial", {"kernel_size": 3})]
IDS = ["-".join([name, *(f"{k}={v}" for k, v in options.items())]) for name, options in FORMS]


def made(name, options, dtype=torch.float32):
    module = randomise(ATTENTION[name](6, **options).double().eval()).to(dtype)
    shape = (1, 6, 3, 4, 5) if options.get("dims") == 3 else (1, 6, 4, 5)
    return module, features(*shape).to(dtype)


CLOSE = {"rtol": 1e-5, "atol": 1e-6}
"""Steps are a second telling of a forward: another order of sums, on some processors, than the module's."""


def test_every_attention_type_has_steps():
    assert set(STEPS) == set(ATTENTION)


@pytest.mark.filterwarnings("ignore:.*max_positions")
@pytest.mark.parametrize(("name", "options"), FORMS, ids=IDS)
def test_the_last_step_is_the_output_and_gates_are_among_the_steps(name, options):
    module, x = made(name, options)
    before = x.clone()
    found = walk(name, module, x)
    with torch.no_grad():
        output, gates = gates_of(module, x)
    np.testing.assert_array_equal(found.steps[0].values, x[0].numpy())
    np.testing.assert_allclose(found.steps[-1].values, output[0].numpy(), **CLOSE)
    assert found.difference < CLOSE["atol"]
    for path, _, values, _ in gates:
        flat = np.sort(values.numpy().ravel())
        assert any(
            step.values.size == flat.size and np.allclose(np.sort(step.values.ravel()), flat, **CLOSE)
            for step in found.steps
        ), f"the gate {path} is none of the steps"
    assert torch.equal(x, before)


@pytest.mark.filterwarnings("ignore:.*max_positions")
@pytest.mark.parametrize(("name", "options"), FORMS, ids=IDS)
def test_every_step_can_be_drawn_and_read(name, options):
    module, x = made(name, options)
    steps = walk(name, module, x).steps
    keys = {step.key for step in steps}
    for step in steps:
        assert step.kind in KINDS and len(step.axes) == step.values.ndim
        assert step.values.dtype == np.float32 and not step.values.flags.writeable
        assert not step.rows or len(step.rows) == step.shape[0]
        assert all(len(w.axes) == w.values.ndim for w in step.weights)
        for key in (part.split("}")[0].split("[")[0] for part in step.worked.split("{")[1:]):
            assert key == "here" or key in keys, f"{step.key} speaks of {key}"
        Follow(2, 1, 3, 1).at(step)


def test_a_wrong_story_is_noticed():
    module, x = made("cbam", {})
    with torch.no_grad():
        assert walk("cbam", module, x, module(x) + 0.01).difference == pytest.approx(0.01, rel=1e-4)


def test_worked_out_by_hand():
    # means 2.5 and 1; W₁ = [1, 2], W₂ = [2, -1]: hidden 4.5, scores 9 and -4.5
    module = ATTENTION["se"](2, reduction=2)
    with torch.no_grad():
        module.reduce.weight.copy_(torch.tensor([[1.0, 2.0]]))
        module.expand.weight.copy_(torch.tensor([[2.0], [-1.0]]))
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 2.0], [2.0, 0.0]]]])
    steps = {step.key: step for step in walk("se", module, x).steps}
    assert steps["mean"].values.tolist() == [2.5, 1.0]
    assert steps["hidden"].values.tolist() == [4.5]
    assert steps["scores"].values.tolist() == [9.0, -4.5]
    np.testing.assert_allclose(steps["channel_gate"].values, [0.999877, 0.010987], atol=1e-6)
    np.testing.assert_allclose(steps["channel_scaled"].values[1], [[0, 0.021974], [0.021974, 0]], atol=1e-6)
    assert Follow(1, 0, 1).at(steps["features"]) == 2


def test_changes_of_the_features():
    x = torch.ones(1, 2, 4, 4)
    assert change_features(x, Change()) is x
    scaled = change_features(x, Change(channel=1, factor=2.0))
    assert scaled[0, 0].sum() == 16 and scaled[0, 1].sum() == 32 and x.sum() == 32
    left = change_features(x, Change(region="left"))
    assert left[..., :2].sum() == 0 and left[..., 2:].sum() == 16
    assert change_features(x, Change(region="middle"))[0, 0].sum() == 12
    for region in REGIONS:
        found = walk("se", ATTENTION["se"](2), x, x, Change(0, 3.0, region))
        assert found.difference < CLOSE["atol"] and found.change.region == region


@pytest.mark.parametrize(
    "wrong",
    [
        {"region": "everywhere"},
        {"factor": -1.0},
        {"factor": float("nan")},
        {"factor": "2"},
        {"channel": -1},
        {"channel": 1.5},
    ],
)
def test_wrong_changes_are_refused(wrong):
    with pytest.raises(UserError):
        Change(**wrong)


def test_a_channel_that_is_not_there_is_refused():
    with pytest.raises(UserError, match=r"0\.\.1"):
        change_features(torch.ones(1, 2, 4, 4), Change(channel=2, factor=0.0))


@pytest.mark.filterwarnings("ignore:.*max_positions")
@pytest.mark.parametrize("name", list(STEPS))
def test_untrained_modules_are_the_same_every_time_and_do_something(name):
    x = features(1, 32, 8, 8).float()
    state = torch.random.get_rng_state()
    first, second = demonstrate(name, x), demonstrate(name, x)
    assert torch.equal(state, torch.random.get_rng_state())
    assert not first.trained and first.difference < CLOSE["atol"]
    for one, other in zip(first.steps, second.steps, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    changed = not np.allclose(first.steps[-1].values, x[0].numpy(), atol=1e-4)
    assert changed is (name != "none")


def test_types_without_a_form_for_volumes_are_refused():
    assert untrained("cbam", 4, volumes=True)[1] == {"dims": 3}
    with pytest.raises(UserError, match="no form for volumes"):
        untrained("se", 4, volumes=True)
