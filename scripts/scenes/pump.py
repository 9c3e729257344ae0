"""An old red petrol pump on its island. Lengths in metres; the pump's front looks to -z, its nozzle hangs at +x."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from scenes.march import Body, Hits, Part, Pose, draw, meet, parts_of
from scenes.optics import Array, Camera, F, fbm, ground, hills, mix, noise, sky, smooth, unit
from scenes.pumpface import GLOBE, coat, line, wall
from scenes.raster import Film
from scenes.shapes import box, cut, drum
from scenes.trees import Tree

SUN = unit([-0.20, 0.60, -0.76])
CLOUDS = (0.55, 1.1, 31)
HAZE = 0.0016
PLACE, TURN = (-0.06, 0.0, 4.75), 0.56
AROUND = ("island", "bollard")
HOSE = [
    (0.36, 1.46, 0.10), (0.45, 1.47, 0.10), (0.56, 1.36, 0.10), (0.66, 1.05, 0.09), (0.71, 0.70, 0.06),
    (0.67, 0.42, 0.02), (0.585, 0.335, -0.02), (0.50, 0.42, -0.05), (0.465, 0.65, -0.06), (0.475, 0.92, -0.06),
]  # fmt: skip
GRIP = [(0.475, 0.90, -0.06), (0.480, 1.10, -0.06), (0.465, 1.19, -0.06), (0.43, 1.215, -0.06)]
GUARD = [(0.47, 0.95, -0.06), (0.40, 0.97, -0.06), (0.39, 1.10, -0.06), (0.43, 1.19, -0.06)]
SPOUT = [(0.44, 1.215, -0.06), (0.405, 1.20, -0.06), (0.37, 1.14, -0.06), (0.35, 1.06, -0.06)]


def _bent(path: Sequence[tuple[float, ...]], pieces: int = 4) -> list[tuple[float, ...]]:
    """A smooth curve through the corners of a path (Catmull-Rom)."""
    p = np.array([path[0], *path, path[-1]])
    curve: list[tuple[float, ...]] = [path[0]]
    for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False):
        for t in np.arange(1, pieces + 1) / pieces:
            curve.append(tuple(b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))))
    return curve


def _tube(name: str, path: Sequence[tuple[float, ...]], radius: float) -> Part:
    """A round bar along a smooth curve."""
    curve = _bent(path)
    low, high = np.min(curve, 0) - radius, np.max(curve, 0) + radius
    return Part(name, lambda p: line(p, curve) - F(radius), tuple(low), tuple(high))


def _solid(name: str, low: tuple[float, float, float], high: tuple[float, float, float], rounding: float) -> Part:
    return Part(name, lambda p: box(p, low, high, rounding), low, high)


def _cabinet(p: Array) -> Array:
    """The housing: round shoulders, a waist, and the face set back in front."""
    front = np.stack([p[:, 0], p[:, 1], p[:, 2] * 0], -1)
    waist = F(0.012) * smooth(1.035, 1.020, p[:, 1]) * smooth(0.985, 1.0, p[:, 1])
    outline = box(front, (-0.36, 0.0, -1), (0.36, 1.74, 1), 0.13) + waist
    shell = cut(outline, np.maximum(np.abs(p[:, 2]) - F(0.24) + waist, F(0.21) - p[:, 1]), 0.03)
    face = box(p, (-0.285, 1.10, -0.40), (0.285, 1.64, -0.205), 0.03)
    return cut(shell, -face, 0.012) * F(0.9)


def _globe(p: Array) -> Array:
    across = np.hypot(p[:, 0], p[:, 1] - F(GLOBE))
    return drum(p[:, 2], across, 0.085, 0.215, 0.03) - F(0.012) * smooth(0.2, 0.0, across)


def body() -> Body:
    """The pump with hose and nozzle, its island and a bollard."""
    stand = lambda p: drum(p[:, 1] - F(1.775), np.hypot(p[:, 0], p[:, 2]), 0.055, 0.10, 0.015)  # noqa: E731
    post = lambda p: drum(p[:, 1] - F(0.5), np.hypot(p[:, 0] + F(0.98), p[:, 2]), 0.42, 0.060, 0.05)  # noqa: E731
    parts = [
        Part("cabinet", _cabinet, (-0.37, 0.20, -0.25), (0.37, 1.75, 0.25)),
        _solid("plinth", (-0.33, 0.10, -0.21), (0.33, 0.23, 0.21), 0.01),
        Part("stand", stand, (-0.1, 1.72, -0.1), (0.1, 1.83, 0.1)),
        Part("globe", _globe, (-0.22, GLOBE - 0.22, -0.10), (0.22, GLOBE + 0.22, 0.10)),
        _solid("boot", (0.33, 1.00, -0.12), (0.395, 1.13, 0.0), 0.015),
        _solid("boot", (0.34, 1.41, 0.05), (0.39, 1.51, 0.15), 0.02),
        _tube("hose", HOSE, 0.021),
        _tube("grip", GRIP, 0.033),
        _tube("guard", GUARD, 0.008),
        _tube("spout", SPOUT, 0.018),
        _tube("collar", [(0.475, 0.86, -0.06), (0.475, 0.93, -0.06)], 0.029),
        Part("bollard", post, (-1.05, 0.1, -0.07), (-0.91, 0.92, 0.07)),
        _solid("island", (-1.35, -0.1, -0.52), (1.25, 0.15, 0.52), 0.025),
    ]
    return Body(parts, 0.0012)


def _around(rays: Array) -> Array:
    """What enamel and glass mirror, (n, 3)."""
    light = mix(sky(rays, SUN, *CLOUDS), (0.045, 0.06, 0.035), smooth(0.10, 0.06, rays[:, 1]))
    return mix(light, (0.22, 0.215, 0.20), smooth(0.0, -0.05, rays[:, 1]))


def _paint(
    hits: Hits, solid: Body, pose: Pose, coat: Callable[[str, Array, Array], tuple[Array, Array]], seed: int
) -> Array:
    """Radiance (n, 3) where rays meet a body."""
    sun, normal = SUN @ pose.axes.T, hits.normal
    colour, gloss = np.zeros_like(hits.point), np.zeros(len(hits.point), F)
    for name, own in parts_of(hits, solid):
        colour[own], gloss[own] = coat(name, hits.point[own], normal[own])
    lit = np.clip(normal @ sun, 0, 1) * solid.sunlit(hits.point, normal, sun, np.random.default_rng(seed))
    free = solid.openness(hits.point, normal, 0.3)
    light = colour * (
        lit[:, None] * np.array([1.75, 1.62, 1.36], F)
        + (free * (F(0.5) + F(0.5) * normal[:, 1]))[:, None] * np.array([0.40, 0.48, 0.62], F)
        + (free * (F(0.5) - F(0.5) * normal[:, 1]))[:, None] * np.array([0.36, 0.35, 0.32], F)
    )
    slant = np.clip(-(normal * hits.ray).sum(1), 0, 1)
    back = (hits.ray + 2 * slant[:, None] * normal) @ pose.axes
    weight = np.clip((F(0.045) + F(0.955) * (1 - slant) ** 5) * gloss, 0, 0.9) * (F(0.25) + F(0.75) * free)
    glint = smooth(0.990, 0.9995, back @ SUN) * (lit > 0) * F(5)
    return light + (_around(back) + glint[:, None]) * weight[:, None]


def _forecourt(light: Array, camera: Camera, pose: Pose, bodies: tuple[tuple[Body, Pose], ...]) -> None:
    """Draw asphalt striped along ``pose``, the lawn behind, and the shadows of bodies into ``light``."""
    index, point, distance = ground(camera.rays(), camera)
    x, z = point[:, 0], point[:, 2]
    fine = F(0.5) * noise(x * 60, z * 60, 3) + F(0.5) * noise(x * 140, z * 140, 4)
    patch = fbm(x * F(0.6), z * F(0.35), 5, 8)
    colour = np.array([0.165, 0.162, 0.156], F) * ((F(0.70) + F(0.6) * fine) * (F(0.72) + F(0.56) * patch))[:, None]
    oil = smooth(0.56, 0.70, fbm(x * F(1.4), z * F(1.4), 4, 23))
    colour = colour * (1 - F(0.45) * oil)[:, None]
    stripe = smooth(0.06, 0.05, np.abs(pose.inside(point)[:, 2] - F(3.4))) * smooth(0.25, 0.4, fbm(x * 9, z * 9, 4, 15))
    colour = mix(colour, (0.58, 0.57, 0.54), F(0.85) * stripe)
    green = mix((0.055, 0.095, 0.016), (0.150, 0.170, 0.045), fbm(x * F(0.4), z * F(0.4), 5, 9))
    colour = mix(colour, green, smooth(20.9, 21.0, z))
    lit, free = np.ones(len(x), F), np.ones(len(x), F)
    near = np.flatnonzero(z < 21)
    up = np.broadcast_to(np.array([0, 1, 0], F), (len(near), 3))
    for solid, own in bodies:
        p = own.inside(point[near])
        lit[near] *= solid.sunlit(p, up, SUN @ own.axes.T, np.random.default_rng(7))
        free[near] *= solid.openness(p, up, 0.6)
    shine = colour * (lit[:, None] * np.array([1.35, 1.24, 1.04], F) + free[:, None] * np.array([0.36, 0.43, 0.54], F))
    light.reshape(-1, 3)[index] = mix(shine, (0.42, 0.53, 0.62), 1 - np.exp(-F(HAZE) * np.minimum(distance, 600)))


def render(width: int, height: int, samples: int) -> tuple[Array, dict[str, Array]]:
    """Linear light (s·h, s·w, 3) of the pump before its station and how much of each pixel is pump."""
    w, h = width * samples, height * samples
    camera = Camera(w, h, (0.0, 1.38, 0.0), 1.58, -0.052)
    pose, behind = Pose.turned(PLACE, TURN), Pose.turned((-1.0, 0, 17.5), -0.10)
    light = hills(sky(camera.rays(), SUN, *CLOUDS), camera.rays(), ((0.06, (0.33, 0.43, 0.55)),), 0.3, 42)
    walls = [
        _solid("wall", (-6, -0.1, 0), (2.4, 2.85, 4), 0.01),
        _solid("roof", (-6.3, 2.75, -0.5), (2.7, 3.3, 4), 0.02),
    ]
    station = Body(walls, 0.0015)
    pump = body()
    _forecourt(light, camera, pose, ((pump, pose), (station, behind)))
    film, far = Film(h, w), np.random.default_rng(5)
    for k in range(18):
        place, tall = (-11 + 24 * (k + far.uniform(-0.5, 0.5)) / 17, 0, far.uniform(30, 42)), far.uniform(4.5, 7)
        tone = np.array([0.050, 0.084, 0.022]) * far.uniform(0.7, 1.2)
        Tree((place[0], -0.3 * tall, place[2]), tall, 300 + k, tuple(tone), far.uniform(0.8, 1.3), False).draw(
            film, camera, SUN, HAZE * 1.5
        )
    Tree((3.4, 0, 23.0), 6.4, 6, (0.070, 0.105, 0.022), 0.95).draw(film, camera, SUN, HAZE)
    grown = film.alpha()[..., None]
    light = light * (1 - grown) + film.image() * grown
    draw(light, camera, station, behind, lambda hits: _paint(hits, station, behind, wall, 29))
    rays = (camera.rays() @ pose.axes.T).reshape(-1, 3)
    index, hits = meet(pump, np.broadcast_to(pose.inside(np.asarray(camera.position, F)), rays.shape), rays)
    light.reshape(-1, 3)[index] = _paint(hits, pump, pose, coat, 23)
    own = np.array([part.name not in AROUND for part in pump.parts])
    seen = np.zeros(w * h, F)
    seen[index] = own[hits.part]
    return light, {"gas pump": seen.reshape(h, w)}
