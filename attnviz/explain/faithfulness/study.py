"""Faithfulness of a model's masks and attributions over many images, beside random and centre-weighted maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attnviz.core.checks import choice, whole
from attnviz.core.errors import UserError
from attnviz.core.sites import GateSite
from attnviz.core.types import Floats
from attnviz.explain.attribution import ATTRIBUTIONS, attribute
from attnviz.explain.attribution.probe import Probe, probe
from attnviz.explain.faithfulness.agreement import rank_correlation
from attnviz.explain.faithfulness.curves import MOST_SEED, Protocol, curves
from attnviz.explain.faithfulness.maps import centre_map, random_map, upsample
from attnviz.explain.faithfulness.sanity import cascade
from attnviz.explain.faithfulness.summary import paired, spread, verdict
from attnviz.gates.capture import capture

CENTRE, MEAN = "centre", "mean of the gates"
Grids = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Plan:
    """What a study measures.

    Attributes:
        protocol: Of deletion and insertion.
        methods: Names of ``ATTRIBUTIONS``, with their default parameters.
        random_seeds: How many random maps every map is compared with, at least 1.
        weight_seeds: How many times the weights are randomised.
        seed: Of the random maps and weights; 0..2^63 - 1.
    """

    protocol: Protocol = field(default_factory=Protocol)
    methods: tuple[str, ...] = ("grad-cam",)
    random_seeds: int = 3
    weight_seeds: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.methods:
            choice("attribution method", name, ATTRIBUTIONS)
        whole("seed", self.seed, 0, MOST_SEED)
        if self.random_seeds < 1 or self.weight_seeds < 0:
            given = f"{self.random_seeds} and {self.weight_seeds}"
            raise UserError(f"random_seeds must be at least 1 and weight_seeds at least 0, got {given}")


class Study:
    """Measures image after image; ``summary`` says what came out.

    Args:
        model: (N, C, H, W) -> logits (N, K).
        sites: Its gates; the 2-D spatial ones are measured, each alone and all together.
        example: (1, C, H, W).
        plan: What to measure.
        black: (C,), a black pixel after normalisation, for the fill ``black``.
        scores: How logits become probabilities, a name of ``attnviz.core.scores.SCORES``.

    Raises:
        UserError: There is nothing to measure, or a method does not support the model.
    """

    def __init__(
        self,
        model: nn.Module,
        sites: Sequence[GateSite],
        example: Tensor,
        plan: Plan,
        black: Tensor | None = None,
        scores: str = "softmax",
    ) -> None:
        self.model, self.plan, self.black, self.scores = model, plan, black, scores
        self.sites = [s for s in sites if s.has_mask]
        self.size = (int(example.shape[2]), int(example.shape[3]))
        seen = probe(model, example)
        for name in plan.methods:
            reason = ATTRIBUTIONS[name].refuses(seen)
            if reason:
                raise UserError(reason)
        self.grids = self._grids(seen)
        if not self.grids:
            raise UserError("the model has no 2-D spatial gate, and no attribution method was asked for")
        self.aucs: dict[str, list[tuple[float, float]]] = {}
        self.predictions: list[int] = []
        self._masks: list[dict[str, Floats]] = []
        self._inputs: list[Tensor] = []

    def _grids(self, seen: Probe) -> dict[str, Grids]:
        """From the name of every measured map to the grids that its random counterpart has."""
        grids: dict[str, Grids] = {s.name: ((s.shape[2], s.shape[3]),) for s in self.sites}
        if len(self.sites) > 1:
            grids[MEAN] = tuple((s.shape[2], s.shape[3]) for s in self.sites)
        for name in self.plan.methods:
            method = ATTRIBUTIONS[name]
            grid = seen.shapes[seen.layer][2:] if method.layered and seen.layer else self.size
            if method.cells is not None:
                grid = method.cells(method.check({}), self.size)
            grids[name] = ((int(grid[0]), int(grid[1])),)
        return grids

    def _maps(self, model: nn.Module, x: Tensor, target: int | None) -> tuple[int, dict[str, Floats]]:
        """The class (the predicted one unless it is given) and every map, each (H, W)."""
        with torch.inference_mode(), capture(model, self.sites) as tape:
            logits = model(x)
        chosen = int(logits[0].argmax()) if target is None else target
        masks = {s.name: upsample(tape[s.name].values[0, 0].float().cpu().numpy(), self.size) for s in self.sites}
        if MEAN in self.grids:
            masks[MEAN] = np.mean(list(masks.values()), axis=0, dtype=np.float32)
        return chosen, masks | {name: attribute(model, x, chosen, name) for name in self.plan.methods}

    def add(self, x: Tensor) -> None:
        """Measure one image, (1, C, H, W), for the class that the model predicts."""
        target, maps = self._maps(self.model, x, None)
        index = len(self.predictions)
        every = dict(maps) | {CENTRE: centre_map(self.size)}
        for grids in dict.fromkeys(self.grids.values()):
            for k in range(self.plan.random_seeds):
                every[_random(grids, k)] = random_map(self.size, grids, (self.plan.seed, index, k))
        asked = list(every.values())
        measured = curves(self.model, x, target, asked, self.plan.protocol, black=self.black, scores=self.scores)
        areas = [(curve.deletion_auc, curve.insertion_auc) for curve in measured]
        for name, pair in zip(every, areas, strict=True):  # all or none, also when it is interrupted
            self.aucs.setdefault(name, []).append(pair)
        self.predictions.append(target)
        self._masks.append(maps)
        self._inputs.append(x)

    def _of(self, name: str) -> Floats:
        """(images, 2): deletion and insertion."""
        return np.array(self.aucs[name], dtype=np.float32)

    def _random_of(self, grids: Grids) -> Floats:
        """(images, 2), meaned over the seeds."""
        every = [self._of(_random(grids, k)) for k in range(self.plan.random_seeds)]
        return np.mean(every, axis=0, dtype=np.float32)

    def _row(self, name: str, against: dict[str, Floats]) -> dict[str, Any]:
        own = self._of(name)
        versus = {}
        for other, values in against.items():
            deletion = paired(own[:, 0], values[:, 0], higher=False, seed=self.plan.seed)
            insertion = paired(own[:, 1], values[:, 1], higher=True, seed=self.plan.seed)
            said = verdict(deletion.pop("sign"), insertion.pop("sign"))
            versus[other] = {"deletion": deletion, "insertion": insertion, "verdict": said}
        grids = sorted(set(self.grids.get(name, ())), reverse=True)
        return {
            "map": name,
            "cells": [list(g) for g in grids],
            "deletion": spread(list(own[:, 0])),
            "insertion": spread(list(own[:, 1])),
            "versus": versus,
        }

    def summary(self, progress: Callable[[str], None] | None = None) -> dict[str, Any]:
        """Every number, as plain values for JSON.

        Raises:
            UserError: Fewer than two images have been added.
        """
        if len(self.predictions) < 2:
            raise UserError(f"a study needs at least 2 images, got {len(self.predictions)}")
        rows = []
        for name, grids in self.grids.items():
            against = {"random": self._random_of(grids), CENTRE: self._of(CENTRE)}
            against |= {m: self._of(m) for m in self.plan.methods if m != name}
            rows.append(self._row(name, against))
        coarsest = min(self.grids.values(), key=lambda grids: min(g[0] * g[1] for g in grids))
        baselines = [self._row(CENTRE, {"random": self._random_of(coarsest)})]
        for grids in dict.fromkeys(self.grids.values()):
            values = self._random_of(grids)
            cells = [list(g) for g in sorted(set(grids), reverse=True)]
            measured = {"deletion": spread(list(values[:, 0])), "insertion": spread(list(values[:, 1]))}
            baselines.append({"map": "random", "cells": cells, **measured})
        return {
            "maps": rows,
            "baselines": baselines,
            "agreement": self._agreement(),
            "randomised_weights": self._randomised(progress),
        }

    def _agreement(self) -> dict[str, dict[str, Any]]:
        """Rank correlation of every map with every attribution and with the centre."""
        centre = centre_map(self.size)
        correlations: dict[str, dict[str, Any]] = {}
        for name in self.grids:
            correlations[name] = {CENTRE: spread([rank_correlation(m[name], centre) for m in self._masks])}
            for other in self.plan.methods:
                if other != name:
                    correlations[name][other] = spread([rank_correlation(m[name], m[other]) for m in self._masks])
        return correlations

    def _randomised(self, progress: Callable[[str], None] | None) -> dict[str, dict[str, Any]]:
        """Rank correlation of every map with that of the fully randomised network, meaned over the seeds."""
        rows: dict[str, list[list[float]]] = {name: [[] for _ in self._inputs] for name in self.grids}
        for k in range(self.plan.weight_seeds):
            if progress is not None:
                progress(f"randomised weights {k + 1} of {self.plan.weight_seeds}")
            *_, (_, changed) = cascade(self.model, self.plan.seed + k, 1)
            for index, x in enumerate(self._inputs):
                _, maps = self._maps(changed, x, self.predictions[index])
                for name, after in maps.items():
                    rho = rank_correlation(self._masks[index][name], after)
                    rows[name][index] += [] if rho is None else [rho]
        return {name: spread([float(np.mean(v)) if v else None for v in values]) for name, values in rows.items()}


def _random(grids: Grids, k: int) -> str:
    return f"random {'+'.join(f'{h}x{w}' for h, w in grids)} #{k}"
