"""Reference statistics: what every gate of a checkpoint says over its validation set.

They lie beside a checkpoint as ``<id>.reference``, a safetensors file. With them a gate's answer to one photograph can
be called usual or unusual, and a gate can be replaced by its mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from attnviz.core.errors import UserError
from attnviz.core.files import write_atomically
from attnviz.core.kinds import KINDS, kind_named
from attnviz.core.types import Floats
from attnviz.models.checkpoints import beside

SUFFIX = ".reference"
MAX_BYTES = 2**20
"""Most bytes of a file that is read."""
BUDGET = 200 * 2**10
"""Bytes that a file should not exceed; means of very large gates are left out for that."""
LEVELS = (1, 5, 25, 50, 75, 95, 99)
"""Per cents of the quantiles."""
LOW, MIDDLE, HIGH = LEVELS.index(5), LEVELS.index(50), LEVELS.index(95)
"""Where the usual range begins and ends, and its middle."""
ROUNDING = 1e-3
"""Relative; numbers are kept with about three digits, so what lies this near to a quantile is not told from it."""


def summary(kind: str, values: Floats) -> Floats | None:
    """The numbers of a gate that are compared from photograph to photograph.

    Args:
        kind: A key of ``KINDS``.
        values: (N, …) the gate for N photographs.

    Returns:
        (N, K) float32: every weight of a gate over channels; the mean along the positions for each channel of a gate
        over both; the mean of a mask (K = 1). ``None`` for other kinds.
    """
    traits, count = kind_named(kind), len(values)
    if not traits.has_places:
        return values.reshape(count, -1) if traits.has_channels else None
    if traits.has_channels and values.ndim < 3:
        return None
    means: Floats = values.reshape(count, values.shape[1] if traits.has_channels else 1, -1).mean(2)
    return means


@dataclass(frozen=True, eq=False)
class GateReference:
    """One gate over N photographs.

    Attributes:
        kind: A key of ``KINDS``.
        mean: (…) float32, of the gate's shape for one photograph; ``None`` where it would be too large.
        sd: The same; ``None`` where it is not kept.
        quantiles: (7, K) float32 at ``LEVELS`` of what ``summary`` gives; ``None`` for kinds without one.
    """

    kind: str
    mean: Floats | None = None
    sd: Floats | None = None
    quantiles: Floats | None = None

    def __post_init__(self) -> None:
        arrays = [a for a in (self.mean, self.sd, self.quantiles) if a is not None]
        wrong = self.kind not in KINDS or not all(np.isfinite(a).all() for a in arrays)
        if self.sd is not None:
            wrong |= self.mean is None or self.mean.shape != self.sd.shape or bool((self.sd < 0).any())
        if self.quantiles is not None:
            wrong |= self.quantiles.ndim != 2 or len(self.quantiles) != len(LEVELS)
            wrong |= bool((np.diff(self.quantiles, axis=0) < 0).any())
            seen = None if self.mean is None or wrong else summary(self.kind, self.mean[None])
            wrong |= seen is not None and seen.shape[1] != self.quantiles.shape[1]
        if wrong:
            raise UserError(f"the statistics of a {self.kind[:20]} gate do not fit together")

    def fits(self, kind: str, shape: tuple[int, ...]) -> bool:
        """Whether these are statistics of a gate of this kind and shape, N in front."""
        if kind != self.kind or (self.mean is not None and self.mean.shape != shape[1:]):
            return False
        numbers = summary(kind, np.zeros((1, *shape[1:]), np.float32))
        return self.quantiles is None or (numbers is not None and numbers.shape[1] == self.quantiles.shape[1])


@dataclass(frozen=True, eq=False)
class Reference:
    """All gates of a checkpoint over its validation set.

    Attributes:
        images: N, how many photographs.
        data: Name of the data.
        fingerprint: SHA-256 of the data, as a card has it.
        weights: SHA-256 of the file of weights, hexadecimal.
        gates: Name -> statistics, in the order of the layers.
    """

    images: int
    data: str
    fingerprint: str
    weights: str
    gates: Mapping[str, GateReference] = field(repr=False)

    def of(self, gate: str, kind: str, shape: tuple[int, ...]) -> GateReference | None:
        """Statistics of a gate; ``None`` where there are none that fit it."""
        statistics = self.gates.get(gate)
        return statistics if statistics is not None and statistics.fits(kind, shape) else None

    def mean(self, gate: str, kind: str, shape: tuple[int, ...]) -> Floats | None:
        """The mean of a gate over the photographs, of its shape for one; ``None`` where it is not known."""
        statistics = self.of(gate, kind, shape)
        return None if statistics is None else statistics.mean


PARTS = ("mean", "sd", "quantiles")
TOLD = ("images", "data", "fingerprint", "weights")
_HEADER: Mapping[str, type] = MappingProxyType(
    {"images": int, "data": str, "fingerprint": str, "weights": str, "kinds": dict, "levels": list}
)


def _short(values: Floats) -> Any:
    """In float16 where that keeps about three digits of every number, else in float32."""
    half = values.astype(np.float16)
    close = np.isfinite(half).all() and np.allclose(half.astype(np.float32), values, rtol=ROUNDING, atol=1e-12)
    return np.ascontiguousarray(half if close else values)


def encode(reference: Reference) -> bytes:
    """The content of a file."""
    arrays = {
        f"{name}/{part}": _short(values)
        for name, gate in reference.gates.items()
        for part in PARTS
        if (values := getattr(gate, part)) is not None
    }
    kinds = {name: gate.kind for name, gate in reference.gates.items()}
    header = {"levels": LEVELS, "kinds": kinds, **{key: getattr(reference, key) for key in TOLD}}
    return safetensors.numpy.save(arrays, metadata={key: json.dumps(value) for key, value in header.items()})


def save_reference(path: Path, reference: Reference) -> None:
    """Write a file, which is called ``<id>.reference`` beside a checkpoint, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, encode(reference))


