"""What a network means: what it is given, and what its numbers say. Plain Python only."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from attnviz.core.checks import is_number
from attnviz.core.errors import UserError, nearest
from attnviz.core.input_spec import InputSpec
from attnviz.core.scores import SCORES

SAID = (*SCORES, "probabilities")
"""What may be said about a network's numbers: a name of ``SCORES`` for logits, or ``"probabilities"`` for numbers that
lie in 0..1 already, as a softmax or sigmoid inside the network gives them."""

MOST_MEAN = 2
"""A mean above it is one of values in 0..255."""
INPUT = ("size", "mean", "std", "interpolation", "fit", "crop_fraction", "window", "shown")
"""Fields of a card that say what the network is given: those of ``InputSpec``."""


@dataclass(frozen=True)
class ModelCard:
    """What somebody says about their network; what is ``None`` is read from the network's own configuration.

    What neither says is assumed where that is harmless, and every answer then says so; else it is asked for.

    Attributes:
        size: Height and width of the input in pixels; one number for a square.
        mean: Of each channel, subtracted from values in [0, 1]; one number for all channels alike.
        std: Standard deviation of each channel, divided by afterwards; one number for all channels alike.
        interpolation: A name of ``attnviz.core.input_spec.INTERPOLATIONS``.
        fit: ``"crop"`` or ``"squash"``, a name of ``attnviz.core.input_spec.FITS``.
        crop_fraction: How much of each side is kept around the centre, in (0, 1].
        window: (low, high) in the units of the file that become 0 and 1, for 16-bit greys and other raw pictures.
        shown: Which three channels are shown as red, green and blue.
        labels: K class names in the order of the scores.
        scores: One of ``SAID``.
        output: Which tensor of several is the answer: its key, or its position from 0.
        at: (down, across), each in [0, 1]: the place at which a network that answers everywhere is asked; ``None`` for
            the mean over the picture.
        name: What people see.

    Raises:
        UserError: A value is outside its limits.
    """

    size: tuple[int, int] | int | None = None
    mean: tuple[float, ...] | float | None = None
    std: tuple[float, ...] | float | None = None
    interpolation: str | None = None
    fit: str | None = None
    crop_fraction: float | None = None
    window: tuple[float, float] | None = None
    shown: tuple[int, int, int] | None = None
    labels: tuple[str, ...] | None = None
    scores: str | None = None
    output: str | int | None = None
    at: tuple[float, float] | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        for key in ("mean", "std", "window", "shown", "at"):
            object.__setattr__(self, key, _numbers(key, getattr(self, key)))
        if isinstance(self.mean, tuple) and any(value > MOST_MEAN for value in self.mean):
            raise UserError(f"mean is of values in 0..1, got {max(self.mean):g}: divide mean and std by 255")
        if isinstance(self.size, int):
            object.__setattr__(self, "size", (self.size, self.size))
        elif self.size is not None:
            object.__setattr__(self, "size", _numbers("size", self.size))
        object.__setattr__(self, "labels", _labels(self.labels))
        if self.scores is not None and self.scores not in SAID:
            raise UserError(f"unknown scores {self.scores!r}; {nearest(self.scores, SAID)}")
        if self.output is not None and (isinstance(self.output, bool) or not isinstance(self.output, (str, int))):
            raise UserError(f"output must be the name or the position of a tensor, got {self.output!r}")
        if self.at is not None and not (len(self.at) == 2 and all(0 <= share <= 1 for share in self.at)):
            raise UserError(f"at must be (down, across), each in 0..1, got {self.at}")
        if self.name is not None:
            object.__setattr__(self, "name", " ".join(str(self.name).split())[:80] or None)

    def but(self, **values: Any) -> ModelCard:
        """The same with other values; an unknown name raises ``UserError`` naming the nearest."""
        fields = [f.name for f in dataclasses.fields(self)]
        for key in values:
            if key not in fields:
                raise UserError(f"unknown {key!r} in a model card; {nearest(key, fields)}")
        return dataclasses.replace(self, **values)

    def input(self, base: InputSpec | None, channels: int) -> InputSpec | None:
        """What the network is given: what is said here laid over what its own configuration says.

        Args:
            base: Of the configuration; ``None`` where there is none.
            channels: Of the picture that the network takes.

        Returns:
            The spec; ``None`` where the size is neither said nor configured.

        Raises:
            UserError: mean or std have another number of channels, or a value is outside its limits.
        """
        said = {key: getattr(self, key) for key in INPUT if getattr(self, key) is not None}
        for key in ("mean", "std"):
            values = said.get(key)
            if values is not None:
                said[key] = tuple(map(float, values * channels if len(values) == 1 else values))
                if len(said[key]) != channels:
                    raise UserError(f"{key} has {len(values)} values and the network takes {channels} channels")
        if base is None:
            return None if self.size is None else _fresh(said, channels)
        if len(base.mean) != channels and not {"mean", "std"} <= said.keys():
            raise UserError(unsaid(channels))
        return dataclasses.replace(base, **said)


def _fresh(said: Mapping[str, Any], channels: int) -> InputSpec:
    """A spec where nothing is configured; without mean and std, those of ImageNet, which only RGB pictures have."""
    if ("mean" in said) != ("std" in said):
        raise UserError("mean and std belong together: give both")
    if "mean" not in said and channels != 3:
        raise UserError(unsaid(channels))
    return InputSpec(**said)


LISTS: Mapping[str, type] = {"size": int, "mean": float, "std": float, "at": float, "window": float, "shown": int}
"""Fields that are numbers with commas or an x between, where they are written."""


def numbers_in(name: str, text: str, called: str) -> tuple[float, ...]:
    """``"0.5,0.4"`` -> ``(0.5, 0.4)``, ``"224x320"`` -> ``(224, 320)``.

    Args:
        name: One of ``LISTS``.
        text: What somebody has written.
        called: What the field is called in the message.

    Raises:
        UserError: It is something else.
    """
    try:
        return tuple(LISTS[name](part) for part in text.replace("x", ",").split(","))
    except ValueError:
        whole = "whole " if LISTS[name] is int else ""
        raise UserError(f"{called} needs {whole}numbers with commas between, got {text[:80]!r}") from None


def unsaid(channels: int) -> str:
    """What to do where nobody has said how so many channels are normalised."""
    return f"the network takes {channels} channels: say their mean and std (--mean 0.5 --std 0.5 for all alike)"


def _numbers(key: str, value: Any) -> tuple[Any, ...] | None:
    """One number or several as a tuple; ``UserError`` where it is something else."""
    if value is None:
        return None
    values = tuple(value) if isinstance(value, Iterable) and not isinstance(value, (str, Mapping)) else (value,)
    if not values or not all(map(is_number, values)):
        raise UserError(f"{key} must be numbers, got {value!r}")
    return values


def _labels(labels: Any) -> tuple[str, ...] | None:
    if labels is None:
        return None
    if isinstance(labels, (str, bytes, Mapping)) or not isinstance(labels, Iterable):
        raise UserError(f"labels must be a sequence of class names, got {type(labels).__name__}")
    return tuple(" ".join(str(label).split()) or f"class {i}" for i, label in enumerate(labels))
