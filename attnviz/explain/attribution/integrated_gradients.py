"""Integrated gradients (Sundararajan et al. 2017, arXiv 1703.01365)."""

from __future__ import annotations

from torch import Tensor

from attnviz.explain.attribution.fills import FILLS, fill
from attnviz.explain.attribution.method import Method, Parameter, Task


def _run(task: Task) -> Tensor:
    """``Σ_c (x − b) ∫₀¹ ∂logit/∂x (b + α(x − b)) dα``, by Gauss–Legendre."""
    from captum.attr import IntegratedGradients

    steps = task.values["steps"]
    task.expect(steps)
    values = IntegratedGradients(task.forward).attribute(
        task.x, fill(task.x, task.values["baseline"]), task.target, n_steps=steps, internal_batch_size=task.batch
    )
    return values[0].sum(0)


METHOD = Method(
    title="Integrated gradients",
    paper="Sundararajan et al. 2017, arXiv 1703.01365",
    cost="seconds",
    signed=True,
    run=_run,
    parameters=(
        Parameter("steps", "Steps between the baseline and the image", 32, 8, 128, 8),
        Parameter("baseline", "Baseline: the image that shows nothing", "zero", choices=FILLS),
    ),
)
