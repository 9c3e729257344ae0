"""A container ship at sea. Lengths in metres; the body's bow is at z = 0, its stern at z = 150, the water at y = 0."""

from __future__ import annotations

import numpy as np

from scenes.march import Body, Hits, Part, Pose, draw, meet, parts_of
from scenes.optics import Array, Camera, F, fbm, hashed, mix, sky, smooth, unit
from scenes.sea import water
from scenes.shapes import box, cut

SUN = unit([0.62, 0.46, -0.62])
CLOUDS = (0.55, 1.1, 14)
PLACE, TURN = (-9.5, 0.0, 266.0), -0.80
BAYS = (24.0, 37.6, 51.2, 64.8, 78.4, 92.0)
"""Where stacks of containers begin."""
HIGH = ((3, 4, 3), (5, 5, 4), (5, 6, 6), (6, 5, 6), (6, 6, 5), (5, 6, 6))
"""Containers on each other in every bay: starboard, middle, port."""
TINTS = np.array(
    [
        (0.36, 0.060, 0.030),
        (0.030, 0.11, 0.30),
        (0.46, 0.17, 0.020),
        (0.045, 0.20, 0.10),
        (0.52, 0.52, 0.50),
        (0.24, 0.035, 0.030),
        (0.10, 0.25, 0.38),
        (0.20, 0.21, 0.22),
    ],
    F,
)
PLAIN = {
    "mast": (0.66, 0.60, 0.42),
    "boat": (0.72, 0.16, 0.02),
    "pipes": (0.05, 0.05, 0.05),
    "deck": (0.20, 0.09, 0.06),
}
"""Reflectances of parts of one colour."""
NAME = (
    "01110 01111 11111 01110 10001",
    "10001 10000 10000 10001 11001",
    "10001 10000 11110 11111 10101",
    "10001 10000 10000 10001 10011",
    "01110 01111 11111 10001 10001",
)
"""Letters on the hull."""
DECK, BOX_HIGH, BOX_WIDE = 8.6, 2.75, 2.44


def half_beam(y: Array, z: Array) -> Array:
    """Half the width of the hull at height ``y`` and place ``z``."""
    up = np.clip(y / F(12), 0, 1.2)
    bow = F(6.5) * (1 - up)
    reach = F(46) - F(22) * up
    fore = np.clip((z - bow) / reach, 0, 1)
    aft = np.clip((z - F(132)) / F(18), 0, 1)
    return F(11.8) * (1 - (1 - fore) ** F(2.1)) * (1 - F(0.22) * aft * aft) - F(0.35) * (z < bow)


def _hull(p: Array) -> Array:
    x, y, z = p[:, 0], p[:, 1], p[:, 2]
    top = F(DECK) + F(3.4) * smooth(20.5, 19.5, z) + F(1.6) * smooth(20, 0, z) + F(0.5) * smooth(125, 150, z)
    side = (np.abs(x) - half_beam(y, z)) * F(0.62)
    return cut(np.maximum(side, z - F(150)), (y - top) * F(0.8), 0.3)


def _stack(p: Array, bay: int) -> Array:
    z0 = BAYS[bay]
    best = np.full(len(p), np.inf, F)
    for third, tiers in enumerate(HIGH[bay]):
        edge = (4.5 - 0.15 * bay if bay else 3.5) * BOX_WIDE
        x0 = -edge + third * edge * 2 / 3
        high = DECK + 1.0 + tiers * BOX_HIGH
        best = np.minimum(best, box(p, (x0, DECK, z0), (x0 + edge * 2 / 3, high, z0 + 12.2), 0.05))
    return best


def _solid(name: str, *boxes: tuple[float, float, float, float, float, float]) -> Part:
    """Boxes (x0, y0, z0, x1, y1, z1) as one part."""
    corners = np.array(boxes)
    low, high = corners[:, :3].min(0), corners[:, 3:].max(0)

    def distance(p: Array) -> Array:
        return np.min([box(p, tuple(b[:3]), tuple(b[3:]), 0.08) for b in corners], axis=0)

    return Part(name, distance, tuple(low - 0.1), tuple(high + 0.1))


