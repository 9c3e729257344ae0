"""The strength of a feature map: how strongly a layer responds at every position, for no class in particular."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from torch import Tensor, nn

from attnviz.explain.attribution.method import Method, Parameter, Task

REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda a: a.abs().mean(1, keepdim=True),
    "maximum": lambda a: a.abs().amax(1, keepdim=True),
    "norm": lambda a: a.square().sum(1, keepdim=True).sqrt(),
}


def _run(task: Task) -> Tensor:
    """Mean, maximum or Euclidean norm over the channels of ``|A|``; bilinear to (H, W)."""
    from captum.attr import LayerActivation, LayerAttribution

    values = LayerActivation(task.forward, cast(nn.Module, task.layer)).attribute(task.x)
    strength = REDUCTIONS[task.values["over"]](values)
    return LayerAttribution.interpolate(strength, task.x.shape[2:], "bilinear")[0, 0]


METHOD = Method(
    title="Layer activation",
    paper="Zagoruyko and Komodakis 2017, arXiv 1612.03928 (activation-based attention maps)",
    cost="instant",
    signed=False,
    run=_run,
    parameters=(Parameter("over", "Over the channels, take the", "mean", choices=tuple(REDUCTIONS)),),
    layered=True,
    gradient=False,
    of_class=False,
)
