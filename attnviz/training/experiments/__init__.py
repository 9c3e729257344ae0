"""Experiments: several recipes, each with several seeds, and what is measured on the networks that come out.

One file an experiment, one line in this table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnviz.core.registry import Registry
from attnviz.training.experiments.runs import Run


@dataclass(frozen=True)
class Experiment:
    """One experiment.

    Attributes:
        families: Name of a network and size -> the recipes that make the rows of the table; the first is the default.
        measure: Runs, the folder of the data and how many of its validation images serve the costly measurements ->
            plain values for JSON.
        table: Such values -> Markdown.
        images: How many images the costly measurements use where nobody says; 0 for all.
    """

    families: Mapping[str, tuple[str, ...]]
    measure: Callable[[Sequence[Run], Path, int], dict[str, Any]]
    table: Callable[[Mapping[str, Any]], str]
    images: int = 2000


EXPERIMENTS: Registry[Experiment] = Registry(
    "experiment",
    (
        ("noise", "attnviz.training.experiments.noise:EXPERIMENT"),
        ("last", "attnviz.training.experiments.pairs:LAST"),
        ("stn", "attnviz.training.experiments.pairs:STN"),
        ("vgg", "attnviz.training.experiments.pairs:VGG"),
        ("densenet", "attnviz.training.experiments.pairs:DENSENET"),
        ("types", "attnviz.training.experiments.types:EXPERIMENT"),
    ),
)
"""Every entry is an ``Experiment``."""
