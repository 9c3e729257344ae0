"""Checkpoints: ``<id>.safetensors`` with the weights and ``<id>.json``, the card that says what they are.

Pickles are never loaded. Weights are kept in float16, buffers (batch-norm statistics) in float32.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from attnviz.core.data_folders import data_folder
from attnviz.core.errors import UserError, nearest
from attnviz.core.files import write_atomically, write_together
from attnviz.core.keys import check_keys
from attnviz.models.factory import FACTORY
from attnviz.models.network import Network
from attnviz.models.spec import ModelSpec, build
from attnviz.models.weights import cast

FOLDER = data_folder("checkpoints")
"""Where the bundled checkpoints are."""
VARIABLE = "ATTNVIZ_CHECKPOINTS"
"""Environment variable with another folder of checkpoints, for the command line, the library and the app alike."""

SUFFIXES = (".json", ".safetensors")
MAX_CARD_BYTES = 4 * 2**20
MAX_WEIGHT_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Card:
    """What a stranger needs to judge a checkpoint; stored as JSON beside the weights.

    Attributes:
        id: Name of the checkpoint and of its two files.
        title: What people see.
        spec: How to build the network.
        labels: K class names in the order of the logits.
        metrics: Measured on the validation split with exactly these weights.
        data: Name, fingerprint and number of images of the training and validation data.
        training: Recipe, seed, commit, versions, hardware and wall time.
        limits: What the network cannot do, in sentences for its users.
        answers: Its three most probable classes for the sample scenes, ``{scene: [[label, probability], …]}``.
        sha256: Of the file of weights, hexadecimal.
    """

    id: str
    title: str
    spec: ModelSpec
    labels: tuple[str, ...]
    metrics: Mapping[str, Any]
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    limits: tuple[str, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``from_json`` gives the same card back."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "spec": self.spec.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Card:
        """The reverse of ``to_json``; ``UserError`` on keys that are missing or unknown."""
        check_keys(cls, values, "the card")
        card = dict(values)
        card["spec"] = ModelSpec.from_json(values["spec"])
        card["labels"], card["limits"] = tuple(values["labels"]), tuple(values.get("limits", ()))
        return cls(**card)


def compact(state: Mapping[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
    """Weights as float16; buffers stay as they are, because running variances leave float16's range."""
    buffers = {name for name, _ in module.named_buffers()}
    return {
        name: (value if name in buffers or not value.is_floating_point() else value.half()).contiguous().cpu()
        for name, value in state.items()
    }


def _card_bytes(card: Card) -> bytes:
    return json.dumps(card.to_json(), indent=1, ensure_ascii=False).encode() + b"\n"


def save_card(folder: Path, card: Card) -> None:
    """Write ``<id>.json``."""
    write_atomically(folder / f"{card.id}.json", _card_bytes(card))


