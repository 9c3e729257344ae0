"""The photograph of a document: small enough, and no better than its budget allows."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from attnviz.core.types import Box, Bytes

SIDE = 640
"""Most pixels of a side."""
QUALITIES = (85, 78, 70, 60, 50, 40, 30)
"""Of the JPEG, the best that fits; the last one whatever it takes."""


def reduced(pixels: Bytes, box: Box) -> tuple[Bytes, Box]:
    """A photograph (h, w, 3) with at most ``SIDE`` pixels a side, and the same box in it, at least a pixel wide."""
    height, width = pixels.shape[:2]
    share = min(1.0, SIDE / max(height, width))
    if share == 1.0:
        return pixels, box
    wide, high = max(1, round(width * share)), max(1, round(height * share))
    small = np.asarray(Image.fromarray(pixels).resize((wide, high), Image.Resampling.HAMMING))
    left, right = _ends(box[0] / width, box[2] / width, wide)
    top, bottom = _ends(box[1] / height, box[3] / height, high)
    return small, (left, top, right, bottom)


def _ends(low: float, high: float, size: int) -> tuple[int, int]:
    start = min(round(low * size), size - 1)
    return start, max(round(high * size), start + 1)


def jpeg(pixels: Bytes, budget: int) -> str:
    """Base64 of a JPEG of at most ``budget`` characters, where any quality gives one."""
    text = ""
    for quality in QUALITIES:
        data = io.BytesIO()
        Image.fromarray(pixels).save(data, "JPEG", quality=quality)
        text = base64.b64encode(data.getvalue()).decode()
        if len(text) <= budget:
            break
    return text
