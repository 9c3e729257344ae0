"""The options with which every command is told which network it is about, and what that network means."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.core.input_spec import FITS, INTERPOLATIONS

if TYPE_CHECKING:
    from attnviz.core.model_card import ModelCard
    from attnviz.models.network import Network

WHICH = "cbam, timm:NAME, timm:hf-hub:ORG/NAME, torchvision:NAME, a run's folder, a file, FILE.py:FACTORY or FILE.onnx"
SCORES = ("softmax", "sigmoid", "logits", "probabilities", "none")


def numbers(text: str) -> tuple[float, ...]:
    """``"0.5,0.4"`` -> ``(0.5, 0.4)``."""
    try:
        return tuple(float(part) for part in text.replace("x", ",").split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"numbers with commas between are needed, got {text!r}") from None


def whole_numbers(text: str) -> tuple[int, ...]:
    """``"224,320"`` or ``"224x320"`` -> ``(224, 320)``."""
    try:
        return tuple(int(part) for part in text.replace("x", ",").split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"whole numbers with commas between are needed, got {text!r}") from None


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``network_of`` reads; the locator itself is the command's own argument."""
    group = parser.add_argument_group("the network", "what its own configuration does not say")
    group.add_argument("--weights", type=Path, help="file of weights: .safetensors, .pt, .pth, .ckpt (tensors only)")
    group.add_argument("--trust-code", action="store_true", help="a checkpoint's card may name code that is run")
    group.add_argument("--classes", type=int, help="number of classes of an untrained network, or of --weights")
    group.add_argument("--size", type=whole_numbers, help="input in pixels: 224, or HEIGHTxWIDTH")
    group.add_argument("--mean", type=numbers, help="of each channel, for values in 0..1: 0.5, or 0.485,0.456,0.406")
    group.add_argument("--std", type=numbers, help="of each channel")
    group.add_argument("--interpolation", choices=INTERPOLATIONS, help="how photographs are resized")
    group.add_argument("--fit", choices=FITS, help="cut photographs to the input's shape, or squeeze them into it")
    group.add_argument("--labels", type=Path, help="class names: a text file with one a line, or JSON")
    group.add_argument("--scores", choices=SCORES, help="what the network's numbers are")
    group.add_argument("--output", help="which tensor of several is the answer: its key or its position")
    group.add_argument("--at", type=numbers, help="DOWN,ACROSS in 0..1: the place of an answer at every place")
    group.add_argument("--window", type=numbers, help="LOW,HIGH of 16-bit and other raw pictures")
    group.add_argument("--shown", type=whole_numbers, help="R,G,B: which channels are shown")


def card_of(args: argparse.Namespace) -> ModelCard:
    """What the options say about a network."""
    from attnviz.core.model_card import ModelCard
    from attnviz.models.labels import read_labels

    said: dict[str, Any] = {key: getattr(args, key) for key in ("mean", "std", "interpolation", "fit", "scores", "at")}
    said |= {"window": args.window, "shown": args.shown, "output": args.output}
    if args.size is not None:
        said["size"] = args.size * (2 if len(args.size) == 1 else 1)
    if args.output is not None and args.output.lstrip("-").isdigit():
        said["output"] = int(args.output)
    if args.labels is not None:
        said["labels"] = read_labels(args.labels)
    return ModelCard(**said)


def network_of(locator: str, args: argparse.Namespace, pretrained: bool = True) -> Network:
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
        device=best_device(),
        trust_code=args.trust_code,
    )
