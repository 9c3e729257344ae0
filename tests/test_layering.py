"""The rooms and what each may import: arrows point one way, also those inside functions and in strings."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "attnviz"

BELOW = {
    "core": (),
    "images": ("core",),
    "attention": ("core",),
    "backbones": ("attention",),
    "models": ("backbones", "images"),
    "gates": ("models",),
    "explain": ("gates",),
    "analysis": ("explain",),
    "audit": ("analysis",),
    "render": ("core",),
    "viewer": ("core",),
    "training": ("audit",),
    "ui": ("audit", "render", "viewer"),
    "cli": ("training", "ui"),
}
"""Room -> the rooms right below it; it may import these and whatever is below them."""

FOREIGN = {
    "core": {"numpy"},
    "images": {"numpy", "PIL", "torch", "skimage", "tifffile"},
    "attention": {"torch", "numpy"},
    "backbones": {"torch", "torchvision"},
    "render": {"numpy", "matplotlib", "mpl_toolkits", "PIL", "markupsafe"},
    "viewer": {"numpy", "PIL", "matplotlib", "anywidget", "traitlets"},
}
"""Packages outside the standard library that a room may import, where the design says so."""

FORBIDDEN = {
    "ui": {"torch", "torchvision", "timm"},
    "training": {"gradio", "captum", "platformdirs"},
    "audit": {"gradio", "captum", "platformdirs"},
}
MODULE = re.compile(r"attnviz(?:\.[a-z_0-9]+)+(?=:|$)")
"""A module named in a string, as tables of things that are loaded later have it."""


def floor_of(room):
    """All rooms that a room may import."""
    return set(BELOW[room]).union(*(floor_of(below) for below in BELOW[room]))


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """Every module that a file names: in imports anywhere in it, and in strings that are nothing else."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names if node.module == "attnviz"}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (named := MODULE.match(node.value)):
            names.add(named[0])
    return names


FILES = sorted(PACKAGE.rglob("*.py"))
FRONT = {"__init__", "__main__"}
"""The package's front ties the rooms together and may name all of them."""


def test_every_file_is_in_a_room():
    assert {room_of(path) for path in FILES} - FRONT <= set(BELOW)
    loose = {path.stem for path in PACKAGE.glob("*.py")}
    assert loose == FRONT


def test_the_table_has_no_circle():
    for room in BELOW:
        assert room not in floor_of(room)


@pytest.mark.parametrize("room", BELOW)
def test_imports_point_one_way(room):
    for path in (PACKAGE / room).rglob("*.py"):
        for name in imports(path):
            pieces = name.split(".")
            if pieces[0] == "attnviz":
                target = pieces[1] if len(pieces) > 1 else room
                allowed = target not in BELOW or target == room or target in floor_of(room)
                if room == "cli" and target == "ui":
                    allowed = path.name == "app.py"
                assert allowed, f"{path.relative_to(ROOT)} imports {name}"
            elif pieces[0] not in sys.stdlib_module_names:
                assert pieces[0] in FOREIGN.get(room, {pieces[0]}), f"{path.relative_to(ROOT)} imports {name}"
                assert pieces[0] not in FORBIDDEN.get(room, ()), f"{path.relative_to(ROOT)} imports {name}"
                assert pieces[0] != "gradio" or room == "ui", f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("statement", ["import attnviz", "import attnviz.cli.main", "import attnviz.render.overlay"])
def test_light_imports_stay_light(statement):
    code = f"{statement}; import sys; print([m for m in ('torch', 'gradio', 'timm', 'captum') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_every_public_name_resolves():
    import attnviz

    for name in attnviz.__all__:
        assert getattr(attnviz, name) is not None
    assert set(attnviz.__all__) == set(dir(attnviz))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = attnviz.nonsense
