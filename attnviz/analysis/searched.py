"""What is searched of a network once, and kept for as long as it lives: its gates, and its line of blocks."""

from __future__ import annotations

import logging
from weakref import WeakKeyDictionary

from attnviz.core.outline import Unit
from attnviz.core.sites import GateSite
from attnviz.gates.discover import find_gates
from attnviz.gates.outline import outline
from attnviz.models.network import Network

_SITES: WeakKeyDictionary[Network, tuple[GateSite, ...]] = WeakKeyDictionary()
_OUTLINES: WeakKeyDictionary[Network, tuple[Unit, ...]] = WeakKeyDictionary()


def sites_of(network: Network) -> tuple[GateSite, ...]:
    """The gates of a network; searched at the first call, which takes some passes."""
    sites = _SITES.get(network)
    if sites is None:
        sites = _SITES[network] = find_gates(network)
    return sites


def outline_of(network: Network, sites: tuple[GateSite, ...]) -> tuple[Unit, ...]:
    """The network as a line of blocks with these gates; empty, and logged, where a pass cannot be watched."""
    if network not in _OUTLINES:
        try:
            _OUTLINES[network] = outline(network.module, network.example(), sites)
        except Exception:  # a picture of the network is no reason to refuse its answer
            logging.getLogger(__name__).warning("the blocks of %s cannot be read", network.name, exc_info=True)
            _OUTLINES[network] = ()
    return _OUTLINES[network]
