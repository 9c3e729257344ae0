"""A network that a stranger asks for by name: measured before anything is allocated, weights as tensors only."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import safetensors
import safetensors.torch
import torch
from torch import nn

from attnviz.core.errors import UserError, nearest
from attnviz.core.input_spec import MAX_CHANNELS
from attnviz.core.model_card import ModelCard, unsaid
from attnviz.core.types import GateSite
from attnviz.models.checkpoints import best_device, refuse_pickle
from attnviz.models.cost import count_macs
from attnviz.models.fit_state import fill, first_channels, match
from attnviz.models.limits import PUBLIC, Limits
from attnviz.models.locator import noted, under
from attnviz.models.network import Network
from attnviz.models.published import LIBRARIES, load
from attnviz.models.settings import laid_under
from attnviz.models.state_files import PICKLES, read_weights
from attnviz.models.weights import cast

WEIGHTS = ("published", "untrained", "file")
LONGEST = 100
"""Characters of a name."""
VALUES = 4_000_000
"""Weights of all gates that are kept of one photograph; larger gates are listed, not shown."""


@dataclass(frozen=True)
class Wish:
    """What somebody asks for.

    Attributes:
        name: ``"timm:…"`` or ``"torchvision:…"``.
        weights: One of ``WEIGHTS``.
        file: The file of weights, where they are in one.
        card: What is said of the network: its labels and what it is given. A size is not taken.
        limits: What the page takes.
    """

    name: str
    weights: str = "published"
    file: Path | None = None
    card: ModelCard = field(default_factory=ModelCard)
    limits: Limits = PUBLIC

    def __post_init__(self) -> None:
        library, colon, rest = (self.name if isinstance(self.name, str) else "").partition(":")
        if not colon or not rest or ":" in rest or len(self.name) > LONGEST or library not in LIBRARIES:
            locators = " or ".join(f"{key}:NAME" for key in LIBRARIES)
            raise UserError(f"a network is asked for as {locators}, got {str(self.name)[:LONGEST]!r}")
        if self.weights not in WEIGHTS:
            raise UserError(f"unknown weights {str(self.weights)[:LONGEST]!r}; {nearest(self.weights, WEIGHTS)}")
        if self.weights == "file" and self.file is None:
            raise UserError("choose a file with the weights first")
        if self.card.size is not None:
            raise UserError("the size of the input is the network's own here")

    @property
    def title(self) -> str:
        """What the network is called; two wishes for the same one have the same title."""
        if self.weights == "published":
            return self.name
        if self.file is None or self.weights == "untrained":
            return f"{self.name} · untrained"
        said = "" if self.card == ModelCard() else hashlib.sha256(repr(self.card).encode()).hexdigest()[:4]
        return f"{self.name} · file {_digest(self.file, self.limits)[:8]}{said and '/'}{said}"


@dataclass(frozen=True)
class Guest:
    """A stranger's network, ready to be asked.

    Attributes:
        loaded: The network; its name is the wish's title.
        parameters: Their number.
        macs: Multiply-accumulates of one forward pass.
    """

    loaded: Network
    parameters: int
    macs: int


def _digest(file: Path, limits: Limits) -> str:
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
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while part := stream.read(2**20):
            digest.update(part)
    return digest.hexdigest()


def _skeleton(name: str, classes: int | None = None, channels: int | None = None) -> Network:
    """The network without memory for its weights."""
    try:
        # not first imported below: some versions of torch cannot import their compiler while tensors have no memory
        importlib.import_module("torchvision.ops")
        with torch.device("meta"):
            return load(name, pretrained=False, device="meta", classes=classes, channels=channels)
    except UserError:
        raise
    except Exception as error:  # networks of other libraries may raise anything
        raise UserError(f"{name} cannot be measured before it is built, so it is not built here") from error


def _measured(
    name: str, limits: Limits, classes: int | None = None, channels: int | None = None
) -> tuple[Network, int, int]:
    """Skeleton, parameters and multiply-accumulates; ``UserError`` where one of the limits is passed."""
    skeleton = _skeleton(name, classes, channels)
    parameters = sum(p.numel() for p in skeleton.module.parameters())
    if parameters > limits.parameters:
        raise UserError(f"{name} has {parameters:,} parameters; at most {limits.parameters:,} are loaded here")
    if len(skeleton.labels) < 2:
        raise UserError(f"{name} gives features and no class scores; `attnviz gates {name}` lists its gates")
    size = skeleton.spec.input.size
    if max(size) > limits.side:
        raise UserError(f"{name} wants {size[0]}×{size[1]} pixels; at most {limits.side}×{limits.side} are given here")
    try:
        macs = count_macs(skeleton.module, torch.zeros(1, skeleton.input.colours, *size, device="meta"))
    except Exception as error:  # as above
        raise UserError(f"{name} cannot be measured before it is built, so it is not built here") from error
    if macs > limits.macs:
        raise UserError(
            f"{name} needs {macs:,} multiply-accumulates for one picture; at most {limits.macs:,} are spent here"
        )
    return skeleton, parameters, macs


def _header(file: Path, limits: Limits) -> dict[str, tuple[int, ...]]:
    """Names and shapes in a safetensors file; no tensor is read."""
    _digest(file, limits)  # its size
    with file.open("rb") as stream:
        refuse_pickle(stream.read(2), "this file")
    try:
        with safetensors.safe_open(file, framework="pt") as content:
            return {key: tuple(content.get_slice(key).get_shape()) for key in content.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise UserError(f"the file cannot be read as safetensors: {str(error)[:200]}") from error


def _classes(skeleton: Network, shapes: Mapping[str, tuple[int, ...]]) -> int:
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


def _from_pickle(wish: Wish, file: Path) -> tuple[Network, int, int]:
    """A file that ``torch.save`` wrote, read as tensors only: on one's own machine."""
    _digest(file, wish.limits)
    state, settings = read_weights(file)
    skeleton = _skeleton(wish.name)
    bare, _, _ = match(state, skeleton.module.state_dict())
    shapes = {key: tuple(value.shape) for key, value in bare.items()}
    classes, channels = _classes(skeleton, shapes), _channels(skeleton, shapes)
    _, parameters, macs = _measured(wish.name, wish.limits, classes, channels)
    card, used = laid_under(wish.card, settings)
    network = _built(wish, classes, channels, card)
    notes = fill(network.module, state, "the file")
    return noted(lambda said: under(network, said), card, used, notes, settings.source), parameters, macs


