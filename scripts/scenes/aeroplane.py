"""A passenger jet that climbs past clouds. Lengths in metres; the body's nose is at z = 0, its tail at z = 38."""

from __future__ import annotations

import numpy as np

from scenes.march import Body, Hits, Part, Pose, draw, parts_of
from scenes.optics import Array, Camera, F, fbm, mix, sky, smooth, unit
from scenes.shapes import Turned, box, cut, drum, polygon

SUN = unit([-0.58, 0.52, -0.62])
WHITE, GREY, BLUE, RED = (0.80, 0.80, 0.79), (0.50, 0.52, 0.54), (0.020, 0.060, 0.22), (0.62, 0.05, 0.03)

WING = [(0.5, 12.0), (6.2, 15.0), (17.0, 20.9), (17.0, 22.3), (6.2, 19.5), (0.5, 19.9)]
TAILPLANE = [(0.2, 32.0), (6.3, 36.0), (6.3, 37.5), (0.2, 36.4)]
FIN = [(26.0, 1.7), (29.9, 2.7), (34.7, 8.1), (37.0, 8.1), (36.2, 1.2)]
WINGLET = [(20.9, 0.45), (21.3, 1.0), (22.3, 2.9), (22.9, 2.9), (22.3, 0.45)]
ENGINE = (5.6, -1.95)


def _fuselage() -> Turned:
    z = np.linspace(0, 37.6, 400).astype(F)
    nose = np.clip((6.2 - z) / 6.2, 0, 1)
    tail = np.clip((z - 23.5) / 14.1, 0, 1)
    radius = 2.0 * (1 - nose**2.3) ** 0.60 * (1 - 0.86 * tail**1.65)
    centre = -0.45 * nose**1.8 + (2.0 - radius) * 0.80 * (tail > 0)
    return Turned(z, np.maximum(radius, 0.02).astype(F), centre.astype(F))


def _nacelle() -> Turned:
    z = np.linspace(10.6, 15.4, 120).astype(F)
    s = (z - 10.6) / 4.8
    return Turned(z, (1.0 * (0.86 + 0.55 * s**0.5 - 0.68 * s - 0.05 * s**4)).astype(F))


PLACE, TURN, CLOUDS = (-1.4, 39.4, 84.0), (1.0, 0.12, 0.06), (0.5, 1.2, 31)
FUSELAGE, NACELLE = _fuselage(), _nacelle()


def _profile(s: Array, chord: Array, thick: float) -> Array:
    """Half the thickness of an aerofoil at fraction ``s`` of its chord."""
    s = np.clip(s, 0, 1)
    half = 0.2969 * np.sqrt(s) - 0.126 * s - 0.3516 * s**2 + 0.2843 * s**3 - 0.1015 * s**4
    return (5 * thick * chord * half + 0.015).astype(F)


def _panel(corners: list[tuple[float, float]], rise: float, y0: float, p: Array, thick: float) -> Array:
    """A wing in (|x|, z) that rises with |x|."""
    x, z = np.abs(p[:, 0]), p[:, 2]
    (x0, lead0), (x1, lead1) = corners[0], corners[-3] if len(corners) == 6 else corners[1]
    trail0, trail1 = corners[-1][1], corners[-2][1] if len(corners) == 4 else corners[3][1]
    t = np.clip((x - F(x0)) / F(x1 - x0), 0, 1)
    lead = F(lead0) + t * F(lead1 - lead0)
    chord = F(trail0) + t * F(trail1 - trail0) - lead
    flat = np.abs(p[:, 1] - F(y0) - F(rise) * x)
    half = _profile((z - lead) / np.maximum(chord, F(0.1)), chord, thick)
    return np.maximum(polygon(x, z, corners), (flat - half) * F(0.8))


def _fin(p: Array) -> Array:
    lead = np.interp(p[:, 1], [1.7, 2.7, 8.1], [26.0, 29.9, 34.7]).astype(F)
    half = _profile((p[:, 2] - lead) / F(6), np.full(len(p), 5, F), 0.075)
    return np.maximum(polygon(p[:, 2], p[:, 1], FIN), (np.abs(p[:, 0]) - half) * F(0.85))


def _winglet(p: Array) -> Array:
    lean = np.abs(np.abs(p[:, 0]) - F(16.93) - F(0.22) * (p[:, 1] - F(0.5)))
    return np.maximum(polygon(p[:, 2], p[:, 1], WINGLET), lean - F(0.07))


