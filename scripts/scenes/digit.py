"""A chalk 4 on a slate, turned clockwise and off the centre."""

from __future__ import annotations

import numpy as np

from scenes.optics import Array, F

STROKES = (((-0.10, -0.85), (-0.60, 0.20), (0.55, 0.20)), ((0.22, -0.30), (0.22, 0.90)))
"""Corners of the pen's ways, x to the right and y downwards; the digit is about 2 high."""
ANGLE, SCALE, CENTRE = np.radians(32), 0.29, (0.55, 0.46)
"""How it is turned, half its height and where its middle is, as shares of the picture's side."""
PEN = 0.036
"""Half the width of a stroke, as a share of the side."""


def _distance(x: Array, y: Array, start: Array, end: Array) -> Array:
    """From every point to a straight line between two."""
    along = end - start
    share = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along @ along), 0, 1)
    return np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])


def render(width: int, height: int, samples: int) -> tuple[Array, dict[str, Array]]:
    """Linear light (s·h, s·w, 3) of the scene and how much of each pixel is the digit."""
    w, h = width * samples, height * samples
    y, x = (np.mgrid[0:h, 0:w].astype(F) + F(0.5)) / min(w, h)
    turn = np.array(((np.cos(ANGLE), -np.sin(ANGLE)), (np.sin(ANGLE), np.cos(ANGLE))))
    strokes = [np.array(stroke) @ turn.T * SCALE + CENTRE for stroke in STROKES]
    away = np.min(
        [_distance(x, y, a, b) for stroke in strokes for a, b in zip(stroke, stroke[1:], strict=False)], axis=0
    )
    chance = np.random.default_rng(4)
    grain = chance.normal(0, 1, (h // 4 + 1, w // 4 + 1)).astype(F).repeat(4, 0).repeat(4, 1)[:h, :w]
    chalk = np.clip((PEN - away) / F(0.006) + F(0.25) * grain, 0, 1).astype(F)
    slate = np.array((0.205, 0.185, 0.160), F) * (1 + F(0.02) * grain)[..., None]
    light = slate * (1 - chalk[..., None]) + np.array((0.93, 0.92, 0.88), F) * chalk[..., None]
    return light.astype(F), {"4-four": (away < PEN).astype(F)}
