"""Chance that is decided by a photograph's name alone, so that no split and no order changes it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from attnviz.audit.statistics.base import Doubles
from attnviz.audit.statistics.extremes import Keys


def key_of(name: str, purpose: str = "") -> int:
    """A number in 0..2**64-1 of a relative path; each purpose has its own."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8, person=purpose.encode()).digest(), "big")


def keys_of(names: Sequence[str], purpose: str = "") -> Keys:
    """(N,) uint64."""
    return np.array([key_of(name, purpose) for name in names], np.uint64)


def bootstrap_weights(names: Sequence[str], resamples: int) -> Doubles:
    """(N, B): how often each photograph counts in each resample, Poisson of mean 1."""
    if not names:
        return np.zeros((0, resamples))
    rows = [np.random.default_rng(key_of(name, "bootstrap")).poisson(1.0, resamples) for name in names]
    return np.stack(rows).astype(np.float64)
