"""What the surfaces of a chapel look like: boards, stone, shingles, windows, doors."""

from __future__ import annotations

import numpy as np

from scenes.optics import Array, F, fbm, mix, noise, smooth
from scenes.solids import Face, Opening

SUNLIGHT = np.array([1.62, 1.52, 1.30], F)
SKYLIGHT = np.array([0.34, 0.42, 0.55], F)
BOUNCE = np.array([0.16, 0.17, 0.08], F)
REVEAL = 0.16
"""How deep windows and doors lie behind the wall, in metres."""


def _blocks(u: Array, v: Array, length: float, course: float, seed: int) -> tuple[Array, Array]:
    """Masonry or shingles: a value per block in [0, 1], and the distance to its edge in metres."""
    row = np.floor(v / F(course))
    shift = u + F(length) * (F(0.5) * (row % 2) + F(0.35) * noise(row * F(7.3), row * 0, seed))
    cell = np.floor(shift / F(length))
    value = noise(cell * F(3.7) + F(0.5), row * F(5.1) + F(0.5), seed)
    du = shift - cell * F(length)
    dv = v - row * F(course)
    return value, np.minimum(np.minimum(du, F(length) - du), np.minimum(dv, F(course) - dv))


def reflectance(material: str, u: Array, v: Array) -> Array:
    """Linear reflectance (n, 3) of a material at wall coordinates in metres."""
    stain = fbm(u * F(0.9), v * F(0.45), 5, 61)
    if material == "board":
        lap = (v / F(0.155)) % 1
        board = F(0.95) + F(0.05) * noise(np.floor(v / F(0.155)) * F(9.7), u * F(0.25), 6)
        line = 1 - F(0.42) * smooth(0.80, 0.97, lap) - F(0.06) * (1 - lap)
        return np.array([0.76, 0.75, 0.715], F) * (board * line * (F(0.90) + F(0.14) * stain))[:, None]
    if material in ("trim", "ashlar"):
        base = np.array([0.80, 0.79, 0.76] if material == "trim" else [0.44, 0.40, 0.33], F)
        return base * (F(0.90) + F(0.15) * stain)[:, None]
    if material == "stone":
        value, edge = _blocks(u + F(0.05) * stain, v + F(0.04) * noise(u * 2, v * 2, 8), 0.58, 0.29, 14)
        stone = mix((0.20, 0.185, 0.16), (0.40, 0.36, 0.285), value)
        stone = stone * (F(0.65) + F(0.7) * fbm(u * 6, v * 6, 4, 15))[:, None]
        return mix((0.36, 0.34, 0.29), stone, smooth(0.006, 0.03, edge))
    if material in ("roof", "spire"):
        value, edge = _blocks(u, v, 0.34, 0.24, 33)
        slate = mix((0.060, 0.064, 0.074), (0.125, 0.125, 0.13), value)
        moss = smooth(0.55, 0.8, fbm(u * F(0.7), v * F(0.5), 4, 35))
        slate = mix(slate, (0.10, 0.105, 0.065), moss * F(0.5))
        return slate * (F(0.55) + F(0.45) * smooth(0.0, 0.025, edge))[:, None]
    if material == "gilt":
        return np.broadcast_to(np.array([0.72, 0.50, 0.14], F), (len(u), 3))
    value, edge = _blocks(u, v, 0.62, 0.26, 45)
    grey = mix((0.24, 0.23, 0.21), (0.40, 0.38, 0.34), value)
    return grey * (F(0.60) + F(0.40) * smooth(0.0, 0.02, edge) * (F(0.7) + F(0.5) * stain))[:, None]


