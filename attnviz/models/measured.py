"""What experiments measured about a checkpoint beside its own accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnviz.models.checkpoints import Card
from attnviz.models.results import FOLDER, read_results


@dataclass(frozen=True)
class Evidence:
    """Measurements that belong to a checkpoint; ``None`` for what was not measured.

    Attributes:
        top1: Accuracies in per cent of its recipe over seeds: ``mean``, ``sd``, ``n``, ``values``.
        replaced: What happens when all of its gates are replaced by their ``mean`` over the validation set, by another
            image's (``shuffle``) or by what changes nothing (``neutral``): for each ``top1`` in per cent, ``change`` in
            points with its 95 % ``interval``, ``beyond_chance``, and the share of answers ``changed`` in per cent.
        focus: Share of its spatial masks' energy inside the ``objects`` of the sample scenes over the objects' share of
            the area: ``mean`` over all masks, and the same of a plain ``centre`` map.
    """

    top1: Mapping[str, Any] | None = None
    replaced: Mapping[str, Any] | None = None
    focus: Mapping[str, Any] | None = None


def evidence(card: Card, folder: Path = FOLDER) -> Evidence:
    """Gather what belongs to a checkpoint from all files of results: same recipe, data and, for gates, weights.

    Args:
        card: Of the checkpoint.
        folder: Where files of results are; one that is missing holds no evidence.
    """
    rows = list(_rows(card, folder))
    several = [row["top1"] for row in rows if "top1" in row and row["top1"]["n"] > 1]
    replaced = (each for row in rows for each in row.get("ablations", ()) if each["gates"] and _same(each, card))
    own = next(replaced, None)
    masks = (each for row in rows for each in row.get("focus", ()) if own and each["seed"] == own["seed"])
    return Evidence(max(several, key=lambda top1: int(top1["n"]), default=None), own, next(masks, None))


def _rows(card: Card, folder: Path) -> Iterator[Mapping[str, Any]]:
    recipe, data = card.training.get("recipe", {}).get("id"), card.data.get("val", {}).get("fingerprint")
    for file in sorted(folder.glob("*.json")):
        report = read_results(file.stem, folder) or {}
        if data is not None and report.get("data", {}).get("fingerprint") == data:
            yield from (row for row in report.get("rows", ()) if row.get("name", row.get("recipe")) == recipe)


def _same(ablation: Mapping[str, Any], card: Card) -> bool:
    """Whether gates were replaced in these weights: of this seed and, where all images were used, this accuracy.

    Batches of another size may turn one answer, so less than one and a half images apart is the same.
    """
    images, seed = ablation["images"], card.training["recipe"]["train"]["seed"]
    apart = abs(ablation["top1"] - card.metrics["top1"])
    return bool(ablation["seed"] == seed and (images["count"] < images["of"] or apart < 1.5 * 100 / images["of"]))
