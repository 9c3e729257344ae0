"""The runs of an experiment: found where they are finished, trained where they are missing."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from attnviz.core.errors import UserError
from attnviz.models.checkpoints import Card, best_device, load
from attnviz.models.network import Network
from attnviz.training.checks import finished_card
from attnviz.training.loop import Trainer
from attnviz.training.recipe import Recipe


@dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        row: Name of the recipe.
        seed: With which it was trained.
        folder: Where its checkpoint is.
        card: Of the checkpoint.
    """

    row: str
    seed: int
    folder: Path
    card: Card

    @cached_property
    def network(self) -> Network:
        """The network, on the GPU where there is one."""
        return load(self.folder / self.card.id, device=best_device())

    def describe(self) -> dict[str, Any]:
        """What a file of results says about it."""
        training = {key: self.card.training.get(key) for key in ("commit", "torch", "hardware", "seconds")}
        return {"recipe": self.row, "seed": self.seed, "top1": self.card.metrics["top1"], **training}


def folders(runs: Path, recipe: Recipe, seed: int) -> list[Path]:
    """Where a run may be: ``<recipe>-<seed>``, ``<recipe>-seed<seed>``, and ``<recipe>`` for the recipe's own seed."""
    names = [f"{recipe.id}-{seed}", f"{recipe.id}-seed{seed}", *([recipe.id] if seed == recipe.train.seed else [])]
    return [runs / name for name in names]


def find_run(runs: Path, recipe: Recipe, seed: int) -> Run | None:
    """A finished run.

    Raises:
        UserError: A folder of its name has the checkpoint of another recipe.
    """
    for folder in folders(runs, recipe, seed):
        card = finished_card(folder, recipe.with_seed(seed))
        if card is not None:
            return Run(recipe.id, seed, folder, card)
    return None


def train_run(runs: Path, recipe: Recipe, seed: int, data: Path, devices: int = 1) -> Run:
    """Train a run, or go on with it where it was stopped."""
    places = folders(runs, recipe, seed)
    folder = next((place for place in places if place.is_dir()), places[0])
    return Run(recipe.id, seed, folder, Trainer(recipe.with_seed(seed), data, folder, devices).run())


def collect(
    runs: Path, recipes: Sequence[Recipe], seeds: Sequence[int], data: Path | None, say: Callable[[str], None]
) -> list[Run]:
    """All runs of an experiment.

    Args:
        runs: Folder of the runs.
        recipes: Its rows.
        seeds: Of every row.
        data: What missing runs are trained on; ``None`` leaves them out.
        say: Told what is going on.

    Raises:
        UserError: A run cannot be used, or there is none.
    """
    finished: list[Run] = []
    for seed in seeds:
        for recipe in recipes:
            run = find_run(runs, recipe, seed)
            if run is None and data is not None:
                say(f"training {recipe.id} with seed {seed}")
                run = train_run(runs, recipe, seed, data)
            if run is None:
                say(f"{recipe.id} with seed {seed} is not finished and left out")
            else:
                finished.append(run)
    if not finished:
        raise UserError(f"{runs} holds no finished run of {', '.join(r.id for r in recipes)}")
    return finished


def check_data(runs: Sequence[Run], fingerprint: str) -> None:
    """Refuse runs that were evaluated on other images."""
    other = [str(run.folder) for run in runs if run.card.data["val"]["fingerprint"] != fingerprint]
    if other:
        raise UserError(f"{', '.join(other)} was evaluated on other data than these validation images")


def spread(values: Sequence[float], digits: int = 3) -> dict[str, Any]:
    """Mean and standard deviation over seeds; the latter is ``None`` for a single one."""
    sd = round(statistics.stdev(values), digits) if len(values) > 1 else None
    return {"mean": round(statistics.fmean(values), digits), "sd": sd, "n": len(values), "values": list(values)}
