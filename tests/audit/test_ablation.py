import dataclasses
import json

import numpy as np
import pytest
import torch
from torch import nn

from attnviz.analysis.analyser import Analyser
from attnviz.attention.gate import Gate
from attnviz.audit.ablation import ablations, chunks, told
from attnviz.audit.network import AuditedNetwork
from attnviz.audit.objects import energy_ratio, pooled
from attnviz.audit.scenes import scenes, spatial_focus
from attnviz.audit.statistics.counts import Paired
from attnviz.audit.walk import walk
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.images.prepare import prepare
from attnviz.images.samples import load_sample
from attnviz.models.checkpoints import load, save_checkpoint
from attnviz.models.network import Network
from attnviz.models.spec import build
from attnviz.training.data import prepare_batch
from tests.conftest import tiny_card, tiny_spec


class Told(nn.Module):
    """The class of the squares is in the gate alone, or in the features alone.

    Args:
        by: ``"gate"`` or ``"features"``.
    """

    def __init__(self, by):
        super().__init__()
        self.by, self.gate, self.scale = by, Gate("channel"), nn.Parameter(torch.ones(()))

    def forward(self, x):
        mean = x.mean((2, 3), keepdim=True) * self.scale
        told = torch.sigmoid(4 * (mean - mean.mean(1, keepdim=True)))
        even = torch.sigmoid(0 * mean)
        weights, features = (told, even) if self.by == "gate" else (even, told)
        return (features.repeat(1, 1, *x.shape[2:]) * self.gate(weights, x)).mean((2, 3))[
            :, [1, 2, 0]
        ]  # green, blue, red


def network(by, images):
    spec = tiny_spec()
    return Network(by, Told(by).eval(), spec, images.labels, tiny_card(spec, by))


def test_a_gate_that_is_everything_and_one_that_is_nothing(images, photographs):
    report = ablations(network("gate", images), photographs, batch=8)
    assert report["top1"] == 100 and report["gates"] == {"channel": 1} and report["images"]["count"] == 24
    for name in ("mean", "neutral"):  # one answer for all images
        assert report[name]["top1"] == pytest.approx(100 / 3, abs=0.01) and report[name]["beyond_chance"]
        assert report[name]["change"] == pytest.approx(-200 / 3, abs=0.01) and report[name]["lost"] == 16
        assert report[name]["interval"][0] < report[name]["change"] < report[name]["interval"][1] < 0
    assert report["shuffle"]["top1"] < 75 and report["shuffle"]["beyond_chance"] and report["shuffle"]["changed"] > 25
    report = ablations(network("features", images), photographs, batch=8)  # none of 24 changed: 3 of 24 may
    for name in ("mean", "shuffle", "neutral"):
        assert report[name]["change"] == 0 and report[name]["p"] == 1 and not report[name]["beyond_chance"]
        assert report[name]["interval"] == [-12.5, 12.5] and report[name]["changed"] == 0


def real(folder, attention, images):
    torch.manual_seed(3)
    spec = tiny_spec(attention)
    card = dataclasses.replace(tiny_card(spec, attention), labels=images.labels)
    save_checkpoint(folder, card, build(spec))
    return load(attention, folder)


@pytest.mark.parametrize("attention", ["cbam", "sk", "self-attention"])
def test_the_mean_is_that_over_all_images_in_every_gate(attention, images, photographs, tmp_path):
    loaded = real(tmp_path, attention, images)
    x = prepare_batch(images.images, loaded.spec.input)
    gates = [module for module in loaded.module.modules() if isinstance(module, Gate)]
    means, hooks = {}, []
    for gate in gates:
        hooks.append(gate.register_forward_hook(lambda m, a, out: means.update({m: out.mean(0, keepdim=True)})))
    with torch.no_grad():
        loaded.module(x)
        for hook in hooks:
            hook.remove()
        hooks = [gate.register_forward_hook(lambda m, a, out: means[m].expand_as(out).clone()) for gate in gates]
        wanted = loaded.module(x).argmax(1)
        for hook in hooks:
            hook.remove()
        plain = loaded.module(x).argmax(1)
    report = ablations(loaded, photographs, batch=7)
    assert report["mean"]["top1"] == pytest.approx(100 * float((wanted == images.targets).float().mean()), abs=0.01)
    assert report["mean"]["changed"] == pytest.approx(100 * float((wanted != plain).float().mean()), abs=0.01)
    assert not any(module._forward_hooks for module in loaded.module.modules())


def test_a_network_without_gates_has_its_accuracy_alone(images, photographs, tmp_path):
    report = ablations(real(tmp_path, "none", images), photographs, 10)
    assert report["gates"] == {} and report["images"] == {"count": 10, "of": 24, "seed": 0}
    assert not {"mean", "shuffle", "neutral"} & report.keys()


