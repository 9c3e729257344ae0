"""One name for a network, the same for every command, the library and the app."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from attnviz.core.checks import whole
from attnviz.core.errors import UserError, nearest
from attnviz.core.model_card import INPUT, ModelCard, unsaid
from attnviz.core.notes import Note
from attnviz.models import checkpoints, published
from attnviz.models.checkpoints import checkpoint_ids
from attnviz.models.factory import FACTORY, build_from
from attnviz.models.fit_state import channels_in, fill
from attnviz.models.network import Network
from attnviz.models.onnx import module_from
from attnviz.models.settings import Settings, laid_under, note_on
from attnviz.models.state_files import PICKLES, read_weights
from attnviz.models.wrap import beside_function, check_finite, taken_up, wrap

FORMS = (
    "a bundled checkpoint's name (cbam), timm:NAME, timm:hf-hub:ORG/NAME, torchvision:NAME, a run's folder, a "
    ".safetensors file with its card, FILE.py:FACTORY, or FILE.onnx"
)
"""What a locator may be, in words."""


@dataclasses.dataclass(frozen=True)
class Ask:
    """What somebody asks for besides a locator.

    Attributes:
        card: What they say about the network.
        weights: A file of weights.
        pretrained: Whether published weights are wanted.
        classes: Number of classes of an untrained network.
        folder: Where ids of checkpoints are looked up.
        device: Where the network shall be.
        trust_code: Whether a checkpoint's card may name code that is run.
    """

    card: ModelCard
    weights: Path | None
    pretrained: bool
    classes: int | None
    folder: Path | None
    device: torch.device
    trust_code: bool


def load(
    locator: str | os.PathLike[str],
    card: ModelCard | None = None,
    *,
    weights: str | os.PathLike[str] | None = None,
    pretrained: bool = True,
    classes: int | None = None,
    folder: Path | None = None,
    device: str | torch.device = "cpu",
    trust_code: bool = False,
    **said: Any,
) -> Network:
    """Load a network: ``load("cbam")``, ``load("timm:seresnet50")``, ``load("net.py:make", weights="best.pt")``.

    ``FILE.py:FACTORY`` runs that file: use it with your own code only.

    Args:
        locator: What to load, one of ``FORMS``. timm names may carry a tag of weights: ``"timm:seresnet50.a1_in1k"``.
        card: What the network means, where its own configuration does not say it.
        weights: A file of weights for a published architecture or a factory: ``.safetensors``, or ``.pt``, ``.pth``,
            ``.ckpt``, ``.bin``, which are read as tensors only.
        pretrained: Published weights, fetched at first use; ``False`` gives the architecture with random weights, which
            only ``timm:`` and ``torchvision:`` have.
        classes: Number of classes of an untrained network, or of the one in the file of weights.
        folder: Where ids of checkpoints are looked up; ``None`` for ``ATTNVIZ_CHECKPOINTS`` or the bundled ones.
        device: Where the network shall be.
        trust_code: Whether the card of a checkpoint may name a Python file that is run to build its network.
        **said: Fields of ``ModelCard``, laid over ``card``.

    Returns:
        The network in eval mode, float32, without gradients.

    Raises:
        UserError: There is no such network, its weights cannot be fetched or read or do not fit, or what is said about
            it does not fit.
    """
    meaning = (card or ModelCard()).but(**said)
    if classes is not None:
        classes = whole("classes", classes, 1, 100_000)
    file = None if weights is None else Path(weights)
    ask = Ask(meaning, file, pretrained, classes, folder, usable(device), trust_code)
    text = os.fspath(locator)
    library, colon, rest = text.partition(":")
    if colon and library in published.LIBRARIES:
        return _published(text, ask)
    named = FACTORY.fullmatch(text)
    if named is not None:
        return _from_factory(Path(named["file"]), named["name"], text, ask)
    bare = text.removesuffix(":")
    if bare.endswith(".py"):
        raise UserError(f"{text} is Python code: say which function of it gives the network, {Path(bare).name}:FACTORY")
    if text.lower().endswith(".onnx"):
        return _from_onnx(Path(text), ask)
    if colon and not Path(text).exists() and len(library) > 1:
        raise UserError(
            f"unknown library {library!r} in {text!r}; {nearest(library, published.LIBRARIES)}; give {FORMS}"
        )
    return _checkpoint(locator if isinstance(locator, Path) else text, ask)


def usable(device: str | torch.device) -> torch.device:
    """A device that tensors can be put on; ``UserError`` naming what there is otherwise."""
    try:
        wanted = torch.device(device)
        torch.empty(0, device=wanted)
    except Exception as error:  # each kind of device that is not there raises an error of its own
        known = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
        known += ["mps"] if torch.backends.mps.is_available() else []
        line = (str(error).splitlines() or [""])[0][:160]
        raise UserError(f"there is no device {str(device)[:80]!r} here, but {', '.join(known)} ({line})") from error
    return wanted


def is_safe(locator: str) -> bool:
    """Whether a locator names nothing that could run somebody's code or fetch from an account: for public pages."""
    library, colon, rest = locator.partition(":")
    return bool(colon) and library in published.LIBRARIES and ":" not in rest


