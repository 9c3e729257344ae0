"""What one visitor looks at inside a module, and the few things that can be done with it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from attnviz.analysis.analyser import Analyser
from attnviz.analysis.step_by_step import PIXELS, inside, inside_untrained, places
from attnviz.attention import ATTENTION
from attnviz.attention.description import description_of
from attnviz.attention.walk import example, options_of, volume_types
from attnviz.backbones.blocks import kinds_of
from attnviz.core.kinds import KINDS
from attnviz.core.step_values import AXES, Change, Follow, Walk
from attnviz.core.types import PreparedImage
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.page import Chosen, Photo
from attnviz.ui.shared.sent_numbers import one_of, whole
from attnviz.ui.shared.text import TEXTS, network_title, plain
from attnviz.ui.shared.view import suited_to

SIDE = 900
"""Longest side in pixels of the photograph that is kept for display."""
FEW = 256
"""Places up to which a layer is shown first by types that compare all of them with each other."""
LAYER = "pixels"
"""What the choice of a place says for ``PIXELS``; an empty value would be no choice."""


@dataclass(frozen=True)
class Subject:
    """Something that can be walked through.

    Attributes:
        key: Its name among the choices.
        attention: Key of ``ATTENTION``.
        model: The network: whose module it is, or whose features an untrained module is given.
        trained: Whether it is a module of that network.
        volume: Whether it is the form for volumes.
    """

    key: str
    attention: str
    model: str
    trained: bool
    volume: bool = False

    def title(self, store: Store, language: str = "en") -> str:
        """What people read; not escaped."""
        if self.trained:
            return plain("trained", language, name=network_title(store.card(self.model).title, language))
        name = type_name(self.attention, language)
        return plain("untrained", language, name=plain("in_3d", language, name=name) if self.volume else name)


def type_name(attention: str, language: str = "en") -> str:
    """What an attention type is called: by the table of texts, else by its own description."""
    key = f"type_{attention}"
    return plain(key, language) if key in TEXTS else description_of(ATTENTION[attention]).title


def subjects(store: Store) -> tuple[Subject, ...]:
    """Trained modules of the networks first, best network first; then every type that no network has, untrained.

    Of somebody's own network that is no checkpoint the steps of its modules are not known: it has none here.
    """
    own = [Subject(f"model:{name}", store.card(name).spec.attention, name, True) for name in store.ids]
    trained = [subject for subject in own if subject.attention in ATTENTION and subject.attention != "none"]
    # networks that see the photograph alone come before those that are given channels of noise as well
    trained.sort(key=lambda subject: store.card(subject.model).spec.input.noise is not None)
    have = {subject.attention for subject in trained}
    source = trained[0].model if trained else store.ids[0]
    rest = [Subject(name, name, source, False) for name in ATTENTION if name not in have and name != "none"]
    volumes = [Subject(f"{name}-3d", name, source, False, True) for name in volume_types()]
    return (*trained, *rest, *volumes)


def subject_of(store: Store, key: Any) -> Subject:
    """One of ``subjects``; ``UserError`` where there is none of that key."""
    by_key = {subject.key: subject for subject in subjects(store)}
    return by_key[one_of(key, by_key, "no module {}")]


@dataclass(frozen=True)
class Inspection:
    """One visitor's walk through one module.

    Attributes:
        photo: The photograph.
        subject: The module.
        places: Where it can be looked at: paths in the network, and ``PIXELS`` for an untrained one.
        image: The photograph as the network sees it.
        walk: The steps, after the change.
        before: The steps without the change; ``None`` where there is none.
        follow: The number that is followed.
        language: Of the texts.
    """

    photo: Photo
    subject: Subject
    places: tuple[str, ...]
    image: PreparedImage
    walk: Walk
    before: Walk | None
    follow: Follow
    language: str = "en"


def _default_place(analyser: Analyser, subject: Subject, paths: tuple[str, ...]) -> str:
    """The first layer, whose maps still look like the photograph; pixels for a spatial transformer."""
    moves = any(KINDS[kind].moves for kind in kinds_of(example(subject.attention, 1)))
    if moves and not subject.trained:
        return PIXELS
    held = [(f"{site.owner}.", site.features) for site in analyser.sites]
    sizes = {path: features for path in paths for owner, features in held if owner.startswith(f"{path}.")}
    few = [path for path, shape in sizes.items() if len(shape) == 4 and shape[2] * shape[3] <= FEW]
    if "max_positions" in options_of(subject.attention) and few:
        return few[0]
    return paths[0]


def _walk(analyser: Analyser, image: PreparedImage, subject: Subject, place: str, change: Change) -> Walk:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that keys are pooled is said on the page
        if subject.trained:
            return inside(analyser, image, place, change)
        return inside_untrained(analyser, image, subject.attention, place, change, volume=subject.volume)


def brightest(walk: Walk) -> Follow:
    """What to follow first: the channel with the highest weight, else the fullest one, at its highest place."""
    first = walk.steps[0].values
    gates = [step for step in walk.steps if step.key == "channel_gate"]
    scores = gates[0].values if gates else first.mean(axis=tuple(range(1, first.ndim)))
    channel = int(np.nanargmax(scores.reshape(len(scores), -1)[:, 0]))
    plane = first[channel].reshape(-1, *first.shape[-2:])[0]
    row, column = divmod(int(np.nanargmax(plane)), plane.shape[1])
    return Follow(channel, row, column)


def open_look(
    store: Store,
    photo: Photo,
    key: Any,
    *,
    place: Any = None,
    change: Change | None = None,
    follow: Follow | None = None,
    language: str = "en",
) -> Inspection:
    """Walk through a module on a photograph.

    Args:
        store: The loaded models.
        photo: The photograph.
        key: Of one of ``subjects``.
        place: Where, or the name of a gate there; ``None`` or one that this module does not have for the usual one.
        change: What to do to the features.
        follow: What is followed; ``None`` for ``brightest``.
        language: Of the texts.

    Raises:
        UserError: The photograph, the module or the change cannot be used.
    """
    subject, wanted = subject_of(store, key), change or Change()
    photo, _ = suited_to(store, subject.model, photo, language)
    with store.lease(subject.model) as analyser:
        image = analyser.prepare(photo.source(language), SIDE)
        paths = tuple(path for path, _ in places(analyser))
        choices = paths if subject.trained else (*paths, PIXELS)
        where = PIXELS if place == LAYER else place
        near = [path for path in choices if owns(path, where)]
        chosen = near[0] if near else _default_place(analyser, subject, choices)
        before = _walk(analyser, image, subject, chosen, Change())
        changed = before if wanted.nothing else _walk(analyser, image, subject, chosen, wanted)
    own = _clipped(follow, before) if follow is not None else brightest(before)
    return Inspection(photo, subject, choices, image, changed, None if wanted.nothing else before, own, language)


def owns(place: str, gate: object) -> bool:
    """Whether a gate, or a module, of this name is the one at a place or belongs to it."""
    return gate == place or (bool(place) and isinstance(gate, str) and gate.startswith(f"{place}."))


def looked_at(store: Store, look: Inspection) -> Chosen:
    """What other tabs shall take up; nothing where the module belongs to no network."""
    if not look.subject.trained:
        return Chosen()
    gates = (site.name for site in store.sites(look.subject.model) if owns(look.walk.place, site.name))
    return Chosen(look.subject.model, next(gates, None), look.follow.channel)


def follows(store: Store, look: Inspection | None, chosen: Chosen) -> bool:
    """Whether a walk is of what another tab looks at, or there is no module for that."""
    if f"model:{chosen.model}" not in {subject.key for subject in subjects(store)}:
        return True
    if look is None or look.subject.key != f"model:{chosen.model}":
        return False
    if chosen.gate is not None and not owns(look.walk.place, chosen.gate):
        return False
    return chosen.channel in (None, look.follow.channel)


def follow_chosen(store: Store, photo: Photo, chosen: Chosen, language: str) -> Inspection:
    """A walk through the module that another tab looks at, along the channel that is chosen there."""
    look = open_look(store, photo, f"model:{chosen.model}", place=chosen.gate, language=language)
    if chosen.channel is None or chosen.channel >= look.walk.sizes.get("C", 0):
        return look
    return replace(look, follow=replace(look.follow, channel=chosen.channel))


def again(store: Store, look: Inspection, *, change: Change | None = None, photo: Photo | None = None) -> Inspection:
    """The same module and place with another change of the features or another photograph."""
    return open_look(
        store,
        photo or look.photo,
        look.subject.key,
        place=look.walk.place or LAYER,
        change=look.walk.change if change is None else change,
        follow=look.follow,
        language=look.language,
    )


def elsewhere(store: Store, look: Inspection, place: Any) -> Inspection:
    """The same kind of module in another layer, without the change: another layer has other channels."""
    return open_look(store, look.photo, look.subject.key, place=place, language=look.language)


def _clipped(follow: Follow, walk: Walk) -> Follow:
    sizes = walk.sizes
    return Follow(**{name: min(getattr(follow, name), sizes.get(axis, 1) - 1) for axis, name in AXES.items()})


def follow_on(look: Inspection, asked: Callable[[str], Any]) -> Inspection:
    """Follow another number; indices come from the browser and are checked here.

    Args:
        look: What is looked at.
        asked: From ``channel``, ``row``, ``column`` and ``slice`` to what was sent; ``None`` keeps what it was.

    Raises:
        UserError: An index is no whole number inside the features.
    """
    sizes, indices = look.walk.sizes, {}
    for axis, name in AXES.items():
        value = asked(name)
        if value is not None:
            indices[name] = whole(value, 0, sizes.get(axis, 1) - 1, name, look.language)
    return replace(look, follow=replace(look.follow, **indices))
