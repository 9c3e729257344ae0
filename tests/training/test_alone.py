import subprocess
import sys
from pathlib import Path

import pytest

from attnviz.models.checkpoints import load_card
from tests.training.conftest import RECIPE

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = ("gradio", "captum", "timm", "matplotlib", "skimage", "platformdirs")
BLOCKED = f"""
import sys
from importlib.machinery import PathFinder

hidden, find, distributions = set({WITHOUT!r}), PathFinder.find_spec, PathFinder.find_distributions


def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in hidden else find(name, path, target)


def find_distributions(context, *args):
    name = (getattr(context, "name", None) or "").lower().replace("-", "_")
    return iter(()) if name in hidden or name == "scikit_image" else distributions(context, *args)


# as if they were not installed: neither the modules nor what is known of their versions
PathFinder.find_spec, PathFinder.find_distributions = staticmethod(find_spec), staticmethod(find_distributions)
from attnviz.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_training_needs_neither_the_app_nor_the_figures(data, recipe_file, tmp_path):
    path = recipe_file(RECIPE + "snapshots = [0, 3]\n")
    for command in (
        ["train", str(path), "--data", str(data), "--run", str(tmp_path / "run")],
        ["evaluate", str(tmp_path / "run" / "tiny"), "--data", str(data)],
    ):
        done = subprocess.run([sys.executable, "-c", BLOCKED, *command], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert "same data" in done.stdout
    assert load_card(tmp_path / "run" / "tiny").metrics["total"] == 24
    assert (tmp_path / "run" / "tiny.snapshots").exists()
