"""Words and marks on pictures that several tabs use: what the numbers are, and which place asks."""

from __future__ import annotations

from attnviz.core.gate_map import Mask
from attnviz.core.types import Floats, PreparedImage
from attnviz.render.colour import Scale, caption
from attnviz.ui.shared.text import say


def told_of(values: Floats, scale: Scale, *, spread: bool = False) -> str:
    """Minimum, mean and maximum, and the scale; not only features are drawn on scales of features."""
    return caption(values, scale, spread=spread).replace(" (features)", "")


def marker(mask: Mask, image: PreparedImage) -> str:
    """The place that asks, as a ring to lie on the photograph; empty where no place does."""
    (rows, columns), (down, across) = mask.grid or (1, 1), mask.query or (0, 0)
    if not mask.asks:
        return ""
    height, width = image.pixels.shape[:2]
    left, top, right, bottom = image.box
    x = 100 * (left + (across + 0.5) / columns * (right - left)) / width
    y = 100 * (top + (down + 0.5) / rows * (bottom - top)) / height
    return f'<span class="av-here" aria-hidden="true" style="left:{x:.2f}%;top:{y:.2f}%"></span>'


def asking(mask: Mask, picture: str, language: str) -> str:
    """A picture on which another place can be asked, by a click or with the arrow keys; as it is for other masks."""
    (rows, columns), (down, across) = mask.grid or (1, 1), mask.query or (0, 0)
    if not mask.asks:
        return picture
    text = say("cmp_ask", language, row=down, column=across, rows=rows, columns=columns)
    return (
        f'<div class="av-ask" tabindex="0" role="group" aria-label="{text}" title="{text}" data-rows="{rows}" '
        f'data-columns="{columns}" data-row="{down}" data-column="{across}">{picture}</div>'
    )
