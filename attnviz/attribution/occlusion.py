"""Occlusion (Zeiler and Fergus 2014, arXiv 1311.2901)."""

from __future__ import annotations

from math import ceil

from torch import Tensor

from attnviz.attribution.fills import FILLS, fill
from attnviz.attribution.method import Method, Parameter, Task

STRIDES = {"whole": 1, "half": 2, "quarter": 4}
"""A stride as a part of the window; a larger one would leave positions out."""


def _run(task: Task) -> Tensor:
    """How much the logit falls when a window is covered, meaned over the windows that cover a position."""
    from captum.attr import Occlusion

    share, parts = task.values["window"], STRIDES[task.values["stride"]]
    sides = [max(1, round(side * share / 100)) for side in task.x.shape[2:]]
    strides = [max(1, side // parts) for side in sides]
    along = [1 + ceil((n - side) / s) for n, side, s in zip(task.x.shape[2:], sides, strides, strict=True)]
    task.expect(1 + along[0] * along[1])
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
)
