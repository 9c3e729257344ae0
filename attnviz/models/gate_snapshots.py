"""Gate snapshots: what every gate said to a few fixed pictures at some epochs of a training run.

They lie beside a checkpoint as ``<id>.snapshots``, a safetensors file in float16.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from attnviz.core.errors import UserError, nearest
from attnviz.core.files import write_atomically
from attnviz.core.input_spec import FITS
from attnviz.core.types import Floats
from attnviz.models.checkpoints import beside

SUFFIX = ".snapshots"
MAX_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class Snapshots:
    """Gates through training.

    Attributes:
        epochs: E numbers of finished epochs, rising; 0 is before training.
        probes: P names of the pictures, samples of ``attnviz.images.samples``.
        gates: Name of a gate -> (E, P, …) float32; the rest is the gate's shape for one picture.
        kinds: Name of a gate -> its kind, in the order of the layers.
        fit: How the pictures were brought to the network's shape, a name of ``core.input_spec.FITS``: what a gate said
            lies over the part that it was shown. Files from before there was a choice are of ``"crop"``.
    """

    epochs: tuple[int, ...]
    probes: tuple[str, ...]
    gates: Mapping[str, Floats] = field(repr=False)
    kinds: Mapping[str, str] = field(repr=False)
    fit: str = "crop"

    def __post_init__(self) -> None:
        shape = (len(self.epochs), len(self.probes))
        wrong = [name for name, values in self.gates.items() if values.shape[:2] != shape]
        if wrong or self.gates.keys() != self.kinds.keys() or list(self.epochs) != sorted(set(self.epochs)):
            raise UserError(f"snapshots of {shape[0]} epochs and {shape[1]} pictures do not fit together: {wrong}")
        if self.fit not in FITS:
            raise UserError(f"snapshots of an unknown fit {self.fit!r}; {nearest(self.fit, FITS)}")

    def until(self, epoch: int) -> Snapshots:
        """Those of the first ``epoch`` epochs."""
        keep = [i for i, e in enumerate(self.epochs) if e <= epoch]
        gates = {name: values[keep] for name, values in self.gates.items()}
        return dataclasses.replace(self, epochs=tuple(self.epochs[i] for i in keep), gates=gates)

    def plus(self, epoch: int, gates: Mapping[str, Floats]) -> Snapshots:
        """These and one more epoch: gate -> (P, …)."""
        grown = {name: np.concatenate((values, gates[name][None])) for name, values in self.gates.items()}
        return dataclasses.replace(self, epochs=(*self.epochs, epoch), gates=grown)


def save_snapshots(folder: Path, name: str, snapshots: Snapshots) -> None:
    """Write ``<name>.snapshots`` into a folder, whole or not at all."""
    header = {key: json.dumps(getattr(snapshots, key)) for key in ("epochs", "probes", "kinds", "fit")}
    arrays = {key: np.ascontiguousarray(values, dtype=np.float16) for key, values in snapshots.gates.items()}
    write_atomically(folder / f"{name}{SUFFIX}", safetensors.numpy.save(arrays, metadata=header))


def read_snapshots(path: Path) -> Snapshots:
    """Read a file of snapshots.

    Raises:
        UserError: It is none, or it is damaged.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path.name} has {path.stat().st_size} bytes; at most {MAX_BYTES} are read")
        with safetensors.safe_open(path, framework="numpy") as file:
            header = {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
            kinds = dict(header["kinds"])
            gates = {key: file.get_tensor(key).astype(np.float32) for key in kinds}
        return Snapshots(tuple(header["epochs"]), tuple(header["probes"]), gates, kinds, header.get("fit", "crop"))
    except (safetensors.SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path.name} cannot be read as snapshots: {error}") from error


def load_snapshots(name: str, folder: Path | None = None) -> Snapshots | None:
    """Snapshots of a checkpoint by its id; ``None`` where it has none.

    Raises:
        UserError: There is no such checkpoint, or the file is damaged.
    """
    path = beside(name, SUFFIX, folder)
    return None if path is None else read_snapshots(path)
