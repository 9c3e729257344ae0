"""Why something is a gate, or is none: what the search thought of every product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from attnviz.core.sites import GateSite, Place
from attnviz.gates.discover import search_for_gates
from attnviz.gates.ops import without_pattern
from attnviz.models.fit_state import plain_path


@dataclass(frozen=True)
class Explanation:
    """What the search thought of one product.

    Attributes:
        place: Where the product is.
        shapes: Shapes of the tensors that meet there, as they came.
        sites: The gates that it gave; empty if it gave none.
        reason: Why it gave none; empty if it gave some.
    """

    place: Place
    shapes: tuple[tuple[int, ...], ...]
    sites: tuple[GateSite, ...]
    reason: str


def explain_search(model: nn.Module, example: Any, *, unbounded: bool = False) -> tuple[Explanation, ...]:
    """For every product that ``find_gates`` considers, in the order of the pass, why it is a gate or not.

    The answer to "why was mine not found?". Considered are products, sums and matrix products of two values that
    depend on the input, and what samples at predicted places; products with parameters are not, unless the other
    factor is bounded.

    Args:
        model: As for ``find_gates``.
        example: As for ``find_gates``.
        unbounded: As for ``find_gates``.

    Raises:
        UserError: As for ``find_gates``.
    """
    sites, ledger = search_for_gates(model, example, unbounded, explain=True)
    by_number = dict(zip(ledger.findings, sites, strict=True))
    return tuple(
        Explanation(c.place, c.shapes, gates, "" if gates else c.reason)
        for c in ledger.considered
        for gates in [tuple(by_number[n] for n in sorted(c.numbers) if n in by_number)]
    )


def as_rows(explanations: Sequence[Explanation]) -> list[dict[str, Any]]:
    """Plain values for JSON."""
    return [
        {
            "module": plain_path(e.place.module),
            "operation": _operation(e.place),
            "shapes": e.shapes,
            "sites": [site.name for site in e.sites],
            "reason": e.reason,
        }
        for e in explanations
    ]


def as_text(explanations: Sequence[Explanation]) -> str:
    """Two lines a product: where it is and what meets there, and what it is or why it is none."""
    lines = []
    for explanation in explanations:
        place, call = explanation.place, explanation.place.call
        module = plain_path(place.module) or "the model"
        shapes = " and ".join("×".join(map(str, shape)) or "a number" for shape in explanation.shapes)
        lines.append(f"{module}{f', call {call}' if call > 1 else ''}: {_operation(place)} of {shapes}")
        gates = ", ".join(f"{site.name} ({site.kind})" for site in explanation.sites)
        lines.append(f"    gate {gates}" if gates else f"    no gate: {explanation.reason}")
    return "\n".join(lines) or "no two values that depend on the input meet in this model"


def _operation(place: Place) -> str:
    return f"{without_pattern(place.op)} {place.index}"
