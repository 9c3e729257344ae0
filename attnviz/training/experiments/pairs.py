"""A network with and without attention, over seeds: is the difference larger than the spread, and what does it cost?

Where the gate brings many parameters, a third row has as many and no gate.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from attnviz.core.errors import UserError
from attnviz.models.spec import build, count_parameters
from attnviz.training.data import ImageSet
from attnviz.training.experiments import Experiment
from attnviz.training.experiments.markdown import grid, plus_minus
from attnviz.training.experiments.runs import Run, interval, spread


def measure(families: Mapping[str, tuple[str, ...]], runs: Sequence[Run]) -> dict[str, Any]:
    """Accuracy, error and parameters of every row; ``difference`` and ``over_control`` of the one with attention.

    Args:
        families: Name -> the recipe without attention, its control of equal size if there is one, and the recipe with
            attention.
        runs: Finished runs of one family.

    Raises:
        UserError: A row has no run.
    """
    family = next(family for family in families.values() if all(run.row in family for run in runs))
    rows: list[dict[str, Any]] = []
    for row in family:
        mine = [run for run in runs if run.row == row]
        if not mine:
            raise UserError(f"there is no finished run of {row}; the difference needs all of {', '.join(family)}")
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
    plain, *control, attention = (row["error"]["values"] for row in rows)
    report = {"rows": rows, "difference": difference(plain, attention)}
    return {**report, "over_control": difference(control[0], attention)} if control else report


def difference(without: Sequence[float], attention: Sequence[float]) -> dict[str, Any]:
    """Errors in percent of every seed -> gain in points, and the ratio of mean errors.

    Returns:
        ``gain`` (error without − error with), ``sd`` of both rows together, ``beyond_spread``: whether the gain
        exceeds twice that; ``ratio`` of mean errors, with over without, and its 95 % ``interval`` from a bootstrap
        over seeds. With one seed of a row only ``gain`` and ``ratio``.
    """
    gain = statistics.fmean(without) - statistics.fmean(attention)
    told: dict[str, Any] = {
        "gain": round(gain, 3),
        "ratio": round(statistics.fmean(attention) / max(statistics.fmean(without), 1e-9), 4),
    }
    if min(len(without), len(attention)) < 2:
        return told
    sd = ((statistics.variance(without) + statistics.variance(attention)) / 2) ** 0.5
    ends = [round(end, 4) for end in interval(lambda a, b: a / max(b, 1e-9), (attention, without))]
    return {**told, "sd": round(sd, 3), "beyond_spread": abs(gain) > 2 * sd, "interval": ends}


def table(report: Mapping[str, Any]) -> str:
    """All rows, and a sentence on each difference, in Markdown."""
    rows = grid(
        ("network", "parameters", "top-1 in % (seeds)", "error in %"),
        [
            (f"`{row['recipe']}`", f"{row['parameters']:,}", plus_minus(row["top1"]), plus_minus(row["error"]))
            for row in report["rows"]
        ],
    )
    said = [f"With attention the error is {_said(report['difference'])}"]
    if "over_control" in report:
        said.append(f"Beside as many parameters without a gate it is {_said(report['over_control'])}")
    return "\n\n".join((rows, *said))


def _said(told: Mapping[str, Any]) -> str:
    times = f"{told['ratio']:.2f} times as large"
    if "interval" not in told:
        return f"{times}; a spread needs two seeds of each."
    low, high = told["interval"]
    than = "more than" if told["beyond_spread"] else "no more than"
    return (
        f"{times} (95 % interval {low:.2f} to {high:.2f}); the difference of {abs(told['gain']):.2f} points is "
        f"{than} twice the spread over seeds (2 × {told['sd']:.2f})."
    )


def with_and_without(families: Mapping[str, tuple[str, ...]]) -> Experiment:
    """An experiment out of pairs of recipes, or of threes with a control."""

    def measured(runs: Sequence[Run], images: ImageSet, count: int) -> dict[str, Any]:
        return measure(families, runs)

    return Experiment(families, measured, table)


STN = with_and_without({"digits": ("digits", "digits-stn")})
VGG = with_and_without({"quarter": ("vgg-15", "vgg-local-15")})
DENSENET = with_and_without({"small": ("densenet-15", "densenet-se-15")})
LAST = with_and_without(
    {
        "compact": ("noise-rgb", "last-control", "last-attention"),
        "mobilenet": ("mobilenet", "mobilenet-control", "mobilenet-last"),
    }
)
