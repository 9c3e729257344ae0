"""Does a picture depend on what the network has learned? (Adebayo et al. 2018, arXiv 1810.03292)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from attnviz.core.checks import whole
from attnviz.core.errors import UserError
from attnviz.core.types import Floats
from attnviz.explain.faithfulness.agreement import rank_correlation
from attnviz.gates.session import unwrapped


def layers(model: nn.Module) -> list[str]:
    """Names of the modules that hold parameters of their own, from the first to the last as they were defined."""
    return [name for name, m in unwrapped(model).named_modules() if any(True for _ in m.parameters(recurse=False))]


def _randomise(module: nn.Module, generator: torch.Generator) -> None:
    """Replace the parameters of one module by normal numbers of the same mean and standard deviation."""
    for parameter in module.parameters(recurse=False):
        values = parameter.detach().float()
        noise = torch.randn(values.shape, generator=generator).to(values.device)
        spread = values.std(correction=0) if values.numel() > 1 else values.abs().mean()
        with torch.no_grad():
            parameter.copy_(values.mean() + spread * noise)


def cascade(model: nn.Module, seed: int = 0, points: int | None = None) -> Iterator[tuple[str, nn.Module]]:
    """Randomise a copy of a model from the last layer to the first, and give it after each of ``points`` layers.

    Every weight becomes a normal number with the mean and standard deviation of its tensor, so that activations
    stay in their range; statistics of batch norm stay. The last point is the fully randomised network.

    Args:
        model: It is not changed.
        seed: Of the numbers.
        points: At how many layers to stop, evenly spread; 1 is full randomisation, ``None`` all of them.

    Yields:
        Name of the layer that was reached, and the copy, which goes on changing.

    Raises:
        UserError: The model has no parameters, or ``points`` is less than 1.
    """
    names = layers(model)[::-1]
    if not names:
        raise UserError(f"this {type(model).__name__} has no parameters to randomise")
    count = len(names) if points is None else min(whole("points", points), len(names))
    stops = {int(i) for i in np.ceil(np.linspace(0, len(names), count + 1))[1:] - 1}
    changed = copy.deepcopy(unwrapped(model))
    generator = torch.Generator().manual_seed(seed)
    for index, name in enumerate(names):
        _randomise(changed.get_submodule(name), generator)
        if index in stops:
            yield name, changed


def sensitivity(
    model: nn.Module, picture: Callable[[nn.Module], Floats], seed: int = 0, points: int | None = None
) -> list[tuple[str, float | None]]:
    """How much of a picture is left when the weights are randomised, from the last layer to the first.

    Args:
        model: It is not changed.
        picture: Makes the map (h, w) of a model: a gate's mask, or an attribution.
        seed: Of the random weights.
        points: At how many layers to look, evenly spread; 1 is full randomisation.

    Returns:
        The layer that was reached, and Spearman's ρ between the map before and the map after; ``None`` where one of
        them is flat. ρ near 1 at the end means that the picture does not depend on what was learned.
    """
    before = np.array(picture(unwrapped(model)))
    return [(name, rank_correlation(before, picture(changed))) for name, changed in cascade(model, seed, points)]
