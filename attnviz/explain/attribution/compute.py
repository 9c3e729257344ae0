"""Computing an attribution: everything is checked, one method runs, the model is left as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attnviz.core.checks import is_whole
from attnviz.core.errors import UserError
from attnviz.core.types import Floats
from attnviz.explain.attribution.leave_unchanged import borrowed, own_copy
from attnviz.explain.attribution.method import Method, Task
from attnviz.explain.attribution.probe import Probe, look
from attnviz.explain.attribution.table import ATTRIBUTIONS
from attnviz.explain.watch import Watch

BATCH = 16
"""Most examples in one pass at 224×224 pixels; fewer for larger images, so that memory stays bounded."""


ADVICE = "; choose coarser settings, a smaller model or Grad-CAM, which needs one pass"


def attribute(
    model: nn.Module,
    x: Tensor,
    target: int,
    method: str,
    *,
    layer: str | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    budget_s: float | None = None,
    **parameters: Any,
) -> Floats:
    """What the score of a class rests on, as a map over the input.

    The model is left as it was: modes, requires_grad, hooks; so is ``x``. The score is the logit, not the probability.

    Args:
        model: (N, C, H, W) -> logits (N, K).
        x: (1, C, H, W), normalised as the model wants it.
        target: Class, 0..K-1.
        method: A name of ``ATTRIBUTIONS``.
        layer: For methods that look at a feature map: the path of the module that gives it (default: the last map).
        progress: Called with the share that is done, 0..1.
        cancelled: Asked before every pass; ``True`` ends the computation.
        budget_s: Seconds after which no further pass begins.
        **parameters: As the method's ``parameters`` say.

    Returns:
        (H, W) float32; ≥ 0 unless the method is ``signed``.

    Raises:
        UserError: An argument is outside its limits, the method does not support the model, or the budget is spent.
        Cancelled: ``cancelled`` said so.
    """
    chosen = ATTRIBUTIONS[method]
    values = chosen.check(parameters)
    image = own_copy(x)
    if not is_whole(target):
        raise UserError(f"target must be a whole number, got {target!r}")
    if layer is not None and not chosen.layered:
        raise UserError(f"{chosen.title} looks at no layer, got layer={layer!r}")
    if budget_s is not None and not budget_s > 0:
        raise UserError(f"budget_s must be more than 0 seconds, got {budget_s!r}")
    with borrowed(model) as (inner, forward):
        watch = Watch(chosen.title, forward, progress, cancelled, budget_s, advice=ADVICE)
        watch.check()
        seen = look(inner, forward, image.clone().requires_grad_())
        name = _checked(chosen, seen, int(target), layer)
        module = inner.get_submodule(name) if name else None
        task = Task(watch, image, int(target), module, values, _batch(image), watch.expect)
        result = _map(chosen, task)
    watch.finish()
    return result


def _batch(x: Tensor) -> int:
    return max(1, min(BATCH, BATCH * 224 * 224 // (x.shape[2] * x.shape[3])))


def _checked(method: Method, seen: Probe, target: int, layer: str | None) -> str | None:
    """Name of the layer to look at, or ``None`` for methods that look at none."""
    named = replace(seen, layer=seen.check_layer(layer)) if layer is not None else seen
    reason = method.refuses(named)
    if reason:
        raise UserError(reason)
    if seen.classes is None or not 0 <= target < seen.classes:
        raise UserError(f"target must be a class in 0..{(seen.classes or 0) - 1}, got {target}")
    return named.layer if method.layered else None


def _map(method: Method, task: Task) -> Floats:
    """Run a method; (H, W) float32."""
    try:
        result = method.run(task).detach().float().cpu().numpy()
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise UserError(f"there is not enough memory for {method.title} of this model; choose Grad-CAM") from error
    if result.shape != tuple(task.x.shape[2:]):
        raise RuntimeError(f"{method.title} gave {result.shape} for an input of {tuple(task.x.shape)}")
    if not np.isfinite(result).all():
        raise UserError(f"{method.title} of this model is not finite: its gradients or activations overflow")
    values = np.array(result, dtype=np.float32)
    values.setflags(write=False)
    return values
