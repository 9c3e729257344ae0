"""The curves of an audit: gates through depth, and calibration; lines that follow light and dark pages."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from attnviz.audit.compare import Summary
from attnviz.render.audit.charts import ALONE, COLOURS
from attnviz.render.audit.pieces import join
from attnviz.render.audit.words import word
from attnviz.render.svg.curves import Line, curves_svg
from attnviz.ui.shared.text import class_name, kind_name, plain

FEWEST = 10
"""Photographs that a point of the calibration stands for at least: one is right or wrong, which says nothing."""


def depth_html(summary: Summary, language: str) -> Markup:
    """Gates in the order in which a photograph passes them: what replacing each costs, its gain, and its classes."""
    figures = [*_alone(summary, language), *_gain(summary, language), *_classes(summary, language)]
    return Markup('<div class="tr-curves">{}</div>').format(join(figures)) if figures else Markup("")


def _alone(summary: Summary, language: str) -> list[Markup]:
    gates = [(place, gate["alone"]) for place, gate in enumerate(summary["gates"], 1) if gate["alone"]]
    if len(gates) < 2:
        return []
    lines = [
        Line(word(name, language), [place for place, _ in gates], [effects[name]["points"] for _, effects in gates])
        for name in ALONE
        if all(name in effects for _, effects in gates)
    ]
    values = [value for line in lines for value in line.y]
    ends = {"low": min(values), "high": max(0.0, *values)}
    return [_drawn(lines, plain("audit_depth_alone", language), **ends)] if lines else []


def _gain(summary: Summary, language: str) -> list[Markup]:
    gates = [(place, gate["gain"]) for place, gate in enumerate(summary["gates"], 1) if gate["gain"] is not None]
    if len(gates) < 2:
        return []
    line = Line("r", [place for place, _ in gates], [gain["median"] for _, gain in gates])
    zero = Line("0", [gates[0][0], gates[-1][0]], [0, 0], "var(--av-muted)", dashed=True)
    return [_drawn([line, zero], plain("audit_depth_gain", language), low=-1, high=1)]


def _classes(summary: Summary, language: str) -> list[Markup]:
    """One figure for each kind of gate, since values of two kinds are not comparable."""
    figures = []
    for kind in dict.fromkeys(gate["kind"] for gate in summary["gates"]):
        gates = [
            (place, gate["classes"]["means"])
            for place, gate in enumerate(summary["gates"], 1)
            if gate["kind"] == kind and gate["classes"]
        ]
        if len(gates) > 1:
            title = plain("audit_depth_classes", language, kind=kind_name(kind, language))
            figures.append(_drawn(_lines(gates, language), title))
    return figures


def _lines(gates: Sequence[tuple[int, dict[str, float]]], language: str) -> list[Line]:
    """A line for each class; of more than there are colours, the lowest, their mean and the highest."""
    places, means = [place for place, _ in gates], [means for _, means in gates]
    names = list(means[0])
    if len(names) <= len(COLOURS):
        return [
            Line(class_name(name, language), places, [of[name] for of in means], COLOURS[i])
            for i, name in enumerate(names)
        ]
    values = [list(of.values()) for of in means]
    parts: dict[str, Callable[[list[float]], float]] = {"lowest": min, "middle": statistics.fmean, "highest": max}
    return [Line(plain(f"audit_{key}", language), places, [part(of) for of in values]) for key, part in parts.items()]


def _drawn(lines: Sequence[Line], title: str, **how: Any) -> Markup:
    return Markup(curves_svg(lines, title=title, **how))  # noqa: S704 - it escapes the titles itself


def calibration_html(summary: Summary, language: str) -> Markup:
    """How often it is right beside how sure it is; empty where classes are not known, or photographs are too few."""
    bins = [row for row in summary["network"].get("calibration", ()) if row[0] >= FEWEST]
    if not bins:
        return Markup("")
    sure = [round(100 * confidence / images) for images, _, confidence in bins]
    right = [100 * correct / images for images, correct, _ in bins]
    lines = [
        Line(plain("audit_network", language), sure, right),
        Line(plain("audit_calibrated", language), [0, 100], [0, 100], "var(--av-muted)", dashed=True),
    ]
    error = f"{100 * summary['network']['calibration_error']:.1f}"
    text = plain("audit_calibration_text", language, error=error, fewest=FEWEST)
    figure = _drawn(lines, plain("audit_calibration_plot", language), low=0, high=100, height=220)
    return Markup('<div class="av-calibration">{}<p class="av-note">{}</p></div>').format(figure, text)
