"""What endpoints answer: plain values whose types are the schemas that callers are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from attnviz.core.types import Floats


class Model(TypedDict):
    """A network that can be asked."""

    id: str
    title: str
    attention: str
    labels: list[str]
    input: list[int]
    top1: float | None
    at_hand: bool


class Scored(TypedDict):
    """A class and its probability, or what else the network's scores are."""

    label: str
    score: float


class Gate(TypedDict):
    """One gate; ``values`` are those of ``shape`` in row-major order."""

    name: str
    kind: str
    shape: list[int]
    values: list[float | None]


class Gates(TypedDict):
    """The gates of one photograph; ``scores`` says what the prediction's numbers are (``softmax``, ``sigmoid``, …)."""

    model: str
    scores: str
    prediction: list[Scored]
    logits: list[float | None]
    gates: list[Gate]
    notes: list[str]


class Class(TypedDict):
    """One class without and with edits."""

    label: str
    probability_before: float
    probability_after: float
    logit_before: float
    logit_after: float


class Replay(TypedDict):
    """One photograph without and with edits; ``recorded`` as ``attnviz.analysis.replay.Replayed`` has it."""

    model: str
    edits: int
    gates: list[str]
    classes: list[Class]
    recorded: str
    largest_difference: float | None


class Step(TypedDict):
    """One step of a mechanism."""

    does: str
    formula: str
    symbolic: str
    shape: list[int]


class Description(TypedDict):
    """What an attention type computes."""

    name: str
    title: str
    formula: str
    paper: str
    symbols: Mapping[str, int]
    steps: list[Step]
    parameter_formula: str
    parameters: int


def numbers(values: Floats) -> list[float | None]:
    """Float32 of any shape as JSON numbers that are read back bit for bit, in row-major order.

    JSON has no infinity and no NaN: these are ``None``.
    """
    flat: list[float | None] = values.ravel().tolist()
    if np.isfinite(values).all():
        return flat
    return [value if np.isfinite(value) else None for value in values.ravel().tolist()]
