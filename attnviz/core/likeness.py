"""Whether a photograph looks like those that a network was trained on, by its pooled features. Plain numpy."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from attnviz.core.errors import UserError
from attnviz.core.notes import Note

Numbers = npt.NDArray[np.floating[Any]]

DIRECTIONS = 20
"""Directions that are kept of the space of features."""
PASS = 0.95
"""Share of the validation photographs that are not called unlike."""
NUMBERS = ("threshold", "known", "caught")


def unit(features: Numbers) -> Numbers:
    """(N, D) -> (N, D), each of length 1."""
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


@dataclass(frozen=True, eq=False)
class Subspace:
    """Where the features of training photographs lie: their mean and the directions in which they vary most.

    Attributes:
        rows: (1 + R, D) float16: the mean of the features of length 1, and R directions at right angles.
    """

    rows: npt.NDArray[np.float16]

    @cached_property
    def _axes(self) -> tuple[Numbers, Numbers]:
        """The mean (1, D) and the directions (R, D), to compute with."""
        return self.rows[:1].astype(np.float64), self.rows[1:].astype(np.float64)

    @classmethod
    def of(cls, features: Numbers) -> Subspace:
        """Of the features (N, D) of training photographs; R is ``DIRECTIONS``, or fewer where N or D are less."""
        lengths = unit(np.asarray(features, np.float64))
        centre = lengths.mean(0)
        _, _, directions = np.linalg.svd(lengths - centre, full_matrices=False)
        return cls(np.vstack([centre, directions[: min(DIRECTIONS, len(directions) - 1)]]).astype(np.float16))

    def remainder(self, features: Numbers) -> Numbers:
        """(N,) in 0..2, what is left of features (N, D) of length 1 outside of the directions (Wang et al. 2022).

        The residual of "ViM: Out-of-Distribution with Virtual-logit Matching" (arXiv 2203.10807), here after scaling to
        length 1 and without the logits.
        """
        if features.shape[1:] != self.rows.shape[1:]:
            raise UserError(f"features have {self.rows.shape[1]} numbers here, got {features.shape[1:]}")
        centre, directions = self._axes
        apart = unit(np.asarray(features, np.float64)) - centre
        return np.asarray(np.linalg.norm(apart - apart @ directions.T @ directions, axis=1))


@dataclass(frozen=True, eq=False)
class Likeness:
    """When a network's photograph is called unlike its training data, and how often that is wrong.

    Attributes:
        space: Where the features of training photographs lie.
        threshold: A remainder above it is called unlike.
        known: How many of 100 validation photographs are called so too.
        caught: How many of 100 photographs of other classes are called so.
        blurred: How many of 100 validation photographs are called so when they are made as small as those of other
            classes; ``None`` where the network is not given these enlarged.
    """

    space: Subspace
    threshold: float
    known: float
    caught: float
    blurred: float | None = None

    @classmethod
    def of(cls, space: Subspace, known: Numbers, foreign: Numbers, blurred: Numbers | None = None) -> Likeness:
        """From the remainders (N,) of validation photographs, of photographs of other classes, and of blurred ones."""
        threshold = float(np.float32(np.quantile(known, PASS)))

        def called(values: Numbers) -> float:
            return round(100 * float((values > threshold).mean()), 1)

        return cls(space, threshold, called(known), called(foreign), None if blurred is None else called(blurred))

    def note(self, features: Numbers) -> Note | None:
        """What is to be said of one photograph with these features, (1, D); ``None`` where it looks alike."""
        if float(self.space.remainder(features)[0]) <= self.threshold:
            return None
        counts = {
            key: f"{value:.0f}" for key in ("known", "caught", "blurred") if (value := getattr(self, key)) is not None
        }
        return Note("unlike" if self.blurred is None else "unlike_enlarged", counts)

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``from_json`` gives the same back."""
        rows = self.space.rows
        packed = {"shape": list(rows.shape), "f2": base64.b64encode(rows.astype("<f2").tobytes()).decode()}
        numbers = {key: getattr(self, key) for key in (*NUMBERS, "blurred")}
        return {**numbers, "space": packed}

    @classmethod
    def from_json(cls, values: Any) -> Likeness:
        """The reverse of ``to_json``; ``UserError`` where it is something else."""
        try:
            if not isinstance(values, Mapping):
                raise ValueError(f"it must be a table, got {type(values).__name__}")
            packed = values["space"]
            rows = np.frombuffer(base64.b64decode(packed["f2"], validate=True), "<f2").reshape(packed["shape"])
            numbers = [float(values[key]) for key in NUMBERS]
            numbers += [] if values.get("blurred") is None else [float(values["blurred"])]
            if rows.ndim != 2 or not len(rows) or not (np.isfinite(rows).all() and np.isfinite(numbers).all()):
                raise ValueError("it holds other arrays, or numbers that are not finite")
        except (ValueError, TypeError, KeyError, binascii.Error) as error:
            raise UserError(
                f"what the card says of photographs unlike the training data cannot be read: {error}"
            ) from None
        return cls(Subspace(rows.astype(np.float16)), *numbers)
