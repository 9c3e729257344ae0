"""From a description to a network."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import nn

from attnviz.attention import ATTENTION
from attnviz.backbones import BACKBONES
from attnviz.core.errors import UserError
from attnviz.core.input_spec import LATER, InputSpec, NoiseSpec
from attnviz.core.keys import check_keys

T = TypeVar("T")


@dataclass(frozen=True)
class ModelSpec:
    """Everything needed to build a network again.

    Attributes:
        backbone: A name of ``BACKBONES``.
        attention: A name of ``ATTENTION``.
        num_classes: K; 0 for a network that gives no answer that is shown.
        backbone_options: Keyword arguments of the backbone.
        attention_options: Keyword arguments of the attention module.
        input: What the network wants to be given.
    """

    backbone: str
    attention: str
    num_classes: int
    backbone_options: Mapping[str, Any] = field(default_factory=dict)
    attention_options: Mapping[str, Any] = field(default_factory=dict)
    input: InputSpec = field(default_factory=InputSpec)

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``from_json`` gives the same spec back."""
        values = dataclasses.asdict(self)
        plain = InputSpec()
        values["input"] = {
            key: value
            for key, value in values["input"].items()
            if key not in LATER or value != getattr(plain, key)  # as cards had it before there were these fields
        }
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ModelSpec:
        """The reverse of ``to_json``; an unknown or missing key raises ``UserError``."""
        check_keys(cls, values, "model description")
        spec: dict[str, Any] = dict(values)
        if "input" in spec:
            check_keys(InputSpec, spec["input"], "model description", "input")
            plain = _tuples(spec["input"])
            if plain.get("noise") is not None:
                check_keys(NoiseSpec, plain["noise"], "model description", "input.noise")
                plain["noise"] = _typed(NoiseSpec, _tuples(plain["noise"]))
            spec["input"] = _typed(InputSpec, plain)
        return _typed(cls, spec)


def _typed(kind: type[T], values: dict[str, Any]) -> T:
    """A dataclass of values that may be of any type."""
    try:
        return kind(**values)
    except TypeError as error:
        raise UserError(f"model description: {kind.__name__} has a value of a wrong type: {error}") from error


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def build(spec: ModelSpec, published_weights: bool = True) -> nn.Module:
    """Build the network that ``spec`` describes, in train mode, with fresh weights.

    Args:
        spec: What to build.
        published_weights: Whether ``pretrained`` in the backbone's options counts; not where the network is about
            to get the weights of a checkpoint, which must load without a download.

    Raises:
        UserError: A name or an option is not known, or a value is outside its limits.
    """
    if spec.backbone not in BACKBONES and ":" in spec.backbone:
        return _foreign(spec, published_weights)
    backbone = BACKBONES[spec.backbone]
    defaults = getattr(backbone, "attention_defaults", None)
    usual = {} if defaults is None else defaults(spec.attention, spec.backbone_options)
    make = ATTENTION[spec.attention]
    own = {"num_classes": spec.num_classes} if "num_classes" in inspect.signature(make).parameters else {}
    attention = functools.partial(make, **{**own, **usual, **spec.attention_options})
    ignored = set() if published_weights else {"pretrained"}
    places = {key: value for key, value in spec.backbone_options.items() if key not in ignored}
    try:
        return backbone(attention, num_classes=spec.num_classes, **places)
    except TypeError as error:
        raise UserError(f"{spec.backbone} with {spec.attention} cannot be built: {error}") from error


def _foreign(spec: ModelSpec, published_weights: bool) -> nn.Module:
    """A backbone of another library, or of somebody's own code."""
    from attnviz.models.foreign import build_foreign  # it needs networks, which need specs

    attention = (
        None if spec.attention == "none" else functools.partial(ATTENTION[spec.attention], **spec.attention_options)
    )
    options = spec.backbone_options
    return build_foreign(spec.backbone, attention, spec.num_classes, options, spec.input.size, published_weights)


def input_shape(spec: ModelSpec, batch: int = 1, depth: int = 8) -> tuple[int, ...]:
    """Shape of what the network takes: (batch, C, H, W), or (batch, C, depth, H, W) for a backbone for volumes."""
    if spec.backbone not in BACKBONES:
        return (batch, spec.input.channels, *spec.input.size)
    backbone = BACKBONES[spec.backbone]
    parameter = inspect.signature(backbone).parameters.get("in_channels")
    channels = spec.backbone_options.get("in_channels", 3 if parameter is None else parameter.default)
    slices = (depth,) if getattr(backbone, "dims", 2) == 3 else ()
    return (batch, channels, *slices, *spec.input.size)


def placed(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Device and floating-point type of a network's first parameter; the CPU and float32 where it has none."""
    first = next((p for p in model.parameters() if p.is_floating_point()), None)
    return (torch.device("cpu"), torch.float32) if first is None else (first.device, first.dtype)


def count_parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
