"""From a photograph to an ``Analysis``: one forward pass gives predictions and every gate."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

import attnviz
from attnviz.analysis.likeness import likeness_of, remarked
from attnviz.analysis.searched import outline_of, sites_of
from attnviz.core.checks import is_whole
from attnviz.core.class_map import ClassMap
from attnviz.core.errors import UserError
from attnviz.core.notes import Note
from attnviz.core.outline import Unit
from attnviz.core.scores import probabilities
from attnviz.core.sites import GateSite
from attnviz.core.types import Analysis, ChannelMap, Floats, GateRecord, PreparedImage
from attnviz.explain.attribution.probe import Probe, probe
from attnviz.gates.capture import Captured, capture
from attnviz.gates.discover import contents
from attnviz.gates.edits.edit_list import EditList, EditStep, applied, multiplied
from attnviz.images.channels import prepared
from attnviz.models.locator import network_of
from attnviz.models.modes import in_eval_mode
from attnviz.models.network import Network
from attnviz.models.spec import placed


def as_floats(tensor: Tensor) -> Floats:
    """A tensor of any type and device as a read-only array."""
    values: Floats = tensor.float().cpu().numpy()
    values.setflags(write=False)
    return values


class Analyser:
    """A loaded model and its gates, found once.

    It is not safe for two threads at a time: give each its own, or lease one under a lock.

    Args:
        loaded: The model.

    Attributes:
        loaded: The model.
        sites: Its gates from the first layer to the last.
        likeness: By what a photograph is called unlike its training data, where its card says that.
    """

    def __init__(self, loaded: Network) -> None:
        self.loaded = loaded
        self.device, self.dtype = placed(loaded.module)
        self.sites = sites_of(loaded)
        self.likeness = likeness_of(loaded)

    def example(self) -> Tensor:
        """An empty input, (1, C, H, W): zeros, or what the model's own transform makes of grey."""
        return self.loaded.example()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the model in eval mode; afterwards every module of it is back in its own mode.

        Whoever asks somebody's own network more than once, perhaps while its owner trains it, enters this first.
        """
        with in_eval_mode(self.loaded.module):
            yield

    def site(self, name: str) -> GateSite:
        """One of ``sites``; ``UserError`` naming the nearest where there is none of that name."""
        for site in self.sites:
            if site.name == name:
                return site
        gate_names = [s.name for s in self.sites]
        raise UserError(f"{self.loaded.name} has no gate {name!r}; {attnviz.core.errors.nearest(name, gate_names)}")

    def input(self, image: PreparedImage) -> Tensor:
        """What the model is given of a prepared image, (1, C, H, W): see ``Network.given``."""
        return self.loaded.given(image)

    @property
    def weights(self) -> str:
        """sha256 of the file of weights; empty where the model is no checkpoint."""
        return self.loaded.checkpoint.sha256 if self.loaded.checkpoint else ""

    def forward(
        self,
        x: Tensor,
        sites: Sequence[GateSite] | None = None,
        features: Sequence[str] = (),
        steps: Sequence[EditStep] = (),
    ) -> tuple[Tensor, Mapping[str, Captured]]:
        """One pass over inputs that are prepared already: logits (N, K), and what was captured by name of the gate.

        Args:
            x: (N, C, H, W), as ``input`` gives it.
            sites: Gates to read; all of the model without it.
            features: Names of those of them whose features are kept too.
            steps: Changes of gates under which it runs.
        """
        module, chosen = self.loaded.module, self.sites if sites is None else sites
        reading = capture(module, chosen, features)
        with in_eval_mode(module), torch.inference_mode(), applied(module, steps), reading as tape:
            return module(x.to(self.device, self.dtype)), tape

    def _met(self, image: PreparedImage, site: GateSite) -> tuple[Tensor, Tensor]:
        """The features (C, H, W) that a gate meets, and the gate."""
        _, tape = self.forward(self.input(image), [site], [site.name])
        seen = tape[site.name]
        if seen.features is None:
            raise RuntimeError(f"{site.name} was captured without its features")
        return seen.features[0], seen.values

    def prepare(self, photograph: Any, display_side: int | None = 1280) -> PreparedImage:
        """A photograph as this model sees it: a Pillow image, an array, a path or bytes.

        Where the model wants a picture's own numbers (other channels than RGB, or a window), these are read.

        Raises:
            UserError: It cannot be read, or has another number of channels.
        """
        return prepared(photograph, self.loaded.input, display_side)

    def analyse(self, photograph: Any, edits: EditList | None = None) -> Analysis:
        """Predictions and every gate for one photograph.

        Args:
            photograph: A file's path or bytes, a Pillow image, an array, or a picture that ``prepare`` has prepared.
            edits: Changes of gates under which it runs; the gates of the analysis are the changed ones.

        Raises:
            UserError: The edits do not fit this model, or its numbers are not finite.
        """
        if edits is not None:
            edits.check(self.loaded.name, self.sites, self.weights)
        started = time.perf_counter()
        image = photograph if isinstance(photograph, PreparedImage) else self.prepare(photograph)
        prepared = time.perf_counter()
        steps, likeness = ((), self.likeness) if edits is None else (edits.steps, None)
        with remarked(self.loaded, likeness) as remarks:
            logits, tape = self.forward(self.input(image), steps=steps)
        gates = tuple(GateRecord(site, as_floats(tape[site.name].values)) for site in self.sites)
        values = as_floats(logits[0])
        if edits is not None and not np.isfinite(values).all():
            raise UserError("under these edits the network's numbers overflow; use smaller factors or values")
        if np.isnan(values).any() or np.isposinf(values).any():
            raise UserError(
                f"{self.loaded.name} answers this photograph with what is no finite number (NaN or infinite): run it "
                "in float32, or look at its weights"
            )
        forwarded = time.perf_counter()
        seconds = {"ms_prepare": prepared - started, "ms_forward": forwarded - prepared}
        facts: dict[str, Any] = {name: round(1000 * passed, 2) for name, passed in seconds.items()}
        if not self.sites:
            facts["contents"] = contents(self.loaded.module)
        return self.analysis(image, values, gates, facts, remarks(0))

    def analysis(
        self,
        image: PreparedImage,
        logits: Floats,
        gates: tuple[GateRecord, ...],
        facts: Mapping[str, Any],
        remarks: tuple[Note, ...] = (),
    ) -> Analysis:
        """What this model said about an image, with ``facts`` besides those about the model itself."""
        loaded = self.loaded
        facts = {"attnviz": attnviz.__version__, "torch": torch.__version__, "device": str(self.device), **facts}
        fields = (loaded.name, image, loaded.labels, logits, gates, facts, loaded.scores, loaded.assumed)
        return Analysis(*fields, outline=self.outline, remarks=remarks)

    def class_map(self, image: PreparedImage) -> ClassMap | None:
        """The class at every place, where the network answers everywhere; ``None`` where it gives one answer."""
        places = self.loaded.places
        if places is None:
            return None
        with in_eval_mode(self.loaded.module), torch.inference_mode():
            logits = places(self.input(image))[0]
        numbers = probabilities(as_floats(logits.movedim(0, -1)), self.loaded.scores)
        classes = numbers.argmax(-1)
        values = np.take_along_axis(numbers, classes[:, :, None], 2)[:, :, 0]
        return ClassMap(self.loaded.labels, classes, values, numbers.mean((0, 1)), self.loaded.scores)

    def multiplied(self, image: PreparedImage, gate: str, factors: Floats) -> Floats:
        """Logits with the channels of one gate multiplied, all rows in one pass: (B, C) -> (B, K).

        Args:
            image: What the network shall see.
            gate: Name of a gate with channels.
            factors: One row for each variant; 1 leaves a channel alone, 0 knocks it out.

        Raises:
            UserError: There is no such gate, or it has no C channels.
        """
        x, module = self.input(image), self.loaded.module
        with in_eval_mode(module), torch.inference_mode(), multiplied(module, self.site(gate), factors):
            return as_floats(module(x.repeat(len(factors), *[1] * (x.ndim - 1))))

    def channel_map(self, image: PreparedImage, gate: str, channel: int) -> ChannelMap:
        """One channel of the features that a gate meets, with the gate's score and its rank.

        Args:
            image: What the network shall see.
            gate: Name of a gate.
            channel: Index of the channel, 0..C-1.

        Raises:
            UserError: There is no such gate or channel, or its features are no (N, C, H, W) map.
        """
        site = self.site(gate)
        if len(site.features) != 4:
            raise UserError(f"{gate} does not meet a map of features (N, C, H, W) but {site.features}")
        count = site.features[1]
        if not is_whole(channel, 0, count - 1):
            raise UserError(f"channel must be a whole number in 0..{count - 1} for {gate}, got {channel!r}")
        features, values = self._met(image, site)
        feature_map = ChannelMap(site, int(channel), as_floats(features[channel]), None, None)
        if not site.has_scores:
            return feature_map
        scores = as_floats(values.reshape(count))
        return replace(feature_map, score=float(scores[channel]), rank=1 + int((scores > scores[channel]).sum()))

    def strength(self, image: PreparedImage, gate: str) -> Floats:
        """How strong the features are at every place after a channel gate: mean over channels of ``|x · g|``, (H, W).

        It is no mask: nothing is multiplied by it, and it shows the features as much as the gate.

        Raises:
            UserError: There is no such gate, or it is no channel gate that meets a map (N, C, H, W).
        """
        site = self.site(gate)
        if not site.has_scores or len(site.features) != 4:
            raise UserError(f"{gate} must be a channel gate on (N, C, H, W), it is {site.kind} on {site.features}")
        features, values = self._met(image, site)
        return as_floats((features * values[0]).abs().mean(0))

    @property
    def outline(self) -> tuple[Unit, ...]:
        """The network as a line of blocks, read once; empty, and logged, where a pass cannot be watched."""
        return outline_of(self.loaded, self.sites)

    @cached_property
    def probe(self) -> Probe:
        """What attribution methods ask of the network: its layers, their shapes, what its operations allow."""
        return probe(self.loaded.module, self.example())


def analyse(model: Any, photograph: Any) -> Analysis:
    """Predictions and gates of a model for one photograph: ``analyse("cbam", "photo.jpg")``.

    The gates of a network are searched once: ``net = attnviz.load("cbam")`` and then ``analyse(net, photo)`` costs one
    forward pass.

    Args:
        model: A ``Network``, or what ``attnviz.load`` and ``attnviz.wrap`` take. CUDA is used where there is one.
        photograph: A file's path or bytes, a Pillow image, or an array.

    Raises:
        UserError: The model or the photograph cannot be used.
    """
    analyser = Analyser(network_of(model))
    with analyser.in_use():
        return analyser.analyse(photograph)


def class_map(model: Any, photograph: Any) -> ClassMap:
    """The class at every place of a photograph, of a network that answers everywhere (segmentation).

    Args:
        model: As for ``analyse``; its output is (N, classes, H, W).
        photograph: A file's path or bytes, a Pillow image, or an array.

    Raises:
        UserError: The model or the photograph cannot be used, or the model gives one answer for the whole picture.
    """
    analyser = Analyser(network_of(model))
    with analyser.in_use():
        classes = analyser.class_map(analyser.prepare(photograph, 1))
    if classes is None:
        raise UserError(
            f"{analyser.loaded.name} gives one answer for the whole picture; a class at every place is given by a "
            "network whose output is (N, classes, H, W)"
        )
    return classes