def _fill(hole: Opening, u: Array, v: Array) -> tuple[Array, Array]:
    """Reflectance (n, 3) of what closes an opening, and where it is glass, at coordinates in its plane."""
    x, y = u - F(hole.middle), v - F(hole.sill)
    glass = np.zeros(len(u), F)
    if hole.kind == "louvre":
        slat = (y / F(0.19)) % 1
        return np.array([0.30, 0.29, 0.27], F) * (F(0.08) + F(0.92) * smooth(0.15, 0.75, slat))[:, None], glass
    if hole.kind == "door":
        plank = noise(np.floor(x / F(0.16)) * F(3.3), y * F(0.3), 3)
        wood = mix((0.15, 0.028, 0.018), (0.24, 0.050, 0.030), plank)
        groove = smooth(0.0, 0.014, np.abs((x / F(0.16)) % 1 - F(0.5)) * F(0.16))
        split = smooth(0.008, 0.025, np.abs(x))
        iron = (np.abs((y - F(0.6)) % F(1.1)) < 0.05) & (np.abs(x) > 0.12)
        wood = wood * (F(0.45) + F(0.55) * np.minimum(groove, split))[:, None]
        return np.where(iron[:, None], np.array([0.02, 0.02, 0.02], F), wood), glass
    if hole.kind == "round":
        r, turn = np.hypot(x, y - F(hole.width / 2)), np.arctan2(y - F(hole.width / 2), x)
        spoke = np.abs(np.sin(turn * 4)) * r
        bar = np.minimum(np.minimum(spoke / 4, np.abs(r - F(0.16))), np.abs(r - F(hole.width * 0.36)))
    else:
        pane = F(hole.width / 3)
        bar = np.minimum(
            np.abs((x / pane) % 1 - F(0.5)) * pane,
            np.abs((y / F(0.42)) % 1 - F(0.5)) * F(0.42),
        )
        bar = np.minimum(bar, np.abs(y - F(hole.height * 0.52)) * F(0.6))
    glass = smooth(0.018, 0.034, bar)
    tint = mix((0.018, 0.024, 0.032), (0.05, 0.045, 0.05), noise(x * 9, y * 6, 9))
    return mix((0.70, 0.69, 0.66), tint, glass), glass


def surface(face: Face, point: Array, rays: Array, normal: Array, lit: Array, free: Array, sun: Array) -> Array:
    """Radiance (n, 3) of points on a face.

    Args:
        face: The face.
        point: (n, 3) on it.
        rays: (n, 3) from the camera.
        normal: (n, 3) towards the camera.
        lit: (n,) sun that arrives, in [0, 1].
        free: (n,) open part of the sky, in [0, 1].
        sun: Direction to the sun.
    """
    ua, va, _ = face.axes
    n = normal[0]
    u, v = (point - face.corners[0]) @ ua, (point - face.corners[0]) @ va
    colour = reflectance(face.material, u, v)
    mirror = np.zeros(len(u), F)
    lit = lit.copy()
    free = free * (F(0.55) + F(0.45) * smooth(-0.2, 1.6, point[:, 1]))
    slant = np.maximum(-(rays @ n), F(0.05))
    facing = max(float(sun @ n), 1e-3)
    for hole in face.openings:
        edge = hole.distance(u, v)
        case = smooth(0.15, 0.13, edge)
        trim = np.array([0.80, 0.79, 0.76] if face.material == "board" else [0.46, 0.42, 0.35], F)
        rim = 1 - F(0.5) * smooth(0.03, 0.0, np.abs(edge - F(0.14)))
        colour = mix(colour, trim * (F(0.92) * rim)[:, None], case)
        inside = np.flatnonzero(edge < 0)
        # The pane lies REVEAL behind the wall: the view and the sun reach it at shifted places.
        pu = u[inside] + F(REVEAL) * (rays[inside] @ ua) / slant[inside]
        pv = v[inside] + F(REVEAL) * (rays[inside] @ va) / slant[inside]
        behind = hole.distance(pu, pv) < 0
        fill, glass = _fill(hole, pu, pv)
        colour[inside] = np.where(behind[:, None], fill, trim * F(0.8))
        su, sv = F(REVEAL * float(sun @ ua) / facing), F(REVEAL * float(sun @ va) / facing)
        lit[inside] *= np.where(behind, smooth(0.02, -0.02, hole.distance(pu + su, pv + sv)), F(0.35))
        free[inside] *= F(0.72)
        mirror[inside] = np.where(behind, glass, F(0))
    up = F(0.5) + F(0.5) * n[1]
    light = colour * (
        SUNLIGHT * (lit * F(max(float(sun @ n), 0)))[:, None]
        + SKYLIGHT * (free * (F(0.45) + F(0.55) * up))[:, None]
        + BOUNCE * ((F(0.4) + F(0.6) * free) * (1 - F(0.6) * up))[:, None]
    )
    if face.material == "gilt":
        light = light * F(1.3)
    back = rays + 2 * slant[:, None] * n
    wave = F(0.6) + F(0.8) * noise(u * F(1.7), v * F(1.3), 77)
    sky = mix((0.10, 0.13, 0.08), (0.42, 0.56, 0.80), smooth(-0.05, 0.25, back[:, 1] + F(0.12) * (wave - 1)))
    fresnel = F(0.05) + F(0.95) * (1 - np.clip(slant, 0, 1)) ** 5
    return light + sky * (mirror * np.clip(fresnel * F(2.2), 0, 0.8) * wave)[:, None]
