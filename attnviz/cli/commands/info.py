"""Versions, device, checkpoints and settings, for a bug report."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import metadata
from typing import Annotated, Any

from typer import Option

from attnviz.cli.commands import print_json

PACKAGES = (
    "torch",
    "torchvision",
    "gradio",
    "captum",
    "matplotlib",
    "numpy",
    "pillow",
    "timm",
    "safetensors",
    "lightning",
)
SETTINGS = ("ATTNVIZ_", "GRADIO_", "SPACE_", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
"""Environment variables, or what they begin with, that change what attnviz does."""
PRIVATE = ("TOKEN", "SECRET", "PASSWORD", "KEY")
"""Words in names of variables whose values belong into no bug report."""


@dataclass(frozen=True, kw_only=True)
class InfoOptions:
    json: Annotated[bool, Option(help="print JSON")] = False


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _facts() -> dict[str, Any]:
    import platform

    import torch

    import attnviz
    from attnviz.models.checkpoints import best_device

    device = best_device()
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "attnviz": attnviz.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {package: _version(package) for package in PACKAGES},
        "device": f"{device} ({card}), {torch.get_num_threads()} threads",
        "checkpoints": _checkpoints(),
        "settings": _settings(),
    }


def _checkpoints() -> dict[str, Any]:
    """Where checkpoints are looked up, and which there are."""
    from attnviz.core.errors import UserError
    from attnviz.models.checkpoints import checkpoint_folder, checkpoint_ids

    try:
        folder = checkpoint_folder()
    except UserError as error:
        return {"folder": str(error), "ids": []}
    return {"folder": str(folder), "ids": list(checkpoint_ids(folder))}


def _settings() -> dict[str, str]:
    ours = {key: value for key, value in sorted(os.environ.items()) if key.startswith(SETTINGS)}
    return {key: "(hidden)" if any(word in key for word in PRIVATE) else value for key, value in ours.items()}


def run(args: InfoOptions) -> None:
    facts = _facts()
    if args.json:
        print_json(facts)
        return
    for key, value in facts.items():
        if not isinstance(value, dict):
            print(f"{key}: {value}")
            continue
        print(f"{key}:" if value else f"{key}: none")
        for name, part in value.items():
            print(f"  {name}: {', '.join(part) if isinstance(part, list) else part}")
