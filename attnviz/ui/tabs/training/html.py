"""Pictures of the Training tab: the gate at one epoch, all its snapshots, and the run's curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np

from attnviz.core.colour_maps import CMAP
from attnviz.core.gate_map import Mask, mask_for
from attnviz.core.kinds import kind_named
from attnviz.core.sites import GateSite
from attnviz.core.types import Bytes, Floats, GateRecord, PreparedImage
from attnviz.models.checkpoints import Card
from attnviz.models.gate_snapshots import Snapshots
from attnviz.render.colour import GATE_SCALE, Scale, cmap_for, colourise, shared_scale
from attnviz.render.drawings import view as shape_of
from attnviz.render.figures.gate_strip import reduced, seen
from attnviz.render.film import bars_picture
from attnviz.render.overlay import overlay
from attnviz.render.svg.curves import Line, curves_svg
from attnviz.render.svg.step_pictures import plane_url
from attnviz.ui.shared.address import address_html
from attnviz.ui.shared.bars_html import asking, marker, told_of
from attnviz.ui.shared.code import code_html
from attnviz.ui.shared.gate_html import frame, help_html, legend
from attnviz.ui.shared.sample_buttons import data_url
from attnviz.ui.shared.strip_and_map import STYLES
from attnviz.ui.shared.text import drawn, input_channel_name, note_html, plain, say
from attnviz.ui.tabs.training.state import Film, record, record_in, seen_then

SPEEDS = (0.5, 1, 2, 4)
"""Of the film, in multiples of its usual speed."""
GAPS = 160
"""Channels up to which there are gaps between bars."""
MOST_ROWS = 256
"""Rows and columns of a matrix up to which each has a pixel of its own."""
FEW = 8
"""Most channels that are drawn as one line each."""
COLOURS = ("#d1242f", "#1a7f37", "#0969da", "#6e6e6e", "#8f8f8f", "#b0b0b0")
"""Red, green and blue as they are called, and greys for noise."""


def heading(taken: Snapshots, film: Film, step: int, language: str) -> str:
    """Which epoch and which gate; not escaped."""
    epoch, last = taken.epochs[step], taken.epochs[-1]
    key = "training_after" if epoch else "training_before"
    about = {"epoch": epoch, "last": last} if epoch else {}
    return plain(key, language, gate=film.gate, **about)


def stage_html(taken: Snapshots, film: Film, card: Card, sites: Sequence[GateSite] = ()) -> str:
    """Everything that can be seen of a film: the gate large with controls, all snapshots small, and the curves.

    Args:
        taken: The snapshots.
        film: Which gate and picture.
        card: Of the network.
        sites: Gates of the network, which say what the snapshots leave out: over what pairwise weights run.
    """
    large = large_html(taken, film, card, sites)
    return (
        f'<div class="tr-stage" data-step="{film.step}"><div id="training-picture">{large}</div>'
        f'<div id="training-film">{film_html(taken, film, card)}</div></div>'
        f'<div id="training-curves">{curves_html(taken, film, card)}</div>{link_html(film)}'
    )


def large_html(taken: Snapshots, film: Film, card: Card, sites: Sequence[GateSite] = ()) -> str:
    """All snapshots of the gate on top of each other, of which the browser shows one; and its controls."""
    language, title = film.language, escape(heading(taken, film, film.step, film.language))
    return (
        f'<h2 class="tr-title" aria-live="polite">{title}</h2>{_controls(taken, film)}'
        f'<figure class="av-figure">{_frames(taken, film, card, sites)}'
        f'<figcaption><div class="tr-told"></div></figcaption></figure>'
        f"{note_html('training_fixed', language)}"
    )


def _controls(taken: Snapshots, film: Film) -> str:
    language, last = film.language, len(taken.epochs) - 1
    words = {way: say(f"training_{way}", language) for way in ("play", "stop")}
    speeds = "".join(
        f'<option value="{speed:g}"{" selected" if speed == 1 else ""}>{speed:g}×</option>' for speed in SPEEDS
    )
    return (
        f'<div class="tr-controls"><button type="button" class="tr-play" data-play="{words["play"]}" '
        f'data-stop="{words["stop"]}">{words["play"]}</button>'
        f'<input type="range" class="tr-step" min="0" max="{last}" value="{film.step}" '
        f'aria-label="{say("training_step", language)}">'
        f'<label>{say("training_speed", language)} <select class="tr-speed">{speeds}</select></label></div>'
    )


def _frames(taken: Snapshots, film: Film, card: Card, sites: Sequence[GateSite]) -> str:
    records = [record_in(taken, film, step, sites) for step in range(len(taken.epochs))]
    if records[0].site.has_scores:
        return _bars(taken, film, records)
    image = seen_then(taken, film, card)
    masks = masks_of(taken, film, image, sites)
    if not masks:
        return _matrices(taken, film, records)
    scale = shared_scale([mask.values for mask in masks], masks[0].scale("fixed"))
    cmap = cmap_for(scale, None)
    veils = "".join(
        f'<img class="tr-frame av-veil" src="{plane_url(mask.values, scale, cmap)}" alt="" aria-hidden="true" '
        f"{_told(taken, film, step, mask.values, scale)}>"
        for step, mask in enumerate(masks)
    )
    height, width = image.pixels.shape[:2]
    alt = say("training_alt", film.language, gate=film.gate, count=len(masks))
    picture = (
        f'<div class="av-picture" style="aspect-ratio:{width}/{height};--av-shape:{width / height:.4f}">'
        f'<img src="{data_url(image.pixels)}" alt="{alt}"><div class="tr-veils" style="{frame(image)}">{veils}</div>'
        f"{marker(masks[0], image)}</div>"
    )
    return asking(masks[0], picture, film.language) + legend(scale, cmap, film.language, residual=masks[0].residual)


def masks_of(taken: Snapshots, film: Film, image: PreparedImage, sites: Sequence[GateSite]) -> list[Mask]:
    """The gate over the picture at every snapshot; empty where it has no weight per place."""
    aspect = image.network.shape[0] / image.network.shape[1]
    masks = []
    for step in range(len(taken.epochs)):
        gates = [record_in(taken, replace(film, gate=gate), step, sites) for gate in taken.kinds]
        own = next(gate for gate in gates if gate.site.name == film.gate)
        mask = mask_for(own, gates, film.query, aspect)
        if mask is None:
            return []
        masks.append(mask)
    return masks


def _told(taken: Snapshots, film: Film, step: int, values: Floats, scale: Scale) -> str:
    title = escape(heading(taken, film, step, film.language))
    caption = escape(drawn(told_of(values, scale), film.language))
    shown = "visible" if step == film.step else "hidden"
    return f'data-title="{title}" data-told="{caption}" data-epoch="{taken.epochs[step]}" style="visibility:{shown}"'


def _bars(taken: Snapshots, film: Film, records: Sequence[GateRecord]) -> str:
    count = records[0].scores.size
    gap = 0.1 if count <= GAPS else 0.0
    paths = []
    for step, own in enumerate(records):
        tops = np.rint(1000 * (1 - np.clip(np.nan_to_num(own.scores), 0, 1))).astype(int).tolist()
        bars = "".join(f"M{x + gap:g} 1000V{top}h{1 - 2 * gap:g}V1000z" for x, top in enumerate(tops))
        paths.append(f'<path class="tr-frame av-fill" d="{bars}" {_told(taken, film, step, own.scores, GATE_SCALE)}/>')
    alt = say("training_alt", film.language, gate=film.gate, count=len(records))
    return (
        f'<div class="av-bars tr-bars" role="img" aria-label="{alt}"><span class="av-high">1</span>'
        f'<svg viewBox="0 0 {count} 1000" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="M0 500H{count}" class="av-half"/>{"".join(paths)}</svg><span class="av-low">0</span></div>'
    )


def _matrices(taken: Snapshots, film: Film, records: Sequence[GateRecord]) -> str:
    planes = [plane_of(record) for record in records]
    scale = shared_scale(planes, "stretch")
    images = "".join(
        f'<img class="tr-frame" src="{plane_url(plane, scale, cmap_for(scale, None))}" alt="" aria-hidden="true" '
        f"{_told(taken, film, step, plane, scale)}>"
        for step, plane in enumerate(planes)
    )
    alt = say("training_alt", film.language, gate=film.gate, count=len(records))
    ramp = legend(scale, cmap_for(scale, None), film.language, features=True)
    return f'<div class="tr-matrices" role="img" aria-label="{alt}">{images}</div>{ramp}'


def plane_of(record: GateRecord) -> Floats:
    """A gate without places or scores as one plane, (h, w), small enough to be seen."""
    values = record.values
    whole = (
        values.reshape(-1, *values.shape[-2:]).mean(0) if values.ndim >= 4 else values[0].reshape(len(values[0]), -1)
    )
    return reduced(whole, MOST_ROWS)


def film_html(taken: Snapshots, film: Film, card: Card) -> str:
    """All snapshots of the gate as small pictures, one button each."""
    small, tiles = seen(seen_then(taken, film, card)), []
    for step, epoch in enumerate(taken.epochs):
        shown = shape_of(record(taken, film, step))
        title = say("training_frame", film.language, epoch=epoch)
        name = say("training_epoch", film.language, epoch=epoch)
        pressed = "true" if step == film.step else "false"
        tiles.append(
            f'<button type="button" data-step="{step}" aria-pressed="{pressed}" title="{title}" aria-label="{title}">'
            f"{STYLES[shown.style](shown, small, CMAP)}<span>{name}</span></button>"
        )
    head = f"<h2>{say('training_film', film.language)}</h2>"
    return f'{head}<div class="av-strip" style="--av-columns:7">{"".join(tiles)}</div>'


def film_pictures(taken: Snapshots, film: Film, card: Card, sites: Sequence[GateSite]) -> list[Bytes]:
    """The film's pictures for a file, (h, w, 3) uint8, one a snapshot."""
    records = [record_in(taken, film, step, sites) for step in range(len(taken.epochs))]
    if records[0].site.has_scores:
        return [bars_picture(record.scores) for record in records]
    image = seen_then(taken, film, card)
    masks = masks_of(taken, film, image, sites)
    if not masks:
        planes = [plane_of(record) for record in records]
        scale = shared_scale(planes, "stretch")
        times = max(1, 320 // max(planes[0].shape))
        return [np.kron(colourise(plane, scale), np.ones((times, times, 1), np.uint8)) for plane in planes]
    scale = shared_scale([mask.values for mask in masks], masks[0].scale("fixed"))
    return [overlay(image, mask.values, opacity=0.6, cmap=cmap_for(scale, None), scale=scale) for mask in masks]


def link_html(film: Film) -> str:
    """An address that brings everything back, and the same in Python."""
    query = {"model": film.model, "gate": film.gate, "probe": film.probe, "step": film.step}
    code = [
        "from attnviz.models.gate_snapshots import load_snapshots",
        "",
        f"taken = load_snapshots({film.model!r})",
        f"values = taken.gates[{film.gate!r}][:, taken.probes.index({film.probe!r})]",
        "print(taken.epochs, values.shape)",
    ]
    return address_html("training", query, film.language) + code_html(code, film.language)


def curves_html(taken: Snapshots, film: Film, card: Card) -> str:
    """Loss and accuracy of the run and the gate's scores, with a mark at the chosen epoch."""
    history, epoch, language = card.training.get("history", ()), taken.epochs[film.step], film.language
    figures = []
    for key, text in (("loss", "training_loss"), ("accuracy", "training_accuracy")):
        points = [(e["epoch"], e[key]) for e in history if key in e]
        if points:
            x, y = zip(*points, strict=True)
            title = plain(text, language)
            figures.append(curves_svg([Line(title, x, y)], title=title, mark=max(epoch, min(x))))
    figures.append(_scores(taken, film, card, epoch))
    return f'<div class="tr-curves">{"".join(figures)}</div>{help_html("training", language)}'


def _scores(taken: Snapshots, film: Film, card: Card, epoch: int) -> str:
    values, language = taken.gates[film.gate], film.language
    noise = card.spec.input.noise
    if (
        kind_named(taken.kinds[film.gate]).has_scores
        and values.shape[2] <= FEW
        and noise is not None
        and not noise.permute
    ):
        names = [input_channel_name(channel, language) for channel in noise.order or range(3 + noise.channels)]
        means = values.mean(1).reshape(len(taken.epochs), -1)
        lines = [Line(n, taken.epochs, means[:, c].tolist(), COLOURS[c % 6]) for c, n in enumerate(names)]
        return curves_svg(lines, title=plain("training_scores", language), mark=epoch, low=0, high=1)
    own = values[:, taken.probes.index(film.probe)].reshape(len(taken.epochs), -1)
    parts: Mapping[str, Any] = {"highest": np.max, "mean": np.mean, "lowest": np.min}
    lines = [Line(plain(f"training_{key}", language), taken.epochs, f(own, 1).tolist()) for key, f in parts.items()]
    bounded = {"low": 0, "high": 1} if own.min() >= 0 and own.max() <= 1 else {}
    return curves_svg(lines, title=plain("training_spread", language), mark=epoch, **bounded)
