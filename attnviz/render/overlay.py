"""Maps over photographs: a mask lies on exactly the pixels the network saw, the rest is dimmed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from attnviz.core.colour_maps import CMAP, LUMA
from attnviz.core.errors import UserError
from attnviz.core.types import Box, Bytes, Floats, PreparedImage
from attnviz.render.colour import Scale, array, as_scale, bins, caption, cmap_for, fraction, table, to_bytes
from attnviz.render.figures.style import (
    SMALL,
    TITLE,
    Ink,
    axes_at,
    clean,
    colour_bar,
    fit,
    new_figure,
    room,
    write,
)
from attnviz.render.resample import resample, taps

GATE_MEANING = "spatial gate: 1 keeps, 0 shuts"
_BAND = 1 << 19  # pixels blended at a time: float32 temporaries stay near 20 MB for any photograph


def _box(image: PreparedImage) -> Box:
    pixels = image.pixels
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise UserError(f"the photograph must be (h, w, 3) uint8, got {pixels.shape} {pixels.dtype}")
    left, top, right, bottom = image.box
    height, width = pixels.shape[:2]
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise UserError(f"the box must lie inside the {width}x{height} photograph, got {image.box}")
    return image.box


def faded(pixels: Bytes, opacity: float) -> Floats:
    """What shows of a photograph under colours of some opacity: (h, w, 3) uint8 -> float32 in [0, 1 - opacity].

    Its own colours fade to grey, fully at an opacity of 0.5: else an orange suit under a green veil would read as
    a value of the mask.
    """
    rgb = pixels * np.float32((1 - opacity) / 255)
    if opacity > 0:
        grey = rgb @ np.array(LUMA, dtype=np.float32)
        grey *= np.float32(min(2 * opacity, 1.0))
        rgb *= np.float32(1 - min(2 * opacity, 1.0))
        rgb += grey[..., None]
    return rgb


def overlay(
    image: PreparedImage,
    mask: npt.ArrayLike,
    *,
    opacity: float = 0.55,
    cmap: str | None = CMAP,
    scale: Scale | str = "fixed",
    interpolation: str = "nearest",
    dim: float = 0.35,
) -> Bytes:
    """Lay a mask on what the network saw of a photograph.

    Args:
        image: A photograph of H x W pixels and the box the network saw.
        mask: (h, w), any size; cell (i, j) covers exactly its share of the box.
        opacity: How much of the colour, in [0, 1]; 0 leaves the box as it was, more also takes its own Ink.
        cmap: A key of ``colour.CMAPS``; ``None`` for the usual one of the scale.
        scale: A ``Scale``, or the name of a mode applied to this mask.
        interpolation: ``"nearest"`` shows the cells, ``"bilinear"`` is linear between their centres.
        dim: Brightness that is left outside the box, in [0, 1]; 1 leaves it as it was.

    Returns:
        (H, W, 3) uint8.

    Raises:
        UserError: Any of the above is out of its range or has another shape.
    """
    values = array(mask, 2, "the mask")
    opacity, dim = fraction(opacity, "opacity"), fraction(dim, "dim")
    left, top, right, bottom = _box(image)
    scale = as_scale(values, scale)
    veil = table(cmap_for(scale, cmap)) * np.float32(opacity)
    rows = taps(values.shape[0], bottom - top, interpolation)
    columns = taps(values.shape[1], right - left, interpolation)
    unit = scale.unit(values)  # before interpolation, so that an infinite cell is its end of the scale
    out = np.take(to_bytes(np.arange(256, dtype=np.float32) / 255 * np.float32(dim)), image.pixels)
    band = max(_BAND // (right - left), 1)
    for start in range(0, bottom - top, band):
        part = rows[start : start + band]
        area = slice(top + start, top + start + len(part)), slice(left, right)
        rgb = faded(image.pixels[area], opacity)
        rgb += np.take(veil, bins(np.clip(resample(unit, part, columns), 0, 1)), axis=0)
        out[area] = to_bytes(rgb)
    return out


def overlay_figure(
    image: PreparedImage,
    mask: npt.ArrayLike,
    *,
    title: str = "Where the gate looks",
    meaning: str = GATE_MEANING,
    opacity: float = 0.55,
    cmap: str | None = CMAP,
    scale: Scale | str = "fixed",
    interpolation: str = "nearest",
) -> Figure:
    """The overlay as a figure for export: title, outline of the box, colour bar with its meaning, caption.

    Args and errors are those of ``overlay``; ``title`` and ``meaning`` are plain text.
    """
    values = array(mask, 2, "the mask")
    scale = as_scale(values, scale)
    cmap = cmap_for(scale, cmap)
    picture = overlay(image, values, opacity=opacity, cmap=cmap, scale=scale, interpolation=interpolation)
    height, width = picture.shape[:2]
    inches = 5.2 / max(height, width)
    wide, high = max(width * inches, 3.9), max(height * inches, 1.6)
    figure = new_figure(wide + 1.15, high + 1.12)
    write(figure, 0.2, 0.14, clean(title, room(wide + 0.8, TITLE)), fontsize=TITLE, color=Ink.text)
    axes = axes_at(figure, 0.2, 0.45, wide, high)
    axes.imshow(fit(picture, 1600), extent=(0, width, height, 0), interpolation="auto")
    axes.set_anchor("NW")
    left, top, right, bottom = image.box
    frame = Rectangle((left, top), right - left, bottom - top, fill=False, ec=Ink.mark, lw=1, clip_on=False)
    axes.add_patch(frame)
    drawn = min(wide / width, high / height) * width
    colour_bar(figure, (0.2 + drawn + 0.15, 0.45, 0.16, min(high, height * inches)), scale, cmap)
    below = 0.45 + min(high, drawn * height / width) + 0.1
    size = "×".join(str(n) for n in values.shape)
    lines = [f"{meaning} · {size} cells · opacity {opacity:.0%}", caption(values, scale)]
    if (right - left, bottom - top) != (width, height):
        lines[0] += " · outline: what the network saw"
    for row, line in enumerate(lines):
        write(figure, 0.2, below + 0.17 * row, line, fontsize=SMALL, color=Ink.muted)
    return figure
