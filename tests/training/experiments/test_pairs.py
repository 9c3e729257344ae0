"""A network with and without attention, over seeds."""

import pytest

from attnviz.core.errors import UserError
from attnviz.models.checkpoints import Card
from attnviz.models.spec import ModelSpec, build, count_parameters
from attnviz.training.experiments import EXPERIMENTS
from attnviz.training.experiments.pairs import difference, measure, table
from attnviz.training.experiments.runs import Run
from attnviz.training.recipe import load_recipe

FAMILIES = {"tiny": ("plain", "gated")}


def run(row, seed, top1, tmp_path):
    spec = ModelSpec("small-cnn", "stn" if row == "gated" else "none", 10, {"widths": [4, 4, 8]})
    labels = tuple("abcdefghij")
    return Run(row, seed, tmp_path, Card(row, row, spec, labels, {"top1": top1}, {}, {}))


def test_both_rows_and_their_difference(tmp_path):
    runs = [run("plain", s, t, tmp_path) for s, t in enumerate((90.0, 91.0, 92.0))]
    runs += [run("gated", s, t, tmp_path) for s, t in enumerate((95.0, 95.5, 96.0))]
    report = measure(FAMILIES, runs)
    assert [row["recipe"] for row in report["rows"]] == ["plain", "gated"]
    assert report["rows"][0]["parameters"] < report["rows"][1]["parameters"]
    assert report["rows"][1]["error"]["values"] == [5.0, 4.5, 4.0]
    told = report["difference"]
    assert told["gain"] == pytest.approx(4.5) and told["ratio"] == pytest.approx(0.5)
    assert told["p"] < 0.05 and told["gain_interval"][0] > 0 and told["gain_interval"][1] > 4.5
    assert told["interval"][0] <= 0.5 <= told["interval"][1] < 1
    text = table(report)
    assert "| `gated` |" in text and "0.50 times" in text and "differs by +4.50 points" in text


def test_a_small_difference_is_not_called_one():
    told = difference([10.0, 12.0, 14.0], [9.0, 12.0, 13.0])
    assert told["p"] > 0.5 and told["gain_interval"][0] < 0 < told["gain_interval"][1] and told["interval"][1] > 1
    assert "interval" not in difference([10.0], [9.0, 8.0])


def test_a_ratio_without_an_end_says_so():
    told = difference([0.1, 9.0], [3.0, 5.0])
    assert told["interval"] is None
    assert "interval without end" in table({"rows": [], "difference": told})


def test_one_row_alone_is_refused(tmp_path):
    with pytest.raises(UserError, match="no finished run of gated"):
        measure(FAMILIES, [run("plain", 0, 90.0, tmp_path)])


@pytest.mark.parametrize("name", ["stn", "vgg", "densenet"])
def test_recipes_of_a_pair_differ_in_attention_alone(name):
    for plain, gated in EXPERIMENTS[name].families.values():
        a, b = load_recipe(plain), load_recipe(gated)
        assert (a.augment, a.noise, a.train) == (b.augment, b.noise, b.train)
        assert a.model.attention == "none" != b.model.attention
        sizes = [count_parameters(build(r.model_spec(10), published_weights=False)) for r in (a, b)]
        if name == "stn":
            assert 1 <= sizes[0] / sizes[1] < 1.02  # the control is as large as the network with the transformer
        else:
            assert a.model.backbone_options == b.model.backbone_options
            assert 1 < sizes[1] / sizes[0] < 1.05


def test_a_control_of_equal_size_is_compared_too(tmp_path):
    families = {"tiny": ("plain", "control", "gated")}
    runs = [
        run(row, seed, top1 + seed, tmp_path)
        for row, top1 in (("plain", 80), ("control", 90), ("gated", 95))
        for seed in (0, 1)
    ]
    report = measure(families, runs)
    assert report["difference"]["gain"] == 15 and report["over_control"]["gain"] == 5
    assert "as many parameters without a gate it is 0.47 times" in table(report)
    less = measure(families, [r for r in runs if r.row != "control"])
    assert (
        less["difference"] == report["difference"]
        and "over_control" not in less
        and "parameters without" not in table(less)
    )
    for row in ("plain", "gated"):
        with pytest.raises(UserError, match=f"no finished run of {row}; the difference needs plain and gated"):
            measure(families, [r for r in runs if r.row != row])


def test_the_control_has_as_many_parameters_as_the_gate_on_the_last_map():
    more = {"compact": 33_024, "mobilenet": 3_279_360, "mobilenet-64": 3_279_360}
    for family, names in EXPERIMENTS["last"].families.items():
        recipes = [load_recipe(name) for name in names]
        plain, control, gated = (count_parameters(build(r.model_spec(10), published_weights=False)) for r in recipes)
        assert control == gated == plain + more[family]
        assert len({str((r.augment, r.noise, r.train)) for r in recipes}) == 1
