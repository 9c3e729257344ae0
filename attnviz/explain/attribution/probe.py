"""One forward pass that finds out what a model is: its classes, its gradient, its last feature map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from attnviz.core.errors import UserError, nearest
from attnviz.explain.attribution.leave_unchanged import borrowed, own_copy

SHALLOW = 0.1
"""A map is no summary of what the network saw when fewer of its layers lie before it, as in a vision transformer."""


@dataclass(frozen=True)
class Probe:
    """What one forward pass showed.

    Attributes:
        output: Shape of the output, or its type where it is no tensor.
        classes: K, or ``None`` where the output is not (1, K).
        differentiable: Whether the output has a gradient with respect to the input.
        shapes: For every module that was called, in the order in which the last calls ended, the shape it gave.
        layer: Name of the module with the last feature map (1, C, H, W), C, H, W > 1, or ``None``.
    """

    output: str
    classes: int | None
    differentiable: bool
    shapes: dict[str, tuple[int, ...]]
    layer: str | None

    def check_layer(self, name: str) -> str:
        """Return the name of a layer that gives a map, else raise ``UserError``."""
        if not isinstance(name, str) or name not in self.shapes:
            raise UserError(f"no layer {name!r} takes part; {nearest(name, self.shapes)}")
        shape = self.shapes[name]
        if len(shape) != 4 or min(shape[2:]) < 2:
            raise UserError(f"layer {name} gives {shape}; a map (N, C, H, W) with H, W > 1 is needed")
        return name


def probe(model: nn.Module, x: Tensor) -> Probe:
    """Run a model once and look at the output of every module; the model is left as it was.

    Args:
        model: The model.
        x: (1, C, H, W).

    Raises:
        UserError: ``x`` is not such a tensor.
    """
    with borrowed(model) as (inner, forward):
        return look(inner, forward, own_copy(x).requires_grad_())


def look(model: nn.Module, forward: Callable[[Tensor], Any], x: Tensor) -> Probe:
    """``probe`` for a model that is ``borrowed`` already; ``x`` (1, C, H, W) requires a gradient."""
    shapes: dict[str, tuple[int, ...]] = {}
    depth: dict[str, int] = {}
    maps: dict[str, bool] = {}
    called = 0

    def note(name: str, weighted: bool) -> Any:
        def hook(_module: nn.Module, inputs: Any, output: Any) -> None:
            nonlocal called
            called += weighted
            shapes.pop(name, None)  # the last call counts: the one Captum sees
            if isinstance(output, Tensor):
                shapes[name], depth[name] = tuple(output.shape), called
                maps.pop(name, None)
                if _is_map(output, x.shape):
                    maps[name] = output.requires_grad  # only x has a gradient: this says whether it depends on it
                elif _is_mean(inputs, output):
                    for inner in [other for other in maps if other.startswith(f"{name}.")]:
                        del maps[inner]  # what decides the weights of the mean, and not what is averaged

        return hook

    with ExitStack() as stack:
        for name, module in model.named_modules():
            if name:
                weighted = any(True for _ in module.parameters(recurse=False))
                stack.callback(module.register_forward_hook(note(name, weighted)).remove)
        output = forward(x)
    tensor = isinstance(output, Tensor)
    shape = tuple(output.shape) if tensor else ()
    fits = len(shape) == 2 and shape[0] == 1
    differentiable = tensor and output.requires_grad
    deep = [n for n in shapes if maps.get(n, False) >= differentiable and n in maps and depth[n] >= SHALLOW * called]
    return Probe(
        str(shape) if tensor else f"a {type(output).__name__}",
        shape[1] if fits else None,
        differentiable,
        shapes,
        deep[-1] if deep else None,
    )


def _is_mean(inputs: Sequence[Any], output: Tensor) -> bool:
    """Whether a module gave one number (1, C, 1, 1) for each channel of a map (1, C, H, W): some mean of it."""
    given = inputs[0] if inputs else None
    if not isinstance(given, Tensor) or given.ndim != 4 or output.ndim != 4:
        return False
    return given.shape[:2] == output.shape[:2] and tuple(output.shape[2:]) == (1, 1) and min(given.shape[2:]) > 1


def _is_map(output: Tensor, of: Sequence[int]) -> bool:
    """Whether this is a map (1, C, H, W) of features with the aspect of the input (1, ·, height, width).

    Channels that come last, (1, H, W, C), are none, nor is a mask with C = 1, nor softmax weights (1, heads, HW, HW).
    """
    if output.ndim != 4 or output.shape[0] != 1 or min(output.shape[1:]) < 2:
        return False
    height, width = output.shape[2:]
    off = abs(height * of[3] / of[2] - width)
    if off > (0 if of[2] == of[3] else 1 + of[3] / of[2]):
        return False
    rows = output.detach().float().sum(-1)
    return not bool(((rows - 1).abs() < 1e-3).all())
