"""What is measured of every network of a table: accuracy, cost, whether its gates do anything, where its masks lie."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from attnviz.models.cost import macs_of
from attnviz.models.network import Network
from attnviz.training.ablation import ablations
from attnviz.training.data import ImageSet
from attnviz.training.experiments.runs import spread
from attnviz.training.focus import spatial_focus


def row(name: str, networks: Sequence[Network], images: ImageSet, count: int | None = None) -> dict[str, Any]:
    """One row of a table.

    Args:
        name: Of the recipe or checkpoint.
        networks: The same one trained with one seed or several, with their cards.
        images: The validation split.
        count: Random images of it for the replacement of gates; ``None`` for all.

    Returns:
        Plain values: ``top1`` over seeds and ``per_class`` from the cards, ``parameters``, ``macs``, and for each seed
        ``ablations`` and ``focus`` (left out for networks without spatial gates).
    """
    cards = [network.card for network in networks]
    seeds = [card.training.get("recipe", {}).get("train", {}).get("seed", 0) for card in cards]
    masks = [spatial_focus(network) for network in networks]
    focus = [{"seed": seed, **found} for seed, found in zip(seeds, masks, strict=True) if found]
    return {
        "name": name,
        "title": cards[0].title,
        "attention": cards[0].spec.attention,
        "seeds": seeds,
        "top1": spread([card.metrics["top1"] for card in cards], 2),
        "per_class": {
            label: round(statistics.fmean(card.metrics["per_class"][label] for card in cards), 2)
            for label in cards[0].metrics.get("per_class", ())
        },
        "parameters": sum(p.numel() for p in networks[0].module.parameters()),
        "macs": macs_of(cards[0].spec),
        "ablations": [
            {"seed": seed, **ablations(network, images, count)} for seed, network in zip(seeds, networks, strict=True)
        ],
        **({"focus": focus} if focus else {}),
    }
