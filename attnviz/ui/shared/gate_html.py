"""Pictures with colours on top, their legends, and help, as markup.

Text is escaped here or by ``say``; numbers are formatted here. The colours are a layer of their own, so the browser
changes their opacity at once, without asking the server.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from attnviz.core.colour_maps import CMAPS
from attnviz.core.types import Floats, PreparedImage
from attnviz.render.colour import DIVERGING, Scale, table
from attnviz.render.overlay import overlay
from attnviz.ui.shared.sample_buttons import data_url
from attnviz.ui.shared.text import say

PICTURE_CMAPS = tuple(name for name in CMAPS if name not in DIVERGING)
"""Colour maps for gates, whose values have no middle that means something."""
MOST_CELLS = 4096
"""Masks with more cells are shown without their values under the pointer."""


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
    style: dict[str, Any] = {"cmap": cmap, "scale": scale, "interpolation": cells}
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


def legend(scale: Scale, cmap: str, language: str, features: bool = False, residual: bool = False) -> str:
    """The colour bar with what its ends stand for; those of a residual gate add, and shut nothing."""
    low, high = (escape(end) for end in scale.ends)
    if scale.mode == "fixed" and not features:
        low, high = (say(end, language) for end in (("adds_nothing", "adds_again") if residual else ("shuts", "keeps")))
    return (
        f'<div class="av-legend"><span>{low}</span>'
        f'<span class="av-ramp" style="background:{gradient(cmap)}"></span><span>{high}</span></div>'
    )


def help_html(topic: str, language: str) -> str:
    """Collapsed help: what it means, and what it does not say."""
    text = "".join(f"<p>{part}</p>" for part in say(f"help_{topic}_text", language).split("|"))
    return f'<details class="av-help"><summary>{say(f"help_{topic}", language)}</summary>{text}</details>'
