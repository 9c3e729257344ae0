"""The models of the app, leased to one visitor's request at a time: checkpoints, published and live networks."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from attnviz.analysis.analyser import Analyser
from attnviz.audit.compare import Summary
from attnviz.audit.summaries import FOLDER as AUDITS
from attnviz.audit.summaries import audit_of, summaries_in
from attnviz.core.errors import UserError, nearest
from attnviz.core.input_spec import InputSpec
from attnviz.core.sites import GateSite
from attnviz.images.sample_table import SAMPLES
from attnviz.models.checkpoints import (
    Card,
    best_device,
    checkpoint_folder,
    checkpoint_ids,
    load_card,
)
from attnviz.models.gate_reference import Reference, load_reference
from attnviz.models.locator import load
from attnviz.models.network import Network
from attnviz.models.provenance import fingerprint
from attnviz.models.published import at_hand
from attnviz.ui.networks.model_cache import LANES, Slots

OPENING = ("cbam", "pool")
"""Types that stand first, however accurate others are: the one with channel gates and spatial masks, which the app
opens with, and beside it the one whose answer is read through its mask."""
IMAGENET = "ImageNet-1k"
PUBLISHED: Mapping[str, str] = {
    "torchvision:efficientnet_b0": "EfficientNet-B0 · SE · ImageNet",
    "torchvision:mobilenet_v3_large": "MobileNetV3-Large · SE · ImageNet",
}
"""Networks with published ImageNet weights, fetched at first use, and what people see."""


class Store:
    """The models that a visitor may choose.

    There are three kinds, and every tab works on all of them: *checkpoints* of a folder; *published* networks, whose
    weights are fetched at first use, which takes a while and may fail; and *live* networks of whoever opened the app.
    ``ids`` are those that can be had at once, which is what a tab goes through by itself; ``choices`` are all, for a
    list from which a person chooses.

    Args:
        folder: Where the checkpoints are; ``None`` for ``checkpoint_folder()``.
        most: Models kept in memory; the one not used for longest goes first. Those in use are never dropped.
        live: Networks as ``attnviz.load`` and ``attnviz.wrap`` give them; they stand first.
        alone: Whether these are all there is.
        public: Whether strangers come to the page, so that hard limits hold for what they send.
        audits: A folder with audits beside those of the bundled networks.

    Raises:
        UserError: Two networks have one name, or ``audits`` holds no audit.
    """

    def __init__(
        self,
        folder: Path | None = None,
        most: int = 4,
        live: Iterable[Network] = (),
        alone: bool = False,
        public: bool = True,
        audits: Path | None = None,
    ) -> None:
        self.folder = checkpoint_folder() if folder is None else folder
        self.alone, self.public = alone, public
        self.slots = self._shared = Slots(most, LANES)
        self._live: dict[str, Network] = {}
        self._cards: dict[str, Card] = {}
        self._references: dict[str, Reference | None] = {}
        self._audits: dict[str, Summary | None] = {}
        self._audited = (*(() if audits is None else (audits,)), AUDITS)
        if audits is not None and not summaries_in(audits):
            raise UserError(f"{str(audits)!r} holds no audit; `attnviz audit MODEL --data FOLDER --out DIR` makes one")
        for loaded in live:
            self._add(loaded)

    def _add(self, loaded: Network) -> None:
        name = loaded.name
        if name in self.choices:
            raise UserError(f"there is a model {name!r} already; known: {', '.join(self.choices)}. Give another name")
        self._live[name] = loaded
        self._cards[name] = _card(name, name, loaded, {})

    @property
    def ids(self) -> tuple[str, ...]:
        """Live networks, then checkpoints: the best one of each type in ``OPENING``, the others by validation accuracy.

        Those stand first that know what the app opens with. Nothing is loaded to tell.
        """
        shown = SAMPLES[0].expected
        bundled = sorted(self._bundled(), key=lambda i: (shown not in self.card(i).labels, -self._accuracy(i), i))
        types = {name: self.card(name).spec.attention for name in bundled}
        best = [next((name for name in bundled if types[name] == kind), None) for kind in OPENING]
        opening = [name for name in best if name is not None]
        return (*self._live, *opening, *(name for name in bundled if name not in opening))

    @property
    def published(self) -> tuple[str, ...]:
        """Networks whose weights are fetched at first use."""
        return () if self.alone else tuple(PUBLISHED)

    @property
    def choices(self) -> tuple[str, ...]:
        """Everything that may be asked for."""
        return (*self.ids, *self.published)

    @property
    def loaded(self) -> tuple[str, ...]:
        """Ids of the models in memory, the one used last at the end."""
        return self.slots.names

    def is_live(self, name: str) -> bool:
        """Whether a model is somebody's own, which no command can name."""
        return self._check(name) in self._live

    def title(self, name: str) -> str:
        """What people see; known before anything is fetched."""
        return PUBLISHED[name] if self._check(name) in self.published else self.card(name).title

    def at_hand(self, name: str) -> bool:
        """Whether a model can be leased without fetching anything."""
        return self._check(name) not in self.published or self.slots.ready(name) or at_hand(name)

    def offers(self, name: object) -> bool:
        """Whether this is the name of a model that can be leased at once."""
        return isinstance(name, str) and name in self.choices and self.at_hand(name)

    def card(self, name: str) -> Card:
        """What is known of a model; for a published or live one, its title, input and labels.

        Raises:
            UserError: There is none of that id, or a published one was not leased yet.
        """
        name = self._check(name)
        if name not in self._cards:
            if name in self.published:
                raise UserError(f"{name} is fetched when it is first used, and was not used yet")
            self._cards[name] = load_card(name, self.folder)
        return self._cards[name]

    def reference(self, name: str) -> Reference | None:
        """What the gates of a checkpoint usually say; ``None`` where that was not measured, or cannot be used."""
        name = self._check(name)
        if name not in self._references:
            try:
                bundled = name in self._bundled()
                reference = load_reference(name, self.card(name).sha256, self.folder) if bundled else None
            except UserError as error:  # the page goes on without
                logging.getLogger(__name__).warning("%s", error)
                reference = None
            self._references[name] = reference
        return self._references[name]

    def audit(self, name: str) -> Summary | None:
        """The summary of an audit of a model, of these very weights; ``None`` where there is none.

        What a live network weighed is looked up once: an audit stays that of the network as it was opened.
        """
        name = self._check(name)
        if name not in self._audits:
            self._audits[name] = audit_of(name, self._weights(name), self._audited)
        return self._audits[name]

    def _weights(self, name: str) -> str:
        """sha256 as an audit notes it; empty of a published network, which is fetched at first use."""
        if name in self._live:
            return fingerprint(self._live[name])
        return self.card(name).sha256 if name in self._bundled() else ""

    def lease(self, name: str) -> AbstractContextManager[Analyser]:
        """A model for as long as the ``with`` block lasts; another thread that asks for it waits.

        Raises:
            UserError: There is no model of that id, it is damaged, or its weights cannot be fetched.
        """
        name = self._check(name)
        return self._slots_of(name).lease(name, lambda: self._load(name))

    def input(self, name: str) -> InputSpec:
        """What a model wants to be given; it is loaded for that where it is not in memory. Raises as ``lease`` does."""
        name = self._check(name)
        return self._slots_of(name).input(name, lambda: self._load(name))

    def _slots_of(self, name: str) -> Slots:
        return self._shared if name in self._live else self.slots

    def apart(self) -> Store:
        """The same models once more in memory and with all cores, for work that takes long: nobody waits for it.

        Live networks are somebody's own and exist once, so they are shared.
        """
        other = copy.copy(self)
        other.slots = Slots(self.slots.most)
        return other

    def sites(self, name: str) -> tuple[GateSite, ...]:
        """The gates of a model, which is loaded for that; raises as ``lease`` does."""
        with self.lease(name) as analyser:
            return analyser.sites

    def _load(self, name: str) -> Analyser:
        if name in self._live:
            return Analyser(self._live[name])
        loaded = load(name, folder=self.folder, device=best_device())
        if name in self.published:
            self._cards[name] = _card(name, PUBLISHED[name], loaded, {"name": IMAGENET})
        return Analyser(loaded)

    def _bundled(self) -> tuple[str, ...]:
        return () if self.alone else checkpoint_ids(self.folder)

    def _accuracy(self, name: str) -> float:
        top1 = self.card(name).metrics.get("top1", 0)
        return float(top1) if isinstance(top1, (int, float)) else 0.0

    def _check(self, name: str) -> str:
        if isinstance(name, str) and name in self._cards:
            return name  # it was looked for in the folder when its card was read
        # ids only: a path or a name from a visitor must not reach the loader
        names = (*self._live, *self._bundled(), *self.published)
        if not isinstance(name, str) or name not in names:
            raise UserError(f"no model {name!r}; {nearest(name, names)}")
        return name


def _card(name: str, title: str, loaded: Network, data: Mapping[str, str]) -> Card:
    """A card for a network that is no checkpoint: nothing was measured."""
    return Card(name, title, loaded.spec, loaded.labels, metrics={}, data=data, training={})
