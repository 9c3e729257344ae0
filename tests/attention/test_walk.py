"""Steps are the module's own values, bit for bit, and every gate is among them."""

import numpy as np
import pytest
import torch

from attnviz.attention import ATTENTION
from attnviz.attention.cbam import ORDERS
from attnviz.attention.stepwise import Stepwise, record
from attnviz.attention.walk import change_features, demonstrate, example, volume_types, walk
from attnviz.core.errors import UserError
from attnviz.core.step_values import KINDS, REGIONS, Change, Follow
from tests.attention.helpers import features, gates_of, make, randomise

FORMS = [(name, {}) for name in ATTENTION]
FORMS += [(name, {"dims": 3}) for name in volume_types()]
FORMS += [("cbam", {"order": order, "bias": True, "reduction": 1.5}) for order in ORDERS]
FORMS += [("cbam", {"order": order, "dims": 3, "pool_depth": True}) for order in ORDERS]
FORMS += [("self-attention", {"heads": 2, "reduction": 1, "similarity": s}) for s in ("dot", "cosine", "mlp")]
FORMS += [("self-attention", {"max_positions": 9}), ("danet", {"max_positions": 9})]
FORMS += [("sk", {"dilated": False}), ("eca", {"kernel_size": 5}), ("spatial", {"kernel_size": 3})]
IDS = ["-".join([name, *(f"{k}={v}" for k, v in options.items())]) for name, options in FORMS]


def made(name, options, dtype=torch.float32):
    module = randomise(make(name, 6, **options).double().eval()).to(dtype)
    shape = (1, 6, 3, 4, 5) if options.get("dims") == 3 else (1, 6, 4, 5)
    return module, features(*shape).to(dtype)


@pytest.mark.filterwarnings("ignore:.*max_positions")
@pytest.mark.parametrize(("name", "options"), FORMS, ids=IDS)
def test_steps_are_the_modules_own_values_and_gates_are_among_them(name, options):
    module, x = made(name, options)
    before = x.clone()
    with torch.no_grad():
        plain = module(x)
        output, gates = gates_of(module, x)
        (own, steps), walked = record(module, x), walk(name, module, x)
    assert torch.equal(plain, own) and torch.equal(own, output) and torch.equal(x, before)
    assert steps[0].value is x and steps[-1].value is own and walked.difference == 0
    for path, _, values, _ in gates:
        flat = values.flatten()
        same = [s for s in steps if s.value.numel() == len(flat) and torch.equal(s.value.flatten(), flat)]
        assert same, f"the gate {path} is none of the steps"
    for step, noted in zip(walked.steps, steps, strict=True):
        np.testing.assert_array_equal(step.values.ravel(), noted.value[0].float().numpy().ravel())


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
        assert found.difference == 0 and found.change.region == region


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
@pytest.mark.parametrize("name", list(ATTENTION))
def test_untrained_modules_are_the_same_every_time_and_do_something(name):
    x = features(1, 32, 8, 8).float()
    state = torch.random.get_rng_state()
    first, second = demonstrate(name, x), demonstrate(name, x)
    assert torch.equal(state, torch.random.get_rng_state())
    assert not first.trained and first.difference == 0
    for one, other in zip(first.steps, second.steps, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    last = first.steps[-1].values
    changed = last.size != x.numel() or not np.allclose(last, x[0].numpy(), atol=1e-4)
    assert changed is (name != "none")


def test_types_without_a_form_for_volumes_are_refused():
    assert example("cbam", 4, volumes=True)(torch.rand(1, 4, 3, 4, 5)).shape == (1, 4, 3, 4, 5)
    with pytest.raises(UserError, match="no form for volumes"):
        example("se", 4, volumes=True)


def test_a_module_that_notes_nothing_has_its_features_and_its_output():
    steps = record(torch.nn.Conv2d(3, 3, 1), torch.randn(1, 3, 4, 5))[1]
    assert [(s.key, s.axes) for s in steps] == [("features", ("C", "H", "W")), ("output", ("C", "H", "W"))]
    assert record(torch.nn.AdaptiveAvgPool2d(1), torch.randn(1, 3, 4, 5))[1][-1].to_step().shape == (3,)


def test_a_note_whose_axes_are_not_those_of_its_value_is_refused():
    class Wrong(Stepwise):
        def forward(self, x):
            self.step("mean", x.mean((2, 3)), "C H", "bars", "z", "mean")
            return x

    Wrong()(torch.ones(1, 2, 3, 3))  # nothing is looked at outside a recording
    with pytest.raises(ValueError, match=r"step 'mean' names axes \('C', 'H'\) of a value of shape \(1, 2\)"):
        record(Wrong(), torch.ones(1, 2, 3, 3))


def test_nothing_is_recorded_any_more_after_an_exception():
    module = ATTENTION["cbam"](4)
    with pytest.raises(UserError):
        record(module, torch.ones(1, 5, 3, 3))
    assert not any("_recording" in vars(part) for part in module.modules())
