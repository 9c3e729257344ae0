"""How far the pictures of one photograph can be trusted: what the app and the library ask of ``faithfulness``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import nn

from attnviz.analysis.analyser import Analyser, as_floats
from attnviz.core.checks import whole
from attnviz.core.errors import Cancelled, UserError
from attnviz.core.types import Attribution, Floats, PreparedImage
from attnviz.explain.attribution import attribute
from attnviz.explain.faithfulness.agreement import rank_correlation
from attnviz.explain.faithfulness.curves import Protocol, curves
from attnviz.explain.faithfulness.maps import centre_map, check_map, random_map, upsample
from attnviz.explain.faithfulness.results import Judged, Trust
from attnviz.explain.faithfulness.sanity import cascade
from attnviz.explain.faithfulness.study import Plan, Study
from attnviz.gates.capture import capture

CENTRE = "centre"
SEEDS = (1, 99)
ENOUGH = 19
"""Random maps of every grain: a map that beats all of them would do so by chance on 1 photograph in 20."""
QUICK = Protocol(steps=16)
"""A quarter of the steps: a person waits for it, and more random maps tell more than finer steps."""


def judge(
    analyser: Analyser,
    image: PreparedImage,
    target: int,
    maps: Mapping[str, Floats | Attribution],
    *,
    protocol: Protocol = QUICK,
    seeds: int = ENOUGH,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    budget_s: float | None = None,
) -> Trust:
    """Measure maps by deletion and insertion, beside random maps of the same grain and the centre.

    Args:
        analyser: The model.
        image: What it shall see.
        target: Index of the class.
        maps: By name: a gate's mask (h, w) as it is, or an attribution.
        protocol: How it is measured.
        seeds: How many random maps of every grain, 1..99.
        progress: Called with the share that is done, 0..1.
        cancelled: Asked before every pass; ``True`` ends the measurement.
        budget_s: Seconds after which no further pass begins.

    Raises:
        UserError: An argument is outside its limits, or the budget is spent.
        Cancelled: ``cancelled`` said so.
    """
    if not maps or CENTRE in maps:
        raise UserError(f"give at least one map, none of them called {CENTRE!r}, got {list(maps)}")
    whole("seeds", seeds, *SEEDS)
    started = time.perf_counter()
    x = analyser.input(image)
    size = (int(x.shape[2]), int(x.shape[3]))
    plain = {name: given.values if isinstance(given, Attribution) else given for name, given in maps.items()}
    large = {name: upsample(check_map(values, name), size) for name, values in plain.items()}
    large[CENTRE] = centre_map(size)
    cells = {name: _cells(given) for name, given in maps.items()}
    noise = {(g, k): random_map(size, [g], (protocol.seed, k)) for g in set(cells.values()) for k in range(seeds)}
    loaded, every = analyser.loaded, [*large.values(), *noise.values()]
    how: dict[str, Any] = {"black": _black(analyser), "scores": loaded.scores}
    how |= {"progress": progress, "cancelled": cancelled, "budget_s": budget_s}
    measured = iter(curves(loaded.module, x, target, every, protocol, **how))
    own = {name: next(measured) for name in large}
    random = dict(zip(noise, measured, strict=True))
    judged = []
    for name, grid in cells.items():
        down = tuple(random[grid, k].deletion_auc for k in range(seeds))
        up = tuple(random[grid, k].insertion_auc for k in range(seeds))
        judged.append(Judged(name, grid, own[name], down, up))
    pairs = {(a, b): rank_correlation(large[a], large[b]) for a, b in combinations(large, 2)}
    return Trust(int(target), tuple(judged), own[CENTRE], pairs, time.perf_counter() - started)


def _cells(given: Floats | Attribution) -> tuple[int, int]:
    """Rows and columns of a map before it was brought to the size of the input."""
    rows, columns = given.cells if isinstance(given, Attribution) else given.shape
    return int(rows), int(columns)


def study_of(analyser: Analyser, plan: Plan) -> Study:
    """A study of many images for one model; ``Study`` says more."""
    loaded = analyser.loaded
    return Study(loaded.module, analyser.sites, analyser.example(), plan, _black(analyser), loaded.scores)


def _black(analyser: Analyser) -> torch.Tensor:
    """(C,), what a black pixel is after normalisation, or after the model's own transform."""
    spec, own = analyser.loaded.spec.input, analyser.loaded.transform
    if own is not None:
        return own(np.zeros((*spec.size, 3), np.uint8)).flatten(1).median(1).values
    return -torch.tensor(spec.mean) / torch.tensor(spec.std)


def sensitivity(
    analyser: Analyser,
    image: PreparedImage,
    target: int,
    *,
    gate: str | None = None,
    method: str | None = None,
    points: int = 6,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[tuple[str, float | None], ...]:
    """How much of a picture is left when the weights are randomised, from the last layer to the first.

    Args:
        analyser: The model; it is not changed.
        image: What it shall see.
        target: Index of the class, for attributions.
        gate: Name of a 2-D spatial gate: its mask is the picture.
        method: Name of an attribution method: its map is the picture. Give either a gate or a method.
        points: At how many layers to look, 1..50; the last is the fully randomised network.
        seed: Of the random weights.
        progress: Called with the share that is done, 0..1.
        cancelled: Asked before every point; ``True`` ends it.

    Returns:
        The layer that was reached, and Spearman's ρ with the picture of the trained network; ``None`` if flat.

    Raises:
        UserError: An argument is outside its limits, or the method does not support the model.
        Cancelled: ``cancelled`` said so.
    """
    whole("points", points, 1, 50)
    picture = _picture(analyser, image, target, gate, method)
    model, correlations = analyser.loaded.module, []
    before = picture(model)
    for name, changed in cascade(model, seed, points):
        if cancelled is not None and cancelled():
            raise Cancelled("the measurement was cancelled")
        correlations.append((name, rank_correlation(before, picture(changed))))
        if progress is not None:
            progress(min(1.0, len(correlations) / points))
    return tuple(correlations)


def _picture(
    analyser: Analyser, image: PreparedImage, target: int, gate: str | None, method: str | None
) -> Callable[[nn.Module], Floats]:
    """From a model to the map that is asked about."""
    x = analyser.input(image)
    if gate is None and method is not None:
        return lambda model: attribute(model, x, target, method)
    if gate is None or method is not None:
        raise UserError(f"give either a gate or a method, got gate={gate!r} and method={method!r}")
    site = analyser.site(gate)
    if not site.has_mask:
        raise UserError(f"{gate} is a {site.kind} gate of shape {site.shape}; a map needs a 2-D spatial gate")

    def mask(model: nn.Module) -> Floats:
        with torch.inference_mode(), capture(model, [site]) as tape:
            model(x)
        return as_floats(tape[site.name].values[0, 0])

    return mask
