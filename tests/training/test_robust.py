"""Runs that are killed, that run out of disk, or that are given what cannot be used."""

import errno
import math
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch

from attnviz.cli.main import main
from attnviz.core import files as whole_files
from attnviz.core.errors import UserError
from attnviz.models.checkpoints import load
from attnviz.training import loop
from attnviz.training.checks import check_devices, check_run
from attnviz.training.loop import Trainer
from attnviz.training.recipe import load_recipe
from attnviz.training.state import NAME
from tests.training.conftest import RECIPE

ROOT = Path(__file__).resolve().parents[2]
RECORDED = RECIPE + "snapshots = [0, 1, 2]\n"
WRITES_HALF = """
import os, signal, sys
from attnviz.core import files as whole_files
from attnviz.cli.main import main

left, whole = int(sys.argv[1]), whole_files._write_out

def write(handle, data):
    global left
    left -= 1
    if left == 0:
        os.write(handle, data[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    whole(handle, data)

whole_files._write_out = write
main(sys.argv[2:])
"""


def tensors_of(folder):
    """All that a run leaves: weights, average, momenta, snapshots and the checkpoint."""
    names = (NAME, "tiny.snapshots", "tiny.safetensors")
    return {f"{n}:{k}": v for n in names for k, v in safetensors.torch.load_file(folder / n).items()}


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[k], two[k]) for k in one)


