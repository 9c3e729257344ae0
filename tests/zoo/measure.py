"""One architecture measured: what the sources say, what the search finds, and what capturing changes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from tests.zoo.expected import called, compare, count, expected_gates, run, tensors_of, unread
from tests.zoo.library import Library


def measure(library: Library, name: str) -> dict[str, Any]:
    """Everything about one architecture that ``results/zoo.json`` holds.

    A gate counts as found when a site has its kind and acts in its module; ``missed`` and ``false`` hold all others.
    """
    model, example = library.build(name)
    torch.manual_seed(0)  # the few networks that draw numbers while they run draw the same ones each time
    calls, plain = called(model, example)
    expected = expected_gates(calls)
    row: dict[str, Any] = {"expected": count([kind for kind, _ in expected]), "unread": sorted(unread(calls))}
    started = time.perf_counter()
    try:
        sites = find_gates(model, example)
        row["seconds"] = round(time.perf_counter() - started, 2)
        missed, false = compare(expected, sites)
        row |= {"found": count([s.kind for s in sites]), "missed": missed}
        row["false"] = [(s.kind, s.name, s.how, list(s.shape), list(s.features)) for s in false]
        row["names_unique"] = len({s.name for s in sites}) == len(sites)
        torch.manual_seed(0)
        with torch.no_grad(), capture(model, sites):
            captured = tensors_of(run(model, example))
        row["outputs_identical"] = same(plain, captured)
    except Exception as error:  # what it raises is a result
        row |= {"found": {}, "missed": expected, "false": [], "error": f"{type(error).__name__}: {error}"[:400]}
    return row


def same(first: Sequence[torch.Tensor], second: Sequence[torch.Tensor]) -> bool:
    """Bit for bit, NaN where NaN is."""
    return len(first) == len(second) and all(
        a.shape == b.shape and torch.equal(a.nan_to_num(0.125), b.nan_to_num(0.125))
        for a, b in zip(first, second, strict=True)
    )


def summary(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Recall and precision over gates, ``None`` where there is nothing to divide by."""
    expected = sum(sum(row["expected"].values()) for row in rows.values())
    sites = sum(sum(row["found"].values()) for row in rows.values())
    right = expected - sum(len(row["missed"]) for row in rows.values())
    return {
        "architectures": len(rows),
        "gates": expected,
        "sites": sites,
        "recall": round(right / expected, 5) if expected else None,
        "precision": round(right / sites, 5) if sites else None,
        "exact": sum(not row["missed"] and not row["false"] for row in rows.values()),
        "errors": sum("error" in row for row in rows.values()),
    }
