"""Pictures of single steps inside a module: sheets of maps, signed bars, kernels with their numbers, sampling grids.

Numbers and layout only; whatever a person reads as a sentence belongs to the app.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from attnviz.core.colour_maps import LUMA
from attnviz.core.errors import UserError
from attnviz.core.step_values import Follow, Step
from attnviz.core.types import Bytes, Floats
from attnviz.render.colour import Scale, array, bins, cmap_for, colourise, table, to_bytes
from attnviz.render.svg.bars import BAR, MARK

MOST_MAPS = 256
"""Maps on one sheet; more cannot be told apart."""
_TILE = 44  # pixels that a tile has at least
_GAP = 3  # pixels between tiles
_HEIGHT = 1000  # height of bars in their own units
_DARK = 0.55  # luma below which white text is easier to read


def said(value: float) -> str:
    """A number as it is read aloud: three decimals, more digits only where it would be 0 otherwise."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if value == 0:
        return "0"
    text = f"{value:.3g}" if abs(value) >= 1000 else f"{value:.2g}" if abs(value) < 0.001 else f"{value:.3f}"
    return text.replace("-", "\N{MINUS SIGN}")


def worked(steps: Sequence[Step], index: int, follow: Follow) -> str:
    """The formula of a step with the followed numbers in it, e.g. ``"σ(1.231) = 0.774"``; empty where it has none."""
    step = steps[index]
    if not step.worked:
        return ""
    spoken = {earlier.key: _spoken(follow.at(earlier)) for earlier in steps[: index + 1]}
    weights = {weight.name: said(float(weight.values.ravel()[0])) for weight in step.weights if weight.values.size == 1}
    text = step.worked.format(**spoken, here=spoken[step.key])
    for name, value in weights.items():
        text = text.replace(f"{name} ×", f"{value} ×")
    return text


def _spoken(values: Floats) -> Any:
    """One number as text, a few as a list of texts."""
    return said(float(values)) if np.ndim(values) == 0 else [said(float(v)) for v in values.ravel()[:16]]


@dataclass(frozen=True)
class MapSheet:
    """Many maps in one picture.

    Attributes:
        url: The picture as a ``data:`` URL; gaps are transparent.
        count: Number of maps.
        columns: Maps in a row.
        size: Width and height in pixels.
        tile: Width and height of one map and its gap in pixels.
    """

    url: str
    count: int
    columns: int
    size: tuple[int, int]
    tile: tuple[int, int]

    def box(self, index: int) -> tuple[float, float, float, float]:
        """Left, top, width and height of one map in per cent of the picture."""
        row, column = divmod(index, self.columns)
        (wide, high), (across, down) = self.size, self.tile
        left, top = 100 * column * across / wide, 100 * row * down / high
        return left, top, 100 * (across - _GAP) / wide, 100 * (down - _GAP) / high


def columns_for(count: int, shape: tuple[int, int]) -> int:
    """How many maps stand in a row so that the sheet is about twice as wide as high, and the last row is full."""
    wanted = math.sqrt(2 * count * shape[0] / shape[1])
    choices = range(max(1, math.ceil(wanted * 0.7)), max(2, math.ceil(wanted * 1.45)) + 1)
    return min(min(choices, key=lambda n: (-count % n / count + abs(n / wanted - 1) / 3, n)), count)