def body() -> Body:
    """Hull, cargo, bridge, funnel and masts."""
    parts = [Part("hull", _hull, (-12.2, -1, -1), (12.2, 14.6, 150.1))]
    for bay, z0 in enumerate(BAYS):
        high = DECK + 1.2 + max(HIGH[bay]) * BOX_HIGH
        edge = 4.6 * BOX_WIDE
        distance = lambda p, bay=bay: _stack(p, bay)  # noqa: E731
        parts.append(Part("cargo", distance, (-edge, DECK, z0 - 0.1), (edge, high, z0 + 12.3)))
    parts += [
        _solid("house", (-10.5, 8, 110, 10.5, 27.5, 122), (-9.5, 8, 121, 9.5, 17.5, 141)),
        _solid("bridge", (-12.6, 27.4, 110.5, 12.6, 30.6, 116.5), (-7.5, 27.4, 110.2, 7.5, 31.0, 121)),
        _solid("funnel", (-3.0, 17, 127, 3.0, 29.5, 134.5)),
        _solid("pipes", (-1.8, 29, 129, -0.8, 31.2, 130), (0.6, 29, 129, 1.6, 31.2, 130)),
        _solid("mast", (-0.3, 30, 113.7, 0.3, 40, 114.3), (-3.2, 35, 113.8, 3.2, 35.4, 114.2)),
        _solid("mast", (-0.25, 12, 9.5, 0.25, 24, 10.0), (-1.6, 20.5, 9.6, 1.6, 20.9, 9.9)),
        _solid("boat", (10.4, 15.2, 124.5, 12.4, 17.6, 132), (-12.4, 15.2, 124.5, -10.4, 17.6, 132)),
        _solid("deck", (-11.0, 8.4, 20, 11.0, DECK + 1.0, 107)),
    ]
    return Body(parts, 0.05)


def _cargo(p: Array, normal: Array) -> Array:
    """Colour (n, 3) of containers, one for each."""
    bay = np.searchsorted(BAYS, p[:, 2] + F(0.3)).astype(np.int64)
    inner = p - normal * F(0.3)
    across, tall = (inner[:, 0] + F(30)) / F(BOX_WIDE), (inner[:, 1] - F(DECK + 1)) / F(BOX_HIGH)
    row, tier = np.floor(across).astype(np.int64), np.floor(tall).astype(np.int64)
    key = hashed(bay * 31 + row, tier, 8)
    colour = TINTS[(key * len(TINTS)).astype(np.int64)] * (F(0.75) + F(0.5) * hashed(row, tier + bay * 7, 9))[:, None]
    beside = np.abs(normal[:, 0]) > 0.7
    ridge = np.where(beside, p[:, 2], p[:, 0]) * F(3.4)
    colour = colour * (F(0.90) + F(0.14) * np.sin(ridge * F(2 * np.pi)))[:, None]
    gap = np.where(beside, F(9), np.abs(across - np.round(across)) * F(BOX_WIDE))
    gap = np.minimum(gap, np.abs(tall - np.round(tall)) * F(BOX_HIGH))
    return colour * (F(0.35) + F(0.65) * smooth(0.03, 0.16, gap))[:, None]


