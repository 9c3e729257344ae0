"""What is measured of every network of a table: accuracy, cost, whether its gates do anything, where its masks lie."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from attnviz.audit.ablation import ablations
from attnviz.audit.photographs import Photographs
from attnviz.audit.scenes import spatial_focus
from attnviz.models.cost import macs_of
from attnviz.models.network import Network
from attnviz.training.experiments.runs import spread


def row(name: str, networks: Sequence[Network], photographs: Photographs, count: int | None = None) -> dict[str, Any]:
    """One row of a table.

    Args:
        name: Of the recipe, checkpoint or other network.
        networks: The same one trained with one seed or several, all with their cards, or one without.
        photographs: The validation split.
        count: Random photographs of it for the replacement of gates; ``None`` for all.

    Returns:
        Plain values: ``parameters``, and for each seed ``ablations`` and ``focus`` (left out for networks without
        spatial gates); with cards ``top1`` over seeds, ``per_class`` and ``macs`` too.
    """
    cards = [network.checkpoint for network in networks if network.checkpoint is not None]
    seeds = [card.training.get("recipe", {}).get("train", {}).get("seed", 0) for card in cards] or [0]
    masks = [spatial_focus(network) for network in networks]
    focus = [{"seed": seed, **mean_focus} for seed, mean_focus in zip(seeds, masks, strict=True) if mean_focus]
    of_cards: dict[str, Any] = {}
    if cards:
        of_cards = {
            "title": cards[0].title,
            "attention": cards[0].spec.attention,
            "top1": spread([card.metrics["top1"] for card in cards], 2),
            "per_class": {
                label: round(statistics.fmean(card.metrics["per_class"][label] for card in cards), 2)
                for label in cards[0].metrics.get("per_class", ())
            },
            "macs": macs_of(cards[0].spec),
        }
    return {
        "name": name,
        "seeds": seeds,
        **of_cards,
        "parameters": sum(p.numel() for p in networks[0].module.parameters()),
        "ablations": [
            {"seed": seed, **ablations(network, photographs, count)}
            for seed, network in zip(seeds, networks, strict=True)
        ],
        **({"focus": focus} if focus else {}),
    }
