"""What an attribution method says about itself, and what it is given when it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from attnviz.core.checks import is_number
from attnviz.core.errors import UserError, nearest
from attnviz.explain.attribution.probe import Probe

Cost = Literal["instant", "seconds", "slow"]


@dataclass(frozen=True)
class Parameter:
    """One thing that a person may choose: a number between limits, or one of some words.

    Attributes:
        name: Keyword of ``attribute``.
        title: What people see.
        default: Used where nothing is given; an int makes it a whole number.
        low: Smallest number.
        high: Largest number.
        step: Of a slider.
        choices: The words, for a parameter that is no number.
    """

    name: str
    title: str
    default: int | float | str
    low: int | float = 0
    high: int | float = 0
    step: int | float = 1
    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> int | float | str:
        """Return a value that may be used, else raise ``UserError`` with the limits."""
        if self.choices:
            if not isinstance(value, str) or value not in self.choices:
                raise UserError(f"unknown {self.name} {value!r}; {nearest(value, self.choices)}")
            return value
        whole = isinstance(self.default, int)
        if not is_number(value, self.low, self.high) or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            raise UserError(f"{self.name} must be {kind} in {self.low}..{self.high}, got {value!r}")
        return int(value) if whole else float(value)


@dataclass(frozen=True)
class Task:
    """What a method is given.

    Attributes:
        forward: The model: (n, C, H, W) -> logits (n, K). It reports progress and raises when cancelled.
        x: (1, C, H, W), a tensor of the method's own.
        target: Class, 0..K-1.
        layer: The module whose feature map is asked for, for methods that are ``layered``.
        values: A checked value for every parameter.
        batch: Most examples that ``forward`` may be given at once.
        expect: Tell how many examples ``forward`` will be given in all, for the progress.
    """

    forward: Callable[[Tensor], Tensor]
    x: Tensor
    target: int
    layer: nn.Module | None
    values: Mapping[str, Any]
    batch: int
    expect: Callable[[int], None]


@dataclass(frozen=True)
class Method:
    """An attribution method.

    Attributes:
        title: What people see.
        paper: Authors, year and arXiv number.
        cost: ``instant`` (one pass), ``seconds`` (some dozens) or ``slow`` (hundreds).
        signed: Whether negative values mean "speaks against the class"; otherwise values are ≥ 0.
        run: Computes the map, (H, W) of the input.
        parameters: What a person may choose.
        layered: Whether it looks at a feature map, the last one unless a layer is named.
        gradient: Whether it needs the model's gradient.
        of_class: Whether the map depends on the class.
        cells: From the parameters and (H, W), the grid at which it looks, where that is neither every pixel nor
            the layer's.
    """

    title: str
    paper: str
    cost: Cost
    signed: bool
    run: Callable[[Task], Tensor]
    parameters: tuple[Parameter, ...] = ()
    layered: bool = False
    gradient: bool = True
    of_class: bool = True
    cells: Callable[[Mapping[str, Any], Sequence[int]], tuple[int, int]] | None = None

    def refuses(self, seen: Probe) -> str | None:
        """The reason why it cannot explain a model that was probed, in one sentence, or ``None``."""
        if seen.classes is None:
            return f"the model's output is {seen.output}; {self.title} needs one score for every class, (N, K)."
        if self.gradient and not seen.differentiable:
            return f"the model's scores have no gradient with respect to its input; {self.title} needs one."
        if self.layered and seen.layer is None:
            return f"the model has no map of features (N, C, H, W), H, W > 1, in deeper layers; {self.title} needs one."
        return None

    def check(self, given: Mapping[str, Any]) -> dict[str, int | float | str]:
        """A value for every parameter; ``UserError`` on a wrong one and on one that there is not."""
        by_name = {p.name: p for p in self.parameters}
        for name in given:
            if name not in by_name:
                raise UserError(f"{self.title} has no parameter {name!r}; {nearest(name, by_name)}")
        return {name: p.check(given.get(name, p.default)) for name, p in by_name.items()}
