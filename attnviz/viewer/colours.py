"""The colour maps of the view, from matplotlib: ``python -m attnviz.viewer.colours`` writes ``src/tables.js``."""

from __future__ import annotations

import base64
from pathlib import Path

import matplotlib
import numpy as np

from attnviz.core.colour_maps import CMAPS

MAPS = tuple(name for name in CMAPS if name != "PuOr_r")
"""The last one is for features with a sign; the others can be chosen."""
FILE = Path(__file__).parent / "src" / "tables.js"


def tables() -> str:
    """The script: 256 colours a map, three bytes each, base64."""
    lines = [
        "// Written by attnviz/viewer/colours.py from matplotlib: 256 colours a map, three bytes each, base64.",
        "",
    ]
    lines.append("export const TABLES = {")
    for name in MAPS:
        colours = (matplotlib.colormaps[name](np.arange(256))[:, :3] * 255 + 0.5).astype(np.uint8)
        lines.append(f"  {name}: '{base64.b64encode(colours.tobytes()).decode()}',")
    return "\n".join([*lines, "};", ""])


if __name__ == "__main__":
    FILE.write_text(tables(), encoding="utf-8")
