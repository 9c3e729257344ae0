"""How many photographs a network names rightly, and whether that can be compared with its card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from attnviz.analysis.analyser import Analyser
from attnviz.audit.network import AuditedNetwork, check_scores
from attnviz.audit.photographs import Photographs
from attnviz.audit.statistics.counts import Answers
from attnviz.audit.walk import walk
from attnviz.core.errors import UserError
from attnviz.core.scores import probabilities
from attnviz.models.checkpoints import Card, checkpoint_ids, load_card
from attnviz.models.network import Network


def check_classes(loaded: Network, photographs: Photographs) -> None:
    """``UserError`` unless the network's answers to photographs can be right or wrong."""
    check_scores(loaded)
    if not photographs.labelled:
        why = photographs.left_out.partition(";")[0]
        raise UserError(f"{loaded.name} cannot be judged on these data: {why} (labels say what its classes are called)")


def evaluate(loaded: Network, photographs: Photographs) -> dict[str, Any]:
    """Accuracy of a network and how well it knows when it is right; see ``accuracy`` and ``calibration``.

    Raises:
        UserError: Its answers cannot be judged, or a photograph cannot be read.
    """
    check_classes(loaded, photographs)
    network, parts = AuditedNetwork(Analyser(loaded)), []
    for numbers, x in walk(network, photographs):
        logits, targets = network.logits(x), photographs.targets[numbers]
        sure = probabilities(logits, loaded.scores).max(1)
        parts.append(Answers.of(len(loaded.labels), targets, logits.argmax(1), sure))
    answers = reduce(Answers.merge, parts)
    return {**accuracy(answers, loaded.labels), **calibration(answers)}


def accuracy(answers: Answers, labels: Sequence[str]) -> dict[str, Any]:
    """``top1`` in percent, ``correct``, ``total``, and ``per_class`` in percent of the classes that occurred."""
    right, total = int(answers.right.sum()), int(answers.images.sum())
    return {
        "top1": round(100 * right / total, 2),
        "correct": right,
        "total": total,
        "per_class": {
            labels[k]: round(100 * int(answers.right[k]) / int(answers.images[k]), 2)
            for k in np.flatnonzero(answers.images).tolist()
        },
    }


def calibration(answers: Answers) -> dict[str, float]:
    """``confidence``, the mean probability of the answers, and ``ece``, both in percent.

    ``ece`` is the expected calibration error of Guo et al. 2017 (arXiv 1706.04599) with 15 bins.
    """
    mean = float(answers.bin_confidence.sum() / max(answers.bin_images.sum(), 1))
    return {"confidence": round(100 * mean, 2), "ece": round(100 * answers.calibration_error, 2)}


def other_data(card: Card, photographs: Photographs) -> str | None:
    """Why what was measured on photographs cannot be compared with a card, in a sentence; ``None`` where it can."""
    name = card.data.get("name", "data without a name")
    if not photographs.labelled:
        return f"knows other classes: {', '.join(card.labels[:3])} …, from {name}"
    if card.data.get("val", {}).get("fingerprint") == photographs.content:
        return None
    return f"measured on {name}: these are other data (the fingerprints differ)"


def not_comparable(loaded: Network, photographs: Photographs) -> str | None:
    """Why what a network says of photographs cannot be compared with a card, in a sentence; ``None`` where it can."""
    card = loaded.checkpoint
    if card is None:
        return "has no card"
    if (loaded.input, loaded.labels, loaded.scores) != (card.spec.input, card.labels, "softmax"):
        return "is asked otherwise than its card says"
    return other_data(card, photographs)


def fitting(folder: Path, photographs_for: Callable[[Sequence[str]], Photographs]) -> tuple[list[str], dict[str, str]]:
    """The checkpoints of a folder that were measured on some photographs.

    Args:
        folder: Of the checkpoints.
        photographs_for: Labels of a network -> the photographs with their classes.

    Returns:
        Their ids, and for each of the others why it cannot be compared.

    Raises:
        UserError: None was.
    """
    names, others = checkpoint_ids(folder), {}
    for name in names:
        card = load_card(name, folder)
        reason = other_data(card, photographs_for(card.labels))
        if reason is None and "correct" not in card.metrics:
            reason = "its card tells no accuracy"
        if reason is not None:
            others[name] = reason
    if len(others) == len(names):
        why = "; ".join(f"{name} {reason}" for name, reason in others.items())
        raise UserError(f"none of the {len(names)} checkpoints in {folder} was measured on these data. {why}")
    return [name for name in names if name not in others], others
