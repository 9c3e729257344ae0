"""Finding the gates of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.core.types import GateSite, Place
from attnviz.gates import ops
from attnviz.gates.flow import Output
from attnviz.gates.force_eager import force_eager
from attnviz.gates.names import describe, holder, name_sites
from attnviz.gates.rules import Finding
from attnviz.gates.search import Search
from attnviz.gates.session import lease, unwrapped

_found: WeakKeyDictionary[nn.Module, tuple[GateSite, ...]] = WeakKeyDictionary()
"""Result of the last search of every living model, so that sites can be given by name."""


@contextmanager
def in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Put a model into eval mode and every module of it back into its own mode afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        yield
    finally:
        for module, training in modes:
            module.training = training


def known_sites(model: nn.Module) -> tuple[GateSite, ...]:
    """What the last ``find_gates`` found in a model; empty before the first."""
    return _found.get(unwrapped(model), ())


def find_gates(model: nn.Module, example: Tensor | Sequence[Any] | Mapping[str, Any]) -> tuple[GateSite, ...]:
    """Run one example and list the gates in the order in which they act.

    attnviz's own modules report their gates themselves. Everywhere else gates are found by data flow: a
    multiplication is a gate if both operands depend on the input, one is repeated where the other is not, and
    that one descends from a bounded activation through shape, resize and constant scale or shift operations only.
    Softmax weights that meet values in a matrix product, added context terms and spatial transformers have
    rules of their own (``attnviz.gates.rules``). Softmax weights that a learned layer mixes before they meet values
    (talking heads), and products without a bound (focal modulation, gMLP), are no gates.

    Args:
        model: Any network; it is run in eval mode without gradients, and its modes are put back afterwards.
        example: What the model is called with: a tensor (N in front), a sequence of positional arguments, or a
            mapping of keyword arguments. Maps should stay larger than 1×1 up to the last gate, else a gate
            cannot be told from a product of two vectors.

    Returns:
        The sites, empty where the model has no gates. Two searches give the same sites.

    Raises:
        UserError: ``model`` is no module, or it fails on the example.
    """
    if not isinstance(model, nn.Module):
        raise UserError(f"find_gates needs a torch.nn.Module, got {type(model).__name__}")
    inner = unwrapped(model)
    args, keywords = _arguments(example)
    tensors = ops.tensors_in((args, keywords))
    if not tensors:
        raise UserError(f"find_gates needs an example with at least one tensor, got {type(example).__name__}")
    search = Search(inner, tensors)
    with lease(inner) as session, torch.no_grad(), in_eval_mode(inner), force_eager(), search.watch():
        session.prepared = None  # names may stand for other sites from here on
        try:
            with search:
                inner(*args, **keywords)
        except Exception as error:
            shapes = ", ".join(str(tuple(t.shape)) for t in tensors)
            raise UserError(
                f"{type(inner).__name__} fails on the example of shape {shapes}: {type(error).__name__}: {error}"
            ) from error
    batch = tensors[0].shape[0] if tensors[0].ndim else 1
    sites = _sites(search.findings, search.uses, {path for path, _ in inner.named_modules()}, batch)
    _found[inner] = sites
    return sites


def _arguments(example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(example, Tensor):
        return (example,), {}
    if isinstance(example, Mapping):
        return (), dict(example)
    if isinstance(example, (tuple, list)):
        return tuple(example), {}
    raise UserError(f"an example is a tensor, a sequence or a mapping, got {type(example).__name__}")


def _for_one(shape: Sequence[int], batch: int) -> tuple[int, ...]:
    """Shape for a batch of one; groups may be folded into the batch axis."""
    if not shape:
        return (1,)
    return (shape[0] // batch if shape[0] % batch == 0 else shape[0], *shape[1:])


def _sites(findings: Sequence[Finding], uses: Counter[Output], paths: set[str], batch: int) -> tuple[GateSite, ...]:
    """Give findings names, and choose the lightest mechanism for each."""
    names = name_sites([f.exact if f.exact.op == "tap" else f.meets for f in findings], paths)
    sites = []
    for name, found in zip(names, findings, strict=True):
        place = found.exact
        if found.output is not None and uses[found.output] == 1:
            place = Place(found.output.module, found.output.call, "output")
        shape, features = _for_one(found.shape, batch), _for_one(found.features, batch)
        how = describe(place, found.kind)
        where = (place, found.exact, found.meets)
        sites.append(GateSite(name, found.kind, shape, features, how, found.axis, *where, found.over, holder(where[2])))
    return tuple(sites)


def contents(model: nn.Module) -> str:
    """How many modules of which types a model has: ``"53 Conv2d, 53 BatchNorm2d"``."""
    types = Counter(type(m).__name__ for m in model.modules() if not list(m.children()))
    return ", ".join(f"{count} {name}" for name, count in types.most_common(8)) or "no modules"


def what_it_has(model: nn.Module) -> str:
    """A sentence for a model without gates: how many modules of which types it has."""
    return f"this model has no attention gates; here is what it has: {contents(model)}"