def read_reference(path: Path) -> Reference:
    """Read a file of reference statistics; nothing in it is trusted.

    Raises:
        UserError: It is none, it is damaged, or larger than ``MAX_BYTES``.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ValueError(f"it has {size} bytes; at most {MAX_BYTES} are read")
        with safetensors.safe_open(path, framework="numpy") as file:
            header = {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
            if any(not isinstance(header[key], kind) for key, kind in _HEADER.items()) or header["images"] < 1:
                raise ValueError("its header has other values than expected")
            if tuple(header["levels"]) != LEVELS:
                raise ValueError(f"its quantiles are not at {LEVELS} %")
            stored = set(file.keys())
            if strange := stored - {f"{name}/{part}" for name in header["kinds"] for part in PARTS}:
                raise ValueError(f"it has unknown {sorted(strange)[0][:60]!r}")
            gates = {
                name: GateReference(str(kind), *(_array(file, f"{name}/{part}", stored) for part in PARTS))
                for name, kind in header["kinds"].items()
            }
        return Reference(header["images"], header["data"], header["fingerprint"], header["weights"], gates)
    except (safetensors.SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path.name} cannot be read as reference statistics: {error}") from error


def _array(file: Any, key: str, stored: set[str]) -> Floats | None:
    if key not in stored:
        return None
    values: Floats = file.get_tensor(key).astype(np.float32)
    values.setflags(write=False)
    return values


def load_reference(name: str, weights: str, folder: Path | None = None) -> Reference | None:
    """Statistics of a checkpoint by its id; ``None`` where it has none.

    Args:
        name: Id of the checkpoint.
        weights: SHA-256 of its file of weights, as its card has it.
        folder: Where the checkpoint is.

    Raises:
        UserError: There is no such checkpoint, the file is damaged, or it was measured with other weights.
    """
    path = beside(name, SUFFIX, folder)
    if path is None:
        return None
    reference = read_reference(path)
    if reference.weights != weights:
        raise UserError(
            f"{path.name} was measured with other weights (sha256 {reference.weights[:12]}…, not {weights[:12]}…): "
            f"measure it again with: attnviz reference {name} --data FOLDER"
        )
    return reference
