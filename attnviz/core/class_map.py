"""The answer of a network that answers everywhere: a class at every place of the photograph."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from attnviz.core.errors import UserError
from attnviz.core.types import Floats


@dataclass(frozen=True, eq=False)
class ClassMap:
    """What a network says at each place of what it saw (segmentation).

    Attributes:
        labels: K class names.
        classes: (H, W) int, the class with the highest number at each place.
        values: (H, W) float32, its number there: a probability, unless ``scores`` says that it is none.
        means: (K,) float32, the number of each class averaged over the picture. Where classes exclude each other they
            are the shares of the picture that go to each class, and sum to 1.
        scores: What the numbers are, a name of ``attnviz.core.scores.SCORES``.
    """

    labels: tuple[str, ...] = field(repr=False)
    classes: npt.NDArray[np.intp] = field(repr=False)
    values: Floats = field(repr=False)
    means: Floats = field(repr=False)
    scores: str = "softmax"

    def at(self, down: float, across: float) -> tuple[str, float]:
        """The class at a place and its number there.

        Args:
            down: From the upper edge (0) to the lower edge (1) of what the network saw.
            across: From the left edge (0) to the right edge (1).

        Raises:
            UserError: The place is outside.
        """
        if not all(isinstance(share, (int, float)) and 0 <= share <= 1 for share in (down, across)):
            raise UserError(f"a place is (down, across), each in 0..1, got {(down, across)!r}")
        rows, columns = self.classes.shape
        place = min(math.floor(down * rows), rows - 1), min(math.floor(across * columns), columns - 1)
        return self.labels[int(self.classes[place])], float(self.values[place])

    def top(self, k: int = 5) -> tuple[tuple[str, float], ...]:
        """The k classes with the highest means over the picture as (label, mean), the highest first."""
        order = np.argsort(-self.means, kind="stable")[:k]
        return tuple((self.labels[i], float(self.means[i])) for i in order)
