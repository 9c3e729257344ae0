"""A report sheet: everything about one photograph on one page, for papers and handouts."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from attnviz.core.types import Analysis, GateRecord
from attnviz.render.colour import GATE_SCALE, caption, cmap_for, colourise, scale_for
from attnviz.render.drawings import view
from attnviz.render.figures.bars import draw_bars
from attnviz.render.figures.channel_map import channel_map, draw_map, map_legend, row_height
from attnviz.render.figures.gate_strip import draw_tiles, gate_strip, grid_for, note, reduced
from attnviz.render.figures.style import BODY, SMALL, Ink, axes_at, clean, colour_bar, fit, ink, new_figure, room, write
from attnviz.render.overlay import overlay
from attnviz.render.ranking import ranking
from attnviz.render.svg.bars import top_bars

__all__ = ["channel_map", "flat_facts", "gate_strip", "report_sheet", "top_bars"]

_PAGE = (8.27, 11.69)  # A4 in inches; many gates make it taller, and it is then fitted when printed
_MARGIN, _WIDE = 0.5, 7.27
_PANEL = 2.25  # height of the pictures in the first row


def flat_facts(facts: Mapping[str, Any]) -> list[str]:
    """Facts as short texts, "name value"; mappings inside are flattened, floats get three digits."""
    texts = []
    for key, value in facts.items():
        name = clean(key, 40)
        if isinstance(value, Mapping):
            texts += flat_facts(value)
        else:
            shown = f"{value:.4g}" if isinstance(value, float) else clean(value, 80)
            texts.append(f"{name} {shown}")
    return texts


def _heading(figure: Figure, top: float, text: str, colours: Ink) -> None:
    write(figure, _MARGIN, top, text, fontsize=BODY + 0.5, weight="bold", color=colours.text)


def _photograph(figure: Figure, left: float, top: float, wide: float, analysis: Analysis, colours: Ink) -> None:
    pixels = analysis.image.pixels
    height, width = pixels.shape[:2]
    axes = axes_at(figure, left, top, wide, _PANEL)
    axes.imshow(fit(pixels, 900), extent=(0, width, height, 0), interpolation="auto")
    axes.set_anchor("NW")
    x, y, right, bottom = analysis.image.box
    axes.add_patch(Rectangle((x, y), right - x, bottom - y, fill=False, ec=colours.mark, lw=1, clip_on=False))


def _chosen(
    figure: Figure, at: tuple[float, float, float], analysis: Analysis, record: GateRecord, cmap: str, colours: Ink
) -> str:
    """Draw the chosen gate large, in a panel at left, top and width; its caption is returned."""
    left, top, wide = at
    shown = view(record)
    if shown.style == "words":
        write(figure, left, top + 0.2, shown.text, fontsize=BODY, color=colours.text)
        return "no picture"
    scale = scale_for(shown.values, shown.mode)
    colour = cmap_for(scale, None) if scale.mode == "diverging" else cmap
    if shown.style == "profile":
        axes = axes_at(figure, left + 0.2, top, wide - 0.2, _PANEL - 0.2)
        draw_bars(axes, ranking(shown.values), scale, colours, most_ticks=4)
    elif shown.style == "mask":
        picture = overlay(analysis.image, shown.values, cmap=colour, scale=scale)
        height, width = picture.shape[:2]
        axes = axes_at(figure, left, top, wide, _PANEL)
        axes.imshow(fit(picture, 900), extent=(0, width, height, 0), interpolation="auto")
        axes.set_anchor("NW")
    else:
        axes = axes_at(figure, left, top, wide, _PANEL)
        axes.imshow(colourise(reduced(shown.values, 400), scale, colour), aspect="auto", interpolation="auto")
    return caption(shown.values, scale)


def _top(figure: Figure, left: float, top: float, wide: float, analysis: Analysis, colours: Ink) -> None:
    """The five most probable classes with bars, in a panel of so many inches."""
    axes = axes_at(figure, left, top, wide, _PANEL)
    axes.set_xlim(0, 1)
    axes.set_ylim(_PANEL, 0)
    for row, (label, probability) in enumerate(analysis.top(5)):
        y = row * 0.43
        text = clean(label, room(wide - 0.5, SMALL))
        write(figure, left, top + y, text, fontsize=SMALL, color=colours.text)
        tell = f"{probability:.1%}"
        write(figure, left + wide, top + y, tell, ha="right", fontsize=SMALL, color=colours.text)
        axes.barh([y + 0.22, y + 0.22], [1, probability], height=0.1, color=[colours.grid, colours.bar])


def _panels(figure: Figure, top: float, analysis: Analysis, record: GateRecord, cmap: str, colours: Ink) -> None:
    """First row: photograph, chosen gate, most probable classes."""
    gap, third = 0.25, 1.75
    wide = (_WIDE - 2 * gap - third) / 2
    second, last = _MARGIN + wide + gap, _MARGIN + 2 * (wide + gap)
    name = clean(record.site.name, room(wide, SMALL))
    for left, text in ((_MARGIN, "Photograph"), (second, "Chosen gate"), (last, "Prediction")):
        write(figure, left, top, text, fontsize=BODY + 0.5, weight="bold", color=colours.text)
    write(figure, _MARGIN, top + 0.18, "outline: what the network saw", fontsize=SMALL, color=colours.muted)
    write(figure, second, top + 0.18, name, fontsize=SMALL, color=colours.muted)
    write(figure, last, top + 0.18, "five most probable classes", fontsize=SMALL, color=colours.muted)
    _photograph(figure, _MARGIN, top + 0.4, wide, analysis, colours)
    told = _chosen(figure, (second, top + 0.4, wide), analysis, record, cmap, colours)
    _top(figure, last, top + 0.4, third, analysis, colours)
    text = f"Chosen gate: {clean(record.site.name, 50)} · {record.site.kind} · {told}"
    write(figure, _MARGIN, top + 0.4 + _PANEL + 0.1, text, fontsize=SMALL, color=colours.muted)


def report_sheet(
    analysis: Analysis, gate_name: str, *, cmap: str = "viridis", order: str = "sorted", dark: bool = False
) -> Figure:
    """One page about one photograph: photograph, chosen gate, prediction, all gates, all channels, facts.

    Args:
        analysis: What one forward pass said.
        gate_name: The gate to show large; any kind.
        cmap: A key of ``colour.CMAPS``.
        order: Of the channels in the map, as in ``channel_map``.
        dark: Whether for a dark page.

    Raises:
        UserError: The model has no such gate, or an unknown colour map or order.
    """
    record = analysis.gate(gate_name)
    cmap, colours = cmap_for(GATE_SCALE, cmap), ink(dark)
    grid = grid_for(len(analysis.gates), _WIDE, most=8, smallest=0.7)
    channels = [g for g in analysis.gates if g.site.has_scores and np.isfinite(g.values).any()]
    facts = wrap(" · ".join(flat_facts(analysis.facts)) or "no facts recorded", room(_WIDE, SMALL - 0.5))
    strip_top = 0.95 + 0.4 + _PANEL + 0.5
    map_top = strip_top + 0.3 + grid.size[1] + 0.5
    row = row_height(max(len(channels), 1), 3.6)
    high = row * len(channels)
    map_high = high + 0.85 if channels else 0.0
    foot = 0.14 * len(facts) + 0.35
    figure = new_figure(_PAGE[0], max(_PAGE[1], map_top + map_high + foot), dark)
    write(figure, _MARGIN, 0.4, clean(analysis.model, 60), fontsize=14, weight="bold", color=colours.text)
    size = " × ".join(str(n) for n in analysis.image.network.shape[1::-1])
    about = f"attnviz report · {len(analysis.gates)} gates · network input {size} pixels"
    write(figure, _MARGIN, 0.66, about, fontsize=SMALL, color=colours.muted)
    _panels(figure, 0.95, analysis, record, cmap, colours)
    _heading(figure, strip_top, "All gates, first layer to last", colours)
    at = (_MARGIN, strip_top + 0.27)
    draw_tiles(figure, at, grid, analysis.gates, analysis.image, gate_name, cmap, colours)
    below = strip_top + 0.3 + grid.size[1] + 0.06
    write(figure, _MARGIN, below, note(analysis.gates), fontsize=SMALL, color=colours.muted)
    if channels:
        _heading(figure, map_top, "All channel gates: layers × channels", colours)
        place = (_MARGIN, map_top + 0.27, _WIDE)
        draw_map(figure, place, channels, order, gate_name, cmap, colours, row)
        map_legend(figure, _MARGIN, map_top + 0.27 + high + 0.1, _WIDE, order, cmap, dark)
    else:
        colour_bar(figure, (_MARGIN, map_top, 1.6, 0.12), GATE_SCALE, cmap, dark)
    _footer(figure, facts, colours)
    return figure


def _footer(figure: Figure, facts: list[str], colours: Ink) -> None:
    bottom = float(figure.get_size_inches()[1]) - 0.3
    for row, line in enumerate(reversed(facts)):
        write(figure, _MARGIN, bottom - 0.14 * row, line, fontsize=SMALL - 0.5, va="bottom", color=colours.muted)
