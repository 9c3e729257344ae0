"""A contact sheet: the masks of several gates (rows) on several photographs (columns)."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from attnviz.core.colour_maps import CMAP
from attnviz.core.errors import UserError
from attnviz.core.types import Floats, PreparedImage
from attnviz.render.colour import GATE_SCALE, number
from attnviz.render.figures.gate_strip import seen
from attnviz.render.figures.style import (
    BODY,
    SMALL,
    TITLE,
    Ink,
    axes_at,
    clean,
    colour_bar,
    fit,
    new_figure,
    room,
    write,
)
from attnviz.render.overlay import overlay

_SIDE, _GAP, _LEFT, _TOP, _LINE = 1.15, 0.08, 2.2, 0.95, 0.2
Row = tuple[str, str, Sequence[Floats]]
"""Title, second line, and a mask (h, w) for every photograph."""


def contact_sheet(images: Sequence[PreparedImage], names: Sequence[str], rows: Sequence[Row]) -> Figure:
    """Masks over photographs, all on the fixed scale from 0 to 1, with the mean and the range of each in numbers.

    Args:
        images: P photographs; what the network saw of each is shown, alone in the first row.
        names: Their P names.
        rows: The gates, each with P masks.

    Raises:
        UserError: There is nothing to show, or a row or the names have not P entries.
    """
    if not images or not rows or len(names) != len(images) or any(len(row[2]) != len(images) for row in rows):
        raise UserError(f"a contact sheet needs {len(images)} names, and rows of as many masks")
    step = _SIDE + _GAP
    height = _TOP + _SIDE + _GAP + len(rows) * (step + _LINE) + 0.55
    figure = new_figure(_LEFT + len(images) * step + 0.2, height)
    write(figure, 0.2, 0.2, "Spatial masks over photographs", fontsize=TITLE, weight="bold", color=Ink.text)
    about = "what each network saw · fixed scale from 0 (shut) to 1 (kept) · below: mean (minimum to maximum)"
    write(figure, 0.2, 0.45, about, fontsize=SMALL, color=Ink.muted)
    for column, (image, name) in enumerate(zip(images, names, strict=True)):
        left = _LEFT + column * step
        write(figure, left, _TOP - 0.18, clean(name, room(_SIDE, SMALL)), fontsize=SMALL, color=Ink.text)
        _picture(figure, left, _TOP, seen(image).pixels)
    for index, (title, second, masks) in enumerate(rows):
        top = _TOP + _SIDE + _GAP + index * (step + _LINE)
        lines = ((title, BODY, Ink.text), *((text, SMALL, Ink.muted) for text in second.split("\n")))
        for line, (text, size, colour) in enumerate(lines):
            shown = clean(text, room(_LEFT - 0.25, size))
            write(figure, 0.2, top + 0.3 + 0.2 * line, shown, fontsize=size, color=colour)
        for column, (image, mask) in enumerate(zip(images, masks, strict=True)):
            left = _LEFT + column * step
            _picture(figure, left, top, overlay(seen(image), mask))
            numbers = f"{number(float(mask.mean()))} ({number(float(mask.min()))} to {number(float(mask.max()))})"
            write(figure, left, top + _SIDE + 0.04, numbers, fontsize=SMALL - 1, color=Ink.muted)
    colour_bar(figure, (_LEFT, height - 0.42, 2.4, 0.12), GATE_SCALE, CMAP)
    return figure


def _picture(figure: Figure, left: float, top: float, pixels: object) -> None:
    axes = axes_at(figure, left, top, _SIDE, _SIDE)
    axes.imshow(fit(pixels, 300), interpolation="auto")  # type: ignore[arg-type]
    axes.set_axis_off()