def test_every_batch_can_be_shuffled():
    assert [len(part) for part in chunks(range(65), 64)] == [65]
    assert [len(part) for part in chunks(range(66), 64)] == [64, 2]
    assert sum(chunks(range(130), 64), []) == list(range(130))
    assert chunks([5], 64) == [[5]]


def test_batches_are_in_the_order_that_was_asked_for(images, photographs):
    audited, parts = AuditedNetwork(Analyser(network("gate", images))), [[23, 0], [8, 1, 2]]
    seen = [(numbers.tolist(), audited.logits(x).argmax(1)) for numbers, x in walk(audited, photographs, parts)]
    assert [numbers for numbers, _ in seen] == parts
    assert np.concatenate([said for _, said in seen]).tolist() == images.targets[[23, 0, 8, 1, 2]].tolist()


def test_the_paired_test_is_mcnemars():
    targets, before = np.zeros(100, np.int64), np.repeat([0, 1], [60, 40])
    after, logits = before.copy(), np.zeros(100)
    after[:10], after[60:62] = 1, 0
    row = told(Paired.of(targets, (before, logits), [(after, logits)], np.zeros((100, 0))), 0)
    assert (row["lost"], row["won"], row["change"], row["top1"], row["changed"]) == (10, 2, -8.0, 52.0, 12.0)
    assert row["p"] == pytest.approx(2 * (1 + 12 + 66) / 2**12, rel=1e-2) and row["beyond_chance"]
    spread = 1.96 * 100 * ((12 - 64 / 100) ** 0.5) / 100
    np.testing.assert_allclose(row["interval"], [-8 - spread, -8 + spread], atol=1.1)


@pytest.mark.parametrize(("options", "text"), [({"count": 1}, "2..24"), ({"count": 25}, "2..24"), ({"batch": 1}, "2")])
def test_what_it_refuses(images, photographs, options, text):
    with pytest.raises(UserError, match=text):
        ablations(network("gate", images), photographs, **options)


def test_the_command_prints_a_table_and_writes_results(data, images, tmp_path, capsys):
    for attention in ("cbam", "none"):
        real(tmp_path, attention, images)
    out = tmp_path / "out" / "ablations.json"
    assert main(["ablate", "cbam", "none", "--folder", str(tmp_path), "--data", str(data), "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "| `cbam` | 4 channel, 4 spatial |" in text and "`none`" not in text and "random maps" in text
    report = json.loads(out.read_text())
    assert [row["name"] for row in report["rows"]] == ["cbam", "none"] and report["data"]["images"] == 24
    assert main(["ablate", "--data", str(data)]) == 2


# where masks lie ----------------------------------------------------------------------------------------------


def test_focus_of_masks_that_are_known():
    cover = np.zeros((8, 8), np.float32)
    cover[2:4, 4:8] = 1  # an eighth of the area
    focus = lambda mask: energy_ratio(mask, pooled(cover, mask.shape))  # noqa: E731
    assert focus(np.ones((4, 4))) == pytest.approx(1)
    assert focus(cover) == pytest.approx(8)
    one = np.zeros((4, 4), np.float32)
    one[1, 3] = 1
    assert focus(one) == pytest.approx(8) and focus(one.T) == 0
    one[0, 0] = 1
    assert focus(one) == pytest.approx(4)


def test_objects_lie_where_the_network_sees_them():
    spec = tiny_spec(size=64).input
    known = {(name, label): cover for name, label, cover in scenes(spec)}
    assert len(known) == 7 and ("church-and-parachute", "parachute") in known
    seen, cover = prepare(load_sample("golf-ball"), spec).network, known["golf-ball", "golf ball"]
    assert seen.shape == (64, 64, 3) and cover.shape == (64, 64) and 0.02 < cover.mean() < 0.6
    # the ball is white, the lawn is green
    grey = np.abs(seen[..., 1].astype(float) - seen[..., 2])
    assert grey[cover > 0.9].mean() < 0.5 * grey[cover < 0.1].mean()


def test_focus_of_a_networks_masks(images, tmp_path):
    told = spatial_focus(real(tmp_path, "cbam", images))
    assert len(told["gates"]) == 4 and all(
        len(values) == 7 == len(told["objects"]) for values in told["gates"].values()
    )
    assert told["mean"] == pytest.approx(np.mean(list(told["gates"].values())), abs=1e-3)
    assert told["centre"] > 1.2 and abs(told["random"] - 1) < 0.1 and 0 < told["random_sd"] < 0.3
    assert spatial_focus(real(tmp_path, "se", images)) is None