def _engine(p: Array) -> Array:
    x, y, z = np.abs(p[:, 0]) - F(ENGINE[0]), p[:, 1] - F(ENGINE[1]), p[:, 2]
    across = np.hypot(x, y)
    shell = cut(NACELLE(x, y, z), -drum(z - F(10.6), across, 0.75, 0.79), 0.10)
    core = np.maximum(across - F(0.62) * np.clip((F(17.0) - z) / 2.6, 0, 1), np.abs(z - F(15.2)) - F(1.75)) * F(0.9)
    return np.minimum(shell, core)


def _fan(p: Array) -> Array:
    x, y = np.abs(p[:, 0]) - F(ENGINE[0]), p[:, 1] - F(ENGINE[1])
    across = np.hypot(x, y)
    return np.minimum(across - F(0.42) * np.clip((p[:, 2] - F(10.75)) / 0.9, 0, 1), F(2)) * F(0.8)


def _pylon(p: Array) -> Array:
    q = np.stack([np.abs(p[:, 0]) - F(ENGINE[0]), p[:, 1] + F(0.10) * (p[:, 2] - F(14)), p[:, 2]], -1)
    return box(q, (-0.13, -1.25, 12.0), (0.13, -0.66, 16.8), 0.1) * F(0.9)


def body() -> Body:
    """The jet with its gear retracted."""
    parts = [
        Part("fuselage", lambda p: FUSELAGE(p[:, 0], p[:, 1], p[:, 2]), (-2.1, -2.6, 0), (2.1, 2.6, 37.6)),
        Part("wing", lambda p: _panel(WING, 0.105, -1.25, p, 0.115), (-17.1, -2.3, 11.9), (17.1, 1.2, 22.4)),
        Part("tailplane", lambda p: _panel(TAILPLANE, 0.11, 1.0, p, 0.09), (-6.4, 0.5, 31.9), (6.4, 2.1, 37.6)),
        Part("fin", _fin, (-0.6, 1.1, 25.9), (0.6, 8.2, 37.1)),
        Part("winglet", _winglet, (-17.7, 0.4, 20.5), (17.7, 3.0, 23.0)),
        Part("belly", _belly, (-1.9, -2.6, 9.5), (1.9, -0.5, 22.5)),
    ]
    for side in (-1, 1):
        low, high = sorted((side * (ENGINE[0] - 1.35), side * (ENGINE[0] + 1.35)))
        parts.append(Part("engine", _engine, (low, -3.3, 10.5), (high, -0.6, 17.1)))
        parts.append(Part("pylon", _pylon, (low, -2.0, 11.7), (high, 0.3, 17.1)))
    return Body(parts, 0.012)


def _belly(p: Array) -> Array:
    q = (p - np.array([0, -1.15, 16.0], F)) / np.array([1.85, 1.30, 6.4], F)
    return (np.sqrt((q * q).sum(1)) - 1) * F(1.15)


def _skin(p: Array) -> tuple[Array, Array]:
    """Colour (n, 3) of the fuselage and where it is glass."""
    x, y, z = p[:, 0], p[:, 1], p[:, 2]
    line = F(-0.95) + F(2.6) * smooth(24, 35, z) + F(0.0) * x
    colour = mix(WHITE, BLUE, smooth(-0.03, 0.03, line + F(3.3) * smooth(25, 34, z) - F(1.2) - y - F(0.3)))
    stripe = smooth(0.16, 0.12, np.abs(y - line - F(2.75) * smooth(25.5, 35, z) + F(0.72)))
    colour = mix(colour, GREY, smooth(0.05, -0.05, y + F(1.15)) * smooth(25, 23, z))
    colour = mix(colour, RED, stripe * smooth(24, 26, z))
    seat = np.abs((z / F(0.56)) % 1 - F(0.5)) * F(0.56)
    pane = np.hypot(np.maximum(seat - F(0.03), 0), np.maximum(np.abs(y - F(0.52)) - F(0.09), 0))
    glass = smooth(0.115, 0.085, pane) * ((z > 5.6) & (z < 30.5) & (np.abs(z - 17.5) > 0.3))
    for place in (4.5, 31.6):
        edge = np.maximum(np.abs(z - F(place)) - F(0.42), np.abs(y - F(0.1)) - F(0.95))
        colour = colour * (1 - F(0.55) * smooth(0.05, 0.02, np.abs(edge)))[:, None]
    front = polygon(z, y, [(1.35, 0.52), (2.05, 1.02), (3.15, 1.10), (3.0, 0.60)])
    bars = np.minimum(np.abs(z - F(2.5)), np.abs(x))
    glass = np.maximum(glass, smooth(0.03, -0.03, front) * smooth(0.03, 0.06, bars))
    return mix(colour, (0.012, 0.014, 0.018), glass), glass