def sheet(maps: npt.ArrayLike, scale: Scale) -> MapSheet:
    """Maps side by side on one scale: (n, h, w) -> a picture.

    Raises:
        UserError: Another shape, nothing finite, or more than ``MOST_MAPS``.
    """
    values = array(maps, 3, "the maps")
    count, high, wide = values.shape
    if count > MOST_MAPS:
        raise UserError(f"a sheet has at most {MOST_MAPS} maps, got {count}")
    factor = max(1, math.ceil(_TILE / max(high, wide)))
    down, across = high * factor + _GAP, wide * factor + _GAP
    columns = columns_for(count, (high, wide))
    rows = -(-count // columns)
    page = np.zeros((rows * down, columns * across, 4), dtype=np.uint8)
    colours = to_bytes(table(cmap_for(scale, None)))[bins(scale.unit(values))]
    large = colours.repeat(factor, axis=1).repeat(factor, axis=2)
    for index in range(count):
        row, column = divmod(index, columns)
        area = page[row * down : row * down + high * factor, column * across : column * across + wide * factor]
        area[..., :3], area[..., 3] = large[index], 255
    return MapSheet(url(page), count, columns, (columns * across, rows * down), (across, down))


def url(picture: Bytes) -> str:
    """A picture, (h, w, 3 or 4) uint8, as a ``data:`` URL of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=4)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def plane_url(values: npt.ArrayLike, scale: Scale, cmap: str | None = None) -> str:
    """One map, a pixel a cell: (h, w) -> ``data:`` URL; the page enlarges it."""
    return url(colourise(array(values, 2, "the map"), scale, cmap_for(scale, cmap)))


def rgb_url(values: npt.ArrayLike) -> str:
    """Three maps of red, green and blue in [0, 1] as one picture: (3, h, w) -> ``data:`` URL."""
    colours = array(values, 3, "the pixels")
    if len(colours) != 3:
        raise UserError(f"a picture has 3 colours, got {len(colours)}")
    return url(to_bytes(np.clip(np.nan_to_num(colours), 0, 1).transpose(1, 2, 0)))


def signed_bars(values: npt.ArrayLike, scale: Scale, chosen: int | None = None, height: int = 150) -> str:
    """Numbers of any range as bars from 0, an SVG that stretches to any width; well-formed XML.

    Each has a transparent ``<rect data-index>`` over the full height with its number as a title.

    Args:
        values: (n,), at least one finite.
        scale: What top and bottom stand for; bars end there.
        chosen: Index of the one that is marked.
        height: In CSS pixels.

    Raises:
        UserError: Another shape, or nothing finite.
    """
    given = array(values, 1, "the numbers")
    count = given.size
    level = (_HEIGHT * (1 - scale.unit(np.nan_to_num(given, nan=0.0)))).round().astype(int).tolist()
    zero = round(_HEIGHT * (1 - float(scale.unit(np.float32(0)))))
    gap = 0.1 if count <= 160 else 0.0
    boxes = [f"M{i + gap:g} {zero}V{level[i]}h{1 - 2 * gap:g}V{zero}z" for i in range(count)]
    hits = "".join(
        f'<rect data-index="{i}" x="{i}" y="0" width="1" height="{_HEIGHT}"><title>{i}: {said(v)}</title></rect>'
        for i, v in enumerate(given.tolist())
    )
    marked = "" if chosen is None else f'<path d="{boxes[chosen]}" fill="{MARK}"/>'
    if chosen is not None:
        stem = f"M{chosen + 0.5} 0V{_HEIGHT}"
        marked = f'<path d="{stem}" stroke="{MARK}" stroke-opacity=".55" stroke-width="2" {_LINE}/>{marked}'
    grid = f"M0 0H{count}M0 {_HEIGHT}H{count}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {count} {_HEIGHT}" preserveAspectRatio="none" '
        f'aria-hidden="true" style="display:block;width:100%;height:{height}px">'
        f'<path d="{grid}" stroke="currentColor" stroke-opacity=".22" {_LINE}/>'
        f'<path d="{"".join(boxes)}" fill="{BAR}"/>{marked}'
        f'<path d="M0 {zero}H{count}" stroke="currentColor" stroke-opacity=".7" {_LINE}/>'
        f"<g>{hits}</g></svg>"
    )


_LINE = 'fill="none" vector-effect="non-scaling-stroke"'


def number_table(values: npt.ArrayLike, scale: Scale) -> str:
    """A small matrix with its numbers on the colours of a map: (h, w) -> an HTML table without a caption."""
    plane = array(values, 2, "the numbers")
    colours = table(cmap_for(scale, None))[bins(scale.unit(plane))]
    luma = colours @ np.array(LUMA, dtype=np.float32)
    rows = []
    for line, paints, lights in zip(plane.tolist(), colours, luma, strict=True):
        cells = "".join(
            f'<td style="background:rgb({",".join(str(v) for v in to_bytes(paint).tolist())});'
            f'color:{"#fff" if light < _DARK else "#111"}">{_short(value)}</td>'
            for value, paint, light in zip(line, paints, lights, strict=True)
        )
        rows.append(f"<tr>{cells}</tr>")
    return f'<table class="av-numbers"><tbody>{"".join(rows)}</tbody></table>'


def _short(value: float) -> str:
    """Two decimals without the zero in front, so that seven fit in a row on a phone."""
    text = f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
    return "0" if not text.strip("\N{MINUS SIGN}0.") else text.replace("0.", ".", 1) if abs(value) < 1 else text


def grid_path(grid: npt.ArrayLike) -> str:
    """A sampling grid as an SVG path in a square of 100 × 100 that is the input: about 12 lines in each direction.

    ``grid`` is (h, w, 2), x before y, -1 and 1 at the edges of the input.
    """
    places = (array(grid, 3, "the grid") + 1) * 50
    high, wide = places.shape[:2]
    rows = np.unique(np.linspace(0, high - 1, min(13, high)).round().astype(int))
    columns = np.unique(np.linspace(0, wide - 1, min(13, wide)).round().astype(int))
    drawn = [places[row, columns] for row in rows] + [places[rows, column] for column in columns]
    return "".join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in line.tolist()) for line in drawn)


def kernel_planes(values: Floats, rows: Sequence[str]) -> Mapping[str, Floats]:
    """A kernel by what it is applied to: (2, k, k) or, for volumes, (2, k, k, k) -> named planes."""
    if values.ndim == 3:
        return dict(zip(rows, values, strict=True))
    middle = values.shape[1] // 2
    return {
        f"{row}, D {depth - middle:+d}": values[i, depth]
        for i, row in enumerate(rows)
        for depth in range(values.shape[1])
    }
