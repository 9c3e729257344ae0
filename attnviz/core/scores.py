"""What a network's scores mean: how they become probabilities. Plain numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from attnviz.core.checks import choice

Floats = npt.NDArray[np.float32]


def _softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True), dtype=np.float32)


def _sigmoid(logits: Floats) -> Floats:
    small = np.exp(-np.abs(logits))  # at most 1: never overflows
    return np.asarray(np.where(logits >= 0, 1, small) / (1 + small), dtype=np.float32)


def _as_they_are(numbers: Floats) -> Floats:
    return np.asarray(numbers, dtype=np.float32)


SCORES: Mapping[str, Callable[[Floats], Floats]] = {
    "softmax": _softmax,
    "sigmoid": _sigmoid,
    "logits": _as_they_are,
    "none": _as_they_are,
}
"""From logits (…, K) to what people see: ``softmax`` where one class excludes the others, so that probabilities sum to
1; ``sigmoid`` where each class is a yes or no of its own (multi-label, or one logit); ``logits`` for numbers that are
no probabilities (regression, distances); ``none`` where the network gives no answer that is shown (K is 0)."""

SHARES = ("softmax", "sigmoid")
"""Those whose numbers are probabilities and are shown in per cent."""


def shown(value: float, scores: str) -> str:
    """One number as people read it: ``"42.6 %"`` for a probability, ``"-1.37"`` for any other."""
    return f"{100 * value:.1f} %" if scores in SHARES else f"{value:.4g}"


def probabilities(logits: Floats, scores: str = "softmax") -> Floats:
    """Logits (…, K) -> probabilities (…, K) float32 in [0, 1]; numbers that are none stay as they are.

    Args:
        logits: Any range.
        scores: A name of ``SCORES``.

    Raises:
        UserError: There is no such name.
    """
    choice("scores", scores, SCORES)
    return SCORES[scores](logits)
