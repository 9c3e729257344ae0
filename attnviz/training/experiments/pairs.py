"""A network with and without attention, over seeds: is the difference larger than the spread, and what does it cost?"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from attnviz.errors import UserError
from attnviz.models import build, count_parameters
from attnviz.training.data import ImageSet
from attnviz.training.experiments import Experiment
from attnviz.training.experiments.markdown import grid, plus_minus
from attnviz.training.experiments.runs import Run, interval, spread


def measure(families: Mapping[str, tuple[str, ...]], runs: Sequence[Run]) -> dict[str, Any]:
    """Accuracy, error and parameters of both rows, and their difference.

    Args:
        families: Name -> the recipe without attention, and the one with it.
        runs: Finished runs of one family.

    Raises:
        UserError: One of the two rows has no run.
    """
    family = next(family for family in families.values() if all(run.row in family for run in runs))
    rows: list[dict[str, Any]] = []
    for row in family:
        mine = [run for run in runs if run.row == row]
        if not mine:
            raise UserError(f"there is no finished run of {row}; the difference needs both of {', '.join(family)}")
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
    return {"rows": rows, "difference": difference(*(row["error"]["values"] for row in rows))}


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
    """Both rows and one sentence, in Markdown."""
    rows = grid(
        ("network", "parameters", "top-1 in % (seeds)", "error in %"),
        [
            (row["recipe"], f"{row['parameters']:,}", plus_minus(row["top1"]), plus_minus(row["error"]))
            for row in report["rows"]
        ],
    )
    told = report["difference"]
    said = f"With attention the error is {told['ratio']:.2f} times as large"
    if "interval" not in told:
        return f"{rows}\n\n{said}; a spread needs two seeds of each."
    low, high = told["interval"]
    beyond = "more" if told["beyond_spread"] else "no more"
    said += f" (95 % interval {low:.2f} to {high:.2f}); the difference of {abs(told['gain']):.2f} points is {beyond}"
    return f"{rows}\n\n{said} than twice the spread over seeds ({told['sd']:.2f})."


def with_and_without(families: Mapping[str, tuple[str, ...]]) -> Experiment:
    """An experiment out of pairs of recipes."""

    def measured(runs: Sequence[Run], images: ImageSet, count: int) -> dict[str, Any]:
        return measure(families, runs)

    return Experiment(families, measured, table)


STN = with_and_without({"digits": ("digits", "digits-stn")})
VGG = with_and_without({"quarter": ("vgg-30", "vgg-local-30")})
DENSENET = with_and_without({"small": ("densenet-30", "densenet-se-30")})
