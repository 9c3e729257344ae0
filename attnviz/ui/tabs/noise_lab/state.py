"""What one visitor of the noise lab is looking at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from attnviz.analysis.noise_lab import NoiseLook, look, mean_scores
from attnviz.core.errors import UserError
from attnviz.core.input_spec import NoiseSpec
from attnviz.core.types import Floats
from attnviz.images.noise_channels import NOISES
from attnviz.models.results import read_results
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.address import Query
from attnviz.ui.shared.page import Photo
from attnviz.ui.shared.sent_numbers import number, one_of, whole
from attnviz.ui.shared.text import plain
from attnviz.ui.shared.view import SIDE

NETWORKS = ("noise-rgb", "noise-plain", "noise-attention-even", "noise-attention", "noise-permuted")
"""Checkpoints of the experiment, in the order in which their predictions are shown."""
GATES: Mapping[str, str] = {
    "noise-attention-even": "noise_even",
    "noise-attention": "noise_fixed",
    "noise-permuted": "noise_permuted",
}
"""Networks with a gate on the input, and the text that says how they were trained."""
MEASURED: Mapping[str, str] = {"noise-attention-even": "noise-even", "noise-attention": "noise"}
"""Networks and the results of their family; those of the first one that is there are shown."""
STRENGTHS = (0.0, 16.0)
SEEDS = (0, 9999)
OPENING = Photo("aeroplane")
"""What a visitor sees who has chosen no photograph: one of a class that these networks know."""


@dataclass(frozen=True, eq=False)
class Lab:
    """One visitor's photograph, noise and the networks' answers.

    Attributes:
        photo: What is looked at.
        noise: What is put beside it.
        gate: Id of the network whose gate is shown.
        language: Of the texts.
        looks: Answers by id of the network, in the order of ``NETWORKS``.
        mean: (N, C) scores of the shown gate for N random test images, by position; ``None`` without their moments.
    """

    photo: Photo
    noise: NoiseSpec
    gate: str
    language: str = "en"
    looks: Mapping[str, NoiseLook] = field(default_factory=dict, repr=False)
    mean: Floats | None = field(default=None, repr=False)

    @property
    def shown(self) -> NoiseLook:
        """The answer of the network whose gate is shown."""
        return self.looks[self.gate]

    @property
    def scores(self) -> Floats:
        """(C,) scores of the shown gate, by position; ``UserError`` for a network without a gate on its input."""
        scores = self.shown.scores
        if scores is None:
            raise UserError(f"{self.gate} has no gate on its input")
        return scores


def present(store: Store) -> tuple[str, ...]:
    """Networks of the experiment that are there; empty unless one of them has a gate."""
    ids = store.ids
    networks = tuple(name for name in NETWORKS if name in ids)
    return networks if any(name in GATES for name in networks) else ()


def measured(store: Store) -> dict[str, Any] | None:
    """What the experiment measured on the networks that are there; ``None`` where it was not run."""
    names = [results for network, results in MEASURED.items() if network in store.ids]
    return next((results for name in (*names, "noise") if (results := read_results(name))), None)


def opening(store: Store, photo: Photo, language: str = "en") -> Lab:
    """What a visitor sees first: noise as in training, in the order of training."""
    gates = [name for name in present(store) if name in GATES]
    trained = store.card(gates[0]).spec.input.noise
    if trained is None:
        raise UserError(f"{gates[0]} was trained without noise channels; its card does not fit the experiment")
    total = 3 + trained.channels
    return Lab(photo, replace(trained, order=tuple(range(total)), permute=False), gates[0], language)


def wanted(store: Store, query: Query, photo: Photo) -> Lab:
    """What an address asks for; what it says wrong is left out and noted in ``query``."""
    lab = opening(store, photo, query.language)
    gates = [name for name in present(store) if name in GATES]
    order = lab.noise.order
    sent = query.text("places")
    if sent is not None:
        places = tuple(int(c) for c in sent if c.isascii() and c.isdigit())
        if sorted(places) == sorted(order):
            order = places
        else:
            query.miss("places", sent)
    noise = replace(
        lab.noise,
        kind=query.one("noise", NOISES, lab.noise.kind),
        strength=query.number("strength", *STRENGTHS, lab.noise.strength),
        seed=query.whole("seed", *SEEDS, lab.noise.seed),
        order=order,
    )
    return replace(lab, noise=noise, gate=query.one("network", gates, lab.gate))


def moments() -> Floats | None:
    """(N, 3, 2) mean and maximum of the normalised channels of the random test images, if they were measured."""
    stored = (read_results("noise") or {}).get("moments", {})
    try:
        values = np.stack((stored["mean"], stored["max"]), -1).astype(np.float32)
    except (KeyError, TypeError, ValueError):
        return None
    return values if values.ndim == 3 and values.shape[1:] == (3, 2) else None


def answered(store: Store, lab: Lab) -> Lab:
    """Ask every network.

    Raises:
        UserError: The photograph or the noise cannot be used.
    """
    photograph = lab.photo.source(lab.language)
    looks, mean = {}, None
    for name in present(store):
        with store.lease(name) as analyser:
            image = analyser.prepare(photograph, SIDE)
            looks[name] = look(analyser, image, lab.noise)
            if name == lab.gate and (image_moments := moments()) is not None:
                mean = mean_scores(analyser, image_moments, lab.noise)
    return replace(lab, looks=looks, mean=mean)


def set_noise(lab: Lab, kind: Any, strength: Any, seed: Any) -> Lab:
    """The noise that the controls say."""
    seed = whole(seed, *SEEDS, plain("noise_word_seed", lab.language), lab.language)
    strength = number(strength, *STRENGTHS, plain("noise_word_strength", lab.language), lab.language)
    return replace(lab, noise=replace(lab.noise, kind=str(kind)[:60], strength=strength, seed=seed))


def set_gate(lab: Lab, store: Store, gate: Any) -> Lab:
    """Show another network's gate."""
    gates = [name for name in present(store) if name in GATES]
    return replace(lab, gate=one_of(gate, gates, "no network {} with a gate on its input"))


def move(lab: Lab, wanted: Any) -> Lab:
    """Move the channel at a position by one: ``"left:3"`` or ``"right:0"``.

    Raises:
        UserError: It is neither, or the channel would leave the row.
    """
    way, _, place = wanted.partition(":") if isinstance(wanted, str) else ("", "", "")
    order = list(lab.noise.order)
    step = {"left": -1, "right": 1}.get(way)
    here = int(place) if place.isascii() and place.isdigit() and len(place) < 4 else -1
    there = here + (step or 0)
    if step is None or not 0 <= here < len(order) or not 0 <= there < len(order):
        raise UserError(f"a channel moves as left:1..{len(order) - 1} or right:0..{len(order) - 2}")
    order[here], order[there] = order[there], order[here]
    return replace(lab, noise=replace(lab.noise, order=tuple(order)))


def unmoved(lab: Lab) -> Lab:
    """The order of training: R, G, B, noise."""
    return replace(lab, noise=replace(lab.noise, order=tuple(range(len(lab.noise.order)))))
