"""Files of weights as people have them: safetensors, and what ``torch.save`` wrote, read as tensors only."""

from __future__ import annotations

import pickle
import re
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from attnviz.core.errors import UserError
from attnviz.models.settings import Settings, settings_beside, settings_in

PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".tar")
"""Endings of what ``torch.save`` writes."""
SAFETENSORS = (".safetensors",)
SUFFIXES = (*SAFETENSORS, *PICKLES)
MAX_BYTES = 2 * 2**30
NESTS = tuple(
    [
        "state_dict",
        "model_state_dict",
        "model_state",
        "model",
        "ema",
        "model_ema",
        "ema_state_dict",
        "state_dict_ema",
        "net",
        "network",
        "module",
        "params_ema",
        "params",
        "weights",
    ]
)
"""Keys under which training code puts a state dict, the likeliest first."""


_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")
"""What torch says of an object that it does not read."""


def read_state(file: Path) -> dict[str, Tensor]:
    """The tensors of a file by name: see ``read_weights``."""
    return read_weights(file)[0]


def read_weights(file: Path) -> tuple[dict[str, Tensor], Settings]:
    """The tensors of a file by name, taken out of what they are nested in, and what it says of its network.

    Args:
        file: ``.safetensors``, or ``.pt``, ``.pth``, ``.bin`` or ``.ckpt`` as ``torch.save`` writes them; the latter
            are read with ``weights_only=True``, so nothing in them runs. Settings are those that Lightning notes in
            the file, or what ``config.json`` and ``preprocessor_config.json`` beside it say.

    Raises:
        UserError: The file is missing, too large, of another kind, or holds other things than tensors.
    """
    if not file.is_file():
        raise UserError(f"there is no file of weights {str(file)[:200]!r}")
    if file.suffix.lower() not in SUFFIXES:
        raise UserError(f"{file.name} must be a file of weights ({', '.join(SUFFIXES)})")
    if file.stat().st_size > MAX_BYTES:
        raise UserError(f"{file.name} has {file.stat().st_size / 2**30:.1f} GiB; at most {MAX_BYTES // 2**30} are read")
    if file.suffix.lower() in SAFETENSORS:
        try:
            return dict(safetensors.torch.load_file(file)), settings_beside(file)
        except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
            raise UserError(f"{file.name} cannot be read as safetensors: {str(error)[:200]}") from error
    content = _unpickled(file)
    own = settings_in(content, file.name)
    empty = own == Settings(source=own.source)
    return _unnested(content, file.name), settings_beside(file) if empty else own


def _unpickled(file: Path) -> Any:
    save = "save the tensors alone: torch.save(model.state_dict(), FILE), or safetensors.torch.save_model(model, FILE)"
    try:
        with torch.serialization.safe_globals([Namespace]):  # options, as torchvision's and timm's training notes them
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        name = next(iter(_GLOBAL.findall(str(error))), "")
        what = f"objects other than tensors ({name})" if name else "objects other than tensors"
        raise UserError(f"{file.name} holds {what}, which could run code and are not read; {save}") from error
    except Exception as error:  # what is no file of torch's may make it raise anything
        line = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}".removesuffix(": ")
        raise UserError(f"{file.name} is no file of weights that torch can read ({line}); {save}") from error


def _tensors(value: Any) -> dict[str, Tensor]:
    if not isinstance(value, Mapping):
        return {}
    return {str(key): v for key, v in value.items() if isinstance(v, Tensor)}


def _unnested(value: Any, name: str) -> dict[str, Tensor]:
    """The state dict in a checkpoint; the averaged weights (``ema``) count only where there are no others."""
    if isinstance(value, Tensor) or not isinstance(value, Mapping):
        raise UserError(f"{name} holds {_kind(value)}; a state dict is needed: a mapping from names to tensors")
    for _ in range(4):
        inner = [key for key in NESTS if isinstance(value.get(key), Mapping) and _holds(value[key])]
        if not inner:
            break
        value = value[inner[0]]
    state = _tensors(value)
    if not state:
        keys = ", ".join(str(key)[:40] for key in list(value)[:8])
        raise UserError(f"{name} holds no tensors by name; its keys are: {keys or 'none'}")
    return state


def _holds(value: Mapping[Any, Any]) -> bool:
    """Whether there are tensors in a mapping, or one level below."""
    return bool(_tensors(value)) or any(isinstance(v, Mapping) and _tensors(v) for v in value.values())


def _kind(value: Any) -> str:
    return "a single tensor" if isinstance(value, Tensor) else f"a {type(value).__name__}"
