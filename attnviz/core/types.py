"""Frozen values that cross layers. Only numpy and plain Python: no torch from here on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from attnviz.core.displays import as_html
from attnviz.core.errors import UserError, nearest
from attnviz.core.notes import Note, notes_on
from attnviz.core.outline import Unit
from attnviz.core.scores import probabilities
from attnviz.core.sites import GateSite

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; right and bottom are exclusive."""


@dataclass(frozen=True)
class PreparedImage:
    """A photograph, decoded and upright, and what of it a network was given.

    Attributes:
        pixels: (h, w, 3) uint8, the whole photograph in sRGB, possibly reduced for display.
        box: The rectangle of ``pixels`` that the network saw.
        network: (H, W, 3) uint8, exactly what the network was given, before normalisation.
        original_size: (width, height) of the upright photograph before any reduction.
        values: (C, H, W) float32 in [0, 1], what the network was given before normalisation, where eight bits of red,
            green and blue do not say it (16-bit greys, other numbers of channels); else ``None``.
        assumed: What is assumed about the picture's numbers.
    """

    pixels: Bytes
    box: Box
    network: Bytes
    original_size: tuple[int, int]
    values: Floats | None = None
    assumed: tuple[Note, ...] = ()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is to be said about this photograph in front of this network; mostly nothing."""
        left, top, right, bottom = self.box
        (height, width), (high, wide) = self.pixels.shape[:2], self.network.shape[:2]
        across, down = self.original_size[0] / width, self.original_size[1] / height
        seen = max(1, round((right - left) * across)), max(1, round((bottom - top) * down))
        return (*self.assumed, *notes_on(seen, self.original_size, (wide, high)))


@dataclass(frozen=True, eq=False)
class Edit:
    """A change of one gate; build it with the functions of ``attnviz.gates.edit``.

    Attributes:
        action: ``neutral``, ``set_to``, ``scale``, ``knock_out``, ``mean``, ``shuffle`` or ``paint``.
        value: The number, reference (R, …) or mask (H, W) that the action needs, float32.
        channels: What ``knock_out`` sets to 0, or ``scale`` multiplies; none for all of them.
        over: What ``shuffle`` permutes: ``channels``, ``positions`` or ``batch``.
        seed: Of the permutation.
    """

    action: str
    value: Floats | None = None
    channels: tuple[int, ...] = ()
    over: str = "channels"
    seed: int = 0

    @property
    def mixes_examples(self) -> bool:
        """Whether the value for one example is computed from those of others."""
        return (self.action == "mean" and self.value is None) or (self.action == "shuffle" and self.over == "batch")


@dataclass(frozen=True)
class GateRecord:
    """The value of one gate in one forward pass.

    Attributes:
        site: Where it was read.
        values: The gate, float32, of shape ``site.shape``.
    """

    site: GateSite
    values: Floats

    def _repr_html_(self) -> str:
        return as_html(self)

    @property
    def scores(self) -> Floats:
        """Channel scores, (C,) float32; a ``UserError`` if this is no channel gate."""
        if not self.site.has_scores:
            raise UserError(f"{self.site.name} is a {self.site.kind} gate; channel scores need a channel gate")
        return self.channels_first[0].reshape(-1)

    @property
    def channels_first(self) -> Floats:
        """The values with channels behind the batch, also of networks that have them last: (1, C, 1, 1), (1, 1, H, W).

        A ``UserError`` if a channel gate varies over more than one axis: it is of several examples.
        """
        shape = self.values.shape
        if self.site.has_scores:
            if sum(n > 1 for n in shape) > 1 or shape[0] > 1:
                raise UserError(f"the values of {self.site.name} are of one example, (1, C, 1, 1), got {shape}")
            return self.values.reshape(1, -1, *(1,) * (len(shape) - 2))
        behind = self.site.traits.per_place and self.site.channels_last
        return np.moveaxis(self.values, -1, 1) if behind else self.values

    @property
    def mask(self) -> Floats:
        """Spatial mask, (H, W) float32; a ``UserError`` if this is no 2-D spatial gate."""
        if not self.site.has_mask or self.values.ndim != 4:
            raise UserError(
                f"{self.site.name} is a {self.site.kind} gate of shape {self.site.shape}; "
                "a mask needs a 2-D spatial gate"
            )
        return self.channels_first[0, 0]


@dataclass(frozen=True)
class ChannelMap:
    """One channel of the features that a gate meets, and its score.

    Attributes:
        site: The gate.
        channel: Index of the channel.
        values: (H, W) float32, the features of that channel before the gate, any range.
        score: The gate's weight for the channel, or ``None`` where the gate has no per-channel weight.
        rank: 1 for the highest score of the gate, C for the lowest; ``None`` as above.
    """

    site: GateSite
    channel: int
    values: Floats
    score: float | None
    rank: int | None


@dataclass(frozen=True)
class Attribution:
    """What the score of one class rests on in one photograph, by one method.

    Attributes:
        model: Id of the checkpoint or name of the model.
        method: A name of ``attnviz.explain.attribution.ATTRIBUTIONS``.
        target: Index of the class.
        values: (H, W) float32 over what the network saw.
        signed: Whether negative values mean "speaks against the class"; otherwise values are ≥ 0.
        parameters: What was chosen, defaults included; ``layer`` where the method looks at one.
        seconds: How long it took.
        cells: (h, w), how finely the method looks: the grid that was enlarged to (H, W), or (H, W) itself.
    """

    model: str
    method: str
    target: int
    values: Floats
    signed: bool
    parameters: Mapping[str, Any]
    seconds: float
    cells: tuple[int, int]


@dataclass(frozen=True)
class Analysis:
    """Everything one forward pass said about one photograph.

    Attributes:
        model: Id of the checkpoint or name of the model.
        image: The photograph and what the network saw of it.
        labels: K class names, in the order of the logits.
        logits: (K,) float32.
        gates: All gates from the first layer to the last.
        facts: Plain values worth showing or keeping: device, milliseconds, versions.
        scores: How logits become probabilities, a name of ``attnviz.core.scores.SCORES``.
        assumed: What is assumed about the network.
        outline: The network as a line of blocks, the gates in their places; empty where it was not read.
        remarks: What is to be said of this answer: whether the photograph looks unlike the training data.
    """

    model: str
    image: PreparedImage
    labels: tuple[str, ...]
    logits: Floats
    gates: tuple[GateRecord, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    scores: str = "softmax"
    assumed: tuple[Note, ...] = ()
    outline: tuple[Unit, ...] = ()
    remarks: tuple[Note, ...] = ()

    def _repr_html_(self) -> str:
        return as_html(self)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What must be said beside the answer: about it, the photograph, and what is assumed about the network."""
        return (*self.remarks, *self.image.notes, *self.assumed)

    @property
    def probabilities(self) -> Floats:
        """(K,) float32 in [0, 1]; they sum to 1 unless ``scores`` says that classes do not exclude each other.

        Where ``scores`` is ``"logits"``, the numbers as they are; with ``"none"`` there are none.
        """
        return probabilities(self.logits, self.scores)

    def top(self, k: int = 5) -> tuple[tuple[str, float], ...]:
        """The k most probable classes as (label, probability), most probable first."""
        probabilities = self.probabilities
        order = np.argsort(-probabilities, kind="stable")[:k]
        return tuple((self.labels[i], float(probabilities[i])) for i in order)

    def gate(self, name: str) -> GateRecord:
        """The record of one gate; an unknown name raises ``UserError`` naming the nearest ones."""
        for record in self.gates:
            if record.site.name == name:
                return record
        raise UserError(f"{self.model} has no gate {name!r}; {nearest(name, (g.site.name for g in self.gates))}")
