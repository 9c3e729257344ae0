"""What the cells of a comparison show, for the script that draws them: maps over photographs, and scores as bars."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from attnviz.core.gate_map import Mask
from attnviz.core.types import Floats, PreparedImage
from attnviz.render.colour import Scale
from attnviz.render.figures.gate_strip import reduced as in_blocks
from attnviz.ui.shared.page import Photo
from attnviz.ui.tabs.compare.state import Look
from attnviz.viewer.packing import pack
from attnviz.viewer.photograph import jpeg, reduced

MOST_CELLS = 128
"""Rows and columns of a map that are sent; of a finer one means of blocks are."""
PHOTOGRAPH = 100 * 1024
"""Characters that a photograph may take."""


class Plots:
    """The plots of one comparison; each photograph is held once, however many maps lie over it.

    Args:
        look: How a comparison is drawn.
        language: Of what is read out.
    """

    def __init__(self, look: Look, language: str) -> None:
        self.look, self.language = look, language
        self._photographs: dict[tuple[Photo, tuple[int, ...]], tuple[int, dict[str, Any]]] = {}
        self._plots: list[dict[str, Any]] = []

    def over(
        self, photo: Photo, image: PreparedImage, values: Floats, scale: Scale, cmap: str, alt: str, mask: Mask | None
    ) -> str:
        """The place of a map (h, w) over a photograph; a ``mask`` for which a place asks is marked there."""
        pixels, box = reduced(image.pixels, image.box)
        key = (photo, image.pixels.shape)
        if key not in self._photographs:
            height, width = pixels.shape[:2]
            sent = {"jpeg": jpeg(pixels, PHOTOGRAPH), "width": width, "height": height}
            self._photographs[key] = len(self._photographs), sent
        plot = {
            "photograph": self._photographs[key][0],
            "box": list(box),
            "values": pack(in_blocks(values, MOST_CELLS), "f4"),
            "cmap": cmap,
            "asked": {"place": mask.query, "grid": mask.grid} if mask is not None and mask.asks else None,
        }
        return self._place({**plot, **_ends(scale), "alt": alt})

    def bars(self, values: Floats, scale: Scale, alt: str) -> str:
        """The place of scores (C,) as bars."""
        return self._place({"values": pack(values.reshape(-1), "f4"), **_ends(scale), "alt": alt})

    def attribute(self) -> str:
        """All of them, as an attribute of the element around their places."""
        whole = {
            "photographs": [sent for _, sent in self._photographs.values()],
            "plots": self._plots,
            "look": {"cells": self.look.cells, "order": self.look.order},
            "language": self.language,
        }
        return f'data-plots="{escape(json.dumps(whole, ensure_ascii=False, allow_nan=False))}"'

    def _place(self, plot: dict[str, Any]) -> str:
        self._plots.append(plot)
        return f'<div data-plot="{len(self._plots) - 1}"></div>'


def _ends(scale: Scale) -> dict[str, Any]:
    return {"scale": {"low": float(scale.low), "high": float(scale.high)}, "ends": list(scale.ends)}
