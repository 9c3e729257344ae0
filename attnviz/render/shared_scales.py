"""Scales of pictures that stand side by side, their differences, and how much they vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from attnviz.core import checks
from attnviz.core.errors import UserError
from attnviz.core.kinds import KINDS
from attnviz.core.types import Floats
from attnviz.render.colour import GATE_SCALE, Scale, scale_for, shared_scale
from attnviz.render.resample import resample, taps

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        **{name: "gate" if kind.range else name for name, kind in KINDS.items() if kind.axes and not kind.even},
        "strips": "gate",
        "query": "softmax",
        "pooled": "softmax",
        "strength": "strength",
        "attribution": "attribution",
    }
)
"""What can stand on one scale: gates between 0 and 1, weights that sum to 1, features, attributions."""

CHOICES: Mapping[str, str] = MappingProxyType(
    {
        "fixed": "gates 0–1, the rest one range for all rows",
        "shared": "one range for all rows",
        "own": "each picture its own range",
    }
)
"""Ways to scale pictures that stand side by side."""


def scales(pictures: Sequence[tuple[str, Floats] | None], choice: str = "fixed") -> list[Scale | None]:
    """A scale for each of some pictures that stand side by side.

    Args:
        pictures: (what it is, a key of ``GROUPS``; its values), or ``None`` for an empty place.
        choice: A key of ``CHOICES``. Only what is of one group shares a scale.

    Raises:
        UserError: An unknown choice.
    """
    checks.choice("scale", choice, CHOICES)
    groups: dict[str, list[Floats]] = {}
    for picture in pictures:
        if picture is not None:
            groups.setdefault(GROUPS[picture[0]], []).append(picture[1])
    shared: list[Scale | None] = []
    for picture in pictures:
        if picture is None:
            shared.append(None)
            continue
        group = GROUPS[picture[0]]
        mode = "stretch" if group == "gate" else "features"
        if choice == "own":
            shared.append(scale_for(picture[1], mode))
        elif choice == "fixed" and group == "gate":
            shared.append(GATE_SCALE)
        else:
            shared.append(shared_scale(groups[group], mode))
    return shared


def aligned(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Two maps on one grid, the coarser one resampled to the finer: (h, w), (h', w') -> twice (H, W) float32."""
    height, width = (max(n, m) for n, m in zip(a.shape, b.shape, strict=True))

    def fine(values: Floats) -> Floats:
        rows, columns = taps(values.shape[0], height), taps(values.shape[1], width)
        return np.asarray(resample(values, rows, columns), dtype=np.float32)

    return fine(a), fine(b)


def spread(maps: Sequence[Floats]) -> tuple[float, float]:
    """How much maps of one gate change from image to image, and how much from cell to cell.

    Args:
        maps: At least two, all of one shape.

    Returns:
        The standard deviation over images, averaged over cells as a root mean square; and the standard deviation
        over cells of the mean map. A gate that ignores the image has 0 as its first number.

    Raises:
        UserError: Fewer than two maps, or of different shapes.
    """
    if len(maps) < 2 or len({np.shape(m) for m in maps}) > 1:
        raise UserError(f"a spread needs two or more maps of one shape, got {[np.shape(m) for m in maps]}")
    stack = np.stack([np.asarray(m, dtype=np.float64) for m in maps])
    return float(np.sqrt(stack.var(0, ddof=1).mean())), float(stack.mean(0).std())
