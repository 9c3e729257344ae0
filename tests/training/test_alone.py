import subprocess
import sys
from pathlib import Path

import pytest

from attnviz.checkpoints import load_card
from tests.training.conftest import RECIPE

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = ("gradio", "captum", "timm", "matplotlib", "skimage", "platformdirs", "typer", "huggingface_hub")
BLOCKED = f"""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {WITHOUT!r}:
            raise ImportError(f"{{name}} is not installed here")

sys.meta_path.insert(0, Blocked())
from attnviz.cli import main
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
