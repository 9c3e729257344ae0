"""Recording of gate snapshots while a network is trained."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.types import Floats
from attnviz.gates.capture import capture
from attnviz.gates.discover import find_gates
from attnviz.images.prepare import prepare
from attnviz.images.sample_table import IMAGENETTE, RENDERED, SAMPLES
from attnviz.images.samples import load_sample
from attnviz.models.gate_snapshots import SUFFIX, Snapshots, read_snapshots, save_snapshots
from attnviz.training.data import prepare_batch

MOST = 4096
"""Values of a gate for one picture; larger ones (a weight for every element, for every pair of positions) are left out:
they would make megabytes of every epoch."""


def probes(spec: InputSpec) -> tuple[tuple[str, ...], Tensor]:
    """The pictures that every snapshot shows: the scenes of Imagenette's classes that come with attnviz.

    Returns:
        Their names, and (P, C, H, W) float32, what the network is given.
    """
    # not scikit-image's photographs: they are not installed everywhere, and all runs shall show the same pictures
    names = tuple(s.name for s in SAMPLES if s.source == RENDERED and s.is_known(IMAGENETTE))
    pictures = [torch.from_numpy(prepare(load_sample(name), spec).network.copy()).permute(2, 0, 1) for name in names]
    return names, prepare_batch(torch.stack(pictures), spec)


class Recorder:
    """Writes the gates of some epochs into a file beside the checkpoint.

    Args:
        folder: Of the run.
        name: Id of the checkpoint.
        model: Whose gates are recorded, in eval mode.
        spec: What it wants to be given.
        finished: Epochs that the run has finished; later ones in the file are of a run that was cut off.
    """

    def __init__(self, folder: Path, name: str, model: nn.Module, spec: InputSpec, finished: int) -> None:
        self.folder, self.name, self.model = folder, name, model
        device = next(model.parameters()).device
        names, x = probes(spec)
        self.x = x.to(device)
        self.sites = [site for site in find_gates(model, self.x[:1]) if math.prod(site.shape) <= MOST]
        path = folder / f"{name}{SUFFIX}"
        empty = {site.name: np.zeros((0, len(names), *site.shape[1:]), np.float32) for site in self.sites}
        kinds = {site.name: site.kind for site in self.sites}
        fresh = Snapshots((), names, empty, kinds, spec.fit)
        self.taken = read_snapshots(path).until(finished) if path.is_file() else fresh
        if (self.taken.probes, self.taken.kinds, self.taken.fit) != (names, kinds, spec.fit):
            raise UserError(f"{path} holds snapshots of another network or of other pictures; remove it")

    def gates(self) -> dict[str, Floats]:
        """Name of a gate -> (P, …) float32, in the order of the layers."""
        with torch.inference_mode(), capture(self.model, self.sites) as tape:
            self.model(self.x)
        return {site.name: tape[site.name].values.float().cpu().numpy() for site in self.sites}

    def record(self, epoch: int) -> None:
        """Add what the gates say after ``epoch`` finished epochs; nothing where it is there already."""
        if self.sites and epoch not in self.taken.epochs:
            self.taken = self.taken.plus(epoch, self.gates())
            save_snapshots(self.folder, self.name, self.taken)
