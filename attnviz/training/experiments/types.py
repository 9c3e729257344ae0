"""Attention types side by side: one network, one recipe, and every type in its residual branches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from attnviz.audit.photographs import in_folder
from attnviz.training.experiments import Experiment
from attnviz.training.experiments.runs import Run
from attnviz.training.experiments.types_rows import row
from attnviz.training.experiments.types_table import table

TYPES = (
    "none",
    "se",
    "eca",
    "cbam-channel",
    "spatial",
    "cbam",
    "coord",
    "gc",
    "simam",
    "local",
    "sk",
    "self-attention",
)
FAMILIES = {"compact-30": tuple(f"{name}-30" for name in TYPES), "compact": ("none", "se", "eca", "cbam")}
"""Networks -> recipes, the one without attention first: 30 epochs each, or 90."""


def measure(runs: Sequence[Run], data: Path, count: int) -> dict[str, Any]:
    """Everything about the runs of one family.

    Args:
        runs: Finished runs, of any rows and seeds.
        data: Folder with the validation split.
        count: Random images of it for the replacement of gates; 0 for all.

    Raises:
        UserError: ``count`` is no number of images.
    """
    names = dict.fromkeys(name for family in FAMILIES.values() for name in family)
    by_row = {name: mine for name in names if (mine := [run.network for run in runs if run.row == name])}
    photographs = in_folder(data, runs[0].card.labels, fewest=1)
    progress = tqdm(by_row.items(), desc="networks", unit="row", mininterval=5)  # minutes a row on a CPU
    return {"rows": [row(name, networks, photographs, count or None) for name, networks in progress]}


EXPERIMENT = Experiment(FAMILIES, measure, table, images=0)
