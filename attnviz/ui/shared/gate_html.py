"""The chosen gate as markup: a picture with its colours on top, a legend, numbers and help.

Text is escaped here or by ``say``; numbers are formatted here. The colours are a layer of their own, so the browser
changes their opacity at once, without asking the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np

from attnviz.core.colour_maps import CMAP, CMAPS
from attnviz.core.types import Floats, PreparedImage
from attnviz.render.colour import DIVERGING, Scale, caption, cmap_for, scale_for, table
from attnviz.render.overlay import overlay
from attnviz.render.svg.bars import bars_svg
from attnviz.ui.shared.sample_buttons import data_url
from attnviz.ui.shared.text import drawn as worded
from attnviz.ui.shared.text import plain, say
from attnviz.ui.shared.usual_range import bars_usual, usual_html
from attnviz.ui.shared.view import View

PICTURE_CMAPS = tuple(name for name in CMAPS if name not in DIVERGING)
"""Colour maps for gates, whose values have no middle that means something."""
MOST_CELLS = 4096
"""Masks with more cells are shown without their values under the pointer."""


@dataclass(frozen=True)
class Settings:
    """How things are drawn; each is checked by the renderer that uses it.

    Attributes:
        cmap: One of ``PICTURE_CMAPS``.
        scale: ``"fixed"`` or ``"stretch"``.
        cells: ``"nearest"`` or ``"bilinear"``.
        order: Of the bars, ``"index"`` or ``"sorted"``.
    """

    cmap: str = CMAP
    scale: str = "fixed"
    cells: str = "nearest"
    order: str = "index"

    @classmethod
    def of(cls, *values: object) -> Settings:
        """From what a browser sent, in the order of the attributes."""
        return cls(*(str(value)[:100] for value in values))


def gradient(cmap: str) -> str:
    """A colour map as a CSS gradient from left to right."""
    stops = (table(cmap)[np.linspace(0, 255, 17).astype(int)] * 255).round().astype(int)
    return f"linear-gradient(90deg,{','.join(f'rgb({r},{g},{b})' for r, g, b in stops)})"


def frame(image: PreparedImage) -> str:
    """Where the network looked, in per cent of the photograph."""
    height, width = image.pixels.shape[:2]
    left, top, right, bottom = image.box
    place = (100 * left / width, 100 * top / height, 100 * (right - left) / width, 100 * (bottom - top) / height)
    return "left:{:.3f}%;top:{:.3f}%;width:{:.3f}%;height:{:.3f}%".format(*place)


def layers(
    image: PreparedImage, values: Floats, scale: Scale, cmap: str, cells: str, alt: str, on_top: str = ""
) -> str:
    """A photograph and, as a second picture on it, the colours of a map: the browser blends the two.

    ``on_top`` is markup that lies over both, placed in per cent of the photograph.
    """
    style = {"cmap": cmap, "scale": scale, "interpolation": cells}
    below, above = (data_url(overlay(image, values, opacity=opacity, **style)) for opacity in (0.0, 1.0))
    height, width = image.pixels.shape[:2]
    size = f'width="{width}" height="{height}"'
    cell = ""
    if values.size <= MOST_CELLS:
        numbers = " ".join(f"{v:.3g}" for v in values.ravel().tolist())
        cell = f' data-rows="{values.shape[0]}" data-columns="{values.shape[1]}" data-cells="{numbers}"'
    whole = " av-whole" if image.box == (0, 0, width, height) else ""
    return (
        f'<div class="av-picture" style="aspect-ratio:{width}/{height};--av-shape:{width / height:.4f}">'
        f'<img src="{below}" alt="{escape(alt)}" {size}>'
        f'<img src="{above}" alt="" aria-hidden="true" class="av-veil" {size}>'
        f'<div class="av-box{whole}" style="{frame(image)}"{cell}></div>{on_top}</div>'
    )


def legend(scale: Scale, cmap: str, language: str, features: bool = False) -> str:
    """The colour bar with what its ends stand for."""
    low, high = (escape(end) for end in scale.ends)
    if scale.mode == "fixed" and not features:
        low, high = say("shuts", language), say("keeps", language)
    return (
        f'<div class="av-legend"><span>{low}</span>'
        f'<span class="av-ramp" style="background:{gradient(cmap)}"></span><span>{high}</span></div>'
    )


def figure(picture: str, below: str, lines: list[str], language: str) -> str:
    """A picture with its legend, a few lines about it and the value under the pointer."""
    text = "".join(f"<div>{line}</div>" for line in lines if line)
    readout = f'<div class="av-readout" aria-hidden="true">{say("readout", language)}</div>'
    return f'<figure class="av-figure">{picture}{below}<figcaption>{text}{readout}</figcaption></figure>'


def seen(image: PreparedImage, language: str) -> str:
    """That the network saw only a part of the photograph, where it did."""
    height, width = image.pixels.shape[:2]
    return "" if image.box == (0, 0, width, height) else say("saw_part", language)


def mask_figure(view: View, settings: Settings) -> str:
    """The mask of the chosen spatial gate over the photograph."""
    image, mask, language = view.analysis.image, view.record.mask, view.language
    scale, cmap = scale_for(mask, settings.scale), cmap_for(scale_for(mask), settings.cmap)
    told = worded(caption(mask, scale), language)
    size = {"height": mask.shape[0], "width": mask.shape[1]}
    alt = plain("mask_alt", language, gate=view.gate, caption=told, **size)
    picture = layers(image, mask, scale, cmap, settings.cells, alt)
    return figure(
        picture, legend(scale, cmap, language), [escape(told), usual_html(view), seen(image, language)], language
    )


def channel_figure(view: View, settings: Settings) -> str:
    """The feature map of the chosen channel over the photograph, with its score and rank."""
    image, channel, language = view.analysis.image, view.channel, view.language
    scale = scale_for(channel.values, "features")
    cmap = cmap_for(scale, None if scale.mode == "diverging" else settings.cmap)
    told = worded(caption(channel.values, scale), language)
    size = {"height": channel.values.shape[0], "width": channel.values.shape[1]}
    alt = plain("channel_alt", language, channel=channel.channel, caption=told, **size)
    picture = layers(image, channel.values, scale, cmap, settings.cells, alt)
    lines = [f"{say('features_meaning', language)} · {escape(told)}", seen(image, language)]
    drawn = figure(picture, legend(scale, cmap, language, features=True), lines, language)
    score = f"{channel.score:.3f}" if channel.score is not None else "–"
    of = {"channel": channel.channel, "score": score, "rank": channel.rank, "count": channel.site.features[1]}
    return f'<h3 class="av-channel" aria-live="polite">{say("channel_title", language, **of)}</h3>{drawn}'


def scores_html(view: View, settings: Settings) -> str:
    """The scores of the chosen channel gate as bars that can be clicked; empty for other gates."""
    if not view.scored:
        return ""
    chosen = view.channel.channel if view.channel else None
    usual = bars_usual(view)
    bars = bars_svg(view.record.scores, order=settings.order, selected=chosen, usual=usual, height=150)
    mark = -1 if chosen is None else chosen
    label, hint = say("bars_alt", view.language), say("scores_hint", view.language)
    note = f'{usual_html(view)}<p class="av-note">{hint}</p>'
    return f'<div class="av-scores" data-chosen="{mark}" data-label="{label}">{bars}</div>{note}'


def help_html(topic: str, language: str) -> str:
    """Collapsed help: what it means, and what it does not say."""
    text = "".join(f"<p>{part}</p>" for part in say(f"help_{topic}_text", language).split("|"))
    return f'<details class="av-help"><summary>{say(f"help_{topic}", language)}</summary>{text}</details>'
