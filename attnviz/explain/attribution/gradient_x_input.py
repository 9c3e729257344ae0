"""Gradient × input (Shrikumar et al. 2016, arXiv 1605.01713)."""

from __future__ import annotations

from torch import Tensor

from attnviz.explain.attribution.method import Method, Task


def _run(task: Task) -> Tensor:
    """``Σ_c x_c ∂logit/∂x_c``."""
    from captum.attr import InputXGradient

    # Captum warns about inputs without requires_grad, which it would then set itself
    return InputXGradient(task.forward).attribute(task.x.requires_grad_(), task.target)[0].sum(0)


METHOD = Method(
    title="Gradient × input",
    paper="Shrikumar et al. 2016, arXiv 1605.01713",
    cost="instant",
    signed=True,
    run=_run,
)
