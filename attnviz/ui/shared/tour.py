"""The tour: a few scenes, each an address of the page with a few words beside it.

What the words say of a channel or a gate is checked against the bundled network by a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from attnviz.gates.edit import knock_out, mean
from attnviz.gates.edits.edit_list import EditList, EditStep
from attnviz.models.checkpoints import FOLDER
from attnviz.ui.networks.store import Store
from attnviz.ui.shared.address import packed
from attnviz.ui.shared.text import plain, say

MODEL, SAMPLE = "cbam", "golf-ball"
GATE, CHANNEL = "stage3.1.attention.channel", 17
"""A channel whose features light up on the ball, and the gate before it is passed on."""
MASK = "stage4.0.attention.spatial"
POOL, POOLED = "pool", "attention"
"""A mask that keeps the grass, and one that lies on the ball because the answer is read through it."""
NOISE, NOISE_SAMPLE = "noise-attention-even", "aeroplane"
GROWN = "cbam-30"


@dataclass(frozen=True)
class Scene:
    """One scene.

    Attributes:
        key: Of its texts, ``tour_<key>`` and ``tour_<key>_text``.
        models: Networks that must be there.
        query: What the address says.
    """

    key: str
    models: tuple[str, ...]
    query: Callable[[Store], dict[str, object]]


def _edited(store: Store, step: EditStep | None) -> dict[str, object]:
    steps = () if step is None else (step,)
    edits = EditList(MODEL, steps, store.card(MODEL).sha256)
    return {"tab": "intervene", "model": MODEL, "sample": SAMPLE, "gate": GATE, "edits": packed(edits) or None}


def _averaged(store: Store) -> dict[str, object]:
    reference = store.reference(MODEL)
    site = {each.name: each for each in store.sites(MODEL)}[GATE]
    average = reference.mean(GATE, site.kind, site.shape) if reference is not None else None
    return _edited(store, None if average is None else EditStep(GATE, mean(average[None])))


def _explored(gate: str, channel: int | None = None, model: str = MODEL) -> dict[str, object]:
    return {"tab": "explore", "model": model, "sample": SAMPLE, "gate": gate, "channel": channel}


SCENES: tuple[Scene, ...] = (
    Scene("channel", (MODEL,), lambda store: _explored(GATE, CHANNEL)),
    Scene("mask", (MODEL,), lambda store: _explored(MASK)),
    Scene("pool", (POOL,), lambda store: _explored(POOLED, model=POOL)),
    Scene("knock_out", (MODEL,), lambda store: _edited(store, EditStep(GATE, knock_out(CHANNEL)))),
    Scene("average", (MODEL,), _averaged),
    Scene("compare", (MODEL,), lambda store: {"tab": "compare", "mode": "gates", "model": MODEL, "sample": SAMPLE}),
    Scene("noise", (NOISE,), lambda store: {"tab": "noise", "sample": NOISE_SAMPLE, "network": NOISE}),
    Scene("grown", (GROWN,), lambda store: {"tab": "training", "model": GROWN, "step": 0}),
    Scene("sum", (MODEL,), lambda store: {"tab": "audit", "model": MODEL}),
)


def scenes(store: Store) -> tuple[Scene, ...]:
    """The scenes that can be shown: on other networks than the bundled ones the words would not be true."""
    if store.folder != FOLDER or store.alone:
        return ()
    return tuple(scene for scene in SCENES if set(scene.models) <= set(store.ids))


def hrefs(store: Store) -> tuple[str, ...]:
    """The address of each scene."""
    addresses = []
    for number, scene in enumerate(scenes(store), 1):
        query = {key: value for key, value in scene.query(store).items() if value is not None}
        addresses.append("?" + urlencode({"tour": number, **query}))
    return tuple(addresses)


def tour_html(addresses: tuple[str, ...], store: Store, language: str) -> str:
    """All scenes, of which the browser shows one at a time; empty where there is none."""
    shown = scenes(store)
    parts = []
    for number, (scene, href) in enumerate(zip(shown, addresses, strict=True), 1):
        parts.append(_scene(number, len(shown), scene, href, addresses, language))
    return f'<div class="av-tour">{"".join(parts)}</div>' if parts else ""


def _scene(number: int, count: int, scene: Scene, href: str, addresses: tuple[str, ...], language: str) -> str:
    title = say(f"tour_{scene.key}", language)
    text = say(f"tour_{scene.key}_text", language, **({"channel": CHANNEL} if scene.key in COUNTED else {}))
    return (
        f'<section data-scene="{number}" data-href="{escape(href)}" hidden '
        f'aria-label="{escape(plain("tour_label", language))}">'
        f'<div class="av-tour-text"><small>{say("tour_number", language, number=number, count=count)}</small>'
        f'<h2 tabindex="-1">{title}</h2><p>{text}</p></div><nav>'
        f"{_step('tour_back', number - 1, addresses, language)}{_step('tour_next', number + 1, addresses, language)}"
        f'<button type="button" data-tour-end>{say("tour_end", language)}</button></nav></section>'
    )


def _step(key: str, number: int, addresses: tuple[str, ...], language: str) -> str:
    if not 1 <= number <= len(addresses):
        return ""
    look = ' class="av-next"' if key == "tour_next" else ""
    return f'<a href="{escape(addresses[number - 1])}" data-tour="{number}"{look}>{say(key, language)}</a>'


COUNTED = ("channel", "knock_out")
"""Scenes whose text names the channel."""
