"""Whether checkpoints are what their cards say, without needing any data: hashes, and answers to the sample scenes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from attnviz.analysis.analyser import Analyser
from attnviz.images.sample_table import RENDERED, SAMPLES
from attnviz.images.samples import load_sample
from attnviz.models.checkpoints import Card, checkpoint_folder, checkpoint_ids, load, save_card

TOLERANCE = 0.005
"""Largest difference of a probability that another machine's arithmetic may make."""


def scene_answers(analyser: Analyser) -> dict[str, list[list[Any]]]:
    """The three most probable classes for every sample scene, ``{scene: [[label, probability], …]}``."""
    scenes = [sample.name for sample in SAMPLES if sample.source == RENDERED]
    tops = {name: analyser.analyse(load_sample(name)).top(3) for name in scenes}
    return {name: [[label, round(p, 4)] for label, p in top] for name, top in tops.items()}


def differences(published: Any, given: dict[str, list[list[Any]]]) -> list[str]:
    """One sentence for every scene whose answer is not the published one.

    A card written before a scene was added has no answer to it, which is no difference; one without any answer is.
    """
    sentences = [] if any(name in published for name in given) else ["no published answer to any sample scene"]
    for name, top in given.items():
        for (label, p), (said, q) in zip(top, published.get(name, ()), strict=False):
            if abs(p - q) > TOLERANCE or (label != said and abs(p - q) > 0):
                sentences.append(f"{name}: {label} {p}, published {said} {q}")
                break
    return sentences


def verify(name: str | Path, folder: Path | None = None, write: bool = False) -> tuple[Card, list[str]]:
    """Load a checkpoint (which compares its hash) and compare its answers with the published ones.

    Args:
        name: Id or path.
        folder: Where ids are looked up.
        write: Publish the answers in the card instead.

    Returns:
        The card and what differs, one sentence each.

    Raises:
        UserError: The checkpoint cannot be loaded.
    """
    folder = folder or checkpoint_folder()
    loaded = load(name, folder)
    given = scene_answers(Analyser(loaded))
    if not write:
        return loaded.card, differences(loaded.card.answers, given)
    card = dataclasses.replace(loaded.card, answers=given)
    save_card(folder if name in checkpoint_ids(folder) else Path(name).parent, card)
    return card, []
