"""Colour maps that may be asked for, by matplotlib's names, and the default."""

from __future__ import annotations

from collections.abc import Mapping

CMAPS: Mapping[str, str] = {
    "viridis": "perceptually uniform",
    "cividis": "perceptually uniform, made for colour-vision deficiency",
    "magma": "perceptually uniform",
    "inferno": "perceptually uniform",
    "plasma": "perceptually uniform",
    "gray": "lightness only, for print",
    "turbo": "not perceptually uniform: equal steps do not look equal",
    "RdBu_r": "diverging: blue below 0, red above",
    "PuOr_r": "diverging: purple below 0, orange above",
}
"""Colour maps that may be asked for, and what to know about each."""

CMAP = "viridis"
"""The colour map of gates, unless another one is asked for."""

LUMA = (0.299, 0.587, 0.114)
"""Luma weights of red, green and blue (ITU-R BT.601)."""
