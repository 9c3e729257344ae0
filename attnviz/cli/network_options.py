"""The options with which every command is told which network it is about, and what that network means."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from attnviz.core.input_spec import FITS, INTERPOLATIONS

if TYPE_CHECKING:
    from attnviz.core.model_card import ModelCard
    from attnviz.models.network import Network

WHICH = "cbam, timm:NAME, timm:hf-hub:ORG/NAME, torchvision:NAME, a run's folder, a file, FILE.py:FACTORY or FILE.onnx"
SCORES = ("softmax", "sigmoid", "logits", "probabilities", "none")


def _one_of(names: Sequence[str], help: str) -> Any:
    """An option of a few words, which a shell completes."""
    return Option(metavar="|".join(names), autocompletion=lambda: list(names), help=help)


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """The network: what its own configuration does not say."""

    weights: Annotated[Path | None, Option(help="file of weights: .safetensors, .pt, .pth, .ckpt (tensors only)")] = (
        None
    )
    trust_code: Annotated[bool, Option(help="a checkpoint's card may name code that is run")] = False
    classes: Annotated[int | None, Option(help="number of classes of an untrained network, or of --weights")] = None
    size: Annotated[str | None, Option(help="input in pixels: 224, or HEIGHTxWIDTH")] = None
    mean: Annotated[str | None, Option(help="of each channel, for values in 0..1: 0.5, or 0.485,0.456,0.406")] = None
    std: Annotated[str | None, Option(help="of each channel")] = None
    interpolation: Annotated[str | None, _one_of(INTERPOLATIONS, "how photographs are resized")] = None
    fit: Annotated[str | None, _one_of(FITS, "cut photographs to the input's shape, or squeeze them into it")] = None
    labels: Annotated[Path | None, Option(help="class names: a text file with one a line, or JSON")] = None
    scores: Annotated[str | None, _one_of(SCORES, "what the network's numbers are")] = None
    output: Annotated[str | None, Option(help="which tensor of several is the answer: its key or its position")] = None
    at: Annotated[str | None, Option(help="DOWN,ACROSS in 0..1: the place of an answer at every place")] = None
    window: Annotated[str | None, Option(help="LOW,HIGH of 16-bit and other raw pictures")] = None
    shown: Annotated[str | None, Option(help="R,G,B: which channels are shown")] = None


def card_of(args: NetworkOptions) -> ModelCard:
    """What the options say about a network.

    Raises:
        UserError: Numbers are needed, and something else was given.
    """
    from attnviz.core.model_card import LISTS, ModelCard, numbers_in
    from attnviz.models.labels import read_labels

    said: dict[str, Any] = {key: getattr(args, key) for key in ("interpolation", "fit", "scores", "output")}
    said |= {name: numbers_in(name, text, f"--{name}") for name in LISTS if (text := getattr(args, name)) is not None}
    if len(said.get("size", ())) == 1:
        said["size"] *= 2
    if args.output is not None and re.fullmatch("-?[0-9]{1,9}", args.output):
        said["output"] = int(args.output)
    if args.labels is not None:
        said["labels"] = read_labels(args.labels)
    return ModelCard(**said)


def said(args: NetworkOptions) -> dict[str, str | int | bool]:
    """The options that were given, as plain values."""
    given = {field.name: getattr(args, field.name) for field in fields(args)}
    plain = {key: os.fspath(value) if isinstance(value, Path) else value for key, value in given.items()}
    return {key: value for key, value in plain.items() if value is not None and value is not False}


def network_of(locator: str, args: NetworkOptions, pretrained: bool = True, folder: Path | None = None) -> Network:
    """Load the network that a command is about.

    Raises:
        UserError: It cannot be loaded, or an option does not fit it.
    """
    from attnviz.models.checkpoints import best_device
    from attnviz.models.locator import load

    card = card_of(args)
    return load(
        locator,
        card,
        weights=args.weights,
        classes=args.classes,
        pretrained=pretrained,
        folder=folder,
        device=best_device(),
        trust_code=args.trust_code,
    )
