"""Modules that say what they compute while they compute it: the one telling of a formula.

``attnviz describe``, the shapes it prints and *Inside a gate* are all read from what a module notes in its forward.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.core.step_values import Step, Weight
from attnviz.core.types import Floats

Used = tuple[Any, ...]
"""Learned numbers of a step: ``(name, bias's name, layer, to, of)``, or ``(name, tensor, *axes)``."""
FEATURES = "features"
"""Key of the features that come in, and kind of every step that is features again."""


def numbers(tensor: Tensor) -> Floats:
    """A tensor as read-only float32."""
    values: Floats = tensor.detach().float().cpu().contiguous().numpy().copy()
    values.setflags(write=False)
    return values


@dataclass(frozen=True)
class Intermediate:
    """A value that a module noted, as a tensor with the batch in front.

    Attributes:
        key: What it is, the same for the same operation in every module.
        value: (N, …), the module's own, with the axes of ``view``.
        axes: Name of each axis after the batch's; ``"1"`` for one of size 1, ``"·"`` for ``rows``.
        kind: One of ``attnviz.core.step_values.KINDS``.
        formula: How it comes from earlier ones, in symbols.
        does: The same in a few words.
        rows: What the entries along ``"·"`` are.
        layers: Learned numbers that were used.
        worked: The formula for one number, with the keys of other steps in braces.
        part: The part of the module that noted it; ``""`` for the module itself.
    """

    key: str
    value: Tensor
    axes: tuple[str, ...]
    kind: str
    formula: str
    does: str
    rows: tuple[str, ...] = ()
    layers: tuple[Used, ...] = ()
    worked: str = ""
    part: str = ""

    def to_step(self) -> Step:
        """The same without torch; the batch must be of one."""
        named = [(axis, size) for axis, size in zip(self.axes, self.value.shape[1:], strict=True) if axis != "1"]
        values = numbers(self.value)[0].reshape([size for _, size in named])
        values.setflags(write=False)
        return Step(
            self.key,
            self.formula,
            values,
            tuple(axis for axis, _ in named),
            self.kind,
            self.rows,
            tuple(weight for used in self.layers for weight in _weights(used)),
            self.worked,
            self.part,
            self.does,
        )


def _weights(used: Used) -> list[Weight]:
    if isinstance(used[1], Tensor):
        name, tensor, *axes = used
        return [Weight(name, numbers(tensor), tuple(axes))]
    name, bias, layer, to, of = used
    weight = Weight(name, numbers(layer.weight.flatten(1)), (to, of))
    return [weight] if layer.bias is None else [weight, Weight(bias, numbers(layer.bias), (to,))]


@dataclass
class Recording:
    """What the parts of a module noted in one pass, in order."""

    steps: list[Intermediate] = field(default_factory=list)

    def source_of(self, x: Tensor) -> str:
        """Key of the noted value that a tensor is, else that of the features that came in."""
        return next((step.key for step in reversed(self.steps) if step.value is x), FEATURES)

    def add(self, value: Tensor | Sequence[Tensor], view: Sequence[int] | None, x: Tensor | None, **note: Any) -> None:
        """Keep a value: several tensors become one with an axis of rows, and ``view`` its sizes after the batch's."""
        whole = value if isinstance(value, Tensor) else torch.stack(list(value), 1)
        shaped = whole if view is None else whole.reshape(len(whole), *view)
        axes = note["axes"] = tuple(note["axes"].split())
        sizes = shaped.shape[1:]
        if len(axes) != len(sizes) or any(axis == "1" and size != 1 for axis, size in zip(axes, sizes, strict=True)):
            raise ValueError(f"step {note['key']!r} names axes {axes} of a value of shape {tuple(shaped.shape)}")
        source = FEATURES if x is None else self.source_of(x)
        note["worked"] = note["worked"].replace("{x}", f"{{{source}}}")
        if source != FEATURES:
            note["formula"] = re.sub(r"\bx\b", "x′", note["formula"])
        self.steps.append(Intermediate(value=shaped, **note))


class Stepwise(nn.Module):
    """A module whose forward notes its intermediate values with ``step``; nothing is kept but in ``recording``."""

    _recording: Recording | None = None
    _part: str = ""

    def step(
        self,
        key: str,
        value: Tensor | Sequence[Tensor],
        axes: str,
        kind: str,
        formula: str,
        does: str,
        *,
        rows: tuple[str, ...] = (),
        layers: tuple[Used, ...] = (),
        worked: str = "",
        view: Sequence[int] | None = None,
        x: Tensor | None = None,
    ) -> None:
        """Note a value of this pass.

        Args:
            key: What it is, the same for the same operation in every module; texts are found by it.
            value: (N, …), or several of one shape, which become rows.
            axes: Name of each axis after the batch's, e.g. ``"C 1 1"``; ``"1"`` has size 1, ``"·"`` is for rows.
            kind: How it is looked at: one of ``attnviz.core.step_values.KINDS``.
            formula: How it comes from earlier values, in symbols; ``_{…}`` is written below the line.
            does: The same in a few words, for ``attnviz describe``.
            rows: What the entries along ``"·"`` are.
            layers: Learned numbers used here: ``(name, bias's name, layer, to, of)`` or ``(name, tensor, *axes)``.
            worked: The formula for one number: keys of other steps in braces, ``{here}`` for this one's value and
                ``{x}`` for that of the features.
            view: Sizes after the batch's in which it is looked at, where they are not its own.
            x: The features that the formula calls x: what the module was given, or what an earlier part made of it.
        """
        if self._recording is not None:
            self._recording.add(
                value, view, x, key=key, axes=axes, kind=kind, formula=formula, does=does, rows=rows, layers=layers,
                worked=worked, part=self._part,
            )  # fmt: skip


@contextmanager
def recording(module: nn.Module) -> Iterator[Recording]:
    """Record what a module and its parts note; every pass in the context adds to the recording."""
    recorded, parts = Recording(), []
    try:
        for path, part in module.named_modules():
            if isinstance(part, Stepwise):
                part._recording, part._part = recorded, path.partition(".")[0]
                parts.append(part)
        yield recorded
    finally:
        for part in parts:
            del part._recording, part._part


def record(module: nn.Module, x: Tensor) -> tuple[Tensor, tuple[Intermediate, ...]]:
    """One pass through a module: what it gives, and its steps from the features to that.

    A module that notes nothing, or not its last value, has the features and its output as steps all the same.

    Args:
        module: Any module that maps features to a tensor.
        x: (N, C, H, W) or (N, C, D, H, W).
    """
    with recording(module) as recorded:
        output: Tensor = module(x)
    layout = "C D H W" if x.ndim == 5 else "C H W"
    first = Intermediate(FEATURES, x, tuple(layout.split()), FEATURES, "x", "features", worked="x = {here}")
    steps = [first, *recorded.steps]
    if not recorded.steps or steps[-1].value is not output:
        same = output.shape == x.shape
        names = layout.split() if same else ["1" if size == 1 else f"{size}" for size in output.shape[1:]]
        names = [*(["C"] if output.shape[1] == x.shape[1] else names[:1]), *names[1:]]
        kind = FEATURES if same else "maps" if math.prod(output.shape[2:]) > 1 else "bars"
        key = "unchanged" if output is x else "output"
        steps.append(Intermediate(key, output, tuple(names), kind, "y = f(x)", "what the module gives"))
    return output, tuple(steps)
