"""Text in figures, put together from glyphs that are kept.

Matplotlib renders every glyph of every text anew, which takes longer than all the rest of a figure of bars. Here a
character is rendered once for each font and size (by Pillow, with the same fonts and the same FreeType). Matplotlib
before 3.11 brought a FreeType of its own that draws thicker strokes; there its own text stays.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.text import Text
from PIL import Image, ImageDraw, ImageFont

from attnviz.core.types import Bytes

SAME_FREETYPE = matplotlib.__version_info__ >= (3, 11)
_LEFT = {"left": 0.0, "center": 0.5, "right": 1.0}


@lru_cache(maxsize=64)
def _font(family: tuple[str, ...], style: Any, weight: str | int, pixels: float) -> ImageFont.FreeTypeFont:
    file = findfont(FontProperties(list(family), style=style, weight=weight))
    # the basic layout sets glyphs at whole pixels, so that one picture of each is enough
    return ImageFont.truetype(file, pixels, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def _glyph(character: str, font: ImageFont.FreeTypeFont) -> tuple[Bytes, int, int]:
    """Coverage, (h, w) uint8; pixels from the pen to its left edge and from the baseline up to its top."""
    left, top, right, bottom = (round(edge) for edge in font.getbbox(character, anchor="ls"))
    picture = Image.new("L", (max(right - left, 0), max(bottom - top, 0)))
    ImageDraw.Draw(picture).text((-left, -top), character, fill=255, font=font, anchor="ls")
    return np.array(picture), left, -top


@lru_cache(maxsize=8192)
def _advance(pair: tuple[str, str], font: ImageFont.FreeTypeFont) -> int:
    """Pixels from the pen of a character to that of the next, kerning included."""
    return round(font.getlength("".join(pair)) - font.getlength(pair[1]))


@lru_cache(maxsize=64)
def _reach(font: ImageFont.FreeTypeFont) -> tuple[int, int]:
    """Pixels that an l rises above the baseline and a p goes below it."""
    (low, _, under), (_, _, above) = _glyph("p", font), _glyph("l", font)
    return above, len(low) - under


def _line(text: str, font: ImageFont.FreeTypeFont) -> tuple[Bytes, int, int]:
    """One line as ``_glyph`` gives a single character."""
    glyphs, pen = [], 0
    for here, following in pairwise(f"{text} "):
        coverage, left, top = _glyph(here, font)
        if coverage.size:
            glyphs.append((coverage, pen + left, top))
        pen += _advance((here, following), font)
    if not glyphs:
        return np.zeros((1, 1), np.uint8), 0, 0
    start, high = min(left for _, left, _ in glyphs), max(top for _, _, top in glyphs)
    width = max(left + coverage.shape[1] for coverage, left, _ in glyphs) - start
    line = np.zeros((high + max(len(coverage) - top for coverage, _, top in glyphs), width), np.uint8)
    for coverage, left, top in glyphs:
        place = line[high - top : high - top + len(coverage), left - start : left - start + coverage.shape[1]]
        np.maximum(place, coverage, out=place)
    return line, start, high


def _one_after_the_other(text: str) -> bool:
    """Whether its glyphs stand for one character each, from left to right: Latin, Greek, Cyrillic and symbols."""
    return text.isascii() or all(ord(c) < 0x300 or 0x370 <= ord(c) < 0x483 or 0x2010 <= ord(c) < 0x2028 for c in text)


class TextLine(Text):
    """Text that is drawn quickly where it is one upright line of pixels, and by matplotlib everywhere else."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw onto a canvas of pixels; turned, boxed, clipped or shaped text takes matplotlib's way."""
        clipped = self.get_clip_on() and (self.get_clip_box() is not None or self.get_clip_path() is not None)
        special = self.get_rotation() or self.get_bbox_patch() or self.get_path_effects() or self.get_usetex()
        text = self.get_text()
        plain = text.isprintable() and _one_after_the_other(text) and not self.get_parse_math()
        if not SAME_FREETYPE or clipped or special or not plain or not isinstance(renderer, RendererAgg):
            super().draw(renderer)
        elif text and self.get_visible():
            self._draw_line(renderer, text)
            self.stale = False

    def _draw_line(self, renderer: RendererAgg, text: str) -> None:
        pixels = self.get_fontsize() * renderer.dpi / 72
        font = _font(tuple(self.get_fontfamily()), self.get_fontstyle(), self.get_fontweight(), pixels)
        coverage, left, top = _line(text, font)
        # as in matplotlib every line is at least as high as an l and as deep as a p, so that lines agree
        above, below = _reach(font)
        high, deep = max(top, above), max(len(coverage) - top, below)
        baseline = {"top": -high, "center": (deep - high) / 2, "bottom": deep}.get(self.get_verticalalignment(), 0)
        x, y = self.get_transform().transform(self.get_position())
        *colour, alpha = to_rgba(self.get_color(), self.get_alpha())
        picture = np.empty((*coverage.shape, 4), np.uint8)
        picture[..., :3] = [round(255 * c) for c in colour]
        picture[..., 3] = coverage if alpha == 1 else np.rint(coverage * alpha)
        canvas = renderer.new_gc()
        # the origin of the canvas is below, and the first row of an image too
        corner = round(x - _LEFT[self.get_horizontalalignment()] * coverage.shape[1]) + left
        renderer.draw_image(canvas, corner, round(y + baseline) + top - len(coverage), picture[::-1])
        canvas.restore()


def line(x: float, y: float, text: str, **style: Any) -> TextLine:
    """A line of text without mathematics, for ``add_artist``; it may stand outside its axes."""
    return TextLine(x, y, text, **{"parse_math": False, "clip_on": False, **style})
