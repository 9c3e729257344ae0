"""The network of an audit: batches of pixels in; answers, gates and the features they meet out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from attnviz.analysis.analyser import Analyser
from attnviz.audit.statistics.base import Array, Whole
from attnviz.core.errors import UserError
from attnviz.core.scores import SHARES
from attnviz.core.sites import GateSite
from attnviz.core.types import Bytes, Edit, Floats
from attnviz.gates.apply import position_axes
from attnviz.gates.capture import Captured, capture
from attnviz.gates.edit import edit
from attnviz.gates.prefix import Prefixes
from attnviz.images.noise_channels import append_noise
from attnviz.models.network import Network

SUMMARY = ("mean", "sd", "min", "max", "entropy", "row", "column")
"""What is kept of each gate for each photograph; entropy and centre of mass, in 0..1, of gates over places."""

MOST_WEIGHTS = 2**25
"""Weights of all gates that are held for one batch, and for one block of rows."""


@dataclass(frozen=True, eq=False)
class Meeting:
    """A channel gate beside the features that it meets, one number a channel.

    Attributes:
        gate: (N, C) float32.
        feature: (N, C) float32, mean over places of the features before the gate.
        strength: (N, C) float32, mean over places of their absolute values.
    """

    gate: Floats
    feature: Floats
    strength: Floats


class AuditedNetwork:
    """What an audit asks of a network.

    Args:
        analyser: The network and its gates.
    """

    def __init__(self, analyser: Analyser) -> None:
        self.analyser = analyser
        self.loaded = analyser.loaded
        self.sites = analyser.sites
        self.ranked = tuple(s for s in self.sites if s.has_scores and not s.residual and len(s.features) == 4)

    def batch(self, wanted: int) -> int:
        """Photographs of a batch: as many as wanted, or as all gates can be held of."""
        weights = sum(int(np.prod(site.shape)) for site in self.sites)
        return max(1, min(wanted, MOST_WEIGHTS // max(1, weights)))

    def input(self, pixels: Bytes | Floats, numbers: Whole) -> Tensor:
        """(N, C, H, W) on the network's device of what was decoded; numbers decide what noise is put beside it."""
        loaded, device, dtype = self.loaded, self.analyser.device, self.analyser.dtype
        if loaded.transform is not None:
            return torch.stack([loaded.transform(one) for one in pixels]).to(device, dtype)
        spec = loaded.spec.input
        x = torch.from_numpy(pixels).to(device)
        if pixels.dtype == np.uint8:
            x = x.permute(0, 3, 1, 2).float().div_(255)
            x.sub_(torch.tensor(spec.mean, device=device).view(-1, 1, 1))
            x.div_(torch.tensor(spec.std, device=device).view(-1, 1, 1))
        if spec.noise is not None:
            rows = [append_noise(x[i : i + 1], spec.noise, first=int(n))[0] for i, n in enumerate(numbers)]
            x = torch.cat(rows)
        return x.to(dtype).contiguous()

    @cached_property
    def prefixes(self) -> Prefixes:
        """What lies before each gate, for tests of the same batch; tried with two photographs of noise."""
        size = self.analyser.example().shape
        noise = torch.randn(2, *size[1:], generator=torch.Generator().manual_seed(0))
        return Prefixes(self.loaded.module, noise.to(self.analyser.device, self.analyser.dtype), self.sites)

    def answer(self, x: Tensor, edits: Mapping[GateSite, Edit]) -> Floats:
        """Logits (N, K) float32 of the batch that was read last with ``keep``, with gates replaced."""
        with self.prefixes.taking(edits.keys()):
            return self.logits(x, edits)

    def logits(self, x: Tensor, edits: Mapping[GateSite, Edit] = MappingProxyType({})) -> Floats:
        """Logits (N, K) float32, with gates replaced where that is said."""
        module = self.loaded.module
        with torch.inference_mode(), edit(module, {s: e for s, e in edits.items()}) if edits else nullcontext():
            return self._logits(module(x))

    def gates(self, x: Tensor) -> Mapping[str, Captured]:
        """Every gate, of networks of any answer; raises as ``read``."""
        with torch.inference_mode(), capture(self.loaded.module, self.sites) as tape:
            self.loaded.module(x)
        self._check_gates(x, tape)
        return tape

    def read(
        self, x: Tensor, features: Sequence[str] = (), keep: bool = False
    ) -> tuple[Floats, Mapping[str, Captured]]:
        """Logits (N, K) float32, and every gate.

        Args:
            x: (N, C, H, W).
            features: Names of the gates whose features are read too.
            keep: Whether tests of the same batch follow.

        Raises:
            UserError: A gate has another shape than in the search, or something is no finite number.
        """
        with torch.inference_mode(), ExitStack() as stack:
            if keep:
                stack.enter_context(self.prefixes.keeping())
            tape = stack.enter_context(capture(self.loaded.module, self.sites, features))
            logits = self._logits(self.loaded.module(x))
        if not np.isfinite(logits).all():
            raise UserError(
                "the network scores some of these photographs with what is no finite number (NaN or infinite), so that "
                "there is nothing to compare: audit it in float32, or look at its weights"
            )
        self._check_gates(x, tape)
        return logits, tape

    def _check_gates(self, x: Tensor, tape: Mapping[str, Captured]) -> None:
        for site in self.sites:
            values = tape[site.name].values
            seen = tuple(values.shape)
            if not torch.isfinite(values).all():
                raise UserError(
                    f"{site.name} holds what is no finite number (NaN or infinite) for some of these photographs; its "
                    "statistics would mean nothing"
                )
            if seen != (len(x), *site.shape[1:]):
                raise UserError(
                    f"{site.name} has another shape from photograph to photograph ({site.shape[1:]}, now {seen[1:]} "
                    f"for {seen[0]} of {len(x)} photographs); its statistics over photographs would mean nothing"
                )

    def _logits(self, output: Tensor) -> Floats:
        if output.shape[1:] != (len(self.loaded.labels),):
            raise UserError(f"the network gives {tuple(output.shape)}, not scores of {len(self.loaded.labels)} classes")
        logits: Floats = output.float().cpu().numpy()
        return logits

    def meetings(self, tape: Mapping[str, Captured]) -> dict[str, Meeting]:
        """What channel gates and their features say about each channel; gates that were read with features."""
        by_gate = {}
        for site in self.ranked:
            features = tape[site.name].features
            if features is None or features.ndim != 4 or features.shape[1] != site.features[1]:
                continue
            gate = tape[site.name].values.float().reshape(len(features), -1)
            if gate.shape[1] != features.shape[1]:
                continue
            flat = features.float().flatten(2)
            means = (gate, flat.mean(2), flat.abs().mean(2))
            by_gate[site.name] = Meeting(*(t.cpu().numpy() for t in means))
        return by_gate


