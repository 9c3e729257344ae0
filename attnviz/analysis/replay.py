"""Edits of gates on one photograph: what the network says without them and with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from attnviz.analysis.analyser import Analyser
from attnviz.core.types import Analysis
from attnviz.gates.edits.edit_list import EditList
from attnviz.gates.edits.json_format import Document


@dataclass(frozen=True)
class Replayed:
    """One photograph, before and after.

    Attributes:
        edits: What was changed.
        before: Without the edits.
        after: With them.
        recorded: How the logits compare with those of the file: ``equal`` bit for bit, ``differs``,
            ``other photograph`` or ``not recorded``.
        difference: The largest one, where the photograph is the same.
    """

    edits: EditList
    before: Analysis
    after: Analysis
    recorded: str
    difference: float | None

    @property
    def classes(self) -> list[dict[str, Any]]:
        """All classes, the most probable one under the edits first."""
        before, after = self.before, self.after
        columns = (before.labels, before.probabilities, after.probabilities, before.logits, after.logits)
        names = ("label", "probability_before", "probability_after", "logit_before", "logit_after")
        rows = [
            {name: value if name == "label" else float(value) for name, value in zip(names, row, strict=True)}
            for row in zip(*columns, strict=True)
        ]
        return sorted(rows, key=lambda row: -row["probability_after"])

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "model": self.edits.model,
            "edits": len(self.edits.steps),
            "gates": list(self.edits.gates),
            "classes": self.classes,
            "recorded": self.recorded,
            "largest_difference": self.difference,
        }


def replay(analyser: Analyser, photograph: Any, document: Document) -> Replayed:
    """Run a network on a photograph without edits and with them.

    Args:
        analyser: The network.
        photograph: Whatever ``Analyser.analyse`` takes.
        document: The edits, and the logits that they were recorded with.

    Raises:
        UserError: The edits do not fit this network, the photograph cannot be used, or another number of classes was
            recorded.
    """
    document.edits.check(analyser.loaded.name, analyser.sites, analyser.weights)
    before = analyser.analyse(photograph)
    after = analyser.analyse(before.image, document.edits)
    recorded, difference = document.recorded.compare(after) if document.recorded else ("not recorded", None)
    return Replayed(document.edits, before, after, recorded, difference)
