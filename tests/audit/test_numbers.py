"""The numbers of a summary against plain numpy on gates that were recorded without attnviz."""

import copy

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from attnviz.audit.compare import read_summary
from attnviz.audit.objects import ByPath, ObjectTests, energy_ratio, pooled
from attnviz.audit.run import audit
from attnviz.audit.sentences import on_effects, on_knock_outs, say_all
from attnviz.audit.settings import Settings
from attnviz.audit.summaries import FOLDER
from attnviz.core.input_spec import InputSpec
from attnviz.core.intervals import of_mean
from tests.audit.conftest import PHOTOGRAPHS, follows, photographs, prepared

SETTINGS = Settings(tests=PHOTOGRAPHS, workers=0, batch=96)


@pytest.fixture(scope="module")
def report(follower):
    pictures, classes = photographs()
    return audit(follower, pictures, classes.tolist(), settings=SETTINGS).summary


@pytest.fixture(scope="module")
def plain(follower):
    """Inputs, gates (N, 3) and classes, computed by hand."""
    pictures, classes = photographs()
    spec = follower.spec.input
    x = (np.stack(pictures) / 255 - spec.mean) / spec.std
    x = torch.tensor(x.transpose(0, 3, 1, 2), dtype=torch.float32)
    return x, torch.sigmoid(follows(x.mean((2, 3)))).numpy().astype(np.float64), classes


def test_variation(report, plain):
    _, gates, classes = plain
    of_class = np.stack([gates[classes == k].mean(0) for k in range(3)])[classes]
    parts = gates.mean(0).var(), (of_class - gates.mean(0)).var(0).mean(), (gates - of_class).var(0).mean()
    variation = report["gates"][0]["variation"]
    for key, part in zip(("between_elements", "between_classes", "within_classes"), parts, strict=True):
        assert variation[key] == pytest.approx(part / sum(parts), abs=1e-4)
    assert sum(parts) == pytest.approx(gates.var())
    assert variation["below_0.01"] == pytest.approx((gates < 0.01).mean(), abs=1e-3)
    assert variation["above_0.99"] == pytest.approx((gates >= 0.99).mean(), abs=1e-3)


def test_classes(report, plain):
    _, gates, classes = plain
    means = report["gates"][0]["classes"]["means"]
    assert [means[k] for k in ("red", "green", "blue")] == pytest.approx(
        [gates[classes == k].mean() for k in range(3)], abs=1e-5
    )
    assert report["gates"][0]["classes"]["differ"] == 3


def test_gain(report, plain, follower):
    x, gates, _ = plain
    features = (1 + 0.1 * (x - x.mean((1, 2, 3), keepdim=True))).mean((2, 3)).numpy()
    r = [np.corrcoef(gates[:, c], features[:, c])[0, 1] for c in range(3)]
    assert report["gates"][0]["gain"]["r"] == pytest.approx(r, abs=2e-3)


def _answers(x, gates):
    features = 1 + 0.1 * (x - x.mean((1, 2, 3), keepdim=True))
    return (10 * (features * torch.tensor(gates, dtype=torch.float32)[:, :, None, None]).mean((2, 3))).argmax(1).numpy()


def test_effects_of_means(report, plain):
    x, gates, classes = plain
    right = _answers(x, gates) == classes
    assert report["network"]["top1"] == pytest.approx(100 * right.mean(), abs=1e-3)
    of_class = np.stack([gates[classes == k].mean(0) for k in range(3)])[classes]
    for name, values in (("mean", np.tile(gates.mean(0), (len(gates), 1))), ("class_mean", of_class)):
        after = _answers(x, values) == classes
        effect = report["together"][name]
        assert effect["points"] == pytest.approx(100 * (after.mean() - right.mean()), abs=0.21), name  # one tie
        assert abs(effect["lost"] - (right & ~after).sum()) <= 1


def test_extremes(report, plain):
    _, gates, _ = plain
    for one in report["gates"][0]["photographs"]:
        values = np.sort(gates[:, one["index"]])
        assert [v for _, v in one["most"]] == pytest.approx(values[::-1][:8], abs=1e-4)
        assert [v for _, v in one["least"]] == pytest.approx(values[:8], abs=1e-4)


def test_unusual(report, plain):
    _, gates, _ = plain
    z = np.sqrt((((gates - gates.mean(0)) / gates.std(0)) ** 2).mean(1))
    assert [v for _, v in report["unusual"]] == pytest.approx(np.sort(z)[::-1][:12], abs=0.01)


def test_an_even_mask_lies_on_everything():
    rng = np.random.default_rng(0)
    cover = (rng.random((32, 32)) > 0.7).astype(np.float32)
    for grid in ((4, 4), (8, 8), (32, 32)):
        blocks = cover.reshape(grid[0], 32 // grid[0], grid[1], 32 // grid[1]).mean((1, 3))
        np.testing.assert_allclose(pooled(cover, grid), blocks, atol=1e-6)
        assert energy_ratio(np.full(grid, 0.3), pooled(cover, grid)) == pytest.approx(1)
    assert energy_ratio(cover, pooled(cover, (32, 32))) == pytest.approx(1 / cover.mean())
    assert pooled(cover, (7, 5)).shape == (7, 5)


FRACTIONS = "file,label,x0,y0,x1,y1\nval/a.png,tench,0,0,0.5,1\n"


@pytest.mark.parametrize("kind", ["json", "csv", "fractions", "masks"])
def test_boxes_and_masks_cover_what_the_network_sees(tmp_path, kind):
    import json

    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    if kind == "json":
        boxes = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "bbox": [0, 0, 32, 64]}]}
        (where := tmp_path / "b.json").write_text(json.dumps(boxes))
    elif kind in ("csv", "fractions"):
        text = FRACTIONS if kind == "fractions" else "path,left,top,right,bottom\na.png,0,0,32,64\n"
        (where := tmp_path / "b.csv").write_text(text)
    else:
        (where := tmp_path / "masks").mkdir()
        mask = np.zeros((64, 64), np.uint8)
        mask[:, :32] = 255
        Image.fromarray(mask).save(where / "a.png")
    objects = ObjectTests(where, ("a.png",), (tmp_path / "a.png",), InputSpec(size=(16, 16)))
    cover = objects._cover(0)
    assert cover[:, :7].min() > 0.95 and cover[:, 9:].max() < 0.05