def check_scores(network: Network) -> None:
    """``UserError`` where a network's answers cannot be right or wrong."""
    if network.scores not in SHARES or len(network.labels) < 2:
        raise UserError(
            f"answers are judged where a network scores two classes or more; {network.name} gives "
            f"{len(network.labels)} numbers ({network.scores})"
        )


def elements(captured: Captured) -> Floats:
    """(N, E) float32, every weight of a gate for each photograph."""
    values: Floats = captured.values.float().flatten(1).cpu().numpy()
    return values


def summarise(values: Array, site: GateSite) -> Floats:
    """(N, len(SUMMARY)) float32 of the values (N, E) of a gate; NaN for what a gate without places has not."""
    rows = np.asarray(values, np.float64)
    table = np.full((len(rows), len(SUMMARY)), np.nan, np.float32)
    table[:, 0], table[:, 1], table[:, 2], table[:, 3] = rows.mean(1), rows.std(1), rows.min(1), rows.max(1)
    axes = position_axes(site)
    if axes:
        others = tuple(axis for axis in range(1, len(site.shape)) if axis not in axes)
        mass = np.abs(rows).reshape(len(rows), *site.shape[1:]).mean(others)
        mass = mass.reshape(len(rows), *[site.shape[axis] for axis in axes])
        share = mass / np.maximum(mass.sum(tuple(range(1, mass.ndim)), keepdims=True), 1e-30)
        flat = share.reshape(len(rows), -1)
        surprise = flat * np.log(np.maximum(flat, 1e-30))
        table[:, 4] = -surprise.sum(1) / max(np.log(flat.shape[1]), 1e-30)
        if len(axes) == 2:
            for column, axis in ((5, 1), (6, 2)):
                ends = np.linspace(0, 1, share.shape[axis])
                table[:, column] = (share.sum(3 - axis) * ends).sum(1)
    return table
