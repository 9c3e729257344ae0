"""Frozen values that cross layers. Only numpy and plain Python: no torch from here on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from attnviz.core.displays import as_html
from attnviz.core.errors import UserError, nearest
from attnviz.core.kinds import Kind, kind_named
from attnviz.core.notes import Note, notes_on
from attnviz.core.outline import Unit
from attnviz.core.scores import probabilities

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


@dataclass(frozen=True)
class Place:
    """One tensor in a forward pass: an operand or the result of one operation inside one call of one module.

    Attributes:
        module: Path of the module; ``""`` is the model itself.
        call: Which call of the module in one pass, from 1.
        op: ``"output"`` of the module, ``"tap"`` of a ``Gate``, or a family of operations such as ``"softmax"``.
        index: Which operation of that family during the call, from 1; modules inside it are counted along.
        operand: Position of the argument; -1 for the result.
        calls: How often the module is called in one pass.
        total: How many operations of that family there are during the call; 0 where it is not known.
        rows: How long axis 0 of what is read is for one example; 0 where it is not known.
        rank: How many axes that has.
    """

    module: str
    call: int
    op: str
    index: int = 1
    operand: int = -1
    calls: int = 1
    total: int = 0
    rows: int = 0
    rank: int = 0

    def lies_behind(self, output: Place) -> bool:
        """Whether it is the result of an operation within a module, of which the other place is the output."""
        inside = self.module == output.module or self.module.startswith(f"{output.module}.")
        return output.op == "output" and self.op not in ("output", "tap") and self.operand < 0 and inside


@dataclass(frozen=True)
class GateSite:
    """A place in a model where a gate is multiplied in.

    Attributes:
        name: Path of the gate in the model, e.g. ``"stage2.0.attention.channel"``; unique in the model.
        kind: A key of ``attnviz.core.kinds.KINDS``.
        shape: Shape of the gate for one example, N = 1 in front.
        features: Shape of the features it meets, N = 1 in front.
        how: The mechanism that reads it, in words; ``"tap"`` for attnviz's own modules.
        axis: Axis of ``shape`` along which the weights sum to 1, or ``None``.
        place: Where the gate is read with the least effort.
        exact: Where it is read without any assumption: at the operation in which it meets the features.
        meets: Where the features are that it meets.
        batch: Axis along which the examples lie in what is read there; in ``shape`` they are in front.
        over: For ``pairwise``, what each axis of ``shape`` runs over: ``batch``, ``channel``, ``place``, ``mixed`` (of
            these) or ``""`` (unknown). The shape cannot tell 8×8 places from 64 channels.
        owner: Path of the module in whose forward the gate meets the features, and ``#2`` … for its later calls:
            gates of one owner belong together.
        residual: Whether the features are multiplied by 1 + the gate.
        even: Whether weights of a kind that need not do so sum to 1.
        channels: Axis of ``shape`` along which channels lie, where that is known; a gate may have size 1 there.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    features: tuple[int, ...]
    how: str = "tap"
    axis: int | None = None
    place: Place | None = field(default=None, repr=False)
    exact: Place | None = field(default=None, repr=False)
    meets: Place | None = field(default=None, repr=False)
    batch: int = field(default=0, repr=False)
    over: tuple[str, ...] = ()
    owner: str = ""
    residual: bool = False
    even: bool = False
    channels: int | None = field(default=None, repr=False)

    @property
    def traits(self) -> Kind:
        """What its kind means for this gate; a ``UserError`` where there is no such kind."""
        kind = kind_named(self.kind)
        return kind.acting(self.residual, self.even) if self.residual or self.even else kind

    @property
    def has_scores(self) -> bool:
        """Whether it is one weight per channel."""
        return self.traits.has_scores

    @property
    def has_mask(self) -> bool:
        """Whether it is one weight per place of a map."""
        return self.traits.per_place and len(self.shape) == 4


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
        """Whether the value for one example comes of those for others."""
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
        shape, last = self.values.shape, self.values.ndim - 1
        if self.site.has_scores:
            if sum(n > 1 for n in shape) > 1 or shape[0] > 1:
                raise UserError(f"the values of {self.site.name} are of one example, (1, C, 1, 1), got {shape}")
            return self.values.reshape(1, -1, *(1,) * (last - 1))
        behind = self.site.traits.per_place and last > 1 and shape[1] > 1 and shape[last] == 1
        return np.moveaxis(self.values, last, 1) if behind else self.values

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
