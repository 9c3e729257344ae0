"""What every streaming statistic is: a frozen set of arrays that can be merged, and written to a file and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

S = TypeVar("S", bound="Statistic")
A = TypeVar("A", bound="Additive")
Array = npt.NDArray[Any]
Doubles = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Statistic:
    """A statistic of some examples; every field is an array, and one of no examples says nothing yet."""

    def merge(self: S, other: S) -> S:
        """The statistic of both sets of examples together; the order does not matter but for rounding."""
        raise NotImplementedError

    def arrays(self) -> dict[str, Array]:
        """Field -> array, for a file."""
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def restore(cls: type[S], arrays: Mapping[str, Array]) -> S:
        """The reverse of ``arrays``."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


@dataclass(frozen=True, eq=False)
class Additive(Statistic):
    """A statistic of sums and counts: merging adds every field."""

    def merge(self: A, other: A) -> A:
        """Sum of every field."""
        return type(self)(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})
