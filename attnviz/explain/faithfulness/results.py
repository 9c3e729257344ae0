"""What a measurement of faithfulness gives: frozen values without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attnviz.core.types import Floats

MARGIN = 0.01
"""Least distance of an area from those of all random maps that counts: smaller ones depend on the curve's steps."""


@dataclass(frozen=True)
class Curves:
    """What the probability of a class does while the pixels that a map highlights most go, and come, first.

    Attributes:
        shares: (S + 1,) float32, share of the pixels that has been changed, 0..1.
        deletion: (S + 1,) float32, probability while pixels are taken away from the picture.
        insertion: (S + 1,) float32, probability while pixels are put into the empty picture.
    """

    shares: Floats
    deletion: Floats
    insertion: Floats

    @property
    def deletion_auc(self) -> float:
        """Area under ``deletion``, 0..1: lower is more faithful."""
        return _area(self.shares, self.deletion)

    @property
    def insertion_auc(self) -> float:
        """Area under ``insertion``, 0..1: higher is more faithful."""
        return _area(self.shares, self.insertion)


def _area(x: Floats, y: Floats) -> float:
    """By the trapezoidal rule."""
    return float(np.sum(np.diff(x.astype(np.float64)) * (y[1:].astype(np.float64) + y[:-1]) / 2))


@dataclass(frozen=True)
class Judged:
    """One map, measured, and the random maps of its grain on the same image.

    Attributes:
        name: What it was called.
        cells: (h, w), its grain.
        curves: Deletion and insertion; their fields say how to read them.
        random_deletion: Area under deletion of every random map.
        random_insertion: Area under insertion of every random map.
    """

    name: str
    cells: tuple[int, int]
    curves: Curves
    random_deletion: tuple[float, ...]
    random_insertion: tuple[float, ...]

    @property
    def beats_random(self) -> tuple[bool, bool]:
        """Whether it is more faithful than every random map, by ``MARGIN`` at least: by deletion, by insertion."""
        lower = self.curves.deletion_auc <= min(self.random_deletion) - MARGIN
        return lower, self.curves.insertion_auc >= max(self.random_insertion) + MARGIN

    @property
    def chance(self) -> float:
        """How often, at most, noise would beat as many random maps by one measure: 1 / (their number + 1)."""
        return 1 / (len(self.random_deletion) + 1)

    def as_text(self) -> str:
        """The numbers with a plain sentence on how to read them."""
        deletion, insertion = self.curves.deletion_auc, self.curves.insertion_auc
        random = (f"{min(v):.2f}–{max(v):.2f}" for v in (self.random_deletion, self.random_insertion))
        said = {
            (True, True): "what it highlights is needed more than noise, and a better start for an empty picture",
            (True, False): "what it highlights is needed more than noise, but is no better start for an empty picture",
            (False, True): "what it highlights is a better start for an empty picture than noise, but no more needed",
            (False, False): "on this image it is no more faithful than noise",
        }[self.beats_random]
        return (
            f"{self.name}: deletion {deletion:.2f} (random {next(random)}, lower is better), insertion {insertion:.2f} "
            f"(random {next(random)}, higher is better): {said}. "
            f"It stands beside {len(self.random_deletion)} random maps: noise would beat them by one measure on up to "
            f"{100 * self.chance:.0f} % of photographs."
        )


@dataclass(frozen=True)
class Trust:
    """How faithful the maps of one image are, beside their baselines.

    Attributes:
        target: The class whose probability was followed.
        maps: What was asked about, in the same order.
        centre: Curves of the centre-weighted Gaussian.
        agreement: Spearman's ρ of every pair of maps, and of every map with ``"centre"``; ``None`` for a flat map.
        seconds: How long it took.
    """

    target: int
    maps: tuple[Judged, ...]
    centre: Curves
    agreement: dict[tuple[str, str], float | None]
    seconds: float
