"""The check of a GPU, tried on the CPU with nothing installed that a bare machine lacks."""

import json
import subprocess
import sys

import pytest
import torch

from attnviz.core.errors import UserError
from attnviz.training.data import ImageSet
from attnviz.training.recipe import load_recipe, read_value
from scripts.graphed_training import check, train
from tests.test_layering import ROOT

BARE = """
import sys
missing = ("gradio", "gradio_client", "captum", "platformdirs", "pydantic", "matplotlib", "pyarrow", "skimage", "httpx", "pandas")
sys.modules.update(dict.fromkeys(missing))
import socket
socket.socket.connect = None
from scripts.gpu_check import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_bare_machine_comes_to_the_end_and_goes_on_where_it_stopped(tmp_path):
    command = [sys.executable, "-c", BARE, "--device", "cpu", "--tiny", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("everything holds\n")
    files = {file.stem: json.loads(file.read_text()) for file in tmp_path.glob("*.json")}
    assert len(files) == 8 and files["correct"]["wrong"] == []
    rows = [file for name, file in files.items() if name.startswith("training-")]
    assert all(row["epochs"] == row["of"] == 2 and 0 <= row["top1"] <= 100 for row in rows)
    assert files["training-mobilenet-last"]["parameters"] == files["training-mobilenet-control"]["parameters"]
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert again.returncode == 0 and again.stdout.count("there already") == 8


@pytest.fixture
def images():
    drawn = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (24, 3, 32, 32), dtype=torch.uint8, generator=drawn)
    return ImageSet(pixels, torch.arange(24) % 2, ("a", "b"), "none")


def tiny(name="mobilenet-noise"):
    values = ("model.size=32", "train.epochs=2", "train.batch_size=4", "train.sizes=[[0, 32]]")
    return load_recipe(name, [read_value(text) for text in values])


def test_a_run_that_is_broken_off_ends_with_the_same_numbers(images, tmp_path):
    cpu, forever = torch.device("cpu"), float("inf")
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    for folder in (whole, parted):
        folder.mkdir()
    expected = train(tiny(), images, images, whole, cpu, forever, 2)
    first = train(tiny(), images, images, parted, cpu, forever, 1)
    assert first["epochs"] == 1 and first["loss"] == expected["loss"][:1]
    rest = train(tiny(), images, images, parted, cpu, forever, 2)
    assert rest["loss"] == expected["loss"] and rest["top1"] == expected["top1"]
    assert train(tiny(), images, images, parted, cpu, 0, 2)["epochs"] == 2


def test_a_recipe_that_augments_is_refused():
    with pytest.raises(UserError, match="attnviz train does"):
        check(load_recipe("cbam"))
