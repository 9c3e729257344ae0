"""The end of a run: its checkpoint, measured as it is stored."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from attnviz.checkpoints import Card, LoadedModel, compact, save_checkpoint
from attnviz.models import placed
from attnviz.training.data import ImageSet
from attnviz.training.evaluation import evaluate, evaluate_checkpoint
from attnviz.training.recipe import Recipe

LIMITS = ("It knows {count} classes: anything else is forced into one of them.",)


def write_checkpoint(
    folder: Path, recipe: Recipe, network: nn.Module, train: ImageSet, val: ImageSet, told: Mapping[str, Any]
) -> Card:
    """Write the checkpoint of a trained network, whole or not at all.

    Args:
        folder: Of the run.
        recipe: By which it was trained.
        network: With its final weights in float32.
        train: What it was trained on.
        val: What it is measured on, with the rounded weights that are stored.
        told: What else the card says about the training.
    """
    stored, spec, device = copy.deepcopy(network), recipe.model_spec(len(train.labels)), placed(network)[0]
    stored.load_state_dict(compact(network.state_dict(), network))
    card = Card(
        id=recipe.id,
        title=recipe.title,
        spec=spec,
        labels=train.labels,
        metrics={},
        data={"name": recipe.data, "train": train.describe(), "val": val.describe()},
        training={"recipe": recipe.to_json(), **told},
        limits=tuple(text.format(count=len(train.labels)) for text in LIMITS),
    )
    full, half = (evaluate(each, val, spec.input, device) for each in (network, stored))
    metrics = {
        **evaluate_checkpoint(LoadedModel(card.id, stored, spec, card.labels, card), val),
        "predictions_changed_by_fp16": int((full != half).sum()),
        "parameters": sum(p.numel() for p in network.parameters()),
    }
    return save_checkpoint(folder, dataclasses.replace(card, metrics=metrics), network)
