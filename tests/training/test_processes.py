import os
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from attnviz.models.checkpoints import load_card
from attnviz.models.spec import build
from attnviz.training.loop import Trainer
from attnviz.training.recipe import load_recipe
from tests.training.conftest import RECIPE

ROOT = Path(__file__).resolve().parents[2]
PLAIN = """
id = "tiny"
title = "No batch norm, no augmentation, no dropout: nothing depends on how a batch is shared out"
[model]
backbone = "vgg16"
attention = "se"
size = 32
backbone_options = { width = 0.125, head = "small", dropout = 0.0 }
[augment]
min_area = 1.0
aspect = 1.0
flip = false
colour = 0.0
[train]
epochs = 3
batch_size = 16
sizes = [[0, 32]]
lr = 0.2
warmup_epochs = 1
eval_every = 1
precision = "32-true"
snapshots = [0, 2]
"""
NOISY = RECIPE.replace("[augment]", "[noise]\nchannels = 2\n[augment]")


def two(recipe, data, run):
    command = [sys.executable, "-m", "tests.training.two_processes", str(recipe), str(data), str(run)]
    free = {k: v for k, v in os.environ.items() if k not in ("LOCAL_RANK", "WORLD_SIZE", "MASTER_PORT")}
    done = subprocess.run(command, cwd=ROOT, env=free, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ranks = [safetensors.torch.load_file(run / f"rank{r}") for r in (0, 1)]
    for key, value in ranks[0].items():
        assert key == "seen" or torch.equal(value, ranks[1][key]), key
    return done, ranks


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_from_the_same_batches(data, recipe_file, tmp_path):
    recipe = recipe_file(PLAIN)
    done, ranks = two(recipe, data, tmp_path / "two")
    Trainer(load_recipe(recipe), data, tmp_path / "one").run()
    one, both = (load_card(tmp_path / run / "tiny").training["history"] for run in ("one", "two"))
    assert [h["loss"] for h in both] == pytest.approx([h["loss"] for h in one], abs=2e-4)
    weights = safetensors.torch.load_file(tmp_path / "one" / "state.safetensors")
    torch.manual_seed(0)
    start = build(load_recipe(recipe).model_spec(3)).state_dict()
    assert max(float((weights[f"ema.{k}"] - v).abs().max()) for k, v in start.items()) > 0.01, "nothing was learnt"
    for key, value in ranks[0].items():
        if key != "seen":
            torch.testing.assert_close(value, weights[key], rtol=1e-3, atol=1e-4)
    assert done.stdout.count("epoch 1  size") == 1  # one of the two speaks
    assert sorted(p.name for p in (tmp_path / "two").iterdir() if not p.name.startswith("rank")) == sorted(
        p.name for p in (tmp_path / "one").iterdir()
    )


@pytest.mark.slow
def test_each_process_has_noise_and_crops_of_its_own_and_all_have_one_average(data, recipe_file, tmp_path):
    _, ranks = two(recipe_file(NOISY), data, tmp_path / "run")
    first, second = (r["seen"] for r in ranks)
    assert first.shape == second.shape and not torch.equal(first[:, 3:], second[:, 3:])
    assert any("running_var" in key for key in ranks[0])
