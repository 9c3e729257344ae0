"""What says where a gate is."""

from __future__ import annotations

from dataclasses import dataclass, field

from attnviz.core.kinds import Kind, kind_named


@dataclass(frozen=True)
class Place:
    """One tensor in a forward pass: an operand or the result of one operation inside one call of one module.

    Attributes:
        module: Path of the module; ``""`` is the model itself.
        call: Which call of the module in one pass, from 1.
        op: ``"output"`` of the module, ``"tap"`` of a ``Gate``, or a family of operations such as ``"softmax"``.
        index: Which operation of that family during the call, from 1; modules inside it are counted along.
        operand: Position of the argument; -1 for the result.
        calls: How often the module is called in one pass.
        total: How many operations of that family there are during the call; 0 where it is not known.
        rows: How long axis 0 of what is read is for one example; 0 where it is not known.
        rank: How many axes that has.
    """

    module: str
    call: int
    op: str
    index: int = 1
    operand: int = -1
    calls: int = 1
    total: int = 0
    rows: int = 0
    rank: int = 0

    def lies_behind(self, output: Place) -> bool:
        """Whether it is the result of an operation within a module, of which the other place is the output."""
        inside = self.module == output.module or self.module.startswith(f"{output.module}.")
        return output.op == "output" and self.op not in ("output", "tap") and self.operand < 0 and inside


@dataclass(frozen=True)
class GateSite:
    """A place in a model where a gate is multiplied in.

    Attributes:
        name: Path of the gate in the model, e.g. ``"stage2.0.attention.channel"``; unique in the model.
        kind: A key of ``attnviz.core.kinds.KINDS``.
        shape: Shape of the gate for one example, N = 1 in front.
        features: Shape of the features it meets, N = 1 in front.
        how: The mechanism that reads it, in words; ``"tap"`` for attnviz's own modules.
        axis: Axis of ``shape`` along which the weights sum to 1, or ``None``.
        place: Where the gate is read with the least effort.
        exact: Where it is read without any assumption: at the operation in which it meets the features.
        meets: Where the features are that it meets.
        batch: Axis along which the examples lie in what is read there; in ``shape`` they are in front.
        over: For ``pairwise``, what each axis of ``shape`` runs over: ``batch``, ``channel``, ``place``, ``mixed`` (of
            these) or ``""`` (unknown). The shape cannot tell 8×8 places from 64 channels.
        owner: Path of the module in whose forward the gate meets the features, and ``#2`` … for its later calls:
            gates of one owner belong together.
        residual: Whether the features are multiplied by 1 + the gate.
        even: Whether weights of a kind that need not do so sum to 1.
        channels: Axis of ``shape`` along which channels lie, where that is known; a gate may have size 1 there.
        grouped: Whether rows lie side by side that belong to one example, where it has several. Heads and windows do,
            joined views and heads in front of the examples do not; yes, where this is not known.
        sides: How high and wide the pictures (or volumes) were at the search; none where the gate had not as many rows
            for each of them.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    features: tuple[int, ...]
    how: str = "tap"
    axis: int | None = None
    place: Place | None = field(default=None, repr=False)
    exact: Place | None = field(default=None, repr=False)
    meets: Place | None = field(default=None, repr=False)
    batch: int = field(default=0, repr=False)
    over: tuple[str, ...] = ()
    owner: str = ""
    residual: bool = False
    even: bool = False
    channels: int | None = field(default=None, repr=False)
    grouped: bool = field(default=True, repr=False)
    sides: tuple[tuple[int, ...], ...] = field(default=(), repr=False)

    @property
    def traits(self) -> Kind:
        """What its kind means for this gate; a ``UserError`` where there is no such kind."""
        kind = kind_named(self.kind)
        return kind.acting(self.residual, self.even) if self.residual or self.even else kind

    @property
    def channels_last(self) -> bool:
        """Whether channels lie behind the places, as in a mask (1, H, W, 1)."""
        last = len(self.shape) - 1
        if self.traits.per_place:
            return last > 1 and self.shape[1] > 1 and self.shape[last] == 1
        return last > 1 and self.channels == last

    @property
    def has_scores(self) -> bool:
        """Whether it is one weight per channel."""
        return self.traits.has_scores

    @property
    def has_mask(self) -> bool:
        """Whether it is one weight per place of a map."""
        return self.traits.per_place and len(self.shape) == 4
