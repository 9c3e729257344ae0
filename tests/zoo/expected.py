"""What a network's sources say about its gates, and how that compares with what the search gives."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree

from tests.zoo import (
    kornia,
    monai,
    pytorchcv,
    segmentation_models_pytorch,
    timm,
    torchvision,
    transformers,
    ultralytics,
)
from tests.zoo.library import Kinds, Library

LIBRARIES: dict[str, Library] = {
    table.LIBRARY.name: table.LIBRARY
    for table in (timm, torchvision, segmentation_models_pytorch, monai, kornia, pytorchcv, ultralytics, transformers)
}

OF_TORCH: dict[str, Kinds] = {
    "torch.nn.modules.activation.MultiheadAttention": ("pairwise",),
    # x times sigmoid(x), and the like, are activations.
    **{f"torch.nn.modules.activation.{name}": () for name in ("SiLU", "GELU", "Hardswish", "Mish")},
}
RULES: dict[str, Kinds] = {
    **OF_TORCH,
    **{f"{library.name}.{key}": () for library in LIBRARIES.values() for key in library.none},
    **{f"{library.name}.{key}": kinds for library in LIBRARIES.values() for key, kinds in library.gates.items()},
}
"""Full name of a class -> kinds of the gates in one call of its ``forward``; libraries use each other's classes."""


def rule(module: nn.Module) -> Kinds | None:
    """What the sources say of a module's own ``forward``; ``None`` where nothing is written."""
    # A base class says nothing about a forward that was written anew.
    written = next(cls for cls in type(module).__mro__ if "forward" in vars(cls))
    names = [f"{cls.__module__}.{cls.__qualname__}" for cls in type(module).__mro__]
    last = f"{written.__module__}.{written.__qualname__}"
    return next((RULES[n] for n in names[: names.index(last) + 1] if n in RULES), None)


def called(model: nn.Module, example: Any) -> tuple[list[tuple[str, nn.Module]], list[torch.Tensor]]:
    """The modules that run on an example, in the order in which they end, and the output's tensors."""
    calls: list[tuple[str, nn.Module]] = []
    handles = [
        module.register_forward_hook(lambda m, _i, _o, path=path: calls.append((path, m)))
        for path, module in model.named_modules()
    ]
    try:
        with torch.no_grad():
            output = run(model, example)
    finally:
        for handle in handles:
            handle.remove()
    return calls, tensors_of(output)


def run(model: nn.Module, example: Any) -> Any:
    """Call a model as ``find_gates`` does."""
    if isinstance(example, torch.Tensor):
        return model(example)
    return model(**example) if isinstance(example, Mapping) else model(*example)


def tensors_of(output: Any) -> list[torch.Tensor]:
    """All tensors of an output, whatever it is."""
    leaves = _pytree.tree_leaves(output)
    for leaf in list(leaves):
        if hasattr(leaf, "__dict__") and not isinstance(leaf, torch.Tensor):
            leaves += _pytree.tree_leaves(list(vars(leaf).values()))
    return [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]


def expected_gates(calls: Sequence[tuple[str, nn.Module]]) -> list[tuple[str, str]]:
    """(kind, path of the module that multiplies) for every gate in a pass."""
    gates = []
    for path, module in calls:
        kinds = rule(module) or ()
        kinds = kinds(module) if callable(kinds) else kinds
        gates += [(kind, path) for kind in kinds]
    return gates


SPEAKS = re.compile(
    r"sigmoid|softmax|tanh\(|clamp\(|scaled_dot_product|attention_interface|normalize\(|gat(e|ing)\w*\(|grid_sample"
)
ACTIVATIONS = (nn.Sigmoid, nn.Hardsigmoid, nn.Softmax, nn.Softmax2d, nn.Tanh)


def unread(calls: Sequence[tuple[str, nn.Module]]) -> set[str]:
    """Classes that ran and whose ``forward`` speaks of a bounded activation, but of which the tables say nothing.

    What runs inside a class of the tables was read with it. For the network itself that holds for its activations only.
    """
    known = {path for path, module in calls if rule(module) is not None}
    names = set()
    for path, module in calls:
        cls = next(c for c in type(module).__mro__ if "forward" in vars(c))
        activation = isinstance(module, ACTIVATIONS)
        if cls.__module__.startswith("torch.nn") and not activation:
            continue
        inside = path in known or any(k and path.startswith(f"{k}.") for k in known) or (activation and "" in known)
        if (activation or SPEAKS.search(_source(cls))) and not inside:
            names.add(f"{cls.__module__}.{cls.__qualname__} at {path}")
    return names


def _source(cls: type) -> str:
    try:
        text = inspect.getsource(cls.forward)
    except (OSError, TypeError):
        return ""
    return re.sub(r'(?s)""".*?"""|#[^\n]*', "", text)


def compare(expected: Sequence[tuple[str, str]], sites: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """(expected gates that were not found, sites that are none): each gate meets one site of its kind and module."""
    left, missed = list(sites), []
    for kind, path in sorted(expected, key=lambda e: -len(e[1])):
        site = next((s for s in left if s.kind == kind and _within(s, path)), None)
        if site is None:
            missed.append((kind, path))
        else:
            left.remove(site)
    return missed, left


def _within(site: Any, path: str) -> bool:
    return any(p.module == path or p.module.startswith(f"{path}.") or not path for p in (site.meets, site.exact))


def count(kinds: Sequence[str]) -> dict[str, int]:
    """How many of each kind."""
    return dict(sorted(Counter(kinds).items()))
