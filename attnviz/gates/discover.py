"""Finding the gates of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.core.sites import GateSite, Place
from attnviz.gates.containers import tensors_within
from attnviz.gates.force_eager import force_eager
from attnviz.gates.fused import NESTED
from attnviz.gates.ledger import Finding, Ledger
from attnviz.gates.names import describe, holder, name_sites
from attnviz.gates.paths import refuse_lazy, refuse_script, unwrapped
from attnviz.gates.search import GateSearch
from attnviz.gates.session import lease
from attnviz.models.modes import in_eval_mode
from attnviz.models.network import Network

_found: WeakKeyDictionary[nn.Module, tuple[GateSite, ...]] = WeakKeyDictionary()
"""Result of the last search of every living model, so that sites can be given by name."""


def known_sites(model: nn.Module) -> tuple[GateSite, ...]:
    """What the last ``find_gates`` found in a model; empty before the first."""
    return _found.get(unwrapped(model), ())


def find_gates(model: nn.Module | Network, example: Any = None, *, unbounded: bool = False) -> tuple[GateSite, ...]:
    """Run one example and list the gates in the order in which they act.

    attnviz's own modules report their gates themselves. Everywhere else gates are found by data flow: a
    multiplication is a gate if both operands depend on the input, one is repeated where the other is not (or lies
    between 0 and 1), and that one is bounded, however it came to its bounds (``attnviz.gates.bounding``): also by a
    comparison of bounded or learned values, where it is repeated.
    Weights that meet values in a matrix product, weights of experts' kernels, added context terms, spatial
    transformers and deformable convolutions have rules of their own (``attnviz.gates.rules``). Softmax weights that
    a learned layer mixes before they meet values (talking heads) are no gates; nor are products without a bound
    (focal modulation, gMLP), if they are not asked for. ``explain_search`` says why something was not found.
    Examples may lie along another axis than the first, as in (L, N, C), where operations that are known put them there.

    Args:
        model: Any network; it is run in eval mode without gradients, and its modes are put back afterwards.
        example: What the model is called with: a tensor (N in front), a sequence of positional arguments, a
            mapping of keyword arguments, or any other object that holds tensors; a ``Network`` has its own. Maps should
            stay larger than 1×1 up to the last gate, else a gate cannot be told from a product of two vectors.
        unbounded: Whether repeated weights count that have no bound (after ReLU, PReLU or nothing).

    Returns:
        The sites, empty where the model has no gates. Two searches give the same sites.

    Raises:
        UserError: ``model`` is no module, or a part of it is one of torch.jit, or it fails on the example, or its
            gates are being edited.
    """
    return search_for_gates(model, example, unbounded)[0]


def search_for_gates(
    model: nn.Module | Network, example: Any, unbounded: bool = False, explain: bool = False
) -> tuple[tuple[GateSite, ...], Ledger]:
    """As ``find_gates``, with what was thought of every product; the n-th site is the n-th finding there."""
    if isinstance(model, Network):
        example = model.example() if example is None else example
        model = model.module
    if not isinstance(model, nn.Module):
        raise UserError(f"find_gates needs a torch.nn.Module, got {type(model).__name__}")
    inner = unwrapped(model)
    for path, module in inner.named_modules():
        refuse_script(path, module)
        refuse_lazy(path, module)
    args, keywords = _arguments(example)
    tensors = tensors_within((args, keywords))
    if not tensors:
        raise UserError(f"find_gates needs an example with at least one tensor, got {type(example).__name__}")
    if all(t.numel() == 0 for t in tensors):
        raise UserError("find_gates needs an example with at least one picture in it; all its tensors are empty")
    search = GateSearch(inner, tensors, unbounded, explain)
    with lease(inner) as session, torch.no_grad(), in_eval_mode(inner), force_eager(), search.watch():
        if any(group.edits for group in session.passes.groups):
            raise UserError(f"gates of this {type(inner).__name__} cannot be searched while some of them are edited")
        session.prepared = None  # names may stand for other sites from here on
        try:
            # some networks draw lots in eval mode too: whoever has set a seed goes on with the same numbers
            with _unchanged(tensors), torch.random.fork_rng(_cuda(tensors)), search:
                inner(*_fresh(args), **_fresh(keywords))
        except Exception as error:
            if "NestedTensorImpl" in str(error):
                raise UserError(NESTED) from error
            if "HigherOrderOperator" in str(error):
                raise UserError(
                    f"{type(inner).__name__} runs a higher-order operator (flex_attention, torch.cond …), in which no "
                    f"operation can be followed: {error}"
                ) from error
            shapes = ", ".join(str(tuple(t.shape)) for t in tensors)
            raise UserError(
                f"{type(inner).__name__} fails on the example of shape {shapes}: {type(error).__name__}: {error}"
            ) from error
    findings = [replace(f, over=search.over(f)) for f in search.ledger.settled().values()]
    sites = _sites(findings, search, {path for path, _ in inner.named_modules()})
    _found[inner] = sites
    return sites, search.ledger


def _fresh(value: Any) -> Any:
    """The same tensors in lists and dictionaries of their own: some networks write into those that they are given."""
    if type(value) in (list, tuple):
        return type(value)(map(_fresh, value))
    return {key: _fresh(part) for key, part in value.items()} if type(value) is dict else value


def _cuda(tensors: Sequence[Tensor]) -> list[int]:
    """The graphics cards that hold some tensors."""
    return sorted({tensor.get_device() for tensor in tensors if tensor.is_cuda})


@contextmanager
def _unchanged(tensors: Sequence[Tensor]) -> Iterator[None]:
    """Put back what a network writes to the tensors that it is given (``x *= 255``)."""
    mine = [t for t in tensors if not t.is_inference() or torch.is_inference_mode_enabled()]
    before = [(t.clone(), -1 if t.is_inference() else t._version) for t in mine]
    try:
        yield
    finally:
        for tensor, (copy, version) in zip(mine, before, strict=True):
            # tensors of inference mode do not say whether they were written to
            if not torch.equal(tensor, copy) if tensor.is_inference() else tensor._version != version:
                tensor.copy_(copy)


def _arguments(example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(example, Tensor):
        return (example,), {}
    if isinstance(example, Mapping):
        return (), dict(example)
    if isinstance(example, (tuple, list)):
        return tuple(example), {}
    if tensors_within(example):
        return (example,), {}
    raise UserError(
        f"an example is a tensor, a sequence, a mapping or an object that holds tensors, got {type(example).__name__}"
    )


def _for_one(shape: Sequence[int], batch: int, axis: int = 0) -> tuple[int, ...]:
    """Shape for a batch of one, examples in front; groups may be folded into the batch axis."""
    if not shape:
        return (1,)
    first, rest = shape[axis], (*shape[:axis], *shape[axis + 1 :])
    return (first // batch if first % batch == 0 else first, *rest)


def _sites(findings: Sequence[Finding], search: GateSearch, paths: set[str]) -> tuple[GateSite, ...]:
    """Give findings names, and choose the lightest mechanism for each."""
    # parameters that are met may belong to a layer of their own, which holds no gate
    owners = [f.exact if f.exact.op == "tap" or f.shared else f.meets for f in findings]
    names = name_sites(owners, [f.kind for f in findings], paths)
    return tuple(_site(name, finding, search) for name, finding in zip(names, findings, strict=True))


def _site(name: str, finding: Finding, search: GateSearch) -> GateSite:
    batch, rows = search.examples, finding.shape[finding.batch] if finding.shape else 1

    def counted(place: Place) -> Place:
        total = search.totals[place.module, place.call][place.op]
        shape = search.shapes.get(place, ())
        rows = shape[0] // batch if shape and not finding.batch and shape[0] % batch == 0 else 0
        return replace(place, calls=search.calls[place.module], total=total, rows=rows, rank=len(shape))

    place = finding.exact
    if finding.output is not None and search.uses[finding.output] == 1:
        place = Place(finding.output.module, finding.output.call, "output")
    features = finding.features if finding.shared else _for_one(finding.features, batch, finding.features_batch)
    axis, channels = finding.axis, finding.channels if len(finding.shape) == len(finding.features) else None
    if axis is not None and axis < finding.batch:
        axis += 1  # the axis of the examples comes in front
    if channels is not None and channels < finding.batch:
        channels += 1
    return GateSite(
        name,
        finding.kind,
        _for_one(finding.shape, batch, finding.batch),
        features,
        describe(place, finding.kind),
        axis,
        counted(place),
        counted(finding.exact),
        counted(finding.meets),
        finding.batch,
        finding.over,
        holder(finding.meets),
        finding.residual,
        finding.even,
        channels,
        finding.batch > 0 or search.is_grouped(finding.exact),
        search.sides if rows % batch == 0 else (),
    )


def contents(model: nn.Module) -> str:
    """How many modules of which types a model has: ``"53 Conv2d, 53 BatchNorm2d"``."""
    types = Counter(type(m).__name__ for m in model.modules() if not list(m.children()))
    return ", ".join(f"{count} {name}" for name, count in types.most_common(8)) or "no modules"


def what_it_has(model: nn.Module) -> str:
    """A sentence for a model without gates: how many modules of which types it has."""
    return f"this model has no attention gates; here is what it has: {contents(model)}"
