"""How figures look: the palette, font sizes, placement in inches; and how pictures become files.

Text never goes through the mathtext parser, because names of gates and models come from outside and a ``$``
in one of them must not stop a figure from being drawn.
"""

from __future__ import annotations

import io
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from attnviz.core.checks import choice
from attnviz.core.errors import UserError, nearest
from attnviz.core.types import Bytes
from attnviz.render.colour import Scale, number, table, to_bytes
from attnviz.render.figures.text import line

DPI = 100
TITLE, BODY, SMALL = 11.0, 8.5, 7.5
"""Font sizes in points."""

FORMATS = {"jpeg": "JPEG", "png": "PNG"}


class Ink:
    """Colours of everything that is not data; bar and mark are from Okabe and Ito's safe set."""

    paper = "#ffffff"
    text = "#1f2328"
    muted = "#57606a"
    grid = "#d0d7de"
    bar = "#0072b2"
    mark = "#d55e00"


class Drawing(Figure):
    """A figure that notebooks show by themselves; matplotlib's own needs pyplot for that."""

    def _repr_png_(self) -> bytes:
        return to_png(self)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches with its own Agg canvas; pyplot, and its global state, is not involved."""
    figure = Drawing(figsize=(width, height), dpi=DPI, facecolor=Ink.paper)
    FigureCanvasAgg(figure)
    return figure


def axes_at(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes placed in inches from the upper left corner of the figure, without frame or ticks."""
    w, h = figure.get_size_inches()
    axes = figure.add_axes((left / w, 1 - (top + height) / h, width / w, height / h))
    axes.set_axis_off()
    return axes


def clean(text: object, limit: int) -> str:
    """One printable line of at most ``limit`` characters; the middle goes first, since both ends tell names apart."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(str(text).split()))
    if len(line) <= limit:
        return line
    tail = max(limit // 2, 1)
    return f"{line[: max(limit - tail - 1, 0)]}…{line[-tail:]}"


def room(inches: float, size: float) -> int:
    """How many characters of the default font at ``size`` points fit in so many inches, on the safe side."""
    return max(int(inches * 72 / (0.57 * size)), 3)


def write(figure: Figure, left: float, top: float, text: str, **style: Any) -> Text:
    """Text with its upper left corner so many inches from the figure's upper left corner."""
    w, h = figure.get_size_inches()
    style = {"va": "top", "ha": "left", "fontsize": BODY, "transform": figure.transSubfigure, **style}
    written = line(left / w, 1 - top / h, text, **style)
    written.set_figure(figure)
    figure.texts.append(written)
    return written


def write_wrapped(figure: Figure, left: float, top: float, width: float, text: str, **style: Any) -> int:
    """Text in as many lines as it needs to fit in ``width`` inches; how many is returned."""
    size = style.get("fontsize", BODY)
    lines = wrap(text, room(width, size)) or [""]
    write(figure, left, top, "\n".join(lines), linespacing=1.35, **style)
    return len(lines)


def colour_bar(figure: Figure, at: tuple[float, float, float, float], scale: Scale, cmap: str) -> None:
    """A colour bar with its two ends and the middle, upright or lying by its shape.

    Args:
        figure: Where to draw.
        at: Left, top, width and height in inches; text goes below a lying bar and right of an upright one.
        scale: What the ends stand for.
        cmap: A key of ``colour.CMAPS``.
    """
    left, top, width, height = at
    lying = width > height
    strip = table(cmap)[:256]
    axes = axes_at(figure, *at)
    picture = strip[None] if lying else strip[::-1, None]
    axes.imshow(to_bytes(picture), aspect="auto", interpolation="nearest")
    middle = number((scale.low + scale.high) / 2, scale.high - scale.low)
    middle = "0.5" if scale.mode == "fixed" else "0" if scale.mode == "diverging" else middle
    for share, text in zip((0.0, 0.5, 1.0), (scale.ends[0], middle, scale.ends[1]), strict=True):
        style: dict[str, Any] = {"color": Ink.text, "fontsize": SMALL}
        if lying:
            write(figure, left + share * width, top + height + 0.04, text, ha="center", **style)
        else:
            write(figure, left + width + 0.06, top + (1 - share) * height, text, va="center", **style)


def fit(rgb: Bytes, longest: int) -> Bytes:
    """Reduce a picture so that no side is longer than ``longest`` pixels: (h, w, 3) uint8 -> (h', w', 3) uint8."""
    h, w = rgb.shape[:2]
    factor = longest / max(h, w)
    if factor >= 1:
        return rgb
    size = (max(round(w * factor), 1), max(round(h * factor), 1))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX))


def to_png(figure: Figure, dpi: float = DPI) -> bytes:
    """Draw a figure as a PNG file of ``dpi`` pixels per inch, 10..600.

    Raises:
        UserError: ``dpi`` is outside its range.
    """
    check_print("png", dpi)
    buffer = io.BytesIO()
    # drawing takes most of the time; heavy compression of a mostly flat picture buys a few per cent
    figure.savefig(buffer, format="png", dpi=dpi, pil_kwargs={"compress_level": 3})
    return buffer.getvalue()


PRINTED = ("png", "svg", "pdf")
"""Formats in which figures are written: pixels, or lines that stay sharp at any size."""


def check_print(kind: str, dpi: float) -> None:
    """Raise ``UserError`` where the format is not known, or ``dpi`` is outside 10..600."""
    choice("picture format", kind, PRINTED)
    if not 10 <= dpi <= 600:
        raise UserError(f"dpi must be in 10..600, got {dpi}")


def drawn(figure: Figure, kind: str = "png", dpi: float = DPI) -> bytes:
    """Draw a figure as a file of a format of ``PRINTED``; ``dpi`` is also that of pictures inside lines.

    Raises:
        UserError: The format is not known, or ``dpi`` is outside 10..600.
    """
    check_print(kind, dpi)
    if kind == "png":
        return to_png(figure, dpi)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=dpi, metadata={"Date": None} if kind == "svg" else {"CreationDate": None})
    return buffer.getvalue()


def _kind(name: str) -> str:
    wanted = "jpeg" if name == "jpg" else name
    if wanted not in FORMATS:
        raise UserError(f"unknown picture format {name!r}; {nearest(name, FORMATS)}")
    return wanted


def encode(picture: Bytes, format: str = "jpeg") -> bytes:  # noqa: A002 - Pillow's own name for it
    """A picture as the bytes of a file: (h, w, 3) uint8 -> ``"jpeg"`` (for the screen) or ``"png"`` (lossless).

    Raises:
        UserError: Another shape or type, or an unknown format.
    """
    wanted = _kind(format)
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or picture.ndim != 3 or not picture.size:
        raise UserError(f"a picture must be (h, w, 3) uint8, got {getattr(picture, 'shape', type(picture))}")
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": 90} if wanted == "jpeg" else {"compress_level": 3}
    Image.fromarray(picture).save(buffer, FORMATS[wanted], **options)
    return buffer.getvalue()
