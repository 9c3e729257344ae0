"""Imports point one way; this reads every file's imports, also those inside functions."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "attnviz"

CORE = {"core", "types", "inputs", "errors", "registry"}
MAY_IMPORT = {
    "core": set(),
    "types": {"core", "errors", "registry"},
    "inputs": {"errors"},
    "errors": set(),
    "registry": {"errors"},
    "walk": {"types", "errors"},
    "pixels": CORE,
    "image": CORE | {"pixels"},
    "samples": CORE | {"image"},
    "attention": CORE,
    "noise": CORE,
    "backbones": CORE | {"attention"},
    "models": CORE | {"attention", "backbones"},
    "checkpoints": CORE | {"models"},
    "describe": CORE | {"attention"},
    "cost": CORE | {"attention", "models"},
    "gates": CORE | {"attention", "models", "checkpoints"},
    "loading": CORE | {"models", "checkpoints"},
    "steps": CORE | {"attention", "walk"},
    "edits": CORE | {"gates"},
    "transforms": CORE,
    "guests": CORE | {"checkpoints", "cost", "loading"},
    "live": CORE | {"models", "checkpoints", "gates", "transforms"},
    "attribution": CORE | {"gates"},
    "provenance": CORE,
    "trust": CORE | {"attribution", "faithfulness", "gates", "pipeline"},
    "faithfulness": CORE | {"attribution", "gates", "checkpoints", "image"},
    "pipeline": CORE | {"edits", "image", "models", "checkpoints", "gates", "loading", "attribution", "noise"},
    "opening": CORE | {"render"},
    "explaining": CORE | {"attribution", "pipeline"},
    "runtime": CORE | {"cost", "pipeline"},
    "inside": CORE | {"gates", "pipeline", "steps", "walk"},
    "render": CORE | {"walk"},
    "export": CORE | {"render"},
    "notebook": CORE | {"render"},
    "snapshots": CORE | {"checkpoints"},
    "reference": CORE | {"checkpoints"},
    "training": CORE
    | {
        "attention",
        "backbones",
        "image",
        "samples",
        "models",
        "checkpoints",
        "snapshots",
        "reference",
        "gates",
        "noise",
        "provenance",
        "cost",
        "faithfulness",
    },
    "verify": CORE | {"samples", "checkpoints", "pipeline"},
    "results": {"core"},
    "evidence": CORE | {"checkpoints", "results"},
    "noiselab": CORE | {"image", "samples", "gates", "noise", "pipeline"},
    "ui": CORE
    | {
        "guests",
        "explaining",
        "opening",
        "runtime",
        "live",
        "loading",
        "noise",
        "noiselab",
        "reference",
        "snapshots",
        "results",
        "evidence",
        "inside",
        "steps",
        "walk",
        "edits",
        "attribution",
        "trust",
        "image",
        "samples",
        "checkpoints",
        "pipeline",
        "render",
        "export",
    },
    "cli": CORE | {"commands"},
    "commands": CORE
    | {
        "results",
        "edits",
        "cost",
        "describe",
        "verify",
        "image",
        "samples",
        "checkpoints",
        "models",
        "gates",
        "loading",
        "pipeline",
        "reference",
        "render",
        "export",
        "training",
        "faithfulness",
        "provenance",
        "trust",
    },
    "__init__": {"core", "errors"},
    "__main__": {"cli"},
}
"""What each part may import of attnviz itself; ``attnviz`` (for its version) is open to all."""

FOREIGN = {
    "types": {"numpy"},
    "inputs": set(),
    "errors": set(),
    "registry": set(),
    "pixels": {"numpy", "PIL"},
    "image": {"numpy", "PIL"},
    "samples": {"numpy", "PIL", "skimage"},
    "reference": {"numpy", "safetensors"},
    "render": {"numpy", "matplotlib", "PIL"},
    "export": {"numpy"},
    "ui": None,
    "cli": set(),
    "commands": set(),
    "__init__": set(),
    "__main__": set(),
}
"""Packages outside the standard library that a part may import, where that is limited; ``None`` means see below."""


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names if node.module == "attnviz"}
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    part = part_of(path)
    assert part in MAY_IMPORT, f"add {part} to the layering"
    for name in imports(path):
        pieces = name.split(".")
        if pieces[0] == "attnviz":
            target = pieces[1] if len(pieces) > 1 else part
            parts = {p.stem for p in PACKAGE.iterdir()}
            assert target == part or target not in parts or target in MAY_IMPORT[part], f"{part} imports {name}"
        elif FOREIGN.get(part) is not None and pieces[0] not in sys.stdlib_module_names:
            assert pieces[0] in FOREIGN[part], f"{part} imports {name}"


def test_ui_has_no_torch_and_training_neither_gradio_nor_captum():
    for path in FILES:
        roots = {name.split(".")[0] for name in imports(path)}
        if part_of(path) == "ui":
            assert not roots & {"torch", "torchvision", "timm"}, path
        else:
            assert "gradio" not in roots, path
        if part_of(path) == "training":
            assert not roots & {"gradio", "captum"}, path


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
