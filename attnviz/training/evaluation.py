"""How many validation images a network names rightly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.models.checkpoints import Card, checkpoint_ids, load_card
from attnviz.models.network import Network
from attnviz.training.data import ImageSet, prepare_batch, split_labels

EVAL_BATCH = 64


@torch.inference_mode()
def evaluate(model: nn.Module, images: ImageSet, spec: InputSpec, device: torch.device) -> Tensor:
    """Predicted classes of all images, (N,) int64, in float32 and eval mode."""
    was_training = model.training
    model.eval()
    try:
        chunks = [
            model(prepare_batch(images.images[i : i + EVAL_BATCH].to(device), spec, first=i)).argmax(1).cpu()
            for i in range(0, len(images), EVAL_BATCH)
        ]
    finally:
        model.train(was_training)
    return torch.cat(chunks)


def evaluate_checkpoint(loaded: Network, images: ImageSet) -> dict[str, Any]:
    """Accuracy of a checkpoint on a validation split.

    Returns:
        ``top1`` in percent, ``correct``, ``total``, ``per_class`` in percent, and ``comparable``: whether
        the data are the ones that the card names.

    Raises:
        UserError: The classes are not those of the checkpoint.
    """
    if images.labels != loaded.labels:
        raise UserError(f"{loaded.name} knows {', '.join(loaded.labels)}; the data hold {', '.join(images.labels)}")
    device = next(loaded.module.parameters()).device
    right = evaluate(loaded.module, images, loaded.spec.input, device) == images.targets
    per_class = {
        label: round(100 * float(right[images.targets == i].float().mean()), 2) for i, label in enumerate(images.labels)
    }
    return {
        "top1": round(100 * float(right.float().mean()), 2),
        "correct": int(right.sum()),
        "total": len(images),
        "per_class": per_class,
        "comparable": other_data(loaded.card, images) is None,
    }


def other_data(card: Card, images: ImageSet) -> str | None:
    """Why what was measured on some images cannot be compared with a card, in a sentence; ``None`` where it can."""
    if reason := other_classes(card, images.labels):
        return reason
    named = card.data.get("val", {}).get("fingerprint")
    if named == images.fingerprint:
        return None
    return f"measured on {card.data.get('name', 'data without a name')}: these are other data (the fingerprints differ)"


def other_classes(card: Card, labels: Sequence[str]) -> str | None:
    """The same for classes alone, before any image is opened."""
    if tuple(labels) == card.labels:
        return None
    return f"knows other classes: {', '.join(card.labels[:3])} …, from {card.data.get('name', 'data without a name')}"


def fitting(folder: Path, data: Path, images_for: Callable[[InputSpec], ImageSet]) -> tuple[list[str], dict[str, str]]:
    """The checkpoints of a folder that were measured on a validation split.

    Args:
        folder: Of the checkpoints.
        data: Folder of the data.
        images_for: What a network wants -> the split, prepared for it.

    Returns:
        Their ids, and for each of the others why it cannot be compared.

    Raises:
        UserError: None was.
    """
    names, labels, others = checkpoint_ids(folder), split_labels(data, "val"), {}
    for name in names:
        card = load_card(name, folder)
        reason = other_classes(card, labels) or other_data(card, images_for(card.spec.input))
        if reason is None and "correct" not in card.metrics:
            reason = "its card tells no accuracy"
        if reason is not None:
            others[name] = reason
    if len(others) == len(names):
        why = "; ".join(f"{name} {reason}" for name, reason in others.items())
        raise UserError(f"none of the {len(names)} checkpoints in {folder} was measured on these data. {why}")
    return [name for name in names if name not in others], others
