"""Where a measurement came from: commit, versions, hardware, weights."""

from __future__ import annotations

import hashlib
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import torch

import attnviz
from attnviz.models.network import Network


def commit() -> str:
    """The commit of the running code, where it is a git checkout, else ``unknown``."""
    command = ["git", "rev-parse", "HEAD"]
    git = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)  # noqa: S603
    return git.stdout.strip() or "unknown"


def facts(device: torch.device, seconds: float) -> dict[str, Any]:
    """What a file of results says about the run that made it.

    Args:
        device: Where the model ran.
        seconds: Wall time.
    """
    threads = torch.get_num_threads()
    plural = "" if threads == 1 else "s"
    hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{threads} CPU thread{plural}"
    return {
        "commit": commit(),
        "attnviz": attnviz.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "hardware": hardware,
        "seconds": round(seconds),
    }


def fingerprint(loaded: Network) -> str:
    """sha256 of a checkpoint's file of weights, or of all weights and other state of another network; hexadecimal."""
    if loaded.checkpoint is not None:
        return loaded.checkpoint.sha256
    digest = hashlib.sha256()
    for name, value in loaded.module.state_dict().items():
        digest.update(name.encode())
        if isinstance(value, torch.Tensor):
            digest.update(value.detach().float().cpu().numpy().tobytes())
        else:  # what get_extra_state gives may be anything; where it lies in memory is no part of it
            digest.update(re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value)).encode())
    return digest.hexdigest()
