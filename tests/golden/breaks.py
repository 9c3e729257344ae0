"""Deliberate breaks, each of which must turn a test red: ``python -m tests.golden.breaks``.

A net is worth what it catches. Every break changes one place in a copy of the project and runs the tests named with it;
a break that no test notices is printed, and the exit status is 1.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = "tests/golden/test_golden.py"

BREAKS = (
    # what is broken, the module, the text there, what it becomes, the tests that must notice
    (
        "CBAM's maximum is forgotten",
        "attnviz.attention.cbam",
        "self._mlp(average) + self._mlp(maximum)",
        "self._mlp(average) + self._mlp(average)",
        [GOLDEN, "-k", "cbam-30"],
    ),
    (
        "photographs are resized with another filter",
        "attnviz.images.prepare",
        "photograph.resize((width, height), Resampling.BICUBIC, box=box)",
        "photograph.resize((width, height), Resampling.NEAREST, box=box)",
        [GOLDEN, "-k", "none-30"],
    ),
    (
        "red and blue are swapped before normalisation",
        "attnviz.images.prepare",
        "def normalise(",
        "def normalise(image, spec, _swap=True):\n    return _normalise(image[..., ::-1], spec)\n\n\ndef _normalise(",
        [GOLDEN, "-k", "se-30"],
    ),
    (
        "gates are numbered from one",
        "attnviz.gates.names",
        'f":{seen[owner, call, kind]}"',
        'f":{seen[owner, call, kind] + 1}"',
        [GOLDEN, "tests/gates/test_discover.py", "-x"],
    ),
    (
        "edits of one gate act in the reverse order",
        "attnviz.gates.edits.edit_list",
        "        for changes in rounds:",
        "        for changes in reversed(rounds):",
        [GOLDEN, "-k", "edits"],
    ),
    (
        "a painted mask is not applied",
        "attnviz.gates.edit",
        'return Edit("paint", ',
        'return Edit("neutral") if True else Edit("paint", ',
        [GOLDEN, "-k", "edits", "tests/gates/edits/test_edits.py", "-x"],
    ),
    (
        "a command is lost",
        "attnviz.cli.main",
        '        ("replay", "attnviz.cli.commands.replay:run"),\n',
        "",
        [GOLDEN, "-k", "helps"],
    ),
    (
        "a public name is lost",
        "attnviz",
        '    "paint": "attnviz.gates.edit",\n',
        "",
        [GOLDEN, "-k", "names"],
    ),
    (
        "a recipe trains twice as fast",
        "attnviz.training.recipes/noise-rgb.toml",
        "lr = 0.1\n",
        "lr = 0.2\n",
        [GOLDEN, "-k", "recipes"],
    ),
    (
        "a tab is lost",
        "attnviz.ui.app",
        '        ("noise", "attnviz.ui.tabs.noise_lab.handlers:TAB"),\n',
        "",
        [GOLDEN, "-k", "events"],
    ),
    (
        "values that cross rooms know torch",
        "attnviz.core.types",
        "import numpy as np\n",
        "import numpy as np\nimport torch\n",
        ["tests/test_layering.py"],
    ),
    (
        "the network's own numbers round to bfloat16",
        "attnviz.analysis.analyser",
        "            return module(x.to(self.device, self.dtype)), tape",
        "            return module(x.bfloat16().to(self.device, self.dtype)), tape",
        [GOLDEN, "-k", "eca-30"],
    ),
)


def file_of(module):
    """Path of a module, or of a file beside one, in the project."""
    name, _, beside = module.partition("/")
    if beside:
        parent, _, folder = name.rpartition(".")
        return Path(*parent.split("."), folder, beside)
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None, name
    return Path(spec.origin).relative_to(ROOT)


def copy_of_the_project(folder):
    """A copy whose large folders are links."""
    for path in ROOT.iterdir():
        if path.name in ("attnviz", "tests"):
            shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif not path.name.startswith("."):
            (folder / path.name).symlink_to(path)


def noticed(module, old, new, tests):
    """Whether the tests fail once ``old`` is ``new``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_of_the_project(folder)
        path = folder / file_of(module)
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path}: {text.count(old)} times {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *tests]
        environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert run.returncode in (0, 1), run.stdout[-2000:] + run.stderr[-2000:]
        return run.returncode == 1


def main():
    missed = 0
    for what, *rest in BREAKS:
        caught = noticed(*rest)
        missed += not caught
        print(f"{'caught' if caught else 'MISSED'}  {what}", flush=True)
    print(f"{len(BREAKS) - missed} of {len(BREAKS)} caught")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
