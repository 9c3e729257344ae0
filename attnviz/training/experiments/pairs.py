"""A network with and without attention, over seeds: what is the difference, how sure is it, and what does it cost?

Where the gate brings many parameters, a third row has as many and no gate.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attnviz.core.errors import UserError
from attnviz.core.intervals import fieller, welch
from attnviz.core.numbers import signed, significant
from attnviz.models.spec import build, count_parameters
from attnviz.training.experiments import Experiment
from attnviz.training.experiments.markdown import MEAN, grid, p_text, plus_minus
from attnviz.training.experiments.paired import on_same_images, sentences
from attnviz.training.experiments.runs import Run, spread


def measure(families: Mapping[str, tuple[str, ...]], runs: Sequence[Run]) -> dict[str, Any]:
    """Accuracy, error and parameters of every row; ``difference`` and ``over_control`` of the one with attention.

    Args:
        families: Name -> the recipe without attention, its control of equal size if there is one, and the recipe with
            attention.
        runs: Finished runs of one family; a control may be missing, and is left out then.

    Raises:
        UserError: Another row has no run.
    """
    family = next(family for family in families.values() if all(run.row in family for run in runs))
    rows: list[dict[str, Any]] = []
    for row in family:
        mine = [run for run in runs if run.row == row]
        if not mine and row in family[1:-1]:
            continue  # a control that is not trained yet: the difference stands without it
        if not mine:
            raise UserError(f"there is no finished run of {row}; the difference needs {family[0]} and {family[-1]}")
        top1 = [run.card.metrics["top1"] for run in mine]
        rows.append(
            {
                "recipe": row,
                "parameters": count_parameters(build(mine[0].card.spec, published_weights=False)),
                "seeds": [run.seed for run in mine],
                "top1": spread(top1, 2),
                "error": spread([round(100 - value, 2) for value in top1], 2),
            }
        )
    return {"rows": rows, **comparisons(rows)}


def comparisons(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What follows from the errors of every seed: ``difference``, and ``over_control`` where there are three rows."""
    plain, *control, attention = (row["error"]["values"] for row in rows)
    differences = {"difference": difference(plain, attention)}
    return {**differences, "over_control": difference(control[0], attention)} if control else differences


def difference(without: Sequence[float], attention: Sequence[float]) -> dict[str, Any]:
    """Errors in percent of every seed -> gain in points, and the ratio of mean errors.

    Returns:
        ``gain`` (error without − error with) with its 95 % ``gain_interval`` and ``p`` (Welch's t test); ``ratio`` of
        mean errors, with over without, and its 95 % ``interval`` (Fieller; ``None`` where there is no end to it).
        With one seed of a row only ``gain`` and ``ratio``.
    """
    gain = statistics.fmean(without) - statistics.fmean(attention)
    result: dict[str, Any] = {
        "gain": round(gain, 3),
        "ratio": round(statistics.fmean(attention) / max(statistics.fmean(without), 1e-9), 4),
    }
    if min(len(without), len(attention)) < 2:
        return result
    difference, ends = welch(attention, without), fieller(attention, without)
    bounds = [round(end, 4) for end in ends] if all(map(math.isfinite, ends)) else None
    interval = [round(difference.low, 3), round(difference.high, 3)]
    return {**result, "gain_interval": interval, "p": significant(difference.p), "interval": bounds}


def table(report: Mapping[str, Any]) -> str:
    """All rows, and a sentence on each difference, in Markdown."""
    rows = grid(
        ("network", "parameters", f"top-1 in %, {MEAN}", f"error in %, {MEAN}"),
        [
            (f"`{row['recipe']}`", f"{row['parameters']:,}", plus_minus(row["top1"]), plus_minus(row["error"]))
            for row in report["rows"]
        ],
    )
    said = [f"With attention the error is {_said(report['difference'])}"]
    if "over_control" in report:
        said.append(f"Beside as many parameters without a gate it is {_said(report['over_control'])}")
    return "\n\n".join((rows, *said, *sentences(report.get("same_images", ()))))


def _said(result: Mapping[str, Any]) -> str:
    times = f"{result['ratio']:.2f} times as large"
    if "p" not in result:
        return f"{times}; an interval needs two seeds of each."
    ends = "without end" if result["interval"] is None else "{:.2f} to {:.2f}".format(*result["interval"])
    low, high = (signed(end) for end in result["gain_interval"])
    return (
        f"{times} (Fieller's 95 % interval {ends}); the accuracy differs by {signed(result['gain'])} points "
        f"(Welch's 95 % interval {low} to {high}, {p_text(result['p'])})."
    )


def with_and_without(families: Mapping[str, tuple[str, ...]]) -> Experiment:
    """An experiment out of pairs of recipes, or of threes with a control."""

    def measured(runs: Sequence[Run], data: Path, count: int) -> dict[str, Any]:
        report = measure(families, runs)
        *others, attention = (row["recipe"] for row in report["rows"])
        return {**report, "same_images": on_same_images(runs, [(attention, other) for other in others], data)}

    return Experiment(families, measured, table)


STN = with_and_without({"digits": ("digits", "digits-stn")})
VGG = with_and_without({"quarter": ("vgg-15", "vgg-local-15")})
DENSENET = with_and_without({"small": ("densenet-15", "densenet-se-15")})
LAST = with_and_without(
    {
        "compact": ("noise-rgb", "last-control", "last-attention"),
        "mobilenet": ("mobilenet", "mobilenet-control", "mobilenet-last"),
        "mobilenet-64": ("mobilenet-64", "mobilenet-64-control", "mobilenet-64-last"),
    }
)
