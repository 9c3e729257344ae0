"""What the files of this folder share: from tensors to steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from attnviz.core.step_values import Step, Weight
from attnviz.core.types import Floats

MAPS, VOLUMES = ("C", "H", "W"), ("C", "D", "H", "W")


def numbers(tensor: Tensor) -> Floats:
    """A tensor as read-only float32."""
    values: Floats = tensor.detach().float().cpu().contiguous().numpy().copy()
    values.setflags(write=False)
    return values


def step(
    key: str,
    formula: str,
    tensor: Tensor,
    axes: Sequence[str],
    kind: str,
    **more: Any,
) -> Step:
    """A step from the tensor that it results in, batch of one in front; ``more`` are attributes of ``Step``."""
    return Step(key, formula, numbers(tensor)[0], tuple(axes), kind, **more)


def features(x: Tensor, part: str = "") -> Step:
    """The features that come in, (1, C, H, W) or (1, C, D, H, W)."""
    return step("features", "x", x, axes_of(x), "maps", worked="x = {here}", part=part)


def axes_of(x: Tensor) -> tuple[str, ...]:
    """Names of the axes behind the batch's."""
    return MAPS if x.ndim == 4 else VOLUMES


def learned(name: str, tensor: Tensor | None, *axes: str) -> tuple[Weight, ...]:
    """Learned numbers of a step with a name for each axis; none where the layer has none."""
    return () if tensor is None else (Weight(name, numbers(tensor), axes),)


def layer(name: str, bias: str, module: Any, to: str, of: str) -> tuple[Weight, ...]:
    """Weight, (to, of), and bias, (to,), of a linear layer or a convolution with a kernel of one cell."""
    return (*learned(name, module.weight.flatten(1), to, of), *learned(bias, module.bias, to))
