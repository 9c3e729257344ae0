import math
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from attnviz.analysis.analyser import Analyser
from attnviz.audit.accuracy import evaluate, not_comparable
from attnviz.audit.photographs import in_folder
from attnviz.cli.main import main
from attnviz.core.errors import UserError
from attnviz.images.samples import load_sample
from attnviz.models.checkpoints import load
from attnviz.models.gate_snapshots import read_snapshots
from attnviz.training import loop
from attnviz.training import snapshot_recorder as record
from attnviz.training import write_checkpoint as finish
from attnviz.training.loop import Trainer
from attnviz.training.optim import learning_rate, parameter_groups, update_average
from attnviz.training.recipe import load_recipe
from attnviz.training.recipe_fields import TrainPart
from attnviz.training.state import NAME, load_state
from tests.training.conftest import RECIPE, run_until

ROOT = Path(__file__).resolve().parents[2]


def test_the_rate_warms_up_and_falls_to_zero():
    part = TrainPart(epochs=10, warmup_epochs=2, lr=1.0)
    rates = [learning_rate(part, step, 10) for step in range(100)]
    assert rates[:20] == sorted(rates[:20]) and rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[20] == 1.0 and rates[60] == pytest.approx(0.5) and rates[-1] < 0.001


def test_biases_and_batch_norm_are_not_decayed():
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    decayed, spared = parameter_groups(model, 0.1)
    assert [p.ndim for p in decayed["params"]] == [4] and decayed["weight_decay"] == 0.1
    assert len(spared["params"]) == 3 and spared["weight_decay"] == 0


def test_the_average_follows_weights_and_buffers():
    model, ema = torch.nn.BatchNorm1d(1), torch.nn.BatchNorm1d(1)
    with torch.no_grad():
        model.weight.fill_(3.0)
        model.running_mean.fill_(10.0)
        model.num_batches_tracked.fill_(7)
    update_average(ema, model, 0.9, step=10**6)
    assert ema.weight.item() == pytest.approx(1.2) and ema.running_mean.item() == pytest.approx(1.0)
    assert ema.num_batches_tracked == 7
    update_average(ema, model, 0.0, step=0)
    assert ema.weight.item() == 3.0


def test_it_learns_and_the_checkpoint_measures_what_its_card_says(data, recipe_file, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["train", str(recipe_file()), "--data", str(data), "--run", str(run)]) == 0
    loaded = load(run / "tiny")
    assert loaded.card.metrics["top1"] > 60  # three colours: chance is 33
    assert loaded.card.metrics["parameters"] > 100 and loaded.card.metrics["macs"] > 10_000
    assert loaded.labels == ("green", "English springer", "red")
    assert loaded.card.data["train"]["images"] == 72 and len(loaded.card.training["history"]) == 3
    assert [h["size"] for h in loaded.card.training["history"]] == [16, 16, 32]
    assert main(["evaluate", str(run / "tiny"), "--data", str(data)]) == 0
    out = capsys.readouterr().out
    assert f"({loaded.card.metrics['correct']} of 24)" in out and "same data" in out


def state_of(folder):
    return safetensors.torch.load_file(folder / NAME)


def test_a_run_that_stops_between_epochs_ends_with_the_same_weights(data, recipe_file, tmp_path):
    recipe = load_recipe(recipe_file())
    Trainer(recipe, data, tmp_path / "whole").run()
    run_until(Trainer(recipe, data, tmp_path / "parts"), 1)
    Trainer(recipe, data, tmp_path / "parts").run()
    whole, parts = state_of(tmp_path / "whole"), state_of(tmp_path / "parts")
    assert whole.keys() == parts.keys() and any(k.startswith("optimizer.") for k in whole)
    assert all(torch.equal(whole[k], parts[k]) for k in whole)


def test_a_folder_of_another_run_is_refused_and_kept(data, recipe_file, tmp_path):
    Trainer(load_recipe(recipe_file()), data, tmp_path / "run").run()
    before = (tmp_path / "run" / NAME).read_bytes()
    other = load_recipe(recipe_file(RECIPE + "seed = 5"))
    with pytest.raises(UserError, match="holds a run of another recipe"):
        Trainer(other, data, tmp_path / "run")
    assert (tmp_path / "run" / NAME).read_bytes() == before


def test_a_damaged_state_is_one_sentence(tmp_path):
    (tmp_path / NAME).write_bytes(b"damaged")
    with pytest.raises(UserError, match="cannot be read as the state of a run"):
        load_state(tmp_path, "x", *[None] * 3)


def test_nan_stops_with_the_step_and_the_last_good_state(data, recipe_file, tmp_path, monkeypatch):
    trainer = Trainer(load_recipe(recipe_file()), data, tmp_path / "run")
    monkeypatch.setattr(loop, "prepare_batch", lambda x, *_, **__: torch.full_like(x.float(), math.nan))
    with pytest.raises(
        UserError, match=r"the loss at step 0 \(epoch 1\) is no finite number; no epoch had been finished"
    ):
        trainer.run()


