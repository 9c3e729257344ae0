"""Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391)."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from attnviz.explain.attribution.method import Method, Task


def _run(task: Task) -> Tensor:
    """``ReLU(Σ_c w_c A_c)``, w_c the mean gradient of the logit over channel c of the map A; bilinear to (H, W)."""
    from captum.attr import LayerAttribution, LayerGradCam

    cam = LayerGradCam(task.forward, cast(nn.Module, task.layer))
    values = cam.attribute(task.x, task.target, relu_attributions=True)
    return LayerAttribution.interpolate(values, task.x.shape[2:], "bilinear")[0, 0]


METHOD = Method(
    title="Grad-CAM",
    paper="Selvaraju et al. 2017, arXiv 1610.02391",
    cost="instant",
    signed=False,
    run=_run,
    layered=True,
)
