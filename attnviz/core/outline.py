"""A network as a line: what happens from the input to the answer, coarsely."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """One piece of the line: a block, or layers in a row that belong to none.

    Attributes:
        name: Path of the block, or of the first of the layers, in the network.
        layers: How many layers it folds up.
        block: Whether it is a module of its own, made of layers, and not layers in a row.
        shortcut: Whether what enters is added to what comes out: two feature maps of one shape meet in a sum.
        shape: Of what comes out, without the batch: (C, H, W) for a map, (K,) for a vector.
        gates: Names of the gates inside, in the order in which they act.
    """

    name: str
    layers: int
    block: bool
    shortcut: bool
    shape: tuple[int, ...]
    gates: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[int, ...]:
        """Height and width of the map that comes out; nothing for a vector. Units of one size form a stage."""
        return self.shape[1:] if len(self.shape) >= 3 else ()
