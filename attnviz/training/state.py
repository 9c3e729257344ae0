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

from attnviz.checkpoints import write_atomically
from attnviz.errors import UserError

NAME = "state.safetensors"


@dataclass
class Progress:
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
    progress: Progress,
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


def load_state(
    folder: Path, recipe: str, model: nn.Module, ema: nn.Module, optimizer: torch.optim.Optimizer
) -> Progress:
    """Put a saved state back, if there is one, and say how far it had come.

    Raises:
        UserError: The state is of another recipe or other data, or cannot be read.
    """
    path = folder / NAME
    if not path.is_file():
        return Progress()
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(f"{path} cannot be read as the state of a run: {error}") from error
    if header.get("recipe") != recipe:
        raise UserError(
            f"{folder} holds a run of another recipe or other data; give another --run folder, or remove it"
        )
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "ema": {}, "optimizer": {}}
    for key, value in tensors.items():
        part, _, rest = key.partition(".")
        parts[part][rest] = value
    model.load_state_dict(parts["model"])
    ema.load_state_dict(parts["ema"])
    saved = optimizer.state_dict()
    for key, value in parts["optimizer"].items():
        index, _, name = key.partition(".")
        saved["state"].setdefault(int(index), {})[name] = value
    optimizer.load_state_dict(saved)
    return Progress(**json.loads(header["progress"]))
