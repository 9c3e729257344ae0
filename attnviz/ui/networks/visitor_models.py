"""Visitors' own networks: asked for by name, loaded within limits, let go soon."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import AbstractContextManager
from dataclasses import dataclass

from attnviz.analysis.analyser import Analyser
from attnviz.audit.compare import Summary
from attnviz.core.errors import UserError
from attnviz.core.input_spec import InputSpec
from attnviz.core.sites import GateSite
from attnviz.models.cost import count_macs
from attnviz.models.gate_reference import Reference
from attnviz.models.published import at_hand
from attnviz.models.untrusted import Wish, invite, small
from attnviz.models.wrap import numbered as numbered_labels
from attnviz.ui.networks.model_cache import LANES, Slots
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.text import plain

REMEMBERED = 200
"""Wishes that are remembered, so that a network that was let go can be loaded again."""
FETCHED_BYTES = 8 * 2**30
"""Published weights that visitors may make one process fetch, so that they cannot fill its disk."""


@dataclass(frozen=True)
class PageWish:
    """One of the page's own networks, as the example with which the tab opens.

    Attributes:
        name: Its name in the store.
        weights: What is said of its weights.
    """

    name: str
    weights: str = "published"

    @property
    def title(self) -> str:
        """What the network is called."""
        return self.name


@dataclass(frozen=True)
class About:
    """What is known of a visitor's network besides its analysis.

    Attributes:
        wish: What was asked for.
        sites: All its gates.
        shown: Names of those that are small enough to be shown.
        classes: K.
        parameters: Their number.
        macs: Multiply-accumulates of one forward pass.
        numbered: Whether its classes have numbers for names.
    """

    wish: Wish | PageWish
    sites: tuple[GateSite, ...]
    shown: frozenset[str]
    classes: int
    parameters: int
    macs: int
    numbered: bool = False


class Guests:
    """A store of visitors' networks; names are ids as in ``Store``.

    They are kept apart from the page's own models, so that no visitor finds another's network in a list, and so that
    asking for many of them drops none of the page's.

    Args:
        store: The page's own networks, one of which may be the example.
        most: Networks kept in memory.
    """

    def __init__(self, store: Store, most: int = 2) -> None:
        self.store = store
        self.slots = Slots(most, LANES)
        self._abouts: OrderedDict[str, About] = OrderedDict()
        self._wishes: OrderedDict[str, Wish] = OrderedDict()
        self._examples: set[str] = set()
        self._fetched = 0
        self._guard = threading.Lock()

    def example(self, wish: PageWish) -> str:
        """Look at one of the page's own networks; its name."""
        with self.store.lease(wish.name) as analyser:
            module, sites = analyser.loaded.module, analyser.sites
            numbers = sum(p.numel() for p in module.parameters()), count_macs(module, analyser.example())
            about = About(wish, sites, frozenset(site.name for site in sites), len(analyser.loaded.labels), *numbers)
        with self._guard:
            self._examples.add(wish.name)
            self._abouts[wish.name] = about
        return wish.name

    def open(self, wish: Wish | PageWish) -> str:
        """Load what is asked for, or find it loaded; its name.

        Raises:
            UserError: It cannot be had, or is over a limit.
        """
        if isinstance(wish, PageWish):
            return self.example(wish)
        name = wish.title
        with self._guard:
            self._wishes[name] = wish
            self._wishes.move_to_end(name)
            while len(self._wishes) > REMEMBERED:
                self._abouts.pop(self._wishes.popitem(last=False)[0], None)
        with self.lease(name):
            return name

    def about(self, name: str) -> About:
        """What is known of a network that was opened."""
        with self._guard:
            if name not in self._abouts:
                raise UserError(plain("gone"))
            return self._abouts[name]

    def reference(self, name: str) -> Reference | None:
        """What the gates of the example usually say; of a visitor's network that is not known."""
        return self.store.reference(name) if name in self._examples else None

    def audit(self, name: str) -> Summary | None:
        """What an audit has measured of the example; a visitor's network has none."""
        return self.store.audit(name) if name in self._examples else None

    def title(self, name: str) -> str:
        """What people call the example; a visitor's network is called as it was asked for."""
        return self.store.title(name) if name in self._examples else name

    def lease(self, name: str) -> AbstractContextManager[Analyser]:
        """A network for as long as the ``with`` block lasts; one that was let go is loaded again.

        Raises:
            UserError: Nobody asked for it, or it can no longer be had.
        """
        if isinstance(name, str) and name in self._examples:
            return self.store.lease(name)
        wish = self._wish(name)
        return self.slots.lease(name, lambda: self._load(wish))

    def input(self, name: str) -> InputSpec:
        """What a network wants to be given; raises as ``lease`` does."""
        if isinstance(name, str) and name in self._examples:
            return self.store.input(name)
        wish = self._wish(name)
        return self.slots.input(name, lambda: self._load(wish))

    def _wish(self, name: str) -> Wish:
        with self._guard:
            wish = self._wishes.get(name) if isinstance(name, str) else None
        if wish is None:
            raise UserError(plain("gone"))
        return wish

    def _load(self, wish: Wish) -> Analyser:
        guest = invite(wish, lambda parameters: self._allow(wish.name, 4 * parameters))
        analyser = Analyser(guest.loaded)
        every, analyser.sites = analyser.sites, small(analyser.sites)
        shown = frozenset(site.name for site in analyser.sites)
        labels = guest.loaded.labels
        numbered = labels == numbered_labels(len(labels))
        about = About(wish, every, shown, len(labels), guest.parameters, guest.macs, numbered)
        with self._guard:
            self._abouts[wish.title] = about
        return analyser

    def _allow(self, name: str, size: int) -> None:
        """Count what is fetched."""
        if at_hand(name):
            return
        with self._guard:
            if self._fetched + size > FETCHED_BYTES:
                raise UserError(plain("own_fetched", limit=FETCHED_BYTES // 2**30))
            self._fetched += size