def _coat(name: str, p: Array) -> tuple[Array, Array]:
    """Colour (n, 3) and gloss (n,) of a part."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    gloss = np.full(len(p), 0.30, F)
    if name == "fuselage":
        colour, glass = _skin(p)
        return colour, gloss + glass
    if name == "engine":
        colour = mix(BLUE, GREY, smooth(14.9, 15.0, z))
        colour = mix(colour, (0.68, 0.69, 0.70), smooth(10.98, 10.92, z))
        hollow = (np.hypot(x - F(ENGINE[0]), y - F(ENGINE[1])) < 0.80) & (z < 11.6)
        turn = np.arctan2(y - F(ENGINE[1]), x - F(ENGINE[0]))
        blade = F(0.5) + F(0.5) * np.sin(turn * 22)
        fan = mix((0.010, 0.011, 0.013), (0.09, 0.09, 0.10), blade * (z > 11.25))
        return np.where(hollow[:, None], fan, colour), np.where(hollow, F(0.02), gloss)
    if name in ("fin", "winglet"):
        swirl = np.hypot(z - F(33.2), y - F(4.6)) if name == "fin" else np.full(len(p), 9, F)
        colour = mix(BLUE, RED, smooth(1.35, 1.30, swirl))
        colour = mix(colour, WHITE, smooth(1.02, 0.97, np.hypot(z - F(33.6), y - F(4.9))) * (swirl < 2))
        return colour, gloss
    grey = np.broadcast_to(np.array(GREY, F), (len(p), 3))
    if name == "wing":
        trail = np.interp(x, [0.5, 6.2, 17.0], [19.9, 19.5, 22.3])
        seam = np.minimum(np.abs(trail - z - F(1.15)), np.abs((x % F(4.4)) - F(2.2)) + F(9) * (trail - z > 1.15))
        grey = grey * (1 - F(0.35) * smooth(0.06, 0.02, seam))[:, None]
        lead = np.interp(x, [0.5, 6.2, 17.0], [12.0, 15.0, 20.9])
        grey = mix(grey, (0.72, 0.73, 0.74), smooth(0.45, 0.40, z - lead))
    return grey * (F(0.9) + F(0.2) * fbm(x, z, 3, 5))[:, None], gloss


def paint(hits: Hits, jet: Body, pose: Pose, rng: np.random.Generator) -> Array:
    """Radiance (n, 3) where rays meet the jet."""
    sun = SUN @ pose.axes.T
    colour, gloss = np.zeros_like(hits.point), np.zeros(len(hits.point), F)
    for name, own in parts_of(hits, jet):
        colour[own], gloss[own] = _coat(name, hits.point[own])
    normal = hits.normal
    facing = np.clip(normal @ sun, 0, 1)
    lit = facing * jet.sunlit(hits.point, normal, sun, rng)
    free = jet.openness(hits.point, normal, 1.6)
    up = (normal @ pose.axes)[:, 1]
    light = colour * (
        lit[:, None] * np.array([1.75, 1.64, 1.42], F)
        + (free * (F(0.50) + F(0.50) * up))[:, None] * np.array([0.36, 0.45, 0.60], F)
        + (free * (F(0.50) - F(0.50) * up))[:, None] * np.array([0.40, 0.42, 0.42], F)
    )
    slant = np.clip(-(normal * hits.ray).sum(1), 0, 1)
    back = (hits.ray + 2 * slant[:, None] * normal) @ pose.axes
    mirror = mix((0.30, 0.33, 0.34), (0.30, 0.46, 0.76), smooth(-0.12, 0.35, back[:, 1]))
    mirror = mirror + (smooth(0.985, 0.998, back @ SUN) * (lit > 0))[:, None] * F(5)
    fresnel = F(0.06) + F(0.94) * (1 - slant) ** 5
    light = light + mirror * (np.minimum(fresnel * gloss * F(1.4), 0.7) * free)[:, None]
    return light * F(0.95) + np.array([0.30, 0.42, 0.60], F) * F(0.05)


def render(width: int, height: int, samples: int) -> tuple[Array, dict[str, Array]]:
    """Linear light (s·h, s·w, 3) of the jet before clouds and how much of each pixel is aeroplane."""
    w, h = width * samples, height * samples
    camera = Camera(w, h, (0.0, 1.7, 0.0), 1.9, 0.42)
    light = sky(camera.rays(), SUN, *CLOUDS)
    jet = body()
    pose = Pose.turned((0, 0, 0), *TURN)
    pose = Pose(pose.axes, np.array(PLACE, F) - np.array([0, 0, 17.5], F) @ pose.axes)
    rng = np.random.default_rng(7)
    seen = draw(light, camera, jet, pose, lambda hits: paint(hits, jet, pose, rng))
    return light, {"airplane": seen}
