"""The sheet of a comparison: a figure for a paper, with everything that is needed to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from attnviz.core.colour_maps import CMAP
from attnviz.core.errors import UserError
from attnviz.core.gate_map import HOW, Mask
from attnviz.core.scores import SHARES, shown
from attnviz.core.types import Bytes, Floats, PreparedImage
from attnviz.render.colour import Scale, caption, cmap_for
from attnviz.render.figures.bars import draw_bars
from attnviz.render.figures.style import (
    BODY,
    SMALL,
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
from attnviz.render.masks import Scores
from attnviz.render.overlay import overlay
from attnviz.render.ranking import ranking

OTHERS = "magma"
"""Colour map of maps that are not multiplied in."""
_CELL, _GAP, _EDGE, _BAR = 1.75, 0.35, 0.3, 0.55  # inches: pictures, gaps, margins, room for a colour bar
_NAMES = 1.75
_TEXT = 0.62  # below a picture


@dataclass(frozen=True)
class SheetRow:
    """One row of the sheet; ``None`` leaves a cell with words.

    Attributes:
        title: What the row is.
        about: Lines below the title: accuracy, parameters, MACs, time.
        image: The photograph and what the network saw.
        mask: Of its gates.
        mask_scale: Of the mask.
        scores: Of its gates.
        scores_scale: Of the bars.
        attribution: (h, w).
        attribution_scale: Of the attribution.
        explained: The class that the attribution explains.
        top: The highest classes, (label, number).
        numbers: What these numbers are, a name of ``core.scores.SCORES``.
    """

    title: str
    about: tuple[str, ...]
    image: PreparedImage
    mask: Mask | None
    mask_scale: Scale | None
    scores: Scores | None
    scores_scale: Scale | None
    attribution: Floats | None
    attribution_scale: Scale | None
    explained: str
    top: tuple[tuple[str, float], ...]
    numbers: str


@dataclass(frozen=True)
class Sheet:
    """What the sheet says.

    Attributes:
        title: Above everything.
        subtitle: What is the same in all rows.
        rows: 1 to 8.
        method: The attribution, with its parameters.
        explained: Which class the attributions explain.
        scale: How pictures were scaled.
        facts: Versions and device.
    """

    title: str
    subtitle: str
    rows: tuple[SheetRow, ...]
    method: str
    explained: str
    scale: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def mask_cmap(mask: Mask, scale: Scale) -> str:
    """The colour map of a mask in a comparison."""
    return cmap_for(scale, CMAP if mask.is_mask else OTHERS)


def attribution_cmap(scale: Scale) -> str:
    """The colour map of an attribution in a comparison."""
    return cmap_for(scale, None if scale.mode == "diverging" else OTHERS)


def crop(image: PreparedImage) -> PreparedImage:
    """What the network saw of a photograph, as a photograph of its own."""
    left, top, right, bottom = image.box
    pixels = np.ascontiguousarray(image.pixels[top:bottom, left:right])
    return replace(image, pixels=pixels, box=(0, 0, right - left, bottom - top))


def _lefts() -> list[float]:
    """Where the columns begin: names, photograph, mask, bars, attribution, prediction."""
    lefts = [_EDGE, _EDGE + _NAMES + _GAP]
    for extra in (0.0, _BAR, 0.25, _BAR):
        lefts.append(lefts[-1] + _CELL + extra + _GAP)
    return lefts


def comparison_sheet(sheet: Sheet) -> Figure:
    """Draw a comparison: a row each with name, photograph, mask, bars, attribution and prediction.

    Args:
        sheet: What to draw.

    Raises:
        UserError: No row, or more than 8.
    """
    if not 1 <= len(sheet.rows) <= 8:
        raise UserError(f"a sheet must have 1..8 rows, got {len(sheet.rows)}")
    lefts = _lefts()
    width = lefts[5] + _CELL + _EDGE
    high = _CELL + _TEXT + 0.15
    figure = new_figure(width, 1.15 + high * len(sheet.rows) + 0.95)
    wide = width - 2 * _EDGE
    write(figure, _EDGE, 0.2, clean(sheet.title, room(wide, 14)), fontsize=14, weight="bold", color=Ink.text)
    write(figure, _EDGE, 0.5, clean(sheet.subtitle, room(wide, BODY)), color=Ink.muted)
    heads = ("", "Seen by the network", "Mask", "Channel scores", "Attribution", "Prediction")
    for left, head in zip(lefts, heads, strict=True):
        write(figure, left, 0.85, head, fontsize=BODY + 0.5, weight="bold", color=Ink.text)
    for index, row in enumerate(sheet.rows):
        _row(figure, row, lefts, 1.15 + high * index)
    _foot(figure, sheet, 1.15 + high * len(sheet.rows), wide)
    return figure


def _row(figure: Figure, row: SheetRow, lefts: list[float], top: float) -> None:
    lines = write_wrapped(figure, lefts[0], top, _NAMES, clean(row.title, 60), weight="bold", color=Ink.text)
    below = top + 0.17 * lines + 0.05
    for text in row.about:
        count = write_wrapped(figure, lefts[0], below, _NAMES, text, fontsize=SMALL, color=Ink.muted)
        below += 0.135 * count + 0.03
    seen = crop(row.image)
    _picture(figure, lefts[1], top, seen.pixels)
    _mask(figure, row, seen, (lefts[2], top))
    _bars(figure, row, (lefts[3], top))
    _attribution(figure, row, seen, (lefts[4], top))
    _top(figure, lefts[5], top, row)


def _mask(figure: Figure, row: SheetRow, seen: PreparedImage, at: tuple[float, float]) -> None:
    mask, scale = row.mask, row.mask_scale
    if mask is None or scale is None:
        _none(figure, *at, "no gate with one weight per place")
        return
    _map(figure, *at, seen, mask.values, scale, mask_cmap(mask, scale))
    _tell(figure, *at, [HOW[mask.how], mask.gate, _told(mask.values, scale)])


def _bars(figure: Figure, row: SheetRow, at: tuple[float, float]) -> None:
    scores, scale = row.scores, row.scores_scale
    if scores is None or scale is None:
        _none(figure, *at, "no gate with one weight per channel")
        return
    axes = axes_at(figure, at[0] + 0.25, at[1], _CELL, _CELL - 0.2)
    draw_bars(axes, ranking(scores.values), scale, most_ticks=3)
    _tell(figure, *at, [f"{scores.kind} gate", scores.gate, _told(scores.values, scale)])


def _attribution(figure: Figure, row: SheetRow, seen: PreparedImage, at: tuple[float, float]) -> None:
    values, scale = row.attribution, row.attribution_scale
    if values is None or scale is None:
        _none(figure, *at, "not computed for this row")
        return
    _map(figure, *at, seen, values, scale, attribution_cmap(scale))
    _tell(figure, *at, [f"for “{row.explained}”", _told(values, scale)])


def _told(values: Floats, scale: Scale) -> str:
    """Minimum, mean and maximum; the ends of the scale stand at the colour bar."""
    return caption(values, scale).split(" · scale ")[0]


def _picture(figure: Figure, left: float, top: float, pixels: Bytes) -> None:
    axes = axes_at(figure, left, top, _CELL, _CELL)
    axes.imshow(fit(pixels, 600), interpolation="auto")
    axes.set_anchor("NW")


def _map(figure: Figure, left: float, top: float, seen: PreparedImage, values: Floats, scale: Scale, cmap: str) -> None:
    _picture(figure, left, top, overlay(seen, values, opacity=0.65, cmap=cmap, scale=scale))
    colour_bar(figure, (left + _CELL + 0.07, top, 0.1, _CELL), scale, cmap)


def _tell(figure: Figure, left: float, top: float, lines: list[str]) -> None:
    for index, text in enumerate(lines):
        line = clean(text, room(_CELL + _BAR + 0.2, SMALL - 0.5))
        write(figure, left, top + _CELL + 0.06 + 0.14 * index, line, fontsize=SMALL - 0.5, color=Ink.muted)


def _none(figure: Figure, left: float, top: float, text: str) -> None:
    write_wrapped(figure, left, top + 0.7, _CELL, text, fontsize=SMALL, color=Ink.muted)


def _top(figure: Figure, left: float, top: float, answer: SheetRow) -> None:
    axes = axes_at(figure, left, top, _CELL, _CELL)
    axes.set_xlim(0, 1)
    axes.set_ylim(_CELL, 0)
    for row, (label, number) in enumerate(answer.top):
        y = 0.43 * row
        write(figure, left, top + y, clean(label, room(_CELL - 0.5, SMALL)), fontsize=SMALL, color=Ink.text)
        write(figure, left + _CELL, top + y, shown(number, answer.numbers), ha="right", fontsize=SMALL, color=Ink.text)
        if answer.numbers in SHARES:  # a number that is no share has no bar
            axes.barh([y + 0.22, y + 0.22], [1, number], height=0.1, color=[Ink.grid, Ink.bar])


def flat_facts(facts: Mapping[str, Any]) -> list[str]:
    """Facts as short texts, "name value"; mappings inside are flattened, floats get four digits."""
    texts = []
    for key, value in facts.items():
        name = clean(key, 40)
        if isinstance(value, Mapping):
            texts += flat_facts(value)
        else:
            said = f"{value:.4g}" if isinstance(value, float) else clean(value, 80)
            texts.append(f"{name} {said}")
    return texts


def _foot(figure: Figure, sheet: Sheet, top: float, wide: float) -> None:
    lines = [
        f"Attribution: {sheet.method}, explains {sheet.explained}. Scale: {sheet.scale}.",
        "Gates are the network's own weights (1 keeps, 0 shuts) and do not depend on the class. Dashed: mean.",
        " · ".join(flat_facts(sheet.facts)) or "no facts recorded",
    ]
    for text in lines:
        count = write_wrapped(figure, _EDGE, top, wide, text, fontsize=SMALL, color=Ink.muted)
        top += 0.15 * count + 0.03