def test_other_classes_are_refused_and_other_data_said(data, recipe_file, tmp_path, checkpoints):
    recipe = load_recipe(recipe_file())
    trainer = Trainer(recipe, data, tmp_path / "run")
    foreign = load("se", checkpoints)
    with pytest.raises(UserError, match="se cannot be judged on these data: the network has no class n02102040"):
        evaluate(foreign, in_folder(data, foreign.labels))
    trainer.run()
    loaded = load(tmp_path / "run" / "tiny")
    assert not_comparable(loaded, in_folder(data, loaded.labels)) is None
    assert "other data" in not_comparable(loaded, in_folder(data, loaded.labels, "train"))


@pytest.mark.parametrize("before", ["", "snapshots = [0]\n", "snapshots = [0, 2]\n"])
@pytest.mark.parametrize("finished", [True, False])
def test_snapshots_of_epochs_that_are_over_are_not_promised(recipe_file, data, tmp_path, before, finished):
    first = Trainer(load_recipe(recipe_file(RECIPE + before)), data, tmp_path / "run")
    first.run() if finished else run_until(first, 2)
    again = Trainer(load_recipe(recipe_file(RECIPE + "snapshots = [0, 1, 2]\n")), data, tmp_path / "run")
    with pytest.raises(UserError, match=r"the gates of epochs .*1.* were not recorded \(train\.snapshots\)"):
        again.run()
    same = Trainer(load_recipe(recipe_file(RECIPE + before)), data, tmp_path / "run")
    assert same.run().id == "tiny", "what was recorded is there"


def test_sizes_that_are_never_reached_are_said(recipe_file, data, tmp_path, capsys):
    Trainer(load_recipe(recipe_file(RECIPE.replace("[2, 32]", "[2, 24], [5, 32]"))), data, tmp_path / "run").run()
    assert "train.sizes up to epoch 5 are not all reached: there are 3 epochs" in "".join(capsys.readouterr())


def test_too_large_a_batch_is_refused(data, recipe_file, tmp_path):
    recipe = load_recipe(recipe_file(RECIPE.replace("batch_size = 16", "batch_size = 100")))
    with pytest.raises(UserError, match="batch_size 100 is more than the 72 images"):
        Trainer(recipe, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_snapshots_are_recorded_and_a_resumed_run_has_the_same(recipe_file, data, tmp_path):
    recipe = load_recipe(recipe_file(RECIPE + "snapshots = [0, 1]\n"))
    Trainer(recipe, data, tmp_path / "whole").run()
    whole = read_snapshots(tmp_path / "whole" / "tiny.snapshots")
    assert whole.epochs == (0, 1, 3)
    run_until(Trainer(recipe, data, tmp_path / "cut"), 2)
    Trainer(recipe, data, tmp_path / "cut").run()
    again = read_snapshots(tmp_path / "cut" / "tiny.snapshots")
    assert again.epochs == whole.epochs and again.probes == whole.probes
    for name, values in whole.gates.items():
        np.testing.assert_array_equal(again.gates[name], values)
    last = Analyser(load(tmp_path / "whole" / "tiny.json")).analyse(load_sample(whole.probes[0]))
    for gate in last.gates:
        np.testing.assert_allclose(whole.gates[gate.site.name][-1, 0], gate.values[0], atol=2e-2)


def test_large_gates_are_not_recorded(recipe_file, data, tmp_path, monkeypatch):
    monkeypatch.setattr(record, "MOST", 10)
    Trainer(load_recipe(recipe_file(RECIPE + "snapshots = [0]\n")), data, tmp_path / "run").run()
    taken = read_snapshots(tmp_path / "run" / "tiny.snapshots")
    assert set(taken.kinds.values()) == {"channel", "spatial"}
    assert not any(name.startswith("stage1") and kind == "spatial" for name, kind in taken.kinds.items())


def test_weights_stay_float32_where_float16_changes_too_many_predictions(recipe_file, data, tmp_path, monkeypatch):
    monkeypatch.setattr(finish, "MOST_CHANGED", -1)
    trainer = Trainer(load_recipe(recipe_file()), data, tmp_path / "run")
    card = trainer.run()
    weights = safetensors.torch.load_file(tmp_path / "run" / "tiny.safetensors")
    assert card.metrics["stored"] == "float32" and weights["classifier.weight"].dtype == torch.float32
    assert torch.equal(weights["classifier.weight"], trainer.ema.classifier.weight)
    loaded = load(tmp_path / "run" / "tiny")
    assert evaluate(loaded, in_folder(data, loaded.labels))["correct"] == card.metrics["correct"]
