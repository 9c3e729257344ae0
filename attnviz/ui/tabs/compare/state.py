"""What is compared: checked wishes, and what several networks, photographs or gates give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from attnviz.analysis.timing import Cost
from attnviz.core.checks import choice
from attnviz.core.errors import UserError
from attnviz.core.types import Analysis, Attribution, Floats, GateRecord
from attnviz.explain.attribution import ATTRIBUTIONS
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.page import Photo
from attnviz.ui.shared.text import plain

FEWEST, MOST = 2, 8
"""How many rows a comparison has."""
AT_FIRST = 4
"""Networks or samples that are compared when nobody has chosen yet."""
MODES = ("networks", "photographs", "gates")
"""What is compared; the rest stays the same in all rows."""
OWN = "own"
"""The choice of a class that leaves every row its own most probable one."""
CLASS = "class:"
"""In front of a label where a class is chosen, so that no label can be taken for ``OWN``."""


@dataclass(frozen=True)
class ComparisonRequest:
    """What a visitor asks for, checked.

    Attributes:
        mode: One of ``MODES``.
        models: Ids of checkpoints: several for ``networks``, else one.
        photos: Several for ``photographs``, else one.
        choice: ``OWN``, or ``CLASS`` and a label; ``None`` where nothing was chosen yet.
        method: A name of ``ATTRIBUTIONS``.
        parameters: Of the method.
        compute: Whether to compute an attribution that takes a while; an instant one is computed anyway.
    """

    mode: str
    models: tuple[str, ...]
    photos: tuple[Photo, ...]
    choice: str | None = None
    method: str = "grad-cam"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    compute: bool = False

    def check(self, store: Store, language: str = "en") -> ComparisonRequest:
        """Return it, or raise ``UserError`` naming what cannot be used and what can."""
        choice("comparison", self.mode, MODES)
        several = {"networks": self.models, "photographs": self.photos}.get(self.mode)
        if self.mode == "networks" and len(store.choices) < FEWEST:
            raise UserError(plain("cmp_one_network", language))
        if several is not None and not FEWEST <= len(several) <= MOST:
            limits = {"fewest": FEWEST, "most": MOST, "count": len(several)}
            raise UserError(plain(f"choice_count_{self.mode}", language, **limits))
        for name in self.models:
            if not store.at_hand(name):  # nobody else shall wait while weights are fetched
                raise UserError(plain("cmp_fetch_first", language, name=store.title(name)))
        ATTRIBUTIONS[self.method].check(self.parameters)
        return self


@dataclass(frozen=True)
class Look:
    """How a comparison is drawn; each is checked by the renderer that uses it.

    Attributes:
        depth: A key of ``render.masks.DEPTHS``.
        scale: A key of ``render.shared_scales.CHOICES``.
        cells: ``"nearest"`` or ``"bilinear"``.
        order: Of the bars, ``"index"`` or ``"sorted"``.
    """

    depth: str = "fine"
    scale: str = "fixed"
    cells: str = "nearest"
    order: str = "index"

    @classmethod
    def of(cls, *values: object) -> Look:
        """From what a browser sent, in the order of the attributes."""
        return cls(*(str(value)[:100] for value in values))


@dataclass(frozen=True)
class Row:
    """One row of a comparison.

    Attributes:
        title: What people see.
        photo: The photograph.
        analysis: What the network said; its ``gates`` are those of this row.
        target: Index of the class that the attribution explains.
        strength: Mean |x · g| where there is no gate that gives a mask, with the gate's name.
        attribution: The map, or ``None``.
        why: Why there is none, in the visitor's language.
    """

    title: str
    photo: Photo
    analysis: Analysis
    target: int
    strength: tuple[Floats, str] | None = None
    attribution: Attribution | None = None
    why: str = ""

    @property
    def gates(self) -> tuple[GateRecord, ...]:
        """The gates of this row."""
        return self.analysis.gates

    @property
    def label(self) -> str:
        """The class that the attribution explains."""
        return self.analysis.labels[self.target]

    @property
    def aspect(self) -> float:
        """Height over width of what the network saw."""
        height, width = self.analysis.image.network.shape[:2]
        return height / width


@dataclass(frozen=True)
class Comparison:
    """What one visitor compares.

    Attributes:
        wanted: What was asked for.
        rows: At least one.
        costs: By the model's id.
        labels: The classes that all rows know, in the order of the first.
        choice: ``OWN``, or ``CLASS`` and the label that all rows explain.
        notes: Sentences on what is left out or missing.
        query: Which place asks in pairwise gates: down and across, in [0, 1].
        language: Of the texts.
    """

    wanted: ComparisonRequest
    rows: tuple[Row, ...]
    costs: Mapping[str, Cost]
    labels: tuple[str, ...]
    choice: str
    notes: tuple[str, ...] = ()
    query: tuple[float, float] = (0.5, 0.5)
    language: str = "en"

    @property
    def label(self) -> str | None:
        """The one class that all rows explain, or ``None``."""
        return None if self.choice == OWN else self.choice.removeprefix(CLASS)


def common_labels(analyses: Sequence[Analysis]) -> tuple[str, ...]:
    """The classes that all networks know, in the order of the first one."""
    others = [set(a.labels) for a in analyses[1:]]
    return tuple(label for label in analyses[0].labels if all(label in labels for labels in others))


def choose_class(
    wanted: ComparisonRequest, analyses: Sequence[Analysis], language: str
) -> tuple[str, tuple[str, ...], list[str]]:
    """The class of all rows.

    Returns:
        The choice (as in ``Comparison``), the classes that all know, and a sentence where a wish cannot be met.
    """
    labels = common_labels(analyses)
    notes: list[str] = []
    if not labels:
        return OWN, labels, [plain("cmp_no_common", language)]
    if wanted.choice is not None:
        label = wanted.choice.removeprefix(CLASS)
        if wanted.choice == OWN or (wanted.choice.startswith(CLASS) and label in labels):
            return wanted.choice, labels, notes
        notes.append(plain("cmp_not_common", language, label=label[:60]))
    first = analyses[0].top(1)[0][0]
    # of several photographs each shows something else: the class of one of them says little about the others
    if wanted.mode != "photographs" and first in labels:
        return CLASS + first, labels, notes
    return OWN, labels, notes


def groups(gates: Sequence[GateRecord]) -> list[tuple[GateRecord, ...]]:
    """Gates that belong to one module, such as the channel and the spatial gate of CBAM, first layer to last."""
    modules: dict[str, list[GateRecord]] = {}
    for record in gates:
        modules.setdefault(record.site.name.rpartition(".")[0], []).append(record)
    together: list[tuple[GateRecord, ...]] = []
    for members in modules.values():
        sites = [(r.site.kind, r.site.shape) for r in members]
        together += [tuple(members)] if len(set(sites)) == len(sites) else [(record,) for record in members]
    return together


def spaced(count: int, most: int = MOST) -> list[int]:
    """At most ``most`` of the indices below ``count``, evenly spread with both ends."""
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def at_first(store: Store) -> list[str]:
    """What is compared when nobody has chosen yet: networks that know the same classes, where there are several."""
    alike = [name for name in store.ids if store.card(name).labels == store.card(store.ids[0]).labels]
    return (alike if len(alike) > 1 else list(store.ids))[:AT_FIRST]
