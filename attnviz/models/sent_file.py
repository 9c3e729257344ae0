"""A file of weights that a stranger sent: what it says before a tensor of it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import safetensors
from torch import nn

from attnviz.core.errors import UserError
from attnviz.core.input_spec import MAX_CHANNELS
from attnviz.models.checkpoints import refuse_pickle
from attnviz.models.fit_state import first_channels
from attnviz.models.limits import Limits
from attnviz.models.network import Network


def digest(file: Path, limits: Limits) -> str:
    """sha256 of a file; ``UserError`` where it is gone, too large, or a pickle that is not taken."""
    if not file.is_file():
        raise UserError("the file is no longer kept here: send it again")
    if not limits.pickles:
        with file.open("rb") as start:
            refuse_pickle(start.read(2), "this file")
    if file.stat().st_size > limits.file_bytes:
        most = limits.file_bytes // 2**20
        raise UserError(
            f"the file has {file.stat().st_size / 2**20:.1f} MiB, at most {most} are taken; float16 "
            "halves it, and attnviz.launch opens a network of any size on your own machine"
        )
    hasher = hashlib.sha256()
    with file.open("rb") as stream:
        while part := stream.read(2**20):
            hasher.update(part)
    return hasher.hexdigest()


def header(file: Path, limits: Limits) -> dict[str, tuple[int, ...]]:
    """Names and shapes in a safetensors file; no tensor is read."""
    digest(file, limits)  # its size
    with file.open("rb") as stream:
        refuse_pickle(stream.read(2), "this file")
    try:
        with safetensors.safe_open(file, framework="pt") as content:
            return {key: tuple(content.get_slice(key).get_shape()) for key in content.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise UserError(f"the file cannot be read as safetensors: {str(error)[:200]}") from error


def classes_in(skeleton: Network, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """How many classes a file's network has, by the layer that makes the scores."""
    count = len(skeleton.labels)
    for path, module in reversed(list(skeleton.module.named_modules())):
        width = getattr(module, "out_features", getattr(module, "out_channels", None))
        if isinstance(module, (nn.Linear, nn.Conv2d)) and width == count:
            shape = shapes.get(f"{path}.weight", (count,))
            if not shape or not 2 <= shape[0] <= 100_000:
                raise UserError(f"a network must have 2 to 100,000 classes; {path}.weight has shape {shape}")
            return shape[0]
    return count


def channels_in(skeleton: Network, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """How many channels a file's network takes."""
    count = first_channels(shapes, skeleton.module) or 3
    if not 1 <= count <= MAX_CHANNELS:
        raise UserError(f"the file's network takes {count} channels; 1 to {MAX_CHANNELS} are given")
    return count


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(name[:80] for name in shown[:4]) + (f" … ({len(shown)} in all)" if len(shown) > 4 else "")


def check_shapes(name: str, skeleton: Network, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ``UserError`` where a file has other names or shapes than a network."""
    own = {key: tuple(value.shape) for key, value in skeleton.module.state_dict().items()}
    missing, foreign = own.keys() - shapes.keys(), shapes.keys() - own.keys()
    if missing or foreign:
        parts = [f"lacks {_listed(missing)}"] if missing else []
        parts += [f"has unknown {_listed(foreign)}"] if foreign else []
        raise UserError(f"the file does not fit {name}: it {' and '.join(parts)}")
    for key, shape in own.items():
        if shapes[key] != shape:
            raise UserError(f"the file does not fit {name}: {key} must have shape {shape}, got {shapes[key]}")
