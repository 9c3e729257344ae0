"""What the outside of the car looks like: paint, glass, lamps, grille, wheels."""

from __future__ import annotations

import numpy as np

from scenes.optics import Array, F, mix, noise, smooth
from scenes.shapes import polygon

RED, BLACK = (0.37, 0.014, 0.011), (0.014, 0.015, 0.017)
SIDE = [
    (-0.72, 0.965), (-0.20, 1.300), (0.06, 1.355), (0.56, 1.362), (1.02, 1.320), (1.40, 1.03), (1.36, 0.985),
]  # fmt: skip
LAMP = [(0.43, 0.615), (0.60, 0.600), (0.84, 0.655), (0.86, 0.765), (0.70, 0.735), (0.45, 0.685)]
WHEEL, AXLES = 0.315, (-1.30, 1.28)
"""Radius of the wheels, and where their axles are."""


def _glazing(p: Array, n: Array) -> tuple[Array, Array]:
    """Where there is glass, and where its black frame, (n,) each."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    beside = smooth(0.55, 0.70, np.abs(n[:, 0]))
    edge = polygon(z, y, SIDE)
    pillar = smooth(0.030, 0.040, np.abs(z - F(0.36) - F(0.10) * (y - F(1.1))))
    side = smooth(0.004, -0.004, edge) * beside
    ahead = (n[:, 2] < -0.30) & (n[:, 1] > 0.15) & (z < 0.1) & (y > 0.92)
    rim = np.maximum(x - F(0.70) + F(0.36) * (y - F(0.95)), np.maximum(F(0.955) - y, y - F(1.335)))
    front = smooth(0.006, -0.006, rim) * ahead
    frame = np.maximum(smooth(0.030, 0.022, edge) * beside, smooth(0.035, 0.025, rim) * ahead)
    return np.maximum(side * pillar, front), frame


def _seams(p: Array, n: Array) -> Array:
    """How much light the gaps between panels leave, (n,)."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    beside, above = np.abs(n[:, 0]) > 0.55, n[:, 1] > 0.5
    gap = np.full(len(p), 1, F)
    for place in (-0.70, 0.37, 1.16):
        lean = F(0.16) * np.clip(y - F(0.75), 0, 1) if place > 1 else F(0)
        door = np.abs(z - F(place) + lean * (place > 1) * 1.2)
        gap = np.where(beside & (y > 0.30) & (y < 0.955), np.minimum(gap, door), gap)
    low = np.where(beside & (z > -0.70) & (z < 1.16), np.abs(y - F(0.315)), F(1))
    hood = np.where(above & (z < -0.9) & (z > -1.85), np.abs(x - F(0.63) - F(0.05) * (z + 1.4)), F(1))
    gap = np.minimum(gap, np.minimum(low, hood))
    return F(0.12) + F(0.88) * smooth(0.003, 0.010, gap)


