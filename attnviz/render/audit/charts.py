"""Figures of an audit, in English; each is made from the summary alone; ``None`` where there is nothing to draw."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from attnviz.render.audit.words import word
from attnviz.render.figures.style import BODY, SMALL, Ink, clean, new_figure

Summary = Mapping[str, Any]
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f5539", "#8c8c8c", "#b2182b", "#4d4d4d")
"""Okabe and Ito's and three more."""
WIDTH, ROW = 5.2, 0.27
"""Inches: of every figure, and of a line of a gate."""
MARGINS = (0.25, 0.08, 0.42)
"""Inches right, above and below the axes of gates; left there is room for their names."""
LETTER = 0.068
"""Inches of a letter of a label."""
ALONE = ("mean", "same_class", "other", "other_class")
"""Replacements that are drawn for each gate; what does nothing (``neutral``) changes the scale too: told only."""


def short(name: str) -> str:
    """A gate's name for a label, without what all of attnviz's own names share."""
    return clean(name.replace(".attention", ""), 24)


def _style(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(Ink.grid)
    axes.tick_params(labelsize=SMALL, colors=Ink.muted, length=2)
    axes.grid(visible=True, axis="x", color=Ink.grid, linewidth=0.5)
    axes.set_axisbelow(True)


def _axes() -> tuple[Figure, Axes]:
    """Axes with a grid in both directions."""
    figure = new_figure(WIDTH, 2.7)
    axes = figure.add_axes((0.65 / WIDTH, 0.5 / 2.7, 1 - 0.85 / WIDTH, 1 - 0.7 / 2.7))
    _style(axes)
    axes.grid(visible=True, axis="y", color=Ink.grid, linewidth=0.5)
    return figure, axes


def _of_gates(gates: Sequence[Summary]) -> tuple[Figure, Axes]:
    """Axes with a line for each gate, the first on top."""
    return lines([short(gate["name"]) for gate in gates])


def lines(names: Sequence[str], row: float = ROW) -> tuple[Figure, Axes]:
    """Axes with a line of ``row`` inches for each name, the first on top."""
    right, above, below = MARGINS
    left = 0.2 + LETTER * max(map(len, names))
    height = above + below + row * max(len(names), 2)
    figure = new_figure(WIDTH, height)
    size = (left / WIDTH, below / height, 1 - (left + right) / WIDTH, 1 - (above + below) / height)
    axes = figure.add_axes(size)
    _style(axes)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.yaxis.set_major_locator(FixedLocator(list(range(len(names)))))
    axes.set_yticklabels(names, parse_math=False)
    return figure, axes


def label(axes: Axes, x: str, y: str | None = None) -> None:
    """What lies along the axes; ``None`` leaves what stands there."""
    axes.set_xlabel(x, fontsize=BODY, color=Ink.text, parse_math=False)
    if y is not None:
        axes.set_ylabel(y, fontsize=BODY, color=Ink.text, parse_math=False)


def _legend(axes: Axes, figure: Figure, columns: int) -> None:
    """A legend in the room below the axes."""
    height = figure.get_size_inches()[1]
    box = figure.legend(
        *axes.get_legend_handles_labels(),
        loc="lower center",
        ncols=columns,
        fontsize=SMALL,
        frameon=False,
        bbox_to_anchor=(0.5, 0.02 / height),
        handlelength=2.2,
        columnspacing=1.2,
    )
    for text in box.get_texts():
        text.set_parse_math(False)
        text.set_color(Ink.text)


def finish(figure: Figure, axes: Axes, x: str, inches: float = 0.36, columns: int = 2) -> Figure:
    """What lies along the x axis, and a legend below it in room of its own; the figure is returned."""
    label(axes, x)
    _grow(figure, axes, inches)
    _legend(axes, figure, columns)
    return figure


def _grow(figure: Figure, axes: Axes, inches: float) -> None:
    """Room for a legend below the axes."""
    width, height = figure.get_size_inches()
    box = axes.get_position()
    new = height + inches
    figure.set_size_inches(width, new)
    axes.set_position((box.x0, (box.y0 * height + inches) / new, box.width, box.height * height / new))


def replaced(lines_of: Sequence[tuple[str, Summary]], x: str) -> Figure | None:
    """What replacements cost, with their intervals: a line for each name and its effects by replacement."""
    if not lines_of:
        return None
    figure, axes = lines([name for name, _ in lines_of])
    names = [name for name in ALONE if any(name in effects for _, effects in lines_of)]
    for row, name in enumerate(names):
        there = [(at, effects[name]) for at, (_, effects) in enumerate(lines_of) if name in effects]
        value = np.array([effect["points"] for _, effect in there])
        ends = np.array([effect["interval"] for _, effect in there])
        at = np.array([at for at, _ in there]) + (row - (len(names) - 1) / 2) * 0.22
        reach = np.abs(np.stack([value - ends[:, 0], ends[:, 1] - value]))
        axes.errorbar(value, at, xerr=reach, fmt="o", ms=3, lw=1, color=COLOURS[row], label=word(name))
    axes.axvline(0, color=Ink.muted, lw=0.8)
    return finish(figure, axes, x)


def through_depth(summary: Summary) -> Figure | None:
    """What replacing each gate alone costs, gate below gate from the first layer to the last."""
    gates = [(short(gate["name"]), gate["alone"]) for gate in summary["gates"] if gate["alone"]]
    return replaced(gates, word("points_alone" if summary["data"]["labelled"] else "kept_alone"))


def variation(summary: Summary) -> Figure | None:
    """Where the variance of each gate lies."""
    gates = summary["gates"]
    figure, axes = _of_gates(gates)
    start = np.zeros(len(gates))
    for i, part in enumerate(("between_elements", "between_classes", "within_classes")):
        if part == "between_classes" and not summary["data"]["labelled"]:
            continue
        share = np.array([100 * gate["variation"][part] for gate in gates])
        colour = (Ink.grid, COLOURS[1], COLOURS[0])[i]
        axes.barh(np.arange(len(gates)), share, left=start, height=0.66, color=colour, label=word(part))
        start = start + share
    axes.set_xlim(0, 100)
    return finish(figure, axes, word("variance_share"), 0.3, 3)


def class_means(summary: Summary) -> Figure | None:
    """Mean gate of every class through depth, as in Hu et al., "Squeeze-and-Excitation Networks", 2018, figure 6.

    A line joins gates of one kind only: masks and channels are not comparable.
    """
    gates = [gate for gate in summary["gates"] if gate["classes"]]
    if not gates:
        return None
    figure, axes = _of_gates(gates)
    classes = list(gates[0]["classes"]["means"])
    many = len(classes) > len(COLOURS)
    kinds = dict.fromkeys(gate["kind"] for gate in gates)
    for (i, name), kind in itertools.product(enumerate(classes), kinds):
        rows = [row for row, gate in enumerate(gates) if gate["kind"] == kind]
        means = [gates[row]["classes"]["means"][name] for row in rows]
        style: dict[str, Any] = (
            {"color": Ink.muted, "lw": 0.4, "alpha": 0.4}
            if many
            else {"color": COLOURS[i], "lw": 1, "ms": 2.5, "marker": "o"}
        )
        axes.plot(means, rows, label="" if many or kind != gates[0]["kind"] else clean(name, 20), **style)
    if not many:
        return finish(figure, axes, word("mean_gate"), 0.16 * -(-len(classes) // 3) + 0.1, 3)
    label(axes, word("mean_gate"))
    return figure


def gain(summary: Summary) -> Figure | None:
    """Correlation of channels' gates with their own features: every channel, the quartiles and the median."""
    gates = [gate for gate in summary["gates"] if gate["gain"] is not None]
    if not gates:
        return None
    figure, axes = _of_gates(gates)
    for row, gate in enumerate(gates):
        r = np.array(gate["gain"]["r"])
        places = row + 0.5 * (np.random.default_rng(0).random(len(r)) - 0.5)
        axes.plot(r, places, ".", ms=2, color=COLOURS[5], alpha=0.6)
        axes.plot(gate["gain"]["quartiles"], [row, row], color=COLOURS[0], lw=2)
        axes.plot(gate["gain"]["median"], row, "o", ms=4, color=COLOURS[0])
    axes.axvline(0, color=Ink.muted, lw=0.8)
    axes.set_xlim(-1.02, 1.02)
    label(axes, word("gain_axis"))
    return figure


def knock_outs(summary: Summary) -> Figure | None:
    """Accuracy with so many channels of every gate knocked out."""
    rows = summary["knock_outs"]
    if not rows:
        return None
    figure, axes = _axes()
    k = [row["k"] for row in rows]
    dashes = {"gate": "-", "gate_low": "--", "product": "-", "product_low": "--", "random": ":"}
    colours = {"gate": 0, "gate_low": 0, "product": 1, "product_low": 1, "random": 7}
    for name, dash in dashes.items():
        value = np.array([row[name]["points"] for row in rows])
        ends = np.array([row[name]["interval"] for row in rows])
        colour = COLOURS[colours[name]]
        axes.fill_between(k, ends[:, 0], ends[:, 1], color=colour, alpha=0.1, lw=0)
        axes.plot(k, value, dash, marker="o", ms=3, lw=1.2, color=colour, label=word(name))
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(k))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([str(n) for n in k])
    label(axes, "", word("points"))
    return finish(figure, axes, word("knocked_out"), 0.5)


def calibration(summary: Summary) -> Figure | None:
    """Accuracy over confidence, in bins; the line is where both agree."""
    bins = [row for row in summary["network"].get("calibration", ()) if row[0]]
    if not bins:
        return None
    figure, axes = _axes()
    images, right, sure = (np.array(column, float) for column in zip(*bins, strict=True))
    axes.plot([0, 100], [0, 100], color=Ink.muted, lw=0.8)
    axes.scatter(100 * sure / images, 100 * right / images, s=6 + 90 * images / images.sum(), color=COLOURS[0])
    axes.set_xlim(0, 102)
    axes.set_ylim(0, 102)
    label(axes, word("confidence"), word("accuracy"))
    return figure


CHARTS: Mapping[str, Callable[[Summary], Figure | None]] = MappingProxyType(
    {
        "through-depth": through_depth,
        "variation": variation,
        "class-means": class_means,
        "gain": gain,
        "knock-outs": knock_outs,
        "calibration": calibration,
    }
)
"""Name of the file -> what draws it."""
