"""Curves through training as markup: a few lines over epochs, with a mark at one of them.

Everything is drawn with ``currentColor`` and CSS variables, so it follows light and dark pages; labels are HTML beside
the plot, which stretches while they do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from attnviz.core.errors import UserError
from attnviz.render.colour import number

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c8c8c", "#7f5539")
"""Okabe and Ito's colours and two more, told apart by colour-blind people; further lines begin anew."""


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        title: What the legend calls it.
        x: Epochs, rising.
        y: One value each; NaN leaves a gap.
        colour: As CSS; the next of ``COLOURS`` where it is empty.
        dashed: Whether the line is dashed.
    """

    title: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str = ""
    dashed: bool = False

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or not len(self.x):
            raise UserError(f"a line needs as many x as y and at least one, got {len(self.x)} and {len(self.y)}")


def _limits(lines: Sequence[Line], low: float | None, high: float | None) -> tuple[float, float]:
    values = np.concatenate([np.asarray(line.y, dtype=float) for line in lines])
    values = values[np.isfinite(values)]
    if not values.size:
        raise UserError("curves need at least one finite value")
    low = float(values.min()) if low is None else low
    high = float(values.max()) if high is None else high
    return (low, high) if high > low else (low, low + 1)


def curves_svg(
    lines: Sequence[Line],
    *,
    title: str,
    mark: float | None = None,
    low: float | None = None,
    high: float | None = None,
    height: int = 140,
) -> str:
    """Lines over epochs, with the ends of both axes labelled, a legend and a mark at one epoch.

    Args:
        lines: At least one.
        title: What is drawn; also the picture's name for screen readers.
        mark: Epoch at which a vertical line stands; ``None`` for none.
        low: Lower end of the y axis; ``None`` for the smallest value.
        high: Upper end; ``None`` for the largest.
        height: Of the plot in CSS pixels, 40..2000.

    Raises:
        UserError: No line, nothing finite, or a height out of range.
    """
    if not lines:
        raise UserError("curves need at least one line")
    if not isinstance(height, int) or not 40 <= height <= 2000:
        raise UserError(f"height must be a whole number in 40..2000, got {height!r}")
    bottom, top = _limits(lines, low, high)
    first, last = min(line.x[0] for line in lines), max(line.x[-1] for line in lines)
    span = max(last - first, 1)

    def across(x: float) -> float:
        return 1000 * (x - first) / span

    paths, legend = [], []
    for i, line in enumerate(lines):
        colour, dash = line.colour or COLOURS[i % len(COLOURS)], ' stroke-dasharray="6 4"' if line.dashed else ""
        points = _points(line, across, bottom, top)
        paths.append(f'<path d="{points}" stroke="{escape(colour)}"{dash}/>')
        legend.append(f'<span><i style="background:{escape(colour)}"></i>{escape(line.title)}</span>')
    place = "" if mark is None else f'<path d="M{across(mark):.1f} 0V1000" class="av-mark"/>'
    several = f'<div class="av-curve-legend">{"".join(legend)}</div>' if len(lines) > 1 else ""
    return (
        f'<figure class="av-curves"><figcaption>{escape(title)}</figcaption><div class="av-curve-plot">'
        f"<div class='av-curve-y'><span>{number(top)}</span><span>{number(bottom)}</span></div>"
        f'<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img" aria-label="{escape(title)}" '
        f'style="height:{height}px">{"".join(paths)}{place}</svg></div>'
        f'<div class="av-curve-x"><span>{first:g}</span><span>{last:g}</span></div>{several}</figure>'
    )


def _points(line: Line, across: Callable[[float], float], bottom: float, top: float) -> str:
    parts, pen = [], "M"
    for x, y in zip(line.x, line.y, strict=True):
        if not np.isfinite(y):
            pen = "M"
            continue
        share = min(max((y - bottom) / (top - bottom), 0.0), 1.0)
        parts.append(f"{pen}{across(x):.1f} {1000 * (1 - share):.1f}")
        pen = "L"
    return "".join(parts)