def _channels(skeleton: Network, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """How many channels a file's network takes."""
    count = first_channels(shapes, skeleton.module) or 3
    if not 1 <= count <= MAX_CHANNELS:
        raise UserError(f"the file's network takes {count} channels; 1 to {MAX_CHANNELS} are given")
    return count


def _built(wish: Wish, classes: int, channels: int, card: ModelCard) -> Network:
    """The network without weights; ``UserError`` where it takes other channels and nobody says how they are given."""
    if channels != 3 and (card.mean is None or card.std is None):
        raise UserError(unsaid(channels))
    return load(wish.name, pretrained=False, classes=classes, channels=channels)


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(name[:80] for name in shown[:4]) + (f" … ({len(shown)} in all)" if len(shown) > 4 else "")


def _check_shapes(name: str, skeleton: Network, shapes: Mapping[str, tuple[int, ...]]) -> None:
    own = {key: tuple(value.shape) for key, value in skeleton.module.state_dict().items()}
    missing, foreign = own.keys() - shapes.keys(), shapes.keys() - own.keys()
    if missing or foreign:
        parts = [f"lacks {_listed(missing)}"] if missing else []
        parts += [f"has unknown {_listed(foreign)}"] if foreign else []
        raise UserError(f"the file does not fit {name}: it {' and '.join(parts)}")
    for key, shape in own.items():
        if shapes[key] != shape:
            raise UserError(f"the file does not fit {name}: {key} must have shape {shape}, got {shapes[key]}")


def _from_file(wish: Wish, file: Path) -> tuple[Network, int, int]:
    if file.suffix.lower() in PICKLES and wish.limits.pickles:
        return _from_pickle(wish, file)
    name, shapes = wish.name, _header(file, wish.limits)
    skeleton = _skeleton(name)
    classes, channels = _classes(skeleton, shapes), _channels(skeleton, shapes)
    skeleton, parameters, macs = _measured(name, wish.limits, classes, channels)
    _check_shapes(name, skeleton, shapes)
    try:
        state = safetensors.torch.load_file(file)
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        raise UserError(f"the file cannot be read as safetensors: {str(error)[:200]}") from error
    loaded = _built(wish, classes, channels, wish.card)
    loaded.module.load_state_dict(cast(state, loaded.module.state_dict()))
    return _meant(loaded, wish.card), parameters, macs


def _meant(loaded: Network, card: ModelCard) -> Network:
    """A network under what a visitor says of it."""
    if card.labels is not None and len(card.labels) != len(loaded.labels):
        raise UserError(
            f"the network has {len(loaded.labels)} classes but there are {len(card.labels)} labels; one for each"
        )
    return under(loaded, card)


def small(sites: Iterable[GateSite]) -> tuple[GateSite, ...]:
    """Sites in order without those that would pass ``VALUES``: their gates are too large to be kept."""
    kept, room = [], VALUES
    for site in sites:
        count = math.prod(site.shape)
        if count <= room:
            kept.append(site)
            room -= count
    return tuple(kept)


def invite(wish: Wish, allow: Callable[[int], None]) -> Guest:
    """Load what a stranger asks for.

    The network is first built without memory (on the meta device), so that its size, its cost and, for a file, every
    shape are known before a weight is allocated. Published weights are fetched by timm and torchvision; files are
    safetensors only.

    Args:
        wish: What is asked for.
        allow: Called with the number of parameters before published weights are loaded; may raise ``UserError``.

    Raises:
        UserError: There is no such network, it is over a limit, its weights cannot be fetched, or the file does not
            fit; the text says which.
    """
    source: Mapping[str, str] = {}
    if wish.weights == "file" and wish.file is not None:
        loaded, parameters, macs = _from_file(wish, wish.file)
        source = {"weights": "a file"}
    else:
        _, parameters, macs = _measured(wish.name, wish.limits)
        if wish.weights == "published":
            allow(parameters)
        loaded = load(wish.name, pretrained=wish.weights == "published")
    module = loaded.module.to(best_device())
    facts = MappingProxyType({**loaded.source, **source})
    changed = dataclasses.replace(loaded, name=wish.title, module=module, source=facts)
    return Guest(changed, parameters, macs)
