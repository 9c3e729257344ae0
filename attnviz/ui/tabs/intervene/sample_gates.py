"""Gates of other photographs, to put in place of one photograph's own: where "mean" and "another photograph" come from.

They are those of the sample photographs, which is what the page says (``iv_swap_mean``). Where there are statistics
over a checkpoint's validation set, "mean" takes those instead (``Panel.reference``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.errors import UserError
from attnviz.core.types import Floats
from attnviz.gates.edits.replacements import MAX_SIZE
from attnviz.images.samples import sample_source
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.memory import Memory
from attnviz.ui.shared.sample_buttons import available
from attnviz.ui.shared.sent_numbers import one_of

KEPT = 4
"""Models whose gates are kept."""

Gates = Mapping[str, Mapping[str, Floats]]
"""Sample -> gate -> values."""


class SampleGates:
    """The gates of all samples, computed once a model.

    Args:
        store: The models.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._kept: Memory[Gates] = Memory(KEPT)

    def of(self, model: str) -> Gates:
        """Gates of every sample that a model can be given, without edits; very large ones are left out."""

        def make() -> Gates:
            every = {name: self._gates(model, name) for name in available()}
            return {name: gates for name, gates in every.items() if gates is not None}

        return self._kept.of(model, make)

    def _gates(self, model: str, sample: str) -> Mapping[str, Floats] | None:
        """``None`` of a picture of other channels, or of one that the model's window makes black or white."""
        photograph = sample_source(sample)
        with self.store.lease(model) as analyser:
            try:
                image = analyser.prepare(photograph, 64)
            except UserError:
                return None
            if any(note.key == "window" for note in image.assumed):
                return None
            seen = analyser.analyse(image)
        return {gate.site.name: gate.values for gate in seen.gates if gate.values.size <= MAX_SIZE}

    def reference(self, model: str, gate: str) -> Floats:
        """(R, …) the gate for R photographs."""
        return np.concatenate([gates[gate] for gates in self.of(model).values()])

    def other(self, model: str, gate: str, sample: object) -> Floats:
        """The gate for one sample; ``UserError`` where there is none of that name."""
        gates = self.of(model)
        return gates[one_of(sample, gates, "unknown sample {}")][gate]
