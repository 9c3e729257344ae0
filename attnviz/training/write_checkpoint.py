"""The end of a run: its checkpoint, measured as it is stored."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from attnviz.audit.accuracy import accuracy
from attnviz.audit.statistics.counts import Answers
from attnviz.models.checkpoints import Card, compact, save_checkpoint
from attnviz.models.cost import macs_of
from attnviz.models.spec import placed
from attnviz.training.data import ImageSet
from attnviz.training.evaluation import evaluate
from attnviz.training.recipe import Recipe

MOST_CHANGED = 2
"""Predictions that float16 may change; where it changes more, a checkpoint keeps float32."""
LIMITS = ("It knows {count} classes: anything else is forced into one of them.",)


def write_checkpoint(
    folder: Path, recipe: Recipe, network: nn.Module, train: ImageSet, val: ImageSet, training: Mapping[str, Any]
) -> Card:
    """Write the checkpoint of a trained network, whole or not at all.

    Args:
        folder: Of the run.
        recipe: By which it was trained.
        network: With its final weights in float32.
        train: What it was trained on.
        val: What it is measured on, with the weights as they are stored.
        training: What else the card says about the training.
    """
    rounded, spec, device = copy.deepcopy(network), recipe.model_spec(len(train.labels)), placed(network)[0]
    rounded.load_state_dict(compact(network.state_dict(), network))
    card = Card(
        id=recipe.id,
        title=recipe.title,
        spec=spec,
        labels=train.labels,
        metrics={},
        data={"name": recipe.data, "train": train.describe(), "val": val.describe()},
        training={"recipe": recipe.to_json(), **training},
        limits=tuple(text.format(count=len(train.labels)) for text in LIMITS),
    )
    full, half = (evaluate(each, val, spec.input, device) for each in (network, rounded))
    changed = int((full != half).sum())
    stored, said = (rounded, half) if changed <= MOST_CHANGED else (network, full)
    answers = Answers.of(len(card.labels), val.targets.numpy(), said.numpy(), np.zeros(len(val)))
    metrics = {
        **accuracy(answers, card.labels),
        "comparable": True,
        "predictions_changed_by_fp16": changed,
        "stored": "float16" if stored is rounded else "float32",
        "parameters": sum(p.numel() for p in network.parameters()),
        "macs": macs_of(spec),
    }
    return save_checkpoint(folder, dataclasses.replace(card, metrics=metrics), network, half=stored is rounded)
