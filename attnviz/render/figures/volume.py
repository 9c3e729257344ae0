"""Masks of volumes, slice by slice."""

from __future__ import annotations

import numpy.typing as npt
from matplotlib.figure import Figure

from attnviz.core.errors import UserError
from attnviz.render.colour import Scale, array, as_scale, caption, cmap_for, colourise, number
from attnviz.render.figures.gate_strip import grid_for
from attnviz.render.figures.style import SMALL, TITLE, axes_at, clean, colour_bar, ink, new_figure, room, write
from attnviz.render.overlay import GATE_MEANING

MOST_SLICES = 256
_WIDTH = 8.0  # inches of all tiles together


def slices_figure(
    mask: npt.ArrayLike,
    *,
    title: str = "Where the gate looks, slice by slice",
    meaning: str = GATE_MEANING,
    cmap: str | None = "viridis",
    scale: Scale | str = "fixed",
    dark: bool = False,
) -> Figure:
    """The mask of a volume as one tile a slice, first slice first, all on one scale.

    Args:
        mask: (D, H, W), 1 to 256 slices; e.g. ``gate.values[0, 0]`` of a spatial gate (N, 1, D, H, W).
        title: Plain text.
        meaning: What the colours stand for, plain text.
        cmap: A key of ``colour.CMAPS``; ``None`` for the usual one of the scale.
        scale: A ``Scale``, or the name of a mode applied to the whole volume.
        dark: Whether for a dark page.

    Raises:
        UserError: Another shape, too many slices, nothing finite, an unknown scale or colour map.
    """
    values = array(mask, 3, "the mask of a volume")
    depth, height, width = values.shape
    if depth > MOST_SLICES:
        raise UserError(f"a volume must have 1..{MOST_SLICES} slices to be drawn, got {depth}")
    scale = as_scale(values, scale)
    cmap, colours = cmap_for(scale, cmap), ink(dark)
    grid = grid_for(depth, _WIDTH)
    wide, high = grid.size
    wide = max(wide, 4.5)
    figure = new_figure(wide + 1.2, high + 1.1, dark)
    write(figure, 0.2, 0.14, clean(title, room(wide, TITLE)), fontsize=TITLE, color=colours.text)
    for index, picture in enumerate(values):
        left, top = grid.corner(index)
        axes = axes_at(figure, 0.2 + left, 0.5 + top, grid.tile, grid.tile)
        axes.imshow(colourise(picture, scale, cmap), interpolation="nearest")
        axes.set_anchor("N")
        text = f"slice {index} · mean {number(float(picture.mean()))}"
        write(figure, 0.2 + left, 0.54 + top + grid.tile, text, fontsize=SMALL, color=colours.muted)
    colour_bar(figure, (0.2 + wide + 0.15, 0.5, 0.16, max(min(high - grid.text, 3.0), 0.7)), scale, cmap, dark)
    line = f"{meaning} · {depth} slices of {height}×{width} cells"
    write(figure, 0.2, 0.55 + high, line, fontsize=SMALL, color=colours.muted)
    write(figure, 0.2, 0.72 + high, caption(values, scale), fontsize=SMALL, color=colours.muted)
    return figure
