"""Occlusion (Zeiler and Fergus 2014, arXiv 1311.2901)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from torch import Tensor

from attnviz.explain.attribution.fills import FILLS, fill
from attnviz.explain.attribution.method import Method, Parameter, Task

STRIDES = {"whole": 1, "half": 2, "quarter": 4}
"""A stride as a part of the window; a larger one would leave positions out."""


def _windows(values: Mapping[str, Any], size: Sequence[int]) -> tuple[list[int], list[int], tuple[int, int]]:
    """Sides of the window in pixels, its strides, and the number of its positions down and across."""
    sides = [max(1, round(n * values["window"] / 100)) for n in size]
    strides = [max(1, side // STRIDES[values["stride"]]) for side in sides]
    down, across = (1 + ceil((n - side) / step) for n, side, step in zip(size, sides, strides, strict=True))
    return sides, strides, (down, across)


def _run(task: Task) -> Tensor:
    """How much the logit falls when a window is covered, meaned over the windows that cover a position."""
    from captum.attr import Occlusion

    sides, strides, (down, across) = _windows(task.values, task.x.shape[2:])
    task.expect(1 + down * across)
    channels = task.x.shape[1]
    values = Occlusion(task.forward).attribute(
        task.x,
        (channels, *sides),
        (channels, *strides),
        fill(task.x, task.values["cover"]),
        task.target,
        perturbations_per_eval=task.batch,
    )
    return values[0, 0]  # a window covers all channels, so they agree


METHOD = Method(
    title="Occlusion",
    paper="Zeiler and Fergus 2014, arXiv 1311.2901",
    cost="slow",
    signed=True,
    run=_run,
    parameters=(
        Parameter("window", "Window, % of the image's side", 15, 5, 50, 5),
        Parameter("stride", "Step of the window, as a part of it", "half", choices=tuple(STRIDES)),
        Parameter("cover", "What covers the window", "mean", choices=FILLS),
    ),
    gradient=False,
    cells=lambda values, size: _windows(values, size)[2],
)
