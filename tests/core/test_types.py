import math

import numpy as np
import pytest

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.kinds import KINDS
from attnviz.core.sites import GateSite
from attnviz.core.types import Analysis, GateRecord, PreparedImage


def image():
    pixels = np.zeros((20, 30, 3), np.uint8)
    return PreparedImage(pixels, (5, 0, 25, 20), pixels[:16, :16], (30, 20))


def record(name="a", kind="channel", shape=(1, 4, 1, 1)):
    return GateRecord(
        GateSite(name, kind, shape, (1, 4, 8, 8)), np.linspace(0, 1, np.prod(shape), dtype=np.float32).reshape(shape)
    )


def analysis(gates=(record(),)):
    return Analysis("m", image(), ("x", "y", "z"), np.array([1.0, 3.0, 3.0], np.float32), tuple(gates))


def test_probabilities_sum_to_one_and_survive_large_logits():
    assert analysis().probabilities == pytest.approx(np.exp([1, 3, 3]) / np.exp([1, 3, 3]).sum(), rel=1e-6)
    large = Analysis("m", image(), ("x", "y"), np.array([1e4, -1e4], np.float32), ())
    assert large.probabilities.tolist() == [1, 0]


def test_top_is_sorted_and_ties_keep_their_order():
    assert [label for label, _ in analysis().top(5)] == ["y", "z", "x"]


def test_gates_are_found_by_name_and_the_nearest_is_named():
    assert analysis().gate("a").scores.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    with pytest.raises(UserError, match="m has no gate 'b'; .*known: a"):
        analysis().gate("b")


def test_scores_and_masks_need_their_kind():
    spatial = record("s", "spatial", (1, 1, 2, 2))
    assert spatial.mask.shape == (2, 2)
    with pytest.raises(UserError, match="s is a spatial gate"):
        _ = spatial.scores
    with pytest.raises(UserError, match="a mask needs a 2-D spatial gate"):
        _ = record().mask


def test_channels_may_lie_last():
    assert record("a", shape=(1, 1, 1, 4)).scores.tolist() == record().scores.tolist()
    assert record("a", shape=(1, 1, 1, 1)).scores.tolist() == [0]
    last, first = record("s", "spatial", (1, 2, 3, 1)), record("s", "spatial", (1, 1, 2, 3))
    assert last.mask.tolist() == first.mask.tolist() and last.mask.shape == (2, 3)
    with pytest.raises(UserError, match=r"the values of a are of one example"):
        _ = record(shape=(2, 4, 1, 1)).scores


@pytest.mark.parametrize(
    "options",
    [{"size": (4, 128)}, {"size": (128,)}, {"size": (128.0, 128)}, {"crop_fraction": 0}, {"crop_fraction": 1.1},
     {"std": (1, 1, 0)}, {"mean": (0, 0)}, {"size": 224}, {"size": "ab"}, {"size": None}, {"crop_fraction": "0.9"},
     {"crop_fraction": None}, {"mean": 0.5, "std": 0.5}, {"mean": "abc"}, {"mean": (0.5, None, 0.5)}, {"std": 0.5},
     {"std": ("1", "1", "1")}, {"mean": (math.nan,) * 3}, {"std": (math.inf,) * 3}, {"window": 255},
     {"window": ("0", "255")}, {"window": (0, math.inf)}, {"window": (1, 1)}, {"shown": 1}, {"shown": ("r", "g", "b")},
     {"noise": 3}, {"fit": 1}, {"interpolation": 2}, {"interpolation": ["nearest"]}],
)  # fmt: skip
def test_input_specs_have_limits(options):
    with pytest.raises(UserError):
        InputSpec(**options)


def test_results_are_frozen():
    with pytest.raises(AttributeError):
        analysis().model = "other"
    with pytest.raises(TypeError):
        KINDS["new"] = "x"
