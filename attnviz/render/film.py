"""A gate through training as a moving picture: GIF, which every program plays."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from attnviz.core.errors import UserError
from attnviz.core.types import Bytes, Floats

MOST_FRAMES = 400
MILLISECONDS = 800
"""Between two pictures."""
BAND = 34
"""Pixels below each frame for its words."""
BAR_INK = (0, 114, 178)


def bars_picture(scores: Floats) -> Bytes:
    """Scores (C,) in 0..1 as bars on white, cut to 0..1, as (260, 480, 3) uint8; the scale is fixed."""
    height, width = 260, 480
    which = np.minimum(np.arange(width) * scores.size // width, scores.size - 1)
    tops = np.clip(np.nan_to_num(np.asarray(scores, dtype=np.float64)), 0, 1)[which]
    filled = (height - 1 - np.arange(height))[:, None] < np.rint(tops * height)[None]
    picture = np.full((height, width, 3), 255, np.uint8)
    picture[[0, height // 2, height - 1]] = 200
    picture[filled] = BAR_INK
    return picture


def film_gif(pictures: Sequence[Bytes], words: Sequence[str]) -> bytes:
    """Pictures one after the other, each with its words below, the last one held longer; it repeats.

    Args:
        pictures: 1 to ``MOST_FRAMES`` of one size, (h, w, 3) uint8.
        words: One line for each, in Latin letters.

    Raises:
        UserError: None or too many, or sizes or numbers that do not fit.
    """
    if not 1 <= len(pictures) <= MOST_FRAMES or len(words) != len(pictures):
        raise UserError(f"a film has 1..{MOST_FRAMES} pictures, each with words; got {len(pictures)} and {len(words)}")
    if len({picture.shape for picture in pictures}) > 1:
        raise UserError("all pictures of a film must have one size")
    frames = [_frame(picture, text) for picture, text in zip(pictures, words, strict=True)]
    times = [MILLISECONDS] * len(frames)
    times[-1] *= 3
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False)
    return out.getvalue()


def _frame(picture: Bytes, text: str) -> Image.Image:
    height, width = picture.shape[:2]
    whole = Image.new("RGB", (width, height + BAND), "white")
    whole.paste(Image.fromarray(picture), (0, 0))
    font = ImageFont.load_default(15)
    draw = ImageDraw.Draw(whole)
    while len(text) > 4 and draw.textlength(text, font=font) > width - 12:
        text = f"{text[:-2].rstrip('…')}…"
    draw.text((6, height + 8), text, fill="black", font=font)
    return whole.quantize(256, dither=Image.Dither.NONE)
