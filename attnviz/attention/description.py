"""What an attention type says about itself: formula, shapes, parameter count and paper, as plain data."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from attnviz.core.errors import UserError

_OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Description:
    """One attention type in words and formulas; symbols are written once and shown both as letters and as numbers.

    Attributes:
        title: Name of the mechanism.
        formula: What it computes, on one line or a few.
        paper: Authors, year and arXiv number or venue.
        symbols: ``(module, H, W)`` to the numbers behind the letters, e.g. ``{"C": 64, "h": 4}``; N, H and W
            are added to them.
        parameters: Number of parameters as arithmetic over the symbols, e.g. ``"2*C*h"``.
        example: Options of an example, where the type needs more than C, or its own defaults would show nothing.
        set_by_hand: What ``start_visible`` sets in such an example, as a sentence.
    """

    title: str
    formula: str
    paper: str
    symbols: Callable[[Any, int, int], dict[str, int]]
    parameters: str
    example: Mapping[str, Any] = field(default_factory=dict)
    set_by_hand: str = ""


def description_of(kind: type[Any]) -> Description:
    """What an attention type says about itself.

    Raises:
        UserError: It says nothing.
    """
    description = getattr(kind, "DESCRIPTION", None)
    if not isinstance(description, Description):
        raise UserError(f"attention type {kind.__name__} has no DESCRIPTION")
    return description


def arithmetic(text: str, symbols: Mapping[str, int]) -> int:
    """Value of whole-number arithmetic such as ``"2*C*h + C"``; names are looked up, nothing is executed."""
    return _value(ast.parse(text, mode="eval").body, symbols)


def _value(node: ast.expr, symbols: Mapping[str, int]) -> int:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, symbols), _value(node.right, symbols))
    if isinstance(node, ast.Name):
        return symbols[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    raise ValueError(f"a formula has whole numbers, names, + - * // ** and brackets, got {ast.unparse(node)}")


def printed(text: str) -> str:
    """Arithmetic as people read it: ``"2*k**2"`` becomes ``"2·k^2"``."""
    return text.replace("**", "^").replace("*", "·")
