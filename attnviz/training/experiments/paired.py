"""Two networks of one seed each, on the same validation images: an interval where there is none over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from attnviz.core.intervals import of_change, sign_test_p
from attnviz.core.numbers import signed, significant
from attnviz.training.data import ImageSet, load_images
from attnviz.training.evaluation import evaluate
from attnviz.training.experiments.markdown import p_text
from attnviz.training.experiments.runs import Run


def on_same_images(runs: Sequence[Run], pairs: Sequence[tuple[str, str]], data: Path) -> list[dict[str, Any]]:
    """How much more of the validation images one network answers rightly than another.

    Args:
        runs: Finished runs of one family.
        pairs: Names of two rows each; a pair is left out where a row has no run, or more than one: those have an
            interval over seeds, which says more.
        data: Folder with the validation split.

    Returns:
        Of each pair ``of``, ``beside``, ``points`` (accuracy of the first less the second's), its 95 % ``interval``
        over images (paired bootstrap) and ``p`` (McNemar's exact test): they hold for these two networks, not for
        others that are trained alike.
    """
    single = {run.row: run for run in runs if sum(other.row == run.row for other in runs) == 1}
    wanted = [(of, beside) for of, beside in pairs if of in single and beside in single]
    if not wanted:
        return []
    images = load_images(data, "val", runs[0].card.spec.input)  # rows of a family are given the same pictures
    right = {row: _right(single[row], images) for row in dict.fromkeys(row for pair in wanted for row in pair)}
    return [{"of": of, "beside": beside, **_difference(right[of], right[beside])} for of, beside in wanted]


def _right(run: Run, images: ImageSet) -> Tensor:
    network = run.network
    device = next(network.module.parameters()).device
    return evaluate(network.module, images, network.spec.input, device) == images.targets


def _difference(of: Tensor, beside: Tensor) -> dict[str, Any]:
    won, lost, count = int((of & ~beside).sum()), int((beside & ~of).sum()), len(of)
    low, high = of_change(lost, won, count)
    p = significant(sign_test_p(lost, won))
    return {"points": round(100 * (won - lost) / count, 2), "interval": [round(low, 2), round(high, 2)], "p": p}


def sentences(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """One sentence of each pair."""
    return [
        f"Accuracy of `{one['of']}` less that of `{one['beside']}`: {signed(one['points'])} points (95 % interval over "
        f"the same images {signed(one['interval'][0])} to {signed(one['interval'][1])}, McNemar's {p_text(one['p'])}; "
        "one network of each, so it says nothing about other seeds)."
        for one in found
    ]
