"""Small pictures of photographs for a report."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from attnviz.audit.photographs import Photographs
from attnviz.core.errors import UserError
from attnviz.images.decode import open_photograph

SIDE = 96


def thumbnails(photographs: Photographs, names: Sequence[str]) -> dict[str, bytes]:
    """Name -> a JPEG of ``SIDE`` × ``SIDE``, the whole photograph; those that are gone by now are left out."""
    places = {name: number for number, name in enumerate(photographs.names)}
    jpegs = {}
    for name in names:
        try:
            picture = open_photograph(photographs.sources[places[name]])
        except UserError:
            continue
        buffer = io.BytesIO()
        picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=82)
        jpegs[name] = buffer.getvalue()
    return jpegs
