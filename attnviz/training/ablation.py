"""Do the gates do anything? Accuracy with all gates replaced, beside the accuracy as the network is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from math import comb
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attnviz.core.errors import UserError
from attnviz.core.types import Edit, Floats, GateSite
from attnviz.gates.edit import edit, mean, neutral, shuffle
from attnviz.models.network import Network
from attnviz.models.spec import placed
from attnviz.training.data import ImageSet, network_batch, pick
from attnviz.training.gate_statistics import gate_means, sites_of

BATCH = 64
"""Images of a batch, over which gates are shuffled."""
RESAMPLES = 10_000
CHANCE = 0.05
"""A change is called one where chance gives one as large less often than this."""

REPLACEMENTS: Mapping[str, Callable[[Floats, int], Edit]] = {
    "mean": lambda means, seed: mean(means),
    "shuffle": lambda means, seed: shuffle("batch", seed),
    "neutral": lambda means, seed: neutral(),
}
"""What all gates of a network are replaced by at once: their mean over the whole split, the same for every image; those
of another image of the batch, each as it comes out once the gates before it are swapped; gates that do nothing, which
also changes the scale of the features."""


def chunks(numbers: Sequence[int], size: int) -> list[list[int]]:
    """Batches of ``size``; a single one that is left over joins the last, since one image cannot be shuffled."""
    parts = [list(numbers[i : i + size]) for i in range(0, len(numbers), size)]
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [parts[-2] + parts[-1]]
    return parts


@torch.inference_mode()
def predictions(
    loaded: Network, images: ImageSet, parts: Sequence[Sequence[int]], edits: Mapping[GateSite | str, Edit]
) -> Tensor:
    """Predicted classes (N,) of images batch by batch, under edits of the gates."""
    device, _ = placed(loaded.module)
    batches, first = [], 0
    with ExitStack() as stack:
        if edits:
            stack.enter_context(edit(loaded.module, edits))
        for part in parts:
            x = network_batch(loaded, images.images[list(part)].to(device), first)
            batches.append(loaded.module(x).argmax(1).cpu())
            first += len(part)
    return torch.cat(batches)


def paired(before: Tensor, after: Tensor) -> dict[str, Any]:
    """What a replacement costs, the same images with and without it.

    Args:
        before: (N,) bool, which images are named rightly.
        after: The same under the replacement.

    Returns:
        ``top1`` after it in percent, ``change`` in points with the 95 % ``interval`` of a bootstrap over images, how
        many images were ``lost`` and ``won``, the ``p`` of McNemar's exact test, and whether it is ``beyond_chance``.
    """
    count, lost, won = len(before), int((before & ~after).sum()), int((after & ~before).sum())
    unequal = lost + won
    tail = sum(comb(unequal, i) for i in range(min(lost, won) + 1))
    p = min(1.0, 2 * tail / 2**unequal)
    shares = [lost / count, won / count, 1 - unequal / count]
    drawn = np.random.default_rng(0).multinomial(count, shares, RESAMPLES)
    ends = np.quantile(100 * (drawn[:, 1] - drawn[:, 0]) / count, (0.025, 0.975))
    return {
        "top1": round(100 * float(after.float().mean()), 2),
        "change": round(100 * (won - lost) / count, 2),
        "interval": [round(float(end), 2) for end in ends],
        "lost": lost,
        "won": won,
        "p": float(f"{p:.3g}"),
        "beyond_chance": p < CHANCE,
    }


def ablations(
    loaded: Network, images: ImageSet, count: int | None = None, batch: int = BATCH, seed: int = 0
) -> dict[str, Any]:
    """Accuracy of a network with all of its gates replaced at once, for every way of ``REPLACEMENTS``.

    Args:
        loaded: The network.
        images: A validation split; the means are always over all of it.
        count: How many random images are asked about; ``None`` for all.
        batch: Images of a batch, at least 2.
        seed: Of the order of the images and of the shuffling.

    Returns:
        ``gates`` (kind -> how many), ``images``, ``batch``, ``top1`` as the network is, and for each replacement what
        ``paired`` says and how many per cent of the answers it ``changed``. Without gates there are no replacements.

    Raises:
        UserError: ``count`` or ``batch`` is outside its limits, or the classes are others.
    """
    count = len(images) if count is None else count
    if not 2 <= count <= len(images):
        raise UserError(f"--images must be in 2..{len(images)}, got {count}")
    if batch < 2:
        raise UserError(f"a batch in which gates are shuffled has at least 2 images, got {batch}")
    if images.labels != loaded.labels:
        raise UserError(f"{loaded.name} knows {', '.join(loaded.labels)}; the data hold {', '.join(images.labels)}")
    sites, chosen = sites_of(loaded), pick(images, count, seed)
    parts, targets = chunks(chosen, batch), images.targets[chosen]
    plain = predictions(loaded, images, parts, {})
    report: dict[str, Any] = {
        "gates": dict(Counter(site.kind for site in sites)),
        "images": {"count": count, "of": len(images), "seed": seed},
        "batch": batch,
        "top1": round(100 * float((plain == targets).float().mean()), 2),
    }
    means = gate_means(loaded, images, sites) if sites else {}
    for name, make in REPLACEMENTS.items() if sites else ():
        changed = predictions(loaded, images, parts, {site: make(means[site.name], seed) for site in sites})
        report[name] = paired(plain == targets, changed == targets)
        report[name]["changed"] = round(100 * float((changed != plain).float().mean()), 2)
    return report
