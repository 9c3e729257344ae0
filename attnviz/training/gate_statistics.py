"""What every gate of a network says over many images: means, spread and quantiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attnviz.core.kinds import Kind
from attnviz.core.types import Floats, GateSite
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.models.gate_reference import BUDGET, LEVELS, GateReference, Reference, encode, summary
from attnviz.models.network import Network
from attnviz.models.spec import placed
from attnviz.training.data import ImageSet, network_batch
from attnviz.training.evaluation import EVAL_BATCH

MOST_WEIGHTS = 2**25
"""Weights of all gates together that are held for one batch; networks with larger gates get smaller batches."""
LARGEST_MEAN = 2**14
"""Most weights of a gate whose mean is kept."""


def sites_of(loaded: Network) -> tuple[GateSite, ...]:
    """The gates of a checkpoint's network, none where it has none."""
    return find_gates(loaded)


def walk(loaded: Network, images: ImageSet, sites: Sequence[GateSite]) -> Iterator[dict[str, Tensor]]:
    """Every gate for batch after batch of all images: name -> (N, …) float32 on the network's device."""
    device, _ = placed(loaded.module)
    batch = max(1, min(EVAL_BATCH, MOST_WEIGHTS // max(1, sum(prod(site.shape) for site in sites))))
    for first in range(0, len(images), batch):
        x = network_batch(loaded, images.images[first : first + batch].to(device), first)
        with torch.inference_mode(), capture(loaded.module, sites) as tape:
            loaded.module(x)
        yield {site.name: tape[site.name].values.float() for site in sites}


def _keeps_spread(kind: Kind) -> bool:
    """Whether the standard deviation is kept: not for as many weights as features or pairs, nor for what is none."""
    return (kind.has_channels or kind.has_places) and not kind.per_element


class GateMoments:
    """Sums over images, in float64.

    Args:
        site: The gate.
        squares: Whether the spread is wanted too.
    """

    def __init__(self, site: GateSite, squares: bool = False) -> None:
        self.count, self.first = 0, torch.zeros(())
        self.total = torch.zeros(site.shape[1:], dtype=torch.float64)
        self.squares = torch.zeros(site.shape[1:], dtype=torch.float64) if squares else None

    def add(self, values: Tensor) -> None:
        """(N, …), N more images."""
        self.count += len(values)
        if self.squares is None:
            self.total += values.sum(0, dtype=torch.float64).cpu()
            return
        values = values.double().cpu()
        if self.count == len(values):
            self.first = values[0]
        away = values - self.first  # from a value near the mean, so that small spreads are not lost in rounding
        self.total += away.sum(0)
        if self.squares is not None:
            self.squares += away.square().sum(0)

    def mean(self) -> Tensor:
        """(…) float32."""
        return (self.first + self.total / self.count).float()

    def sd(self) -> Tensor:
        """(…) float32, over the images (divided by N)."""
        if self.squares is None:
            raise ValueError("the squares were not summed")
        variance = self.squares / self.count - (self.total / self.count).square()
        return variance.clamp(min=0).sqrt().float()


def gate_means(loaded: Network, images: ImageSet, sites: Sequence[GateSite]) -> dict[str, Floats]:
    """The mean of every gate over all images: name -> (1, …) float32."""
    moments = {site.name: GateMoments(site) for site in sites}
    for gates in walk(loaded, images, sites):
        for name, values in gates.items():
            moments[name].add(values)
    return {name: found.mean()[None].numpy() for name, found in moments.items()}


def measure_reference(loaded: Network, images: ImageSet) -> Reference:
    """Statistics of every gate of a checkpoint over a validation split."""
    sites = sites_of(loaded)
    moments = {site.name: GateMoments(site, _keeps_spread(site.traits)) for site in sites}
    seen: dict[str, list[Floats]] = {site.name: [] for site in sites}
    for gates in walk(loaded, images, sites):
        for site in sites:
            values = gates[site.name]
            moments[site.name].add(values)
            told = summary(site.kind, values.cpu().numpy())
            seen[site.name] += [] if told is None else [told]
    parts: dict[str, dict[str, Any]] = {}
    for site in sites:
        found = moments[site.name]
        quantiles = (
            np.quantile(np.concatenate(seen[site.name]), np.array(LEVELS) / 100, axis=0) if seen[site.name] else None
        )
        parts[site.name] = {
            "kind": site.kind,
            "mean": found.mean().numpy() if found.total.numel() <= LARGEST_MEAN else None,
            "sd": found.sd().numpy() if found.squares is not None and found.total.numel() <= LARGEST_MEAN else None,
            "quantiles": None if quantiles is None else quantiles.astype(np.float32),
        }
    return _within_budget(loaded, images, parts)


def _within_budget(loaded: Network, images: ImageSet, parts: dict[str, dict[str, Any]]) -> Reference:
    """A reference whose file is small: the largest means are left out until it is."""
    name = str(loaded.card.data.get("name", ""))
    while True:
        gates = {gate: GateReference(**values) for gate, values in parts.items()}
        made = Reference(len(images), name, images.fingerprint, loaded.card.sha256, gates)
        kept = {gate: values["mean"].size for gate, values in parts.items() if values["mean"] is not None}
        if len(encode(made)) <= BUDGET or not kept:
            return made
        parts[max(kept, key=kept.__getitem__)] |= {"mean": None, "sd": None}
