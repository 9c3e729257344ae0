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

from attnviz.core.errors import UserError, nearest
from attnviz.core.model_card import ModelCard, unsaid
from attnviz.core.sites import GateSite
from attnviz.models.checkpoints import best_device
from attnviz.models.cost import count_macs
from attnviz.models.fit_state import fill, match
from attnviz.models.limits import PUBLIC, Limits
from attnviz.models.locator import noted, under
from attnviz.models.network import Network
from attnviz.models.published import LIBRARIES, load
from attnviz.models.sent_file import channels_in, check_shapes, classes_in, digest, header
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
        said = "" if self.card == ModelCard() else hashlib.sha256(repr(self.card).encode()).hexdigest()[:16]
        return f"{self.name} · file {digest(self.file, self.limits)[:16]}{said and '/'}{said}"


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


def _from_pickle(wish: Wish, file: Path) -> tuple[Network, int, int]:
    """A file that ``torch.save`` wrote, read as tensors only: on one's own machine."""
    digest(file, wish.limits)
    state, settings = read_weights(file)
    skeleton = _skeleton(wish.name)
    bare, _, _ = match(state, skeleton.module.state_dict())
    shapes = {key: tuple(value.shape) for key, value in bare.items()}
    classes, channels = classes_in(skeleton, shapes), channels_in(skeleton, shapes)
    _, parameters, macs = _measured(wish.name, wish.limits, classes, channels)
    card, used = laid_under(wish.card, settings)
    network = _built(wish, classes, channels, card)
    notes = fill(network.module, state, "the file")
    return noted(lambda said: under(network, said), card, used, notes, settings.source), parameters, macs


def _built(wish: Wish, classes: int, channels: int, card: ModelCard) -> Network:
    """The network without weights; ``UserError`` where it takes other channels and nobody says how they are given."""
    if channels != 3 and (card.mean is None or card.std is None):
        raise UserError(unsaid(channels))
    return load(wish.name, pretrained=False, classes=classes, channels=channels)


def _from_file(wish: Wish, file: Path) -> tuple[Network, int, int]:
    if file.suffix.lower() in PICKLES and wish.limits.pickles:
        return _from_pickle(wish, file)
    name, shapes = wish.name, header(file, wish.limits)
    skeleton = _skeleton(name)
    classes, channels = classes_in(skeleton, shapes), channels_in(skeleton, shapes)
    skeleton, parameters, macs = _measured(name, wish.limits, classes, channels)
    check_shapes(name, skeleton, shapes)
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