def files(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.mark.slow
def test_a_run_killed_at_a_random_moment_ends_as_if_it_had_not_been(data, recipe_file, tmp_path):
    path = recipe_file(RECORDED.replace("epochs = 3", "epochs = 12").replace("[0, 1, 2]", str(list(range(13)))))
    command = [sys.executable, "-m", "attnviz", "train", str(path), "--data", str(data), "--run", str(tmp_path / "b")]
    Trainer(load_recipe(path), data, tmp_path / "a").run()
    process = subprocess.Popen(command, cwd=ROOT)
    while not (tmp_path / "b" / NAME).exists():
        assert process.poll() is None
        time.sleep(0.05)
    moment = random.uniform(0, 2)
    time.sleep(moment)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    subprocess.run(command, check=True, cwd=ROOT)
    assert same(tensors_of(tmp_path / "a"), tensors_of(tmp_path / "b")), f"killed {moment:.2f} s after the first state"


@pytest.mark.slow
def test_a_run_killed_in_the_middle_of_its_writes_ends_as_if_it_had_not_been(data, recipe_file, tmp_path):
    path = recipe_file(RECORDED)
    Trainer(load_recipe(path), data, tmp_path / "a").run()
    command = ["train", str(path), "--data", str(data), "--run", str(tmp_path / "b")]
    # snapshots before training; after those of epochs 0 and 1, the first state; after 1 state, the second one; the end
    for write, finished in ((1, False), (3, False), (4, True), (3, True)):
        done = subprocess.run([sys.executable, "-c", WRITES_HALF, str(write), *command], cwd=ROOT)
        assert done.returncode == -signal.SIGKILL
        assert (tmp_path / "b" / NAME).exists() == finished
        assert not (tmp_path / "b" / "tiny.json").exists()
    assert list((tmp_path / "b").glob(".*"))  # what was half written
    assert main(command) == 0
    assert not list((tmp_path / "b").glob(".*"))
    assert same(tensors_of(tmp_path / "a"), tensors_of(tmp_path / "b"))


@pytest.mark.parametrize("how", ["no space", "file size limit"])
def test_a_write_that_fails_loses_nothing(data, recipe_file, tmp_path, monkeypatch, how):
    recipe, run = load_recipe(recipe_file()), tmp_path / "run"
    trainer, original, limits = (
        Trainer(recipe, data, run),
        whole_files._write_out,
        resource.getrlimit(resource.RLIMIT_FSIZE),
    )
    saved = {}

    def full(handle, content):
        os.write(handle, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def then_no_room(epoch, bar, train=trainer.train_epoch):
        entry = train(epoch, bar)
        if epoch == 1:
            saved.update(files(run))
            if how == "no space":
                monkeypatch.setattr(whole_files, "_write_out", full)
            else:
                resource.setrlimit(resource.RLIMIT_FSIZE, (len(saved[NAME]) // 2, limits[1]))
        return entry

    trainer.train_epoch = then_no_room
    try:
        with pytest.raises(UserError, match=r"cannot be written \((No space left|File too large).*epoch 1 in .*state"):
            trainer.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        monkeypatch.setattr(whole_files, "_write_out", original)
    assert files(run) == saved and list(saved) == [NAME]
    Trainer(recipe, data, run).run()
    assert [h["epoch"] for h in load(run / "tiny").card.training["history"]] == [1, 2, 3]


def test_no_number_stops_the_run_and_names_the_last_good_state(data, recipe_file, tmp_path, monkeypatch):
    trainer = Trainer(load_recipe(recipe_file()), data, tmp_path / "run")
    train = trainer.train_epoch

    def spoiled(epoch, bar):
        if epoch == 1:
            monkeypatch.setattr(loop, "prepare_batch", lambda x, *_, **__: torch.full_like(x.float(), math.nan))
        return train(epoch, bar)

    trainer.train_epoch = spoiled
    with pytest.raises(UserError, match=r"loss at step 4 \(epoch 2\) is no finite number; .* epoch 1 in .*state"):
        trainer.run()
    assert Trainer(load_recipe(recipe_file()), data, tmp_path / "run").progress.epoch == 1


def test_weights_that_are_no_numbers_are_not_saved(data, recipe_file, tmp_path, monkeypatch):
    trainer = Trainer(load_recipe(recipe_file()), data, tmp_path / "run")
    step = trainer.optimizer.step

    def spoiled(*args, **kwargs):
        step(*args, **kwargs)
        with torch.no_grad():
            trainer.plain.classifier.bias.fill_(math.inf)

    monkeypatch.setattr(loop, "batches", lambda *_: iter([torch.arange(16)]))
    monkeypatch.setattr(trainer.optimizer, "step", spoiled)
    with pytest.raises(UserError, match=r"a weight after step 3 \(epoch 1\) is no finite number"):
        trainer.run()
    assert not files(tmp_path / "run")


def test_a_finished_run_is_left_as_it_is(data, recipe_file, tmp_path, capsys):
    command = ["train", str(recipe_file()), "--data", str(data), "--run", str(tmp_path / "run")]
    assert main(command) == 0
    before = files(tmp_path / "run")
    assert main(command) == 0 and files(tmp_path / "run") == before
    (tmp_path / "run" / NAME).unlink()
    other = recipe_file(RECIPE.replace("epochs = 3", "epochs = 4"))
    assert main(["train", str(other), *command[2:]]) == 2
    assert "holds a checkpoint tiny of another recipe" in capsys.readouterr().err
    shutil.copytree(data, tmp_path / "data")
    (tmp_path / "data" / "train" / "red" / "00.png").unlink()
    recipe_file()
    assert main(["train", command[1], "--data", str(tmp_path / "data"), *command[4:]]) == 2
    assert "holds a checkpoint tiny of other data" in capsys.readouterr().err
    assert files(tmp_path / "run") == {k: v for k, v in before.items() if k != NAME}


def test_a_state_is_not_gone_on_from_with_other_data(data, recipe_file, tmp_path):
    Trainer(load_recipe(recipe_file()), data, tmp_path / "run").run()
    for name in ("tiny.json", "tiny.safetensors"):
        (tmp_path / "run" / name).unlink()
    shutil.copytree(data, tmp_path / "data")
    (tmp_path / "data" / "train" / "red" / "00.png").unlink()
    with pytest.raises(UserError, match="holds a run of this recipe on other data"):
        Trainer(load_recipe(recipe_file()), tmp_path / "data", tmp_path / "run")


def test_a_seed_of_ones_own_has_a_folder_of_its_own(data, recipe_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = recipe_file(
        RECIPE.replace("epochs = 3", "epochs = 1")
        .replace("warmup_epochs = 1", "warmup_epochs = 0")
        .replace(", [2, 32]", "")
    )
    assert main(["train", str(path), "--data", str(data), "--seed", "7"]) == 0
    assert load(tmp_path / "runs" / "tiny-seed7" / "tiny").card.training["recipe"]["train"]["seed"] == 7
    assert main(["train", str(path), "--data", str(data), "--seed", "0"]) == 0
    assert (tmp_path / "runs" / "tiny" / "tiny.json").exists()


def test_unreadable_images_are_named_and_left_out_only_when_asked(data, recipe_file, tmp_path, capsys):
    shutil.copytree(data, tmp_path / "data")
    (tmp_path / "data" / "train" / "red" / "bad.png").write_bytes(b"no picture")
    (tmp_path / "data" / "train" / "red" / "gone.jpg").symlink_to(tmp_path / "nowhere")
    command = ["train", str(recipe_file()), "--data", str(tmp_path / "data"), "--run", str(tmp_path / "run")]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert (
        "2 of 74 images" in error
        and "red/bad.png" in error
        and "red/gone.jpg" in error
        and "--skip-unreadable" in error
    )
    assert not (tmp_path / "run").exists()
    assert main([*command, "--skip-unreadable"]) == 0
    out = capsys.readouterr().out
    assert "left out: red/bad.png" in out and "left out: red/gone.jpg" in out
    told = load(tmp_path / "run" / "tiny").card.data
    assert told["train"]["skipped"] == 2 and told["train"]["images"] == 72 and "skipped" not in told["val"]


def only_in_train(root):
    shutil.copytree(root / "train" / "red", root / "train" / "violet")


def one_class(root):
    for split in ("train", "val"):
        for name in ("red", "green"):
            shutil.rmtree(root / split / name)


def no_images(root):
    for path in (root / "train").rglob("*.png"):
        path.unlink()


def nothing(root):
    shutil.rmtree(root)


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (only_in_train, "the same classes; only train has violet"),
        (one_class, "at least two class folders, got 1"),
        (no_images, "holds no images"),
        (nothing, "must hold a folder train"),
    ],
)
def test_data_that_cannot_be_used(data, recipe_file, tmp_path, capsys, spoil, text):
    shutil.copytree(data, tmp_path / "data")
    spoil(tmp_path / "data")
    assert main(["train", str(recipe_file()), "--data", str(tmp_path / "data"), "--run", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert text in error and error.count("\n") == 1 and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "devices", "text"),
    [
        (("batch_size = 16", "batch_size = 15"), 2, "batch_size 15 cannot be shared evenly by 2 devices"),
        (("", ""), 0, "--devices must be in 1.."),
        (('"compact-resnet"\n', '"vgg16"\n'), 1, "vgg16 cannot take images of 16×16 pixels"),
        (("widths = [8, 8, 8, 8]", "wdths = 8"), 1, "unexpected keyword argument 'wdths'"),
        (("widths = [8, 8, 8, 8]", "widths = [8]"), 1, "must be 4 whole numbers"),
    ],
)
def test_recipes_that_cannot_be_run(data, recipe_file, tmp_path, change, devices, text):
    recipe = RECIPE.replace(*change) if change[0] else RECIPE
    if "vgg16" in recipe:
        recipe = recipe.replace("widths = [8, 8, 8, 8], depths = [1, 1, 1, 1]", 'width = 0.1, head = "small"')
    with pytest.raises(UserError, match=text.replace("..", r"\.\.")):
        check_run(load_recipe(recipe_file(recipe)), data, tmp_path / "run", devices)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("device", "gpus", "most"), [("cpu", 1, 1024), ("cpu", 0, 1024), ("auto", 0, 1024), ("auto", 1, 1), ("cuda", 2, 2)]
)
def test_processes_of_a_cpu_are_not_counted_as_gpus(recipe_file, monkeypatch, device, gpus, most):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    recipe = load_recipe(recipe_file(RECIPE.replace("batch_size = 16", "batch_size = 2048")))
    check_devices(recipe, most, device)
    with pytest.raises(UserError, match=rf"--devices must be in 1\.\.{most} here, got {most + 1}"):
        check_devices(recipe, most + 1, device)


def test_a_run_folder_that_cannot_be_made(data, recipe_file, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="file is no folder"):
        check_run(load_recipe(recipe_file()), data, tmp_path / "file" / "run", 1)
    assert (tmp_path / "file").read_text() == "mine"
    with pytest.raises(UserError, match="cannot be written"):
        Trainer(load_recipe(recipe_file()), data, Path("/proc/attnviz"))
