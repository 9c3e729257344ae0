"""The state of a run between two epochs: safetensors, written so that a crash never loses a saved one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.core.files import write_atomically

NAME = "state.safetensors"


@dataclass
class RunProgress:
    """What a run has done so far.

    Attributes:
        epoch: Epochs finished.
        seconds: Wall time spent, over all starts.
        history: One entry an epoch: loss, lr, images/s, and accuracy where it was evaluated.
    """

    epoch: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


def _tensors(model: nn.Module, ema: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"ema.{k}": v for k, v in ema.state_dict().items()}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{k}": v for k, v in values.items() if isinstance(v, Tensor)}
    return {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}


def save_state(
    folder: Path,
    recipe: str,
    progress: RunProgress,
    model: nn.Module,
    ema: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> None:
    """Save everything that is needed to go on after ``progress.epoch``.

    Args:
        folder: Of the run.
        recipe: Fingerprint of the recipe and the data.
        progress: What has been done.
        model: Being trained.
        ema: Its moving average.
        optimizer: With its momenta.
    """
    header = {"recipe": recipe, "progress": json.dumps(vars(progress))}
    write_atomically(folder / NAME, safetensors.torch.save(_tensors(model, ema, optimizer), metadata=header))


def _read(path: Path, tensors: bool = True) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Header and, if asked for, tensors of a file of state."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            keys = list(file.keys()) if tensors else []
            return file.metadata() or {}, {key: file.get_tensor(key) for key in keys}
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(f"{path} cannot be read as the state of a run: {error}") from error


def _refuse(folder: Path, what: str) -> None:
    raise UserError(f"{folder} holds a run of {what}; give another --run folder, or remove it")


def check_state(folder: Path, recipe: str) -> None:
    """Refuse a folder whose state is of another recipe than the one of this fingerprint; needs no data."""
    path = folder / NAME
    if path.is_file() and _read(path, tensors=False)[0].get("recipe", "").partition(":")[0] != recipe:
        _refuse(folder, "another recipe")


def load_state(
    folder: Path, recipe: str, model: nn.Module, ema: nn.Module, optimizer: torch.optim.Optimizer
) -> RunProgress:
    """Put a saved state back, if there is one, and say how far it had come.

    Raises:
        UserError: The state is of another recipe or other data, or cannot be read.
    """
    path = folder / NAME
    if not path.is_file():
        return RunProgress()
    header, tensors = _read(path)
    if header.get("recipe") != recipe:
        check_state(folder, recipe.partition(":")[0])
        _refuse(folder, "this recipe on other data")
    try:
        return _restore(header, tensors, model, ema, optimizer)
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path} does not fit this network; was it made by another version? ({reason})") from error


def _restore(
    header: dict[str, str],
    tensors: dict[str, Tensor],
    model: nn.Module,
    ema: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> RunProgress:
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "ema": {}, "optimizer": {}}
    for key, value in tensors.items():
        part, _, rest = key.partition(".")
        parts[part][rest] = value
    progress = RunProgress(**json.loads(header["progress"]))
    model.load_state_dict(parts["model"])
    ema.load_state_dict(parts["ema"])
    saved = optimizer.state_dict()
    for key, value in parts["optimizer"].items():
        index, _, name = key.partition(".")
        saved["state"].setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(saved)
    return progress


def remove_leftovers(folder: Path, name: str) -> None:
    """Remove what a killed process had not finished to write in the folder of a run.

    Args:
        folder: Of the run.
        name: Id of its checkpoint.
    """
    for pattern in (f".{NAME}.*", f".{name}.*"):
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)
