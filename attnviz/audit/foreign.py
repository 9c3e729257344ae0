"""How sure a network is of photographs of classes that it never learned, and how many of them can be told apart."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from attnviz.analysis.analyser import Analyser
from attnviz.audit.accuracy import accuracy, calibration, check_classes
from attnviz.audit.network import AuditedNetwork
from attnviz.audit.photographs import Photographs, in_folder, known_among
from attnviz.audit.statistics.base import Doubles, Whole
from attnviz.audit.statistics.counts import Answers
from attnviz.audit.walk import walk
from attnviz.core.errors import UserError, nearest
from attnviz.core.likeness import Likeness, Subspace
from attnviz.core.scores import probabilities
from attnviz.core.types import Floats
from attnviz.gates.pooled import pooled
from attnviz.images.decode import open_photograph
from attnviz.images.folders import readable, split_folder
from attnviz.models.network import Network
from attnviz.models.provenance import facts

MOST = 1000
"""Training photographs, and photographs of other classes, that are looked at: more of them are spread evenly."""
CONTROL = 500
"""Known photographs that are made as small as those of other classes."""


def spread(photographs: Photographs, count: int = MOST) -> Photographs:
    """At most so many photographs, evenly over their order."""
    step = max(len(photographs) / count, 1)
    return _some(photographs, [int(i * step) for i in range(min(count, len(photographs)))])


def _some(photographs: Photographs, at: Sequence[int]) -> Photographs:
    names, sources = (tuple(values[i] for i in at) for values in (photographs.names, photographs.sources))
    return Photographs(names, sources, photographs.targets[list(at)], photographs.left_out)


def foreign_photographs(root: Path, wanted: Sequence[str], labels: Sequence[str]) -> tuple[Photographs, list[str]]:
    """Photographs of classes that a network does not know, at most ``MOST``, and the readable names of the classes.

    Args:
        root: Holds class folders, perhaps in ``val/`` or ``test/``.
        wanted: Names of the class folders; none for all of them.
        labels: Of the network.

    Raises:
        UserError: There is no such folder, it holds no class folders or no photographs, one of ``wanted`` is none of
            them, or the network knows one of the classes by its name.
    """
    if not root.is_dir():
        raise UserError(f"--foreign must be a folder of class folders, got {str(root)!r}")
    photographs = in_folder(root, (), fewest=1)
    folders = sorted({name.partition("/")[0] for name in photographs.names if "/" in name})
    if not folders:
        raise UserError(f"--foreign must be a folder of class folders, so that known classes are seen; {root} has none")
    if unknown := [name for name in wanted if name not in folders]:
        raise UserError(f"--foreign-classes: {root} has no class folder {unknown[0]!r}; {nearest(unknown[0], folders)}")
    chosen = [name for name in folders if not wanted or name in wanted]
    if common := known_among(chosen, labels):
        others = ",".join(name for name in chosen if name not in common) or "none is left"
        raise UserError(
            f"the network knows {', '.join(readable(common))}: what it says of these photographs is no answer to other "
            f"classes; leave them out (--foreign-classes {others})"
        )
    at = [i for i, name in enumerate(photographs.names) if name.partition("/")[0] in chosen]
    return spread(_some(photographs, at)), list(readable(chosen))


def as_small_as(foreign: Photographs, known: Photographs, side: int) -> Photographs | None:
    """Known photographs made as small as foreign ones, where a network is given these enlarged; else ``None``.

    Enlarged pictures are blurred, and whoever calls them unlike may see that alone.

    Args:
        foreign: In files.
        known: In files; some of them, evenly spread, are reduced to the median size of the foreign ones.
        side: What the network is given, in pixels.
    """
    sizes = []
    for file in spread(foreign, CONTROL).sources:
        with Image.open(file) as picture:
            sizes.append(min(picture.size))
    least = int(np.median(sizes))
    if least >= side:
        return None
    some = spread(known, CONTROL)
    pictures = [open_photograph(file).convert("RGB").resize((least, least)) for file in some.sources]
    return Photographs(some.names, tuple(pictures), some.targets)


def training_photographs(root: Path, labels: Sequence[str]) -> Photographs:
    """At most ``MOST`` training photographs; ``UserError`` where the folder has no part for training."""
    split_folder(root, "train")
    return spread(in_folder(root, labels, "train"))


def evaluate_beside(
    loaded: Network, known: Photographs, train: Photographs, foreign: Photographs, classes: Sequence[str]
) -> dict[str, Any]:
    """Accuracy as ``accuracy.evaluate``, and beside it ``foreign`` and ``unlike`` as they stand on a card.

    Args:
        loaded: The network; it ends with a linear layer.
        known: The validation photographs.
        train: Photographs that it was trained on, to which others are compared.
        foreign: Photographs of other classes.
        classes: Names of these classes.

    Raises:
        UserError: Its answers cannot be judged, or a photograph cannot be read.
    """
    check_classes(loaded, known)
    started, network, count = time.perf_counter(), AuditedNetwork(Analyser(loaded)), len(loaded.labels)
    with pooled(loaded.module) as passes:
        for _, x in walk(network, train):
            network.logits(x)
    space = Subspace.of(np.concatenate([features.float().cpu().numpy() for features in passes]))
    parts, at_home = [], []
    for numbers, logits, rest in _looks(network, known, space):
        sure = probabilities(logits, loaded.scores).max(1)
        parts.append(Answers.of(count, known.targets[numbers], logits.argmax(1), sure))
        at_home.append(rest)
    answers, sure_of, away = reduce(Answers.merge, parts), [], []
    for _, logits, rest in _looks(network, foreign, space):
        sure_of.append(probabilities(logits, loaded.scores).max(1))
        away.append(rest)
    small = as_small_as(foreign, known, min(loaded.input.size))
    blurred = np.concatenate([rest for *_, rest in _looks(network, small, space)]) if small else None
    likeness = Likeness.of(space, np.concatenate(at_home), np.concatenate(away), blurred)
    confidence = np.concatenate(sure_of).astype(np.float64)
    entry = {
        "classes": list(classes),
        "images": len(foreign),
        "fingerprint": foreign.content,
        "confidence": round(100 * float(confidence.mean()), 2),
        "above_half": round(100 * float((confidence > 0.5).mean()), 2),
        "measured": facts(network.analyser.device, time.perf_counter() - started),
    }
    result = {**accuracy(answers, loaded.labels), **calibration(answers)}
    return {**result, "foreign": entry, "unlike": likeness.to_json()}


def _looks(
    network: AuditedNetwork, photographs: Photographs, space: Subspace
) -> Iterator[tuple[Whole, Floats, Doubles]]:
    """For each batch its numbers (N,), logits (N, K) and what is left of the features outside of a space, (N,)."""
    for numbers, x in walk(network, photographs):
        with pooled(network.loaded.module) as passes:
            logits = network.logits(x)
        rest = space.remainder(passes[0].float().cpu().numpy())
        yield numbers, logits, np.asarray(rest, np.float64)