def save_checkpoint(folder: Path, card: Card, module: nn.Module, half: bool = True) -> Card:
    """Write both files, the weights as float16 or as they are, and return the card with their sha256."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.contiguous().cpu() for name, value in module.state_dict().items()}
    data = safetensors.torch.save(compact(state, module) if half else state)
    card = dataclasses.replace(card, sha256=hashlib.sha256(data).hexdigest())
    write_together({folder / f"{card.id}.safetensors": data, folder / f"{card.id}.json": _card_bytes(card)})
    return card


def checkpoint_folder() -> Path:
    """Where ids of checkpoints are looked up: the folder in ``ATTNVIZ_CHECKPOINTS``, else the bundled one.

    Raises:
        UserError: The variable names no folder.
    """
    named = os.environ.get(VARIABLE)
    if named and not Path(named).is_dir():
        raise UserError(f"{VARIABLE} names {named!r}, which is no folder; unset it for the bundled checkpoints")
    return Path(named) if named else FOLDER


def checkpoint_ids(folder: Path | None = None) -> tuple[str, ...]:
    """Ids of the checkpoints in a folder, in alphabetical order."""
    folder = folder or checkpoint_folder()
    return tuple(sorted(p.stem for p in folder.glob("*.json") if p.with_suffix(".safetensors").is_file()))


def locate(name: str | Path, folder: Path | None = None) -> Path:
    """Path of a checkpoint without its suffix."""
    folder = folder or checkpoint_folder()
    stem = folder / str(name) if str(name) in checkpoint_ids(folder) else Path(name)
    if stem.suffix in SUFFIXES:
        stem = stem.with_suffix("")
    missing = [suffix for suffix in SUFFIXES if "\0" in str(stem) or not Path(f"{stem}{suffix}").is_file()]
    if len(missing) == len(SUFFIXES):
        raise UserError(f"no checkpoint {str(name)!r}; {nearest(name, checkpoint_ids(folder))}")
    if missing:
        raise UserError(f"{stem} has no {stem.name}{missing[0]} beside it; a checkpoint is both files")
    return stem


def beside(name: str, suffix: str, folder: Path | None = None) -> Path | None:
    """A file beside a checkpoint of this id; ``None`` where it has none of this ending.

    Raises:
        UserError: There is no such checkpoint.
    """
    folder = folder or checkpoint_folder()
    if name not in checkpoint_ids(folder):
        raise UserError(f"no checkpoint {name!r}; {nearest(name, checkpoint_ids(folder))}")
    path = folder / f"{name}{suffix}"
    return path if path.is_file() else None


def load_card(name: str | Path, folder: Path | None = None) -> Card:
    """Read a card by the checkpoint's id or path.

    Raises:
        UserError: There is no such checkpoint, or its card is damaged.
    """
    file = Path(f"{locate(name, folder)}.json")
    if file.stat().st_size > MAX_CARD_BYTES:
        raise UserError(f"{file.name} is no card: {file.stat().st_size} bytes, at most {MAX_CARD_BYTES}")
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise UserError(f"a card is a JSON object, got {type(values).__name__}")
        return Card.from_json(values)
    except (ValueError, RecursionError, TypeError, AttributeError) as error:
        raise UserError(f"{file.name} cannot be read as a card: {error}") from error


def refuse_pickle(start: bytes, what: str) -> None:
    """Raise ``UserError`` where a file begins as a pickle, or as the archive of pickles that ``torch.save`` writes.

    Args:
        start: The first two bytes or more.
        what: What the file is called in the message.
    """
    if start[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise UserError(f"{what} is a pickle, which can run code and is never loaded; save it as safetensors")


def _read_weights(file: Path, card: Card) -> dict[str, Tensor]:
    """Read a file of weights after comparing its hash with the card's."""
    if file.stat().st_size > MAX_WEIGHT_BYTES:
        raise UserError(f"{file.name} has {file.stat().st_size} bytes; at most {MAX_WEIGHT_BYTES} are loaded")
    data = file.read_bytes()
    refuse_pickle(data, file.name)
    digest = hashlib.sha256(data).hexdigest()
    if digest != card.sha256:
        raise UserError(
            f"{file.name} is damaged or belongs to another card: its sha256 is {digest[:12]}…, "
            f"the card says {card.sha256[:12]}…"
        )
    try:
        return safetensors.torch.load(data)
    except safetensors.SafetensorError as error:
        raise UserError(f"{file.name} cannot be read as safetensors: {error}") from error


def _fill(module: nn.Module, state: Mapping[str, Tensor], file: str) -> None:
    """Copy weights into a network; every key and shape must agree."""
    own = module.state_dict()
    missing, foreign = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    if missing or foreign:
        parts = [f"lacks {', '.join(missing[:5])}"] if missing else []
        parts += [f"has unknown {', '.join(foreign[:5])}"] if foreign else []
        raise UserError(f"{file} does not fit the network that its card describes: it {' and '.join(parts)}")
    for key, value in state.items():
        if own[key].shape != value.shape:
            raise UserError(f"{file}: {key} must have shape {tuple(own[key].shape)}, got {tuple(value.shape)}")
    try:
        module.load_state_dict(cast(state, own))
    except UserError as error:
        raise UserError(f"{file}: {error}") from error


def load(
    name: str | Path,
    folder: Path | None = None,
    device: str | torch.device = "cpu",
    trust_code: bool = False,
) -> Network:
    """Load a checkpoint by its id (``"cbam"``) or by a path to one of its files.

    Args:
        name: Id or path.
        folder: Where ids are looked up.
        device: Where the network shall be.
        trust_code: Whether a card may name a Python file that is run to build the network.

    Raises:
        UserError: There is no such checkpoint, its card names code that is not trusted, or it is damaged, foreign or a
            pickle.
    """
    card = load_card(name, folder)
    if FACTORY.fullmatch(card.spec.backbone) and not trust_code:
        raise UserError(
            f"{card.id} is built by code, {card.spec.backbone}, which would be run here: where you know and trust that "
            "file, say so with trust_code=True (--trust-code)"
        )
    file = Path(f"{locate(name, folder)}.safetensors")
    state = _read_weights(file, card)
    module = build(card.spec, published_weights=False)
    _fill(module, state, file.name)
    if len(card.labels) != card.spec.num_classes:
        count = card.spec.num_classes
        raise UserError(f"{card.id} has {count} classes but {len(card.labels)} labels; its card must name each once")
    return Network(card.id, module.float().eval().requires_grad_(False).to(device), card.spec, card.labels, card)


def best_device() -> torch.device:
    """CUDA where there is one, else the CPU.

    On a Space with ZeroGPU it is the CPU: that GPU is lent to a function in a process of its own, for which its
    arguments are pickled, and a pass of these networks takes 10 ms.
    """
    lent = bool(os.environ.get("SPACES_ZERO_GPU"))
    return torch.device("cuda" if torch.cuda.is_available() and not lent else "cpu")
