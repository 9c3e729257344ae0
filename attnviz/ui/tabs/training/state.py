"""What one visitor of the Training tab is looking at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from attnviz.core.errors import UserError, nearest
from attnviz.core.input_spec import InputSpec
from attnviz.core.kinds import kind_named
from attnviz.core.sites import GateSite
from attnviz.core.types import GateRecord, PreparedImage
from attnviz.images.prepare import prepare
from attnviz.images.samples import load_sample
from attnviz.models.checkpoints import Card
from attnviz.models.gate_snapshots import Snapshots, load_snapshots
from attnviz.render.masks import FINE
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.address import Query
from attnviz.ui.shared.page import Chosen
from attnviz.ui.shared.sent_numbers import one_of

SIDE = 600
"""Longest side in pixels of a probe picture."""


@dataclass(frozen=True)
class Film:
    """One gate of one network through training.

    Attributes:
        model: Id of the checkpoint.
        gate: Name of the gate.
        probe: Name of the picture.
        step: Which snapshot, from 0.
        language: Of the texts.
        query: Which place asks in a pairwise gate: down and across, each in [0, 1].
    """

    model: str
    gate: str
    probe: str
    step: int
    language: str = "en"
    query: tuple[float, float] = (0.5, 0.5)


@lru_cache(maxsize=8)
def _snapshots(name: str, folder: Path) -> Snapshots | None:
    return load_snapshots(name, folder)


@lru_cache(maxsize=32)
def probe_picture(name: str, spec: InputSpec) -> PreparedImage:
    """A probe as a network saw it."""
    return prepare(load_sample(name), spec, SIDE)


def seen_then(taken: Snapshots, film: Film, card: Card) -> PreparedImage:
    """The film's picture as the network was shown it when the snapshots were taken."""
    return probe_picture(film.probe, replace(card.spec.input, fit=taken.fit))


def recorded(store: Store) -> tuple[str, ...]:
    """Checkpoints with snapshots of at least one gate."""
    return tuple(name for name in store.ids if snapshots_of(store, name) is not None)


def snapshots_of(store: Store, name: str) -> Snapshots | None:
    """The snapshots of a checkpoint; ``None`` where there are none, or they are damaged."""
    try:
        snapshots = _snapshots(name, store.folder)
    except UserError:
        return None
    return snapshots if snapshots is not None and snapshots.kinds and snapshots.epochs else None


def _snapshots_shown(store: Store, name: Any) -> Snapshots:
    """The snapshots of a checkpoint that has some; ``UserError`` names those that have."""
    # only this network's snapshots are read: a film asks many times a second
    taken = snapshots_of(store, name) if name in store.ids else None
    if taken is None:
        raise UserError(f"no network {repr(name)[:60]} with snapshots; {nearest(str(name)[:60], recorded(store))}")
    return taken


def opening_film(store: Store, language: str = "en") -> Film:
    """The film that the tab opens with: of the most accurate network with a spatial mask, else of the first."""
    names = recorded(store)
    masked = (name for name in names if _masks(_snapshots_shown(store, name)))
    return first_film(store, next(masked, names[0]), language)


def first_film(store: Store, name: str, language: str = "en") -> Film:
    """The last snapshot of a network's most telling gate: its last spatial one, else its last channel gate."""
    taken = _snapshots_shown(store, name)
    channel = [g for g, kind in taken.kinds.items() if kind_named(kind).has_scores]
    gate = (_masks(taken) or channel or list(taken.kinds))[-1]
    return Film(name, gate, taken.probes[0], len(taken.epochs) - 1, language)


def _masks(taken: Snapshots) -> list[str]:
    """The spatial gates that are not too coarse."""
    return [
        g for g, kind in taken.kinds.items() if kind_named(kind).per_place and min(taken.gates[g].shape[-2:]) >= FINE
    ]


def taken_for(store: Store, film: Film) -> Snapshots:
    """The snapshots that a film shows."""
    return _snapshots_shown(store, film.model)


def with_choice(store: Store, film: Film, gate: Any, probe: Any) -> Film:
    """Another gate or picture; ``UserError`` where there is none of that name."""
    taken = taken_for(store, film)
    for what, value, names in (("gate", gate, tuple(taken.kinds)), ("picture", probe, taken.probes)):
        one_of(value, names, f"no {what} {{}} in these snapshots")
    return replace(film, gate=gate, probe=probe)


def record(taken: Snapshots, film: Film, step: int) -> GateRecord:
    """What the gate said at one snapshot, as a record of a forward pass."""
    values = taken.gates[film.gate][step, taken.probes.index(film.probe)][None]
    site = GateSite(film.gate, taken.kinds[film.gate], values.shape, values.shape, "snapshot")
    return GateRecord(site, values)


def record_in(taken: Snapshots, film: Film, step: int, sites: Sequence[GateSite]) -> GateRecord:
    """As ``record``, with what the network's own gate says besides: over what pairwise weights run."""
    gate, by_name = record(taken, film, step), {site.name: site for site in sites}
    return replace(gate, site=by_name.get(gate.site.name, gate.site))


def wanted(store: Store, query: Query, first: str | None = None) -> Film:
    """What an address asks for; what it says wrong is left out and noted in ``query``."""
    film = opening_film(store, query.language)
    model = query.one("model", recorded(store), first or film.model)
    film = film if model == film.model else first_film(store, model, query.language)
    taken = taken_for(store, film)
    gate, probe = query.one("gate", taken.kinds, film.gate), query.one("probe", taken.probes, film.probe)
    return replace(film, gate=gate, probe=probe, step=query.whole("step", 0, len(taken.epochs) - 1, film.step))


def taken_up(store: Store, film: Film, chosen: Chosen) -> Film:
    """The network and the gate that another tab shows, as far as there are snapshots of them."""
    if chosen.model in recorded(store) and chosen.model != film.model:
        film = replace(first_film(store, chosen.model, film.language), query=film.query)
    if chosen.gate is None or chosen.model != film.model or chosen.gate not in taken_for(store, film).kinds:
        return film
    return replace(film, gate=chosen.gate)