def _steel(p: Array) -> Array:
    """Colour (n, 3) of the hull."""
    y, z = p[:, 1], p[:, 2]
    streak = fbm(z * F(0.9), y * F(0.08), 5, 3)
    colour = mix((0.018, 0.050, 0.115), (0.030, 0.070, 0.145), streak)
    rust = smooth(0.60, 0.78, fbm(z * F(0.55), y * F(0.12), 5, 19))
    colour = mix(colour, (0.16, 0.07, 0.035), rust * F(0.30))
    colour = mix(colour, (0.34, 0.035, 0.022), smooth(1.75, 1.65, y))
    colour = mix(colour, (0.72, 0.72, 0.70), smooth(0.22, 0.14, np.abs(y - F(1.9))))
    letters = np.array([[c == "1" for c in row] for row in NAME])
    row, column = np.floor((F(7.6) - y) / F(0.82)), np.floor((F(92) - z) / F(1.35))
    on = (row >= 0) & (row < letters.shape[0]) & (column >= 0) & (column < letters.shape[1])
    on[on] = letters[row[on].astype(np.int64), column[on].astype(np.int64)]
    colour = np.where(on[:, None], np.array([0.66, 0.66, 0.64], F), colour)
    anchor = np.maximum(np.abs(z - F(9.0)) - F(0.55), np.abs(y - F(8.2)) - F(0.9))
    colour = mix(colour, (0.012, 0.012, 0.012), smooth(0.15, -0.15, anchor))
    wave = F(0.25) + F(1.9) * smooth(26, 7, z) * smooth(1, 7, z) + F(0.45) * smooth(120, 10, z)
    torn = smooth(0.30, 0.72, fbm(z * F(0.55), y * F(0.9), 5, 41)) + F(0.10)
    return mix(colour, (0.82, 0.85, 0.87), smooth(0.45, -0.45, y - wave * torn * F(1.6)) * F(0.85))


def _house(p: Array, normal: Array) -> tuple[Array, Array]:
    """Colour (n, 3) of the white decks and where they are glass."""
    y, z, x = p[:, 1], p[:, 2], p[:, 0]
    beside = np.abs(normal[:, 0]) > 0.7
    along = np.where(beside, z, x)
    level = (y - F(9.2)) / F(2.75)
    pane = np.abs(along / F(1.75) % 1 - F(0.5)) * F(1.75) - F(0.40)
    pane = np.maximum(pane, np.abs(level % 1 - F(0.55)) * F(2.75) - F(0.45))
    glass = smooth(0.06, -0.06, pane) * (np.abs(normal[:, 1]) < 0.5) * (y > 9.5)
    stain = fbm(along * F(0.8), y * F(0.15), 4, 29)
    colour = np.array([0.80, 0.79, 0.76], F) * (F(0.88) + F(0.16) * stain)[:, None]
    colour = colour * (1 - F(0.35) * smooth(0.05, 0.02, np.abs(level - np.round(level))))[:, None]
    return mix(colour, (0.02, 0.03, 0.04), glass), glass


def _coat(name: str, p: Array, normal: Array) -> tuple[Array, Array]:
    """Colour (n, 3) and gloss (n,) of a part."""
    gloss = np.full(len(p), 0.10, F)
    y = p[:, 1]
    if name == "hull":
        flat = smooth(0.7, 0.8, normal[:, 1])
        return mix(_steel(p), (0.22, 0.10, 0.06), flat), gloss * 3
    if name == "cargo":
        return _cargo(p, normal), gloss
    if name == "house":
        colour, glass = _house(p, normal)
        return colour, gloss + glass * F(0.8)
    if name == "bridge":
        glass = smooth(0.95, 0.85, np.abs(y - F(29.3))) * (np.abs(normal[:, 1]) < 0.5)
        glass = glass * (np.abs((p[:, 0] + p[:, 2]) / F(1.3) % 1 - F(0.5)) < 0.44)
        return mix((0.80, 0.79, 0.76), (0.02, 0.03, 0.04), glass), gloss + glass
    if name == "funnel":
        band = smooth(2.1, 1.9, np.abs(y - F(25.5)))
        return mix((0.025, 0.07, 0.17), (0.74, 0.73, 0.70), band), gloss
    return np.broadcast_to(np.array(PLAIN[name], F), (len(p), 3)), gloss


