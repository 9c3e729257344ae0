"""The strip of all gates of a network, first layer to last, one small tile each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from attnviz.core.colour_maps import CMAP
from attnviz.core.errors import UserError
from attnviz.core.types import Floats, GateRecord, PreparedImage
from attnviz.render.colour import GATE_SCALE, Scale, colourise, number, scale_for
from attnviz.render.drawings import Drawn, view
from attnviz.render.figures.style import (
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
    write_wrapped,
)
from attnviz.render.overlay import overlay
from attnviz.render.resample import resample, taps

_PIXELS = 160  # longest side of a tile's picture: more cannot be seen at an inch or so


@dataclass(frozen=True)
class Grid:
    """Where tiles go, in inches: ``columns`` tiles of side ``tile`` in a row, two lines of text under each."""

    count: int
    columns: int
    tile: float
    gap: float = 0.2
    text: float = 0.36

    @property
    def rows(self) -> int:
        """Number of rows."""
        return -(-self.count // self.columns)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of all tiles with their text."""
        width = self.columns * (self.tile + self.gap) - self.gap
        return width, self.rows * (self.tile + self.text) + (self.rows - 1) * self.gap * 0.5

    def corner(self, number: int) -> tuple[float, float]:
        """Upper left corner of a tile."""
        row, column = divmod(number, self.columns)
        return column * (self.tile + self.gap), row * (self.tile + self.text + self.gap * 0.5)