def _published(text: str, ask: Ask) -> Network:
    mean = ask.card.mean if isinstance(ask.card.mean, tuple) else ()
    if ask.weights is None:
        channels = len(mean) if len(mean) > 1 else None
        return under(published.load(text, ask.pretrained, ask.device, ask.classes, channels), ask.card)
    _no_random(ask, f"{ask.weights.name} gives the weights")
    state, settings = read_weights(ask.weights)
    card, used = laid_under(ask.card, settings)
    classes = ask.classes or (len(card.labels) if card.labels else settings.classes)
    network = published.load(text, False, "cpu", classes)
    channels = channels_in(state, network.module)
    if channels not in (None, network.input.colours):
        if card.mean is None or card.std is None:
            raise UserError(unsaid(channels))
        network = published.load(text, False, "cpu", classes, channels)
    notes = fill(network.module, state, ask.weights.name)
    source = MappingProxyType({**network.source, "weights": ask.weights.name})
    network.module.to(ask.device)
    filled = dataclasses.replace(network, source=source)
    return noted(lambda said: under(filled, said), card, used, notes, settings.source)


def _from_factory(file: Path, name: str, text: str, ask: Ask) -> Network:
    _no_random(ask, f"{text} gives its own weights, or a file of weights does")
    state, settings = ({}, Settings()) if ask.weights is None else read_weights(ask.weights)
    built, taken = build_from(file, name, ask.classes, settings.arguments)
    module = built.module if isinstance(built, Network) else built
    notes = () if ask.weights is None else fill(module, state, ask.weights.name)
    check_finite(module)
    module = module.float().eval().to(ask.device)
    for parameter in module.parameters():  # a scripted network has no requires_grad_ of its own
        parameter.requires_grad_(False)
    if isinstance(built, Network) and built.transform is not None:  # the factory has said it, not the file of weights
        settings = dataclasses.replace(settings, card=settings.card.but(**dict.fromkeys(INPUT)))
    card, used = laid_under(ask.card, settings)
    used |= {f"{name}({key}=…)": settings.arguments[key] for key in taken}
    if isinstance(built, Network):
        return noted(lambda said: under(built, said), card, used, notes, settings.source)
    source = MappingProxyType(
        {"library": text, "weights": ask.weights.name if ask.weights else "as the factory gives them"}
    )
    card = card if card.name else card.but(name=f"{file.stem}:{name}")
    network = noted(lambda said: wrap(module, said), card, used, notes, settings.source)
    return dataclasses.replace(network, source=source)


def noted(
    make: Callable[[ModelCard], Network],
    card: ModelCard,
    used: Mapping[str, Any],
    notes: tuple[Note, ...],
    file: str,
) -> Network:
    """A network under a card, part of which its file of weights says; such labels are left out if they do not fit."""
    try:
        network = make(card)
    except UserError:
        if "labels" not in used:
            raise
        used = {key: value for key, value in used.items() if key != "labels"}
        network = make(card.but(labels=None))
    return dataclasses.replace(network, assumed=(*note_on(used, file), *notes, *network.assumed))


def _from_onnx(file: Path, ask: Ask) -> Network:
    _no_weights(ask, f"{file.name} holds its own weights")
    module, size = module_from(file)
    card = ask.card if ask.card.name else ask.card.but(name=file.stem)
    if card.size is None and size is not None:
        card = card.but(size=size)
    network = wrap(module.eval().requires_grad_(False).to(ask.device), card)
    return dataclasses.replace(network, source=MappingProxyType({"library": "ONNX", "weights": file.name}))


