"""A network as a line of blocks, read from one pass: its modules in their order, their shapes, sums of two maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.core.outline import Unit
from attnviz.core.sites import GateSite
from attnviz.gates import ops
from attnviz.models.modes import in_eval_mode

_SUMS = (torch.ops.aten.add.Tensor, torch.ops.aten.add_.Tensor)


@dataclass
class _Call:
    """One call of one module."""

    path: str
    kind: type
    children: list[_Call] = field(default_factory=list)
    shape: tuple[int, ...] = ()
    adds: bool = False

    def walk(self) -> Iterator[_Call]:
        return chain((self,), *(child.walk() for child in self.children))


class _Sums(ops.EagerMode):
    """Notes in which call two maps of features of one shape are added: neither a bias nor a vector is such a map."""

    def __init__(self, stack: list[_Call]) -> None:
        super().__init__()
        self.stack = stack

    def see(self, func: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        if func in _SUMS and all(isinstance(a, Tensor) for a in args[:2]):
            a, b = args[0].shape, args[1].shape
            if a == b and len(a) >= 3 and a[2:].numel() > 1:
                self.stack[-1].adds = True
        return ops.run(func, args, keywords)


def outline(model: nn.Module, example: Any, sites: Sequence[GateSite] = ()) -> tuple[Unit, ...]:
    """Blocks and layers of a network from the input to the answer, with its gates in place.

    A block is a module in which two maps of features are added (a shortcut), and any module of the same class; where a
    network has no such sums, a module whose maps all have one size. Everything else is opened, and layers in a row
    are folded up as long as their maps keep their size.

    Args:
        model: Any network; it is in eval mode during the pass, and in its own mode afterwards.
        example: Its input, (N, C, H, W).
        sites: Its gates, as ``find_gates`` lists them.

    Returns:
        The pieces in the order in which they act; each gate is in exactly one of them. Only the gates in one piece
        where no module is called (a scripted network).
    """
    root = _calls(model, example)
    units = _folded(_opened(root, {call.kind for call in root.walk() if call.adds and call is not root}))
    return _with_gates(units or [Unit("", 0, False, False, root.shape)], sites)


def _calls(model: nn.Module, example: Any) -> _Call:
    """The tree of calls of one pass."""
    root = _Call("", type(model))
    stack = [root]

    def enter(path: str, module: nn.Module) -> None:
        call = _Call(path, type(module))
        stack[-1].children.append(call)
        stack.append(call)

    def leave(output: Any) -> None:
        call = stack.pop()
        first = output[0] if isinstance(output, (tuple, list)) and output else output
        call.shape = tuple(first.shape[1:]) if isinstance(first, Tensor) else ()

    with ExitStack() as hooks, torch.no_grad(), in_eval_mode(model):
        for path, module in model.named_modules():
            if path:
                before = module.register_forward_pre_hook(lambda m, _, path=path: enter(path, m))
                hooks.callback(before.remove)
                hooks.callback(module.register_forward_hook(lambda _m, _i, output: leave(output)).remove)
        with _Sums(stack):
            output = model(example)
    stack.append(root)
    leave(output)
    return root


def _opened(call: _Call, blocks: set[type]) -> Iterator[_Call]:
    """The calls that stand in the line: blocks as they are, everything that holds them opened."""
    for child in call.children:
        inner = list(child.walk())[1:]
        if not inner or child.kind in blocks:
            yield child
        elif any(each.kind in blocks for each in inner) or len({_cells(each.shape) for each in inner} - {()}) > 1:
            yield from _opened(child, blocks)
        else:
            yield child


def _cells(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if len(shape) >= 3 and max(shape[1:]) > 1 else ()


def _folded(calls: Iterator[_Call]) -> list[Unit]:
    """Layers in a row whose maps have one size become one piece."""
    units: list[Unit] = []
    for call in calls:
        layers = sum(not each.children for each in call.walk())
        adds = any(each.adds for each in call.walk())
        block = adds or any(child.children for child in call.children)
        unit = Unit(call.path, layers, block, adds, call.shape)
        last = units[-1] if units else None
        if not block and last is not None and not last.block and _cells(last.shape) == _cells(unit.shape):
            units[-1] = replace(last, layers=last.layers + layers, shape=unit.shape or last.shape)
        else:
            units.append(unit)
    return units


def _with_gates(units: list[Unit], sites: Sequence[GateSite]) -> tuple[Unit, ...]:
    """Each gate in the piece that holds it by its path; one that none holds, where the gate before it is."""
    inside: list[list[str]] = [[] for _ in units]
    at = 0
    for site in sites:
        path = site.owner.partition("#")[0] or site.name
        held = [i for i, unit in enumerate(units) if f"{path}.".startswith(f"{unit.name}.") or _within(unit, path)]
        at = held[0] if held else at
        inside[at].append(site.name)
    return tuple(replace(unit, gates=tuple(names)) for unit, names in zip(units, inside, strict=True))


def _within(unit: Unit, path: str) -> bool:
    """Whether layers in a row belong to the module that the path names."""
    return not unit.block and bool(path) and unit.name.startswith(f"{path}.")
