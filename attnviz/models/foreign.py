"""Networks of other libraries and of somebody's own code as backbones: trained here, with attention at named places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.backbones.imagenet import start_neutral
from attnviz.core.errors import UserError, nearest
from attnviz.models import published
from attnviz.models.factory import FACTORY, build_from
from attnviz.models.modes import in_eval_mode
from attnviz.models.network import Network

OPTIONS = ("pretrained", "places")


def is_foreign(backbone: str) -> bool:
    """Whether a backbone's name is ``timm:NAME``, ``torchvision:NAME`` or ``FILE.py:FACTORY``."""
    return bool(FACTORY.fullmatch(backbone)) or backbone.partition(":")[0] in published.LIBRARIES and ":" in backbone


def build_foreign(
    backbone: str,
    attention: Callable[[int], nn.Module] | None,
    num_classes: int,
    options: Mapping[str, Any],
    size: tuple[int, int],
    published_weights: bool = True,
) -> nn.Module:
    """Build such a network with ``num_classes`` logits, in train mode.

    Args:
        backbone: Its name.
        attention: From channels to a module; ``None`` for none.
        num_classes: K; a factory must take ``num_classes``, or give as many by itself.
        options: ``pretrained``, and ``places``: paths of modules after whose output attention is put.
        size: Height and width of an example.
        published_weights: Whether ``pretrained`` counts.

    Raises:
        UserError: There is no such network or place, an option is not known, or a place gives no map of features.
    """
    for key in options:
        if key not in OPTIONS:
            raise UserError(f"unknown option {key!r} of {backbone}; {nearest(key, OPTIONS)}")
    pretrained = bool(options.get("pretrained")) and published_weights
    places = options.get("places") or ()
    if attention is not None and not places:
        raise UserError(f"{backbone} with attention needs places: paths of modules, such as places = ['layer4']")
    if attention is None and places:
        raise UserError(f"{backbone} has places for attention but attention 'none'; leave the places out")
    module = _bare(backbone, num_classes, pretrained)
    if attention is not None:
        insert(module, attention, places, size)
    return module.train()


def _bare(backbone: str, classes: int, pretrained: bool) -> nn.Module:
    code = FACTORY.fullmatch(backbone)
    if code is None:
        return published.with_head(backbone, classes, pretrained).float().requires_grad_(True)
    if pretrained:
        raise UserError(f"{backbone} has no published weights; give start.weights, or let the factory load them")
    file, name = Path(code["file"]), code["name"]
    try:
        built, _ = build_from(file, name, classes)
    except UserError as error:
        if "takes no num_classes" not in str(error):
            raise
        built, _ = build_from(file, name)
    module = built.module if isinstance(built, Network) else built
    return module.float().requires_grad_(True)


class Placed(nn.Module):
    """An attention module behind another module, scaled so that a fresh one changes nothing where its type allows it.

    Args:
        attention: The module.
    """

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        neutral = hasattr(attention, "start_neutral")
        self.module = attention
        self.register_buffer("scale", torch.tensor(1 / start_neutral(attention) if neutral else 1.0))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        answer: Tensor = self.module(x) * self.scale
        return answer


def insert(
    module: nn.Module, attention: Callable[[int], nn.Module], places: Sequence[str], size: tuple[int, int]
) -> None:
    """Put attention after the output of modules, in place; their weights keep their names.

    Raises:
        UserError: There is no such module, it did not run, or gives no map (N, C, H, W).
    """
    modules = dict(module.named_modules())
    for place in places:
        if not place or place not in modules:
            raise UserError(f"there is no module {place!r} to put attention after; {nearest(place, modules)}")
    for place in dict.fromkeys(places):
        channels = _channels(module, place, size)
        _append(modules[place], module, place, Placed(attention(channels)))


class _Watched(nn.Module):
    """Notes the shape of what a module gives."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.shape: tuple[int, ...] | None = None

    def forward(self, *given: Any, **keywords: Any) -> Any:
        answer = self.inner(*given, **keywords)
        self.shape = tuple(answer.shape) if isinstance(answer, Tensor) else ()
        return answer


def _channels(module: nn.Module, place: str, size: tuple[int, int]) -> int:
    parent, _, name = place.rpartition(".")
    owner, inner = module.get_submodule(parent), module.get_submodule(place)
    watched = _Watched(inner)
    example = next(module.parameters()).new_zeros(1, 3, *size)
    setattr(owner, name, watched)
    try:
        with torch.no_grad(), in_eval_mode(module):
            module(example)
    except (RuntimeError, ValueError) as error:
        line = str(error).splitlines()[0]
        raise UserError(f"the network cannot take pictures of {size[0]}×{size[1]} pixels: {line}") from error
    finally:
        setattr(owner, name, inner)
    if watched.shape is None or len(watched.shape) != 4:
        given = "does not run" if watched.shape is None else f"gives {watched.shape or 'no tensor'}"
        raise UserError(f"attention needs a map of features (N, C, H, W); {place} {given}")
    return watched.shape[1]


def _append(target: nn.Module, module: nn.Module, place: str, attention: Placed) -> None:
    """Behind the last of a ``Sequential``; anything else keeps its own forward and gets a child more."""
    if isinstance(target, nn.Sequential):
        target.add_module("attention", attention)
        return
    if hasattr(target, "attention"):
        raise UserError(f"{place} has something called attention already; choose a place around it")
    kind = type(target)

    def forward(self: nn.Module, *given: Any, **keywords: Any) -> Any:
        return self.get_submodule("attention")(kind.forward(self, *given, **keywords))

    target.add_module("attention", attention)
    target.__class__ = type(f"{kind.__name__}WithAttention", (kind,), {"forward": forward})