def network_of(model: Any) -> Network:
    """A network from whatever says which: a ``Network``, a locator, or a live module of timm.

    Raises:
        UserError: It is none, or cannot be loaded; a module must say what it wants to be given (``attnviz.wrap``).
    """
    if isinstance(model, Network):
        return model
    if isinstance(model, torch.nn.Module):
        return wrap(model)
    if not isinstance(model, (str, os.PathLike)):
        raise UserError(
            f"a model is a locator such as 'cbam' or 'timm:NAME', a Network of attnviz.load or attnviz.wrap, or a "
            f"torch.nn.Module, got {type(model).__name__}"
        )
    return load(model, device=checkpoints.best_device())


def checkpoint_path(locator: str | Path, folder: Path | None = None) -> Path:
    """Path of a checkpoint without its suffix, by its id, by one of its files, or by the folder of a run."""
    if str(locator) not in checkpoint_ids(folder) and Path(locator).is_dir():
        return _in_folder(Path(locator))
    return checkpoints.locate(locator, folder)


def _checkpoint(locator: str | Path, ask: Ask) -> Network:
    path = Path(locator)
    ids = checkpoint_ids(ask.folder)
    if str(locator) not in ids:
        if path.is_dir():
            path = _in_folder(path)
            locator = path
        elif path.suffix.lower() in PICKLES or (
            path.suffix == ".safetensors" and path.is_file() and not path.with_suffix(".json").is_file()
        ):
            raise UserError(
                f"{path.name} holds weights and does not say of which network: give that too, --model timm:NAME "
                f"--weights {path.name} or --model FILE.py:FACTORY --weights {path.name}"
            )
    checkpoints.locate(locator, ask.folder)  # one that does not exist has no weights of its own
    _no_weights(ask, f"{locator} has its own weights")
    return under(checkpoints.load(locator, ask.folder, ask.device, ask.trust_code), ask.card)


def _in_folder(folder: Path) -> Path:
    """The one checkpoint in the folder of a run."""
    ids = checkpoint_ids(folder)
    if len(ids) == 1:
        return folder / ids[0]
    if ids:
        raise UserError(f"{folder} holds {len(ids)} checkpoints ({', '.join(ids[:8])}): name one, {folder / ids[0]}")
    raise UserError(f"{folder} holds no checkpoint, which is NAME.safetensors and NAME.json; is its training finished?")


def _no_weights(ask: Ask, why: str) -> None:
    if ask.weights is not None:
        raise UserError(f"weights ({ask.weights.name}) cannot be given here: {why}")
    if ask.classes is not None:
        raise UserError(f"classes ({ask.classes}) cannot be given here: {why}")
    _no_random(ask, why)


def _no_random(ask: Ask, why: str) -> None:
    if not ask.pretrained:
        raise UserError(f"random weights (--untrained, pretrained=False) cannot be given here: {why}")


def under(network: Network, card: ModelCard) -> Network:
    """A network under what somebody says about it, laid over what it says itself."""
    if card == ModelCard():
        return network
    elsewhere = card.output is not None or card.scores == "none"  # what the network says of its answer does not hold
    labels = card.labels if card.labels is not None or elsewhere else network.labels
    scores = card.scores or (None if elsewhere else network.scores)
    merged = card.but(labels=labels, scores=scores, name=card.name or network.name)
    if network.transform is None:
        given = card.input(network.input, network.input.colours) or network.input
    else:
        given = beside_function(card, network.input, network.transform)
    wrapped = taken_up(network.places or network.module, merged, given, network.transform)
    return dataclasses.replace(
        network,
        name=wrapped.name,
        module=wrapped.module,
        spec=dataclasses.replace(network.spec, input=given, num_classes=wrapped.spec.num_classes),
        labels=wrapped.labels,
        scores=wrapped.scores,
        assumed=(*_still(network, card), *wrapped.assumed),
        places=wrapped.places,
    )


def _still(network: Network, card: ModelCard) -> tuple[Note, ...]:
    """What is assumed of a network and not settled by what somebody says; what is seen again is left out."""
    settled = {"averaged", *(("softmax", "unseen", "number") if card.scores else ())}
    settled |= {"normalisation"} if card.mean is not None else set()
    return tuple(note for note in network.assumed if note.key not in settled)