def grid_for(count: int, width: float) -> Grid:
    """Tiles for ``count`` gates in so many inches of width: rows as even as they can be, at most 8 in one."""
    rows = -(-count // 8)
    columns = -(-count // rows)
    gap = 0.2
    tile = max(min((width + gap) / max(columns, 4) - gap, 1.6), 0.85)
    return Grid(count, columns, tile, gap)


def seen(image: PreparedImage) -> PreparedImage:
    """What the network saw, small, as a photograph of its own."""
    pixels = fit(image.network, _PIXELS)
    height, width = pixels.shape[:2]
    return replace(image, pixels=pixels, box=(0, 0, width, height))


def reduced(values: Floats, most: int = _PIXELS) -> Floats:
    """A matrix with at most ``most`` rows and columns; cells are averaged: (h, w) -> (h', w')."""
    height, width = values.shape
    return resample(values, taps(height, min(height, most)), taps(width, min(width, most)))


def profile(values: Floats, scale: Scale, corner: tuple[float, float], size: tuple[float, float]) -> Floats:
    """The outline of scores sorted from highest to lowest inside a rectangle, y pointing down: (C,) -> (2C+2, 2)."""
    ordered = np.sort(values[np.isfinite(values)])[::-1]
    (left, top), (width, height) = corner, size
    edges = left + np.linspace(0, width, ordered.size + 1)
    y = top + height * (1 - scale.unit(ordered))
    zero = top + height * (1 - float(scale.unit(np.float32(0))))
    x = np.repeat(edges, 2)
    return np.stack([x, np.concatenate([[zero], np.repeat(y, 2), [zero]])], axis=1).astype(np.float32)


def _picture(shown: Drawn, small: PreparedImage, scale: Scale) -> Any:
    if shown.style == "mask":
        return overlay(small, reduced(shown.values), opacity=0.65, cmap=None, scale=scale)
    return colourise(reduced(shown.values), scale, None)


def short_names(gates: Sequence[GateRecord]) -> list[str]:
    """Names without the parts that all gates share, or that repeat the kind: "stage1.0.attention.se" -> "stage1.0.se".

    A part stays when two gates of one kind could not be told apart without it.
    """
    parts = [record.site.name.split(".") for record in gates]
    shared = set(parts[0]).intersection(*parts[1:]) if len(parts) > 1 else set()
    shorter = [
        [p for i, p in enumerate(name) if p not in shared and (i < len(name) - 1 or p != record.site.kind)]
        for name, record in zip(parts, gates, strict=True)
    ]
    keys = {(".".join(s), record.site.kind) for s, record in zip(shorter, gates, strict=True)}
    distinct = len(keys) == len(gates) and all(shorter)
    return [".".join(s) for s in shorter] if distinct else [record.site.name for record in gates]


def _lines(title: str, record: GateRecord, shown: Drawn, tile: float) -> tuple[str, str]:
    """Number and name, and below them kind, shape and mean as far as they fit under a tile."""
    wide = tile + 0.16
    kind = record.site.kind + ("*" if shown.mode != "fixed" else "")
    choices = [f"{kind} {shown.shape}", kind]
    finite = record.values[np.isfinite(record.values)] if record.values.size else record.values
    if finite.size and shown.style != "words":
        mean = number(float(finite.mean()))
        choices = [f"{kind} {shown.shape} · mean {mean}", f"{kind} {shown.shape} · {mean}", f"{kind} · {mean}"]
    limit = room(wide, SMALL - 0.5)
    second = next((text for text in choices if len(text) <= limit), clean(choices[-1], limit))
    return clean(title, room(wide, SMALL)), second


def draw_tiles(
    figure: Figure,
    at: tuple[float, float],
    grid: Grid,
    gates: Sequence[GateRecord],
    image: PreparedImage,
) -> None:
    """Draw all tiles into one set of axes whose unit is the inch, y pointing down."""
    axes = axes_at(figure, *at, *grid.size)
    small, side, names = seen(image), grid.tile, short_names(gates)
    frames, outlines, middles = [], [], []
    for index, record in enumerate(gates):
        x, y = grid.corner(index)
        shown = view(record)
        scale = scale_for(shown.values, shown.mode) if shown.style != "words" else GATE_SCALE
        corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
        frames.append(corners)
        if shown.style == "profile":
            outlines.append(profile(shown.values, scale, (x, y), (side, side)))
            if shown.mode == "fixed":
                middles.append([(x, y + side / 2), (x + side, y + side / 2)])
        elif shown.style == "words":
            style: dict[str, Any] = {"ha": "center", "va": "center", "parse_math": False}
            middle = x + side / 2, y + side / 2
            axes.text(*middle, shown.text, fontsize=SMALL, color=Ink.text, **style)
        else:
            where = (x, x + side, y + side, y)
            axes.imshow(
                _picture(shown, small, scale),
                extent=where,
                aspect="auto",
                zorder=1,
                interpolation="antialiased" if shown.style == "mask" else "nearest",
            )
        for row, line in enumerate(_lines(f"{index + 1} {names[index]}", record, shown, side)):
            place = axes.text(x, y + side + 0.05 + 0.14 * row, line, va="top", fontsize=SMALL - row * 0.5)
            place.set(color=Ink.muted if row else Ink.text, parse_math=False)
    _draw_shapes(axes, frames, outlines, middles)
    axes.set_xlim(0, grid.size[0])
    axes.set_ylim(grid.size[1], 0)


def _draw_shapes(axes: Axes, frames: list[Any], outlines: list[Floats], middles: list[Any]) -> None:
    """All profiles, their middle lines and all frames, as one collection each."""
    axes.add_collection(PolyCollection(outlines, facecolors=Ink.bar, lw=0, zorder=1), autolim=False)
    lines = LineCollection(middles, colors=Ink.text, lw=0.6, linestyles=[(0, (3, 3))], zorder=2)
    axes.add_collection(lines, autolim=False)
    style: dict[str, Any] = {"facecolors": "none", "clip_on": False, "zorder": 3}
    axes.add_collection(PolyCollection(frames, edgecolors=Ink.grid, lw=0.8, **style), autolim=False)


def note(gates: Sequence[GateRecord]) -> str:
    """What tiles mean, as far as it is needed for these gates."""
    views = [view(record) for record in gates]
    parts = []
    if any(v.style == "mask" for v in views):
        parts.append("masks over what the network saw")
    if any(v.style == "profile" for v in views):
        parts.append("channel scores sorted, dashed: 0.5")
    if any(v.style == "mask" and record.site.traits.has_channels for v, record in zip(views, gates, strict=True)):
        parts.append("full: mean over channels")
    parts.append("last number: mean")
    if any(v.mode != "fixed" for v in views):
        parts.append("*: scale of its own")
    return " · ".join(parts)


def gate_strip(gates: Sequence[GateRecord], image: PreparedImage) -> Figure:
    """All gates from first to last layer as tiles with name, kind, shape and mean, on one fixed 0-1 scale.

    Args:
        gates: 1 to about 40 records.
        image: The photograph; masks lie over what the network saw of it.

    Raises:
        UserError: No gates.
    """
    if not len(gates):
        raise UserError("there is no gate to draw: the model has none, or none was captured")
    grid = grid_for(len(gates), 11.2)
    width = max(grid.size[0], 6.0)
    figure = new_figure(width + 0.4, grid.size[1] + 1.1)
    write(figure, 0.2, 0.13, "All gates, first layer to last", fontsize=TITLE, color=Ink.text)
    draw_tiles(figure, (0.2, 0.45), grid, gates, image)
    below = 0.45 + grid.size[1] + 0.2
    colour_bar(figure, (0.25, below, 1.6, 0.12), GATE_SCALE, CMAP)
    text = f"gate: 1 keeps, 0 shuts · {note(gates)}"
    write_wrapped(figure, 2.1, below, width - 1.9, text, fontsize=SMALL, color=Ink.muted)
    return figure