def test_an_object_is_that_of_the_photograph_of_the_same_path():
    """Folders above may be named or not; another folder is another photograph, and a name that several have is none."""
    table = ByPath({"val/cat/1.png": "cat 1", "val/dog/1.png": "dog 1", "val/dog/2.png": "dog 2", "3.png": "3"})
    found = {
        "cat/1.png": "cat 1",
        "val/dog/1.png": "dog 1",
        "data/val/dog/1.png": "dog 1",
        "2.png": "dog 2",
        "x/3.png": "3",
    }
    assert {name: table.get(name) for name in found} == found
    assert [table.get(name) for name in ("1.png", "cat/2.png", "og/2.png", "4.png", "")] == [None] * 5


def test_channels_are_compared_where_something_is_left_to_lose():
    """Where even random channels bring the network to chance, the most and the least open cost the same: nothing."""
    costs = {1: (-10, -25.7), 2: (-22, -10.0), 4: (-39, -1.3), 8: (-57, 6.0), 16: (-63, 0.0), 32: (-65, 0.0)}
    rows = [
        {
            "k": k,
            "random": {"points": random},
            "gate_against_low": {"points": other, "interval": [other - 2, other + 2] if k < 8 else [0.0, 0.0]},
        }
        for k, (random, other) in costs.items()
    ]
    (sentence,) = on_knock_outs(rows, 81.5)
    assert "the 4 most open" in sentence["en"] and "4" in sentence["zh"]
    assert "the 16 most open" in on_knock_outs(rows, 200.0)[0]["en"], "a quarter of the widest gate, of half of it"
    assert "the most open channel of" in on_knock_outs(rows, 10.0)[0]["en"] and on_knock_outs([]) == []


class Looks(nn.Module):
    """A mask that is 1 where the first channel is bright, and 0.2 elsewhere."""

    def forward(self, x):
        mask = torch.sigmoid(x[:, :1].detach() * 50) * 0.8 + 0.2
        return (x * mask).mean((2, 3))


def test_masks_are_compared_with_objects_on_every_photograph_that_has_one(tmp_path):
    """Not only on those whose gates are replaced; against the same by hand."""
    rng, rows, ratios = np.random.default_rng(0), ["file,x0,y0,x1,y1"], []
    for number in range(30):
        picture = np.zeros((12, 12, 3), np.uint8)
        left, top = (int(v) for v in rng.integers(0, 6, 2))
        picture[top : top + 6, left : left + 6] = 255
        Image.fromarray(picture).save(tmp_path / f"{number:02}.png")
        if number % 3:
            continue
        shown = 6 if number else 3  # the first box is half of what is bright
        rows.append(f"x/{number:02}.png,{left / 12},{top / 12},{(left + shown) / 12},{(top + 6) / 12}")
        on = np.where(picture[..., 0] > 0, 1.0, 0.2)
        ratios.append(on[top : top + 6, left : left + shown].sum() / on.sum() / (6 * shown / 144))
    (tmp_path / "boxes.csv").write_text("\n".join(rows))
    settings = Settings(tests=10, quick=True, workers=0, batch=7, boxes=tmp_path / "boxes.csv")
    (found,) = audit(prepared(Looks()), tmp_path, settings=settings).summary["objects"]
    assert found["photographs"] == len(ratios) == 10
    low, high = of_mean(ratios)
    assert found["energy"] == pytest.approx([np.mean(ratios), low, high], abs=2e-3)
    assert found["pointing"][0] == 1


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_sentences_of_the_bundled_audits_are_those_of_the_rules(path):
    kept = read_summary(path)
    again = copy.deepcopy(kept)
    assert say_all(again) == kept["sentences"]
    assert [gate["sentences"] for gate in again["gates"]] == [gate["sentences"] for gate in kept["gates"]]


@pytest.mark.parametrize(
    "points, interval, says",
    [
        (0.44, [-0.2, 1.1], "A constant would do: +0.4 points [−0.2, 1.1] with its mean over the data."),
        (-0.04, [-0.3, 0.2], "A constant would do: 0.0 points [−0.3, 0.2] with its mean over the data."),
        (-5.2, [-7.0, -3.4], "A constant would not do: −5.2 points [−7.0, −3.4] with its mean over the data."),
        (
            -1.2,
            [-2.6, 0.2],
            "Whether a constant would do is open: −1.2 points [−2.6, 0.2] with its mean over the data.",
        ),
    ],
)
def test_a_change_is_told_with_its_sign(points, interval, says):
    (sentence,) = on_effects({"mean": {"points": points, "interval": interval}})
    assert sentence["en"] == says
