"""From numbers per image to means, intervals, verdicts and the sentences that say how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from attnviz.core.intervals import RESAMPLES, of_mean

MANY = 30
"""A bootstrap over fewer images leaves the mean out more often than it says."""

READING = {
    "deletion": "Deletion: the area under the probability of the class while the pixels that a map highlights most are "
    "taken away first. Lower is more faithful: the highlighted pixels were needed.",
    "insertion": "Insertion: the area under the probability of the class while the pixels that a map highlights most "
    "are put into an empty picture first. Higher is more faithful: the highlighted pixels are enough.",
    "random": "Random: noise with as many cells as the map it stands against. A map that does no better says nothing "
    "about what the network needs.",
    "centre": "Centre: a Gaussian at the centre of the picture. A map that does no better says no more than that "
    "photographs show things in the middle.",
    "intervals": "Intervals hold 95 % of the means of resampled images (bootstrap; Student's t below 30 images); a "
    "difference counts where its interval leaves out 0. They are not corrected for the number of comparisons.",
    "randomised": "Randomised weights: rank correlation of a map with the map of the same network with random weights. "
    "Near 1, the picture does not depend on what was learned; near 0, it does.",
    "agreement": "Agreement: rank correlation of two maps, from -1 (opposite order) over 0 (unrelated) to 1 (the same "
    "order of pixels). It says whether two pictures are alike, not whether either is right.",
    "limits": "Pictures with deleted pixels are unlike those the network was trained with, and the fill decides part "
    "of the result. The measure asks about pixels: a gate may matter for other reasons and still score like noise.",
}
"""How to read each number, in plain sentences."""


def spread(values: Sequence[float | None]) -> dict[str, Any]:
    """Mean and standard deviation (n - 1) of the values that there are, and their number."""
    present = np.array([v for v in values if v is not None], dtype=np.float64)
    if not present.size:
        return {"mean": None, "sd": None, "images": 0}
    sd = float(present.std(ddof=1)) if present.size > 1 else None
    return {"mean": float(present.mean()), "sd": sd, "images": int(present.size)}


def paired(map_: npt.ArrayLike, baseline: npt.ArrayLike, higher: bool, seed: int = 0) -> dict[str, Any]:
    """Mean difference map - baseline over images with its 95 % interval: bootstrap, Student's t below ``MANY`` images.

    Args:
        map_: One value an image, (N,), N at least 2.
        baseline: The same images, (N,).
        higher: Whether higher is more faithful.
        seed: Of the resampling.

    Returns:
        ``difference``, ``low``, ``high``, ``better`` (share of images on which the map is more faithful) and
        ``sign``: 1 more faithful, -1 less faithful, 0 no difference shown.
    """
    differences = np.asarray(map_, dtype=np.float64) - np.asarray(baseline, dtype=np.float64)
    low, high = of_mean(differences.tolist())
    if len(differences) >= MANY:
        picked = np.random.default_rng(seed).integers(0, len(differences), (RESAMPLES, len(differences)))
        low, high = np.percentile(differences[picked].mean(1), (2.5, 97.5))
    direction = 1 if higher else -1
    sign = direction if low > 0 else -direction if high < 0 else 0
    return {
        "difference": float(differences.mean()),
        "low": float(low),
        "high": float(high),
        "better": float((direction * differences > 0).mean()),
        "sign": sign,
    }


def verdict(deletion: int, insertion: int) -> str:
    """What the two signs say together."""
    words = {1: "more faithful", 0: "no difference shown", -1: "less faithful"}
    if deletion == insertion:
        return words[deletion]
    return f"{words[deletion]} by deletion, {words[insertion]} by insertion"
