import ast
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import attnviz
from attnviz.core.errors import UserError
from attnviz.render import colour


def test_the_fixed_scale_does_not_depend_on_the_values_and_stretch_does():
    values = np.array([0.3, 0.5, 0.7])
    assert colour.scale_for(values) == colour.Scale(0, 1, "fixed")
    stretched = colour.scale_for(values, "stretch")
    assert (stretched.low, stretched.high, stretched.mode) == (pytest.approx(0.3), pytest.approx(0.7), "stretch")
    assert colour.scale_for(values).label == "0–1 (fixed)"
    assert stretched.label == "0.30–0.70 (stretched)"
    np.testing.assert_allclose(stretched.unit(values), [0, 0.5, 1], atol=1e-6)
    np.testing.assert_allclose(colour.GATE_SCALE.unit([-1, 0.25, 2]), [0, 0.25, 1])


def test_a_shared_scale_covers_all_arrays():
    scale = colour.shared_scale([np.array([[0.2, 0.4]]), np.array([0.9])], "stretch")
    assert (scale.low, scale.high) == (pytest.approx(0.2), pytest.approx(0.9))
    one, other = (colour.colourise([[v]], scale) for v in (0.4, 0.4))
    np.testing.assert_array_equal(one, other)
    assert colour.shared_scale([np.array([5.0])]) == colour.GATE_SCALE


def test_features_get_zero_to_maximum_or_a_symmetric_scale():
    assert colour.scale_for([0.0, 3.5], "features") == colour.Scale(0, 3.5, "sequential")
    scale = colour.scale_for([-3.2, 1.0], "features")
    assert (scale.low, scale.high) == (pytest.approx(-3.2), pytest.approx(3.2))
    assert scale.label == "±3.20 (features)"
    assert colour.cmap_for(scale, None) in colour.DIVERGING
    assert colour.scale_for([0.0, 0.0], "features").high == 1


def test_a_constant_is_stretched_to_the_middle_colour_not_to_noise():
    values = np.full((4, 4), 0.5) + np.random.default_rng(0).uniform(-1e-8, 1e-8, (4, 4))
    np.testing.assert_allclose(colour.scale_for(values, "stretch").unit(values), 0.5, atol=1e-3)


@pytest.mark.parametrize(
    ("values", "mode", "text"),
    [
        ([0.31, 0.36, 0.77], "fixed", "min 0.31 · mean 0.48 · max 0.77 · scale 0–1 (fixed)"),
        ([0.31, 0.36, 0.77], "stretch", "min 0.31 · mean 0.48 · max 0.77 · scale 0.31–0.77 (stretched)"),
        ([0.5, 1.5], "fixed", "min 0.50 · mean 1.00 · max 1.50 · scale 0–1 (fixed) · 1 of 2 outside the scale"),
        ([0.5, np.nan], "fixed", "min 0.50 · mean 0.50 · max 0.50 · scale 0–1 (fixed) · 1 not finite"),
        ([0.5001, 0.5003], "fixed", "min 0.50010 · mean 0.50020 · max 0.50030 · scale 0–1 (fixed)"),
    ],
)
def test_captions(values, mode, text):
    assert colour.caption(values, colour.scale_for(values, mode)) == text


def test_the_spread_is_the_standard_deviation():
    assert "· sd 0.20 ·" in colour.caption([0.3, 0.7], colour.GATE_SCALE, spread=True)


@pytest.mark.parametrize("cmap", sorted(colour.CMAPS))
def test_colours_are_those_of_matplotlib(cmap):
    values = np.linspace(0, 1, 1000, dtype=np.float32).reshape(20, 50)
    wanted = np.floor(matplotlib.colormaps[cmap](values)[..., :3] * 255 + 0.5)
    got = colour.colourise(values, colour.GATE_SCALE, cmap)
    assert got.dtype == np.uint8 and got.shape == (20, 50, 3)
    assert np.abs(got - wanted).max() <= 1  # one step of rounding
    ends = colour.colourise([[0.0, 1.0]], "fixed", cmap)[0]
    np.testing.assert_allclose(ends, matplotlib.colormaps[cmap]([0.0, 1.0])[:, :3] * 255, atol=1)


def test_nan_is_grey_and_infinities_are_the_ends():
    picture = colour.colourise(np.array([[np.nan, -np.inf, np.inf, 0.0, 1.0]]))
    assert picture[0, 0].tolist() == [128, 128, 128]
    np.testing.assert_array_equal(picture[0, 1:3], picture[0, 3:5])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: colour.colourise(np.full((2, 2), np.nan)), "no finite number"),
        (lambda: colour.colourise(np.zeros(3)), r"2 axes, got shape \(3,\)"),
        (lambda: colour.colourise(np.zeros((0, 3))), "empty"),
        (lambda: colour.colourise([["a"]]), "real numbers"),
        (lambda: colour.colourise([[1j]]), "real numbers"),
        (lambda: colour.colourise([[0.5]], cmap="virdis"), "did you mean 'viridis'"),
        (lambda: colour.colourise([[0.5]], cmap="jet"), "unknown colour map 'jet'"),
        (lambda: colour.scale_for([0.5], "strech"), "did you mean 'stretch'"),
        (lambda: colour.shared_scale([]), "at least one"),
        (lambda: colour.Scale(1, 1), "low < high"),
        (lambda: colour.Scale(0, np.inf), "finite"),
    ],
)
def test_what_cannot_be_drawn_is_a_user_error(call, text):
    with pytest.raises(UserError, match=text):
        call()


def test_the_default_colour_map_is_named_once():
    named, package = {}, Path(attnviz.__file__).parent
    for file in package.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        named[file.relative_to(package).as_posix()] = sum(
            isinstance(node, ast.Constant) and node.value == colour.CMAP for node in ast.walk(tree)
        )
    # the table of colour maps and the default
    homes = {"core/colour_maps.py": 2}
    assert {name: count for name, count in named.items() if count} == homes