def paint(hits: Hits, ship: Body, pose: Pose, rng: np.random.Generator) -> Array:
    """Radiance (n, 3) where rays meet the ship."""
    sun = SUN @ pose.axes.T
    colour, gloss = np.zeros_like(hits.point), np.zeros(len(hits.point), F)
    for name, own in parts_of(hits, ship):
        colour[own], gloss[own] = _coat(name, hits.point[own], hits.normal[own])
    normal = hits.normal
    lit = np.clip(normal @ sun, 0, 1) * ship.sunlit(hits.point, normal, sun, rng)
    free = ship.openness(hits.point, normal, 5.0)
    light = colour * (
        lit[:, None] * np.array([1.75, 1.60, 1.32], F)
        + (free * (F(0.55) + F(0.45) * normal[:, 1]))[:, None] * np.array([0.38, 0.47, 0.60], F)
        + (free * (F(0.50) - F(0.50) * normal[:, 1]))[:, None] * np.array([0.10, 0.17, 0.20], F)
    )
    slant = np.clip(-(normal * hits.ray).sum(1), 0, 1)
    up = hits.ray[:, 1] + 2 * slant * normal[:, 1]
    mirror = mix((0.07, 0.14, 0.17), (0.52, 0.64, 0.80), smooth(-0.05, 0.10, up))
    fresnel = F(0.05) + F(0.95) * (1 - slant) ** 5
    light = light + mirror * (np.minimum(fresnel * gloss * F(1.6), 0.6) * free)[:, None]
    return mix(light, (0.56, 0.67, 0.78), np.full(len(light), 0.06, F))


def _spray(point: Array, pose: Pose) -> Array:
    """Foam at points (n, 3) of the water: at the bow, along the hull and behind the stern."""
    p = pose.inside(point)
    x, z = np.abs(p[:, 0]), p[:, 2]
    off = x - half_beam(np.zeros_like(x), np.clip(z, 0, 150))
    along = (z > 3) & (z < 152)
    crest = F(0.6) + F(0.16) * np.clip(z - 5, 0, 80)
    bow = smooth(2.8, 0.4, np.abs(off - crest)) * smooth(70, 12, z) * along
    hull = smooth(2.2, 0.2, off) * F(0.75) * along
    wake = smooth(12.5, 7.0, x - F(0.06) * (z - 150)) * smooth(147, 152, z) * smooth(420, 150, z)
    return np.maximum(np.maximum(bow * F(1.05), hull), wake * F(0.9))


def render(width: int, height: int, samples: int) -> tuple[Array, dict[str, Array]]:
    """Linear light (s·h, s·w, 3) of the ship at sea and how much of each pixel is ship."""
    w, h = width * samples, height * samples
    camera = Camera(w, h, (0.0, 17.0, 0.0), 1.5, 0.03)
    rays = camera.rays()
    light = sky(rays, SUN, *CLOUDS)
    angle = np.arctan2(rays[..., 0], rays[..., 2])
    crest = F(0.020) * np.clip(fbm(angle * 5, angle * 0, 6, 40) - F(0.36) + F(0.5) * angle, 0, 1)
    light = np.where(((rays[..., 1] < crest) & (rays[..., 1] > 0))[..., None], np.array([0.36, 0.46, 0.56], F), light)
    ship, rng = body(), np.random.default_rng(11)
    pose = Pose.turned((0, 0, 0), TURN)
    pose = Pose(pose.axes, np.array(PLACE, F) - np.array([0, 0, 75], F) @ pose.axes)

    def mirror(point: Array, ray: Array) -> Array:
        seen = sky(ray, SUN, *CLOUDS)
        index, hits = meet(ship, pose.inside(point), ray @ pose.axes.T)
        seen[index] = paint(hits, ship, pose, rng)
        return seen

    down = np.flatnonzero(rays[..., 1].ravel() < -1e-4)
    light.reshape(-1, 3)[down] = water(camera, rays.reshape(-1, 3)[down], SUN, mirror, lambda p: _spray(p, pose))
    seen = draw(light, camera, ship, pose, lambda hits: paint(hits, ship, pose, rng))
    return light, {"ship": seen}
