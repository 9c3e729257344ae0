import math

import pytest
import torch

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec, NoiseSpec
from attnviz.images.noise_channels import NOISES, append_noise, suppression
from attnviz.models.spec import ModelSpec, build

X = torch.randn(8, 3, 24, 20, generator=torch.Generator().manual_seed(7))


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_every_kind_leaves_the_picture_and_depends_on_seed_and_number_alone(kind, channels):
    spec = NoiseSpec(channels, kind, 0.5, seed=3)
    both, order = append_noise(X, spec, other=X.flip(0))
    assert both.shape == (8, 3 + channels, 24, 20) and both.dtype == torch.float32
    assert torch.equal(both[:, :3], X)
    assert order.tolist() == [list(range(3 + channels))] * 8
    for i in (0, 5):
        alone, _ = append_noise(X[i : i + 1], spec, first=i, other=X.flip(0)[i : i + 1])
        assert torch.equal(alone[0], both[i])
    twice, _ = append_noise(X, NoiseSpec(channels, kind, 1.0, seed=3), other=X.flip(0))
    torch.testing.assert_close(twice[:, 3:], 2 * both[:, 3:])


@pytest.mark.parametrize("kind", ["gaussian", "uniform", "salt-and-pepper", "constant", "shuffled"])
def test_kinds_without_content_differ_by_image_and_seed(kind):
    first, _ = append_noise(X[:1].expand(2, -1, -1, -1), NoiseSpec(3, kind, seed=1))
    other, _ = append_noise(X[:1].expand(2, -1, -1, -1), NoiseSpec(3, kind, seed=2))
    assert not torch.equal(first[0, 3:], first[1, 3:])
    assert not torch.equal(first[:, 3:], other[:, 3:])
    generator = torch.Generator().manual_seed(0)
    fresh = [append_noise(X, NoiseSpec(3, kind), generator)[0][:, 3:] for _ in range(2)]
    assert not torch.equal(*fresh)


@pytest.mark.parametrize("kind", ["gaussian", "uniform", "salt-and-pepper", "constant"])
def test_random_kinds_have_mean_0_and_the_strength_as_standard_deviation(kind):
    noise = append_noise(torch.zeros(4000, 3, 6, 6), NoiseSpec(4, kind, 2.0), torch.Generator().manual_seed(0))[0][
        :, 3:
    ]
    assert abs(float(noise.mean())) < 0.05
    assert math.isclose(float(noise.std()), 2.0, rel_tol=0.03)


def test_kinds_are_what_they_are_called():
    def noise(kind):
        return append_noise(X, NoiseSpec(3, kind), other=X.flip(0))[0][:, 3:]

    assert float(noise("uniform").abs().max()) <= math.sqrt(3)
    values = noise("salt-and-pepper").unique()
    assert len(values) == 3 and float(values[0]) == -float(values[2]) and float(values[1]) == 0
    assert torch.equal(noise("constant").amax((2, 3)), noise("constant").amin((2, 3)))
    assert torch.equal(noise("shuffled").flatten(2).sort(2).values, X.flatten(2).sort(2).values)
    assert not torch.equal(noise("shuffled"), X)
    assert torch.equal(noise("other-image"), X.flip(0))


def test_positions():
    order = (3, 0, 1, 2, 4, 5)
    plain, _ = append_noise(X, NoiseSpec(3))
    moved, said = append_noise(X, NoiseSpec(3, order=order))
    assert torch.equal(moved, plain[:, list(order)]) and said[0].tolist() == list(order)
    mixed, said = append_noise(X, NoiseSpec(3, permute=True))
    assert len({tuple(row) for row in said.tolist()}) > 1
    back = mixed.gather(1, said.argsort(1)[:, :, None, None].expand_as(mixed))
    assert torch.equal(back[:, :3], X)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"channels": 0}, "1..64"),
        ({"channels": True}, "1..64"),
        ({"strength": -1}, r"\[0, 100\]"),
        ({"strength": math.nan}, r"\[0, 100\]"),
        ({"strength": "1"}, r"\[0, 100\]"),
        ({"strength": None}, r"\[0, 100\]"),
        ({"seed": -1}, "seed"),
        ({"order": 3}, "each of 0..5"),
        ({"order": ("R", 1, 2, 3, 4, 5)}, "each of 0..5"),
        ({"order": (0, 1, 2)}, "each of 0..5"),
        ({"order": (0, 1, 2, 3, 4, 5), "permute": True}, "not both"),
    ],
)
def test_impossible_noise_is_refused(values, message):
    with pytest.raises(UserError, match=message):
        NoiseSpec(**values)


def test_bad_input_is_refused():
    with pytest.raises(UserError, match="gaussian"):
        append_noise(X, NoiseSpec(kind="gausian"))
    with pytest.raises(UserError, match="N, 3, H, W"):
        append_noise(X[:, :2], NoiseSpec())


def test_a_model_description_keeps_its_noise():
    spec = ModelSpec(
        "compact-resnet",
        "cbam-channel",
        10,
        {"in_channels": 6, "position": "first", "widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1]},
        input=InputSpec(size=(32, 32), noise=NoiseSpec(order=(5, 4, 3, 2, 1, 0))),
    )
    again = ModelSpec.from_json(spec.to_json())
    assert again == spec
    assert build(again).eval()(torch.zeros(1, 6, 32, 32)).shape == (1, 10)


def test_suppression_is_the_weakest_colour_over_the_strongest_noise():
    assert suppression([0.9, 0.5, 0.8, 0.01, 0.05, 0.02]) == pytest.approx(10)
    assert suppression([0.1, 0.5, 0.8, 0.2, 0.05, 0.02]) == pytest.approx(0.5)
