"""What the outside of the petrol pump and of its station looks like: enamel, dials, lettering, concrete, glass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenes.optics import Array, F, fbm, mix, noise, smooth

GLOBE = 2.03
"""Height of the middle of the globe."""
RED, CREAM, BLACK, STEEL = (0.42, 0.016, 0.012), (0.74, 0.72, 0.66), (0.016, 0.016, 0.018), (0.36, 0.37, 0.39)
BLUE = (0.035, 0.105, 0.21)
LETTERS = {
    "G": [
        (0.6, 0.8), (0.45, 1), (0.15, 1), (0, 0.8), (0, 0.2), (0.15, 0), (0.45, 0), (0.6, 0.2), (0.6, 0.48),
        (0.35, 0.48),
    ],
    "A": [(0, 0), (0.3, 1), (0.6, 0), (0.49, 0.36), (0.11, 0.36)],
    "S": [
        (0.6, 0.82), (0.45, 1), (0.15, 1), (0, 0.85), (0, 0.65), (0.12, 0.55), (0.48, 0.46), (0.6, 0.35),
        (0.6, 0.15), (0.45, 0), (0.15, 0), (0, 0.18),
    ],
    "L": [(0, 1), (0, 0), (0.55, 0)],
    "E": [(0.55, 1), (0, 1), (0, 0.5), (0.45, 0.5), (0, 0.5), (0, 0), (0.55, 0)],
    "N": [(0, 0), (0, 1), (0.6, 0), (0.6, 1)],
    "O": [(0, 0.2), (0, 0.8), (0.15, 1), (0.45, 1), (0.6, 0.8), (0.6, 0.2), (0.45, 0), (0.15, 0), (0, 0.2)],
    "1": [(0.1, 0.8), (0.3, 1), (0.3, 0)],
    "2": [(0, 0.82), (0.15, 1), (0.45, 1), (0.6, 0.82), (0.6, 0.62), (0, 0), (0.6, 0)],
    "4": [(0.45, 0), (0.45, 1), (0, 0.3), (0.6, 0.3)],
    "7": [(0, 1), (0.6, 1), (0.2, 0)],
}  # fmt: skip
"""Signs as strokes in a cell one high."""


def line(points: Array, path: Sequence[tuple[float, ...]]) -> Array:
    """Distance of points (n, k) to a broken line."""
    nearest = np.full(len(points), np.inf, F)
    for start, end in zip(np.array(path[:-1], F), np.array(path[1:], F), strict=True):
        along, to = end - start, points - start
        t = np.clip(to @ along / F(along @ along), 0, 1)
        to = to - t[:, None] * along
        nearest = np.minimum(nearest, (to * to).sum(1))
    return np.sqrt(nearest)


def _write(word: str, u: Array, v: Array, left: float, base: float, tall: float, bold: float) -> Array:
    """Ink (n,) of a word whose lower left corner lies at (left, base); ``bold`` is half its stroke."""
    ink = np.zeros(len(u), F)
    for number, letter in enumerate(word):
        cell = np.stack([(u - F(left)) / F(tall) - F(0.88 * number), (v - F(base)) / F(tall)], -1)
        own = np.flatnonzero((np.abs(cell - np.array([0.3, 0.5], F)) < np.array([0.6, 0.8], F)).all(1))
        ink[own] = np.maximum(ink[own], smooth(bold + 0.03, bold - 0.03, line(cell[own], LETTERS[letter])))
    return ink


def _dials(colour: Array, x: Array, y: Array) -> Array:
    """The face over ``colour`` (n, 3): windows with numbers, their names and a red strip."""
    square = lambda w, low, high: np.maximum(np.abs(x) - F(w), np.abs(y - F((low + high) / 2)) - F((high - low) / 2))  # noqa: E731
    colour = mix(colour, RED, smooth(0.002, -0.002, F(1.575) - y))
    colour = mix(colour, CREAM, _write("GAS", x, y, -0.078, 1.588, 0.030, 0.11))
    for number, (digits, low, high, wide, label) in enumerate((
        ("1274", 1.435, 1.54, 0.20, "SALE"), ("0742", 1.275, 1.38, 0.20, "GALLONS"), ("214", 1.145, 1.22, 0.10, ""),
    )):  # fmt: skip
        frame = square(wide, low, high)
        colour = mix(colour, STEEL, smooth(0.016, 0.012, frame))
        colour = mix(colour, BLACK, smooth(0.002, -0.002, frame))
        tall = (high - low) * 0.66
        left = -tall * (0.88 * len(digits) - 0.28) / 2
        ink = _write(digits.replace("0", "O"), x, y, left, low + (high - low) * 0.17, tall, 0.085)
        colour = mix(colour, (0.80, 0.79, 0.74) if number < 2 else (0.85, 0.55, 0.06), ink)
        colour = mix(colour, BLACK, _write(label, x, y, -0.0105 * len(label), low - 0.038, 0.021, 0.11))
    return colour


def coat(name: str, p: Array, n: Array) -> tuple[Array, Array]:
    """Reflectance (n, 3) and gloss (n,) of a part."""
    x, y = p[:, 0], p[:, 1]
    flat = lambda tone: np.broadcast_to(np.asarray(tone, F), p.shape)  # noqa: E731
    one = np.ones(len(p), F)
    if name == "island":
        grain = F(0.6) * noise(x * 70, p[:, 2] * 70 + y * 50, 3) + F(0.4) * fbm(x * 5, p[:, 2] * 5 + y * 9, 4, 6)
        worn = smooth(0.34, 0.46, fbm(x * 8, y * 20 + p[:, 2] * 8, 4, 5))
        colour = np.array([0.37, 0.36, 0.335], F) * (F(0.72) + F(0.5) * grain)[:, None]
        kerb = worn * smooth(0.9, 0.6, n[:, 1])
        return mix(colour, (0.62, 0.42, 0.035), F(0.9) * kerb), one * F(0.1)
    if name == "bollard":
        ring = smooth(0.004, -0.004, np.abs(y - F(0.70)) - F(0.06))
        return mix((0.66, 0.43, 0.03), BLACK, ring), one * F(0.5)
    if name == "globe":
        across = np.hypot(x, y - F(GLOBE))
        face = smooth(0.196, 0.192, across) * (np.abs(n[:, 2]) > 0.7)
        colour = mix(RED, CREAM, face)
        colour = mix(colour, RED, face * smooth(0.176, 0.172, across) * smooth(0.156, 0.160, across))
        return mix(colour, RED, face * _write("GAS", x, y, -0.122, GLOBE - 0.052, 0.104, 0.12)), one
    if name != "cabinet":
        bare = name in ("stand", "boot", "grip", "spout")
        return flat(STEEL if bare else BLACK), one * F(2.5 if bare else 0.6)
    ahead, beside = n[:, 2] < -0.7, np.abs(n[:, 0]) > 0.7
    colour = flat(RED)
    inner = (p[:, 2] > -0.232) & (np.abs(x) < 0.286) & (y > 1.098) & (y < 1.642) & (p[:, 2] < 0)
    plate = inner & (p[:, 2] > -0.212)
    colour = np.where(inner[:, None], np.asarray(STEEL, F), colour)
    colour = np.where(plate[:, None], _dials(flat(CREAM), x, y), colour)
    side = np.maximum(np.abs(p[:, 2]) - F(0.165), np.abs(y - F(1.37)) - F(0.27))
    door = np.where(ahead, np.maximum(np.abs(x) - F(0.29), np.abs(y - F(0.61)) - F(0.33)), F(1))
    door = np.where(beside, np.maximum(np.abs(p[:, 2]) - F(0.19), np.abs(y - F(0.61)) - F(0.33)), door)
    seam = np.minimum(np.abs(door), np.where(beside, np.abs(side), F(1)))
    colour = colour * (F(0.22) + F(0.78) * smooth(0.002, 0.006, seam))[:, None]
    band = smooth(0.003, -0.003, np.abs(y - F(0.80)) - F(0.075)) * ((door < 0) & ahead)
    colour = mix(colour, CREAM, band)
    colour = mix(colour, RED, band * _write("GAS", x, y, -0.118, 0.755, 0.09, 0.12))
    trim = smooth(0.003, -0.003, np.minimum(np.abs(y - F(1.01)) - F(0.017), np.abs(y - F(0.245)) - F(0.012)))
    trim = np.maximum(trim, smooth(0.017, 0.014, np.hypot(x - F(0.25), y - F(0.62))) * ahead)
    dirt = F(0.25) * smooth(0.55, 0.2, y) * fbm(x * 9 + p[:, 2] * 9, y * 7, 5, 8)
    colour = mix(mix(colour, STEEL, trim), (0.16, 0.14, 0.12), dirt)
    return colour, one + F(1.8) * trim - F(0.5) * plate


def wall(name: str, p: Array, n: Array) -> tuple[Array, Array]:
    """The station behind: white walls, a blue fascia, shop windows."""
    x, y = p[:, 0], p[:, 1]
    colour = mix((0.60, 0.59, 0.55), (0.68, 0.67, 0.63), fbm(x, y, 4, 12))
    if name == "roof":
        return mix(np.broadcast_to(np.asarray(BLUE, F), p.shape), CREAM, smooth(0.06, 0.05, np.abs(y - F(3.08)))), x * 0
    pane = np.maximum(np.abs((x / F(1.7)) % 1 - F(0.5)) * F(1.7) - F(0.74), np.abs(y - F(1.55)) - F(0.95))
    glass = smooth(0.02, -0.02, pane) * (n[:, 2] < -0.7)
    colour = mix(colour, BLUE, smooth(0.42, 0.38, y) * (1 - glass))
    inside = mix((0.025, 0.032, 0.038), (0.15, 0.19, 0.23), smooth(1.0, 2.9, y + F(0.8) * noise(x * F(1.5), y, 4)))
    return mix(colour, inside, glass), glass * F(1.6)
