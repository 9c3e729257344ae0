"""Do spatial masks lie on the object? Measured on the sample scenes, whose objects are known to the pixel."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from attnviz.audit.objects import energy_ratio, pooled
from attnviz.core.input_spec import InputSpec
from attnviz.core.types import Bytes, Floats
from attnviz.explain.faithfulness.maps import centre_map
from attnviz.gates.capture import capture
from attnviz.images.prepare import prepare
from attnviz.images.sample_table import IMAGENETTE, SAMPLES
from attnviz.images.samples import load_sample, sample_masks
from attnviz.models.network import Network
from attnviz.models.spec import placed
from attnviz.training.data import prepare_batch
from attnviz.training.gate_statistics import sites_of

RANDOM = 200
"""Random maps a grid."""
Scene = tuple[str, str, Bytes, Floats]
"""Sample, class of an object, (H, W, 3) what the network sees, (H, W) how much of each pixel is the object."""


@functools.lru_cache(maxsize=4)
def scenes(spec: InputSpec) -> tuple[Scene, ...]:
    """Every object of Imagenette's classes in the samples that have masks, as a network sees it.

    Networks with spatial masks are trained on these classes.
    """
    found = []
    for name in (sample.name for sample in SAMPLES if sample.is_known(IMAGENETTE)):
        for label, mask in sample_masks(name).items():
            seen = prepare(load_sample(name), spec).network
            drawn = Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).convert("RGB")
            cover = prepare(drawn, spec).network[..., 0].astype(np.float32) / np.float32(255)
            found.append((name, label, seen, cover))
    return tuple(found)


def focus(mask: Floats, cover: Floats) -> float:
    """Share of a mask's energy (the sum of its weights) inside an object, over the object's share of the area.

    Args:
        mask: (h, w), at least 0 and not 0 everywhere.
        cover: (H, W) in [0, 1], how much of each pixel is the object.

    Returns:
        1 for an even mask; above 1 where the mask lies on the object more than that, at most 1 / its share of the area.
    """
    return energy_ratio(mask, pooled(cover, mask.shape))


def spatial_focus(loaded: Network) -> dict[str, Any] | None:
    """How far the spatial masks of a network lie on the objects of the sample scenes.

    Returns:
        ``None`` for a network without spatial gates. Else ``objects`` ("scene: class"), ``gates`` (name -> its focus
        on every object, rounded), ``mean`` over gates and objects, and the same of a ``centre`` map (a Gaussian, σ a
        quarter of the side) and of ``random`` maps on the same grids, with the ``random_sd`` of such a mean.
    """
    spec = loaded.spec.input
    sites = [site for site in sites_of(loaded) if site.has_mask]
    if not sites:
        return None
    known, (device, _) = scenes(spec), placed(loaded.module)
    x = prepare_batch(torch.stack([torch.from_numpy(seen.copy()).permute(2, 0, 1) for _, _, seen, _ in known]), spec)
    with torch.inference_mode(), capture(loaded.module, sites) as tape:
        loaded.module(x.to(device))
    masks = {site.name: tape[site.name].values[:, 0].float().cpu().numpy() for site in sites}
    covers = [cover for _, _, _, cover in known]
    gates = {name: [focus(mask, cover) for mask, cover in zip(of, covers, strict=True)] for name, of in masks.items()}
    grids = [of.shape[1:] for of in masks.values()]
    noise = _random(grids, covers)
    return {
        "objects": [f"{name}: {label}" for name, label, _, _ in known],
        "gates": {name: [round(v, 3) for v in values] for name, values in gates.items()},
        "mean": _mean(gates.values()),
        "centre": _mean([focus(centre_map(grid), cover) for cover in covers] for grid in grids),
        "random": round(statistics.fmean(noise), 3),
        "random_sd": round(statistics.stdev(noise), 3),
    }


def _mean(rows: Any) -> float:
    return round(statistics.fmean(value for row in rows for value in row), 3)


def _random(grids: Sequence[tuple[int, ...]], covers: Sequence[Floats]) -> list[float]:
    """The mean over grids and objects, as often as ``RANDOM``, with maps of uniform noise of as many cells."""
    rng = np.random.default_rng(0)
    shares = [(grid, [pooled(cover, grid) for cover in covers]) for grid in grids]
    found = []
    for _ in range(RANDOM):
        ratios = [energy_ratio(rng.random(grid), area) for grid, areas in shares for area in areas]
        found.append(statistics.fmean(ratios))
    return found
