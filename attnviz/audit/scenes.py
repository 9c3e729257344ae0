"""Do spatial masks lie on the object? Measured on the sample scenes, whose objects are known to the pixel."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from attnviz.analysis.analyser import Analyser
from attnviz.audit.decoding import decode
from attnviz.audit.network import AuditedNetwork
from attnviz.audit.objects import cover_of, energy_ratio, masks_of, pooled
from attnviz.core.input_spec import InputSpec
from attnviz.core.types import Floats
from attnviz.explain.faithfulness.maps import centre_map
from attnviz.images.sample_table import IMAGENETTE, SAMPLES
from attnviz.images.samples import load_sample, sample_masks
from attnviz.models.network import Network

RANDOM = 200
"""Random maps a grid."""
Scene = tuple[str, str, Floats]
"""Sample, class of an object, (H, W) how much of each pixel is the object."""


@functools.lru_cache(maxsize=4)
def scenes(spec: InputSpec) -> tuple[Scene, ...]:
    """Every object of Imagenette's classes in the samples that have masks, as a network sees it.

    Networks with spatial masks are trained on these classes.
    """
    objects = []
    for name in (sample.name for sample in SAMPLES if sample.is_known(IMAGENETTE)):
        for label, mask in sample_masks(name).items():
            objects.append((name, label, cover_of(Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)), spec)))
    return tuple(objects)


def spatial_focus(loaded: Network) -> dict[str, Any] | None:
    """How far the spatial masks of a network lie on the objects of the sample scenes.

    Returns:
        ``None`` for a network without a map that is the same for whoever asks, or that takes no photographs. Else
        ``objects`` ("scene: class"), ``gates`` (name -> its focus on every object, rounded), ``mean`` over gates and
        objects, and the same of a ``centre`` map (a Gaussian, σ a quarter of the side) and of ``random`` maps on the
        same grids, with the ``random_sd`` of such a mean.
    """
    network, spec = AuditedNetwork(Analyser(loaded)), loaded.spec.input
    if spec.raw or not any(site.has_mask or site.traits.has_pairs for site in network.sites):
        return None
    objects = scenes(spec)
    pictures = decode(range(len(objects)), [load_sample(name) for name, _, _ in objects], spec)
    with network.analyser.in_use():
        tape = network.gates(network.input(pictures.pixels, pictures.numbers))
    masks = {network.sites[i].name: of for i, of in masks_of(network.sites, tape, spec)}
    if not masks:
        return None
    covers = [cover for _, _, cover in objects]
    grids = [of.shape[1:] for of in masks.values()]
    shares = {grid: [pooled(cover, grid) for cover in covers] for grid in grids}
    gates = {name: [*map(energy_ratio, of, shares[of.shape[1:]])] for name, of in masks.items()}
    noise = _random([(grid, shares[grid]) for grid in grids])
    return {
        "objects": [f"{name}: {label}" for name, label, _ in objects],
        "gates": {name: [round(v, 3) for v in values] for name, values in gates.items()},
        "mean": _mean(gates.values()),
        "centre": _mean([energy_ratio(centre_map(grid), area) for area in shares[grid]] for grid in grids),
        "random": round(statistics.fmean(noise), 3),
        "random_sd": round(statistics.stdev(noise), 3),
    }


def _mean(rows: Any) -> float:
    return round(statistics.fmean(value for row in rows for value in row), 3)


def _random(shares: Sequence[tuple[tuple[int, ...], Sequence[Floats]]]) -> list[float]:
    """The mean over grids and objects, as often as ``RANDOM``, with maps of uniform noise of as many cells."""
    rng = np.random.default_rng(0)
    means = []
    for _ in range(RANDOM):
        ratios = [energy_ratio(rng.random(grid), area) for grid, areas in shares for area in areas]
        means.append(statistics.fmean(ratios))
    return means