def _face(p: Array, n: Array, colour: Array, gloss: Array) -> tuple[Array, Array]:
    """Grille, lamps and plate at the front over ``colour`` (n, 3) and ``gloss`` (n,)."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    ahead = smooth(-1.55, -1.65, p[:, 2])
    slat = F(0.4) + F(0.6) * smooth(0.006, 0.012, np.abs((y / F(0.042) % 1) - F(0.5)) * F(0.042))
    upper = np.maximum(x - F(0.40) - F(0.25) * (y - F(0.6)), np.abs(y - F(0.630)) - F(0.048))
    lower = np.maximum(x - F(0.60) + F(0.5) * (y - F(0.35)), np.abs(y - F(0.345)) - F(0.062))
    dark = np.maximum(smooth(0.004, -0.004, upper), smooth(0.004, -0.004, lower)) * ahead
    colour = mix(colour, np.array([0.030, 0.031, 0.033], F) * (1.4 - slat)[:, None], dark)
    chrome = smooth(0.012, 0.008, np.abs(upper)) * ahead
    badge = smooth(0.048, 0.044, np.hypot(x, (y - F(0.63)))) * ahead
    colour = mix(colour, (0.55, 0.56, 0.58), np.maximum(chrome, badge))
    gloss = gloss * (1 - F(0.85) * dark) + F(3) * np.maximum(chrome, badge)
    lamp = polygon(x, y, LAMP)
    inside = smooth(0.004, -0.004, lamp) * smooth(-1.25, -1.45, p[:, 2])
    round_ = np.minimum(np.hypot(x - F(0.56), y - F(0.655)), np.hypot(x - F(0.72), y - F(0.690)))
    glass = mix((0.16, 0.165, 0.175), (0.80, 0.82, 0.84), smooth(0.046, 0.012, round_))
    glass = glass * (F(0.45) + F(0.55) * smooth(0.003, 0.010, np.abs(round_ - F(0.047))))[:, None]
    colour, gloss = mix(colour, glass, inside), gloss + F(1.2) * inside
    rim = smooth(0.012, 0.006, np.abs(lamp)) * smooth(-1.25, -1.45, p[:, 2])
    colour = mix(colour, BLACK, rim * F(0.8))
    plate = np.maximum(x - F(0.26), np.abs(y - F(0.487)) - F(0.055))
    cell = (p[:, 0] + F(0.26)) / F(0.065)
    sign = noise(np.floor(cell * 4) * F(3.1), np.floor(y * 55) * F(2.3), 4) > 0.5
    sign &= (cell % 1 < 0.72) & (plate < -0.02)
    white = mix((0.74, 0.74, 0.71), (0.03, 0.03, 0.04), sign.astype(F) * F(0.9))
    colour = mix(colour, white, smooth(0.002, -0.002, plate) * ahead)
    fog = smooth(0.05, 0.045, np.hypot(x - F(0.70), y - F(0.37))) * ahead
    return mix(colour, (0.62, 0.63, 0.64), fog), gloss * (1 - F(0.7) * smooth(0.002, -0.002, plate) * ahead)


def _shell(p: Array, n: Array) -> tuple[Array, Array]:
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    colour = np.broadcast_to(np.array(RED, F), p.shape) * _seams(p, n)[:, None]
    gloss = np.full(len(p), 1.7, F)
    colour, gloss = _face(p, n, colour, gloss)
    handle = np.minimum(np.abs(z - F(0.20)), np.abs(z - F(1.02)))
    handle = np.maximum(handle - F(0.085), np.abs(y - F(0.79)) - F(0.013))
    colour = mix(colour, np.array(RED, F) * F(0.25), smooth(0.016, 0.004, handle) * (np.abs(n[:, 0]) > 0.6))
    glass, frame = _glazing(p, n)
    colour = mix(colour, BLACK, frame)
    inner = mix((0.010, 0.012, 0.013), (0.050, 0.052, 0.050), smooth(1.30, 0.98, y) * noise(z * 5, y * 7, 6))
    colour, gloss = mix(colour, inner, glass), gloss + F(1.3) * glass
    tail = smooth(1.70, 1.76, z) * smooth(0.09, 0.08, np.abs(y - F(0.80))) * smooth(0.55, 0.6, x)
    colour = mix(colour, (0.30, 0.005, 0.005), tail)
    low = smooth(0.275, 0.262, y)
    hollow = np.full(len(p), 9, F)
    for axle in AXLES:
        hollow = np.minimum(hollow, np.hypot(z - F(axle), y - F(WHEEL)))
    dark = np.maximum(low, smooth(0.379, 0.374, hollow))
    return mix(colour, BLACK, dark), gloss * (1 - F(0.9) * dark)


def _wheel(p: Array, n: Array) -> tuple[Array, Array]:
    y, x = p[:, 1] - F(WHEEL), np.abs(p[:, 0])
    z = np.where(p[:, 2] < 0, p[:, 2] - F(AXLES[0]), p[:, 2] - F(AXLES[1]))
    across, turn = np.hypot(y, z), np.arctan2(y, z)
    tread = F(0.75) + F(0.25) * np.sin(turn * 90) * smooth(0.28, 0.31, across)
    rubber = np.array([0.024, 0.024, 0.025], F) * tread[:, None]
    metal = (across < 0.222) & (x > 0.775)
    lip = (np.abs(across - F(0.222)) < 0.012) & (x > 0.80)
    deep = (across < 0.212) & (x < 0.824)
    colour = np.where((metal | lip)[:, None], np.array([0.24, 0.245, 0.255], F), rubber)
    colour = np.where(deep[:, None], np.array([0.035, 0.035, 0.037], F), colour)
    return colour, np.where((metal | lip) & ~deep, F(1.6), F(0.15))


def coat(name: str, p: Array, n: Array) -> tuple[Array, Array]:
    """Colour (n, 3) and gloss (n,), 1 for clear lacquer, of points (n, 3) of a part with normals (n, 3)."""
    if name == "shell":
        return _shell(p, n)
    if name == "wheel":
        return _wheel(p, n)
    return np.broadcast_to(np.array(RED, F), p.shape), np.full(len(p), 1.1, F)
