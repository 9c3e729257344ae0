"""One attention type, spelled out for features of a given size: formula, shapes, parameters, paper."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from attnviz.attention import ATTENTION
from attnviz.attention.description import arithmetic, description_of, printed
from attnviz.attention.stepwise import Intermediate, record
from attnviz.core.errors import UserError

DEPTH = 4
"""D of the features for types in their form for volumes."""


@dataclass(frozen=True)
class Stage:
    """One step of a mechanism, without its values.

    Attributes:
        does: What happens.
        formula: The same in symbols.
        symbolic: Resulting shape in letters, e.g. ``"N, C, 1, 1"``.
        shape: The same in numbers, with N = 1.
    """

    does: str
    formula: str
    symbolic: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Described:
    """What ``attnviz describe`` prints.

    Attributes:
        name: Key of ``ATTENTION``.
        title: Name of the mechanism.
        formula: What it computes.
        paper: Where it was published.
        symbols: The numbers behind the letters.
        steps: From features to features, as the module notes them while it runs.
        parameter_formula: Number of parameters in closed form.
        parameters: That number.
    """

    name: str
    title: str
    formula: str
    paper: str
    symbols: Mapping[str, int]
    steps: tuple[Stage, ...]
    parameter_formula: str
    parameters: int

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)

    def as_text(self) -> str:
        """Several lines for a terminal."""
        letters = ", ".join(f"{letter} = {number}" for letter, number in self.symbols.items())
        symbolic = [f"({step.symbolic})" for step in self.steps]
        numeric = [f"({', '.join(['N', *map(str, step.shape[1:])])})" for step in self.steps]
        wide, wider = max(map(len, symbolic)), max(map(len, numeric))
        lines = [
            f"{self.name}: {self.title}",
            f"paper    {self.paper}",
            f"formula  {self.formula}",
            f"with     {letters}",
        ]
        for number, (step, left, right) in enumerate(zip(self.steps, symbolic, numeric, strict=True), 1):
            lines.append(f"{number:>3}  {left:<{wide}}  {right:<{wider}}  {step.does}")
        return "\n".join([*lines, f"parameters  {self.parameter_formula} = {self.parameters:,}"])


def _stage(noted: Intermediate) -> Stage:
    shape = tuple(noted.value.shape)
    letters = [str(size) if axis == "·" else axis for axis, size in zip(noted.axes, shape[1:], strict=True)]
    return Stage(noted.does, noted.formula, ", ".join(["N", *letters]), (1, *shape[1:]))


def _built(name: str, channels: int, options: Mapping[str, Any]) -> nn.Module:
    """A module without numbers; a type that needs the number of classes has that of its example."""
    make = ATTENTION[name]
    needed = {key: value for key, value in description_of(make).example.items() if key == "num_classes"}
    try:
        with torch.device("meta"):
            return make(channels, **{**needed, **options}).eval()
    except TypeError as error:
        raise UserError(f"{name} cannot be built: {error}") from error


def describe(
    name: str, channels: int = 64, height: int = 32, width: int = 32, options: Mapping[str, Any] | None = None
) -> Described:
    """Describe an attention type for features (N, C, H, W).

    The module runs once without numbers (on torch's meta device), and its steps are what it notes.

    Args:
        name: A key of ``ATTENTION``.
        channels: C, at least 1.
        height: H, at least 1.
        width: W, at least 1.
        options: Keyword arguments of the type.

    Raises:
        UserError: The type or an option is not known, or a number is outside its limits.
    """
    description = description_of(ATTENTION[name])
    if not all(isinstance(side, int) and side >= 1 for side in (height, width)):
        raise UserError(f"height and width must be whole numbers of at least 1, got {height!r} and {width!r}")
    module = _built(name, channels, options or {})
    place = {**({"D": DEPTH} if (options or {}).get("dims") == 3 else {}), "H": height, "W": width}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", RuntimeWarning)  # that keys are pooled is one of the steps
        _, steps = record(module, torch.empty(1, channels, *place.values(), device="meta"))
    symbols = {**description.symbols(module, height, width), **place}
    return Described(
        name=name,
        title=description.title,
        formula=description.formula,
        paper=description.paper,
        symbols=symbols,
        steps=tuple(_stage(step) for step in steps),
        parameter_formula=printed(description.parameters),
        parameters=arithmetic(description.parameters, {**symbols, "N": 1}),
    )
