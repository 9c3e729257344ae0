"""A small red car on a country road. Lengths in metres; the body's front looks to -z, its left side to +x."""

from __future__ import annotations

import numpy as np

from scenes.carpaint import AXLES, WHEEL, coat
from scenes.march import Body, Hits, Part, Pose, draw, parts_of
from scenes.optics import Array, Camera, F, fbm, ground, hills, mix, noise, sky, smooth, unit
from scenes.raster import Blades, Film, Shade
from scenes.shapes import cut, drum, joined, polygon
from scenes.trees import Tree

SUN = unit([0.50, 0.58, -0.64])
CLOUDS = (0.5, 1.2, 31)
PLACE, TURN = (0.1, 0.0, 8.6), 0.80
HAZE = 0.0016
LOWER = [
    (-2.00, 0.34), (-2.05, 0.52), (-1.99, 0.66), (-1.78, 0.76), (-1.00, 0.90), (0.4, 0.925), (1.80, 0.93),
    (1.96, 0.80), (2.02, 0.58), (1.95, 0.32), (1.5, 0.25), (-1.6, 0.25),
]  # fmt: skip
CABIN = [(-1.02, 0.85), (-0.34, 1.32), (-0.02, 1.395), (0.55, 1.405), (1.20, 1.35), (1.80, 0.95), (1.75, 0.85)]


def _shell(p: Array) -> Array:
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    far = np.abs(z)
    bent = z + np.sign(z) * F(0.27) * (x / F(0.88)) ** F(2.6) * smooth(0.7, 2.0, far)
    width = F(0.872) - F(0.24) * (y - F(0.56)) ** 2 - F(0.05) * smooth(1.0, 2.1, far)
    width = width - F(0.018) * smooth(0.035, -0.035, y - F(0.70) - F(0.02) * z) * smooth(0.40, 0.62, y)
    for axle in AXLES:
        width = width + F(0.022) * np.exp(-(((z - F(axle)) / F(0.40)) ** 2))
    lower = cut(polygon(bent, y, LOWER) - F(0.055), x - width, 0.13)
    bent = z + np.sign(z - F(0.2)) * F(0.15) * (x / F(0.75)) ** 2
    cabin = cut(polygon(bent, y, CABIN) - F(0.04), x - F(0.79) + F(0.36) * (y - F(0.95)), 0.14)
    shell = joined(lower, cabin, 0.07)
    for axle in AXLES:
        arch = np.maximum(np.hypot(z - F(axle), y - F(WHEEL)) - F(0.375), F(0.52) - x)
        shell = cut(shell, -arch, 0.012)
    return shell * F(0.8)


def _wheel(p: Array, axle: float) -> Array:
    x, y, z = np.abs(p[:, 0]) - F(0.765), p[:, 1] - F(WHEEL), p[:, 2] - F(axle)
    across, turn = np.hypot(y, z), np.arctan2(y, z)
    tyre = drum(x, across, 0.105, WHEEL, 0.04)
    dish = drum(x - F(0.105), across, 0.055, 0.215, 0.01)
    spoke = np.abs((turn / F(2 * np.pi / 5) % 1) - F(0.5)) * F(2 * np.pi / 5) * across - F(0.030)
    flat = np.abs(x - F(0.055) + F(0.06) * (across - F(0.1))) - F(0.03)
    spoke = np.maximum(np.maximum(spoke, across - F(0.215)), flat)
    hub = drum(x - F(0.06), across, 0.035, 0.055, 0.01)
    return np.minimum(cut(tyre, -dish, 0.01), np.minimum(spoke, hub)) * F(0.85)


def _mirror(p: Array) -> Array:
    q = (p - np.array([0, 0.985, -0.56], F)) * np.array([1, 1, 1], F)
    q = np.stack([(np.abs(q[:, 0]) - F(0.925)) / F(0.115), q[:, 1] / F(0.075), q[:, 2] / F(0.075)], -1)
    return (np.sqrt((q * q).sum(1)) - 1) * F(0.065)


def body() -> Body:
    """Shell, wheels and mirrors."""
    parts = [Part("shell", _shell, (-0.93, 0.18, -2.16), (0.93, 1.48, 2.14))]
    for side in (-1, 1):
        low, high = sorted((side * 0.64, side * 0.90))
        for axle in AXLES:
            distance = lambda p, axle=axle: _wheel(p, axle)  # noqa: E731
            parts.append(Part("wheel", distance, (low, 0, axle - 0.33), (high, 0.64, axle + 0.33)))
        low, high = sorted((side * 0.80, side * 1.05))
        parts.append(Part("mirror", _mirror, (low, 0.90, -0.65), (high, 1.07, -0.47)))
    return Body(parts, 0.0025)


def surroundings(rays: Array) -> Array:
    """What paint and glass mirror: sky, a line of trees and the road, (n, 3)."""
    light = sky(rays, SUN, *CLOUDS)
    angle = np.arctan2(rays[:, 0], rays[:, 2])
    wood = F(0.10) * (F(0.4) + fbm(angle * 5, angle * 0, 5, 60))
    light = mix(light, (0.045, 0.065, 0.030), smooth(0.015, -0.015, rays[:, 1] - wood))
    return mix(light, (0.17, 0.165, 0.155), smooth(0.0, -0.04, rays[:, 1]))


def paint(hits: Hits, car: Body, pose: Pose, rng: np.random.Generator) -> Array:
    """Radiance (n, 3) where rays meet the car."""
    sun, normal = SUN @ pose.axes.T, hits.normal
    colour, gloss = np.zeros_like(hits.point), np.zeros(len(hits.point), F)
    for name, own in parts_of(hits, car):
        colour[own], gloss[own] = coat(name, hits.point[own], normal[own])
    lit = np.clip(normal @ sun, 0, 1) * car.sunlit(hits.point, normal, sun, rng)
    free = car.openness(hits.point, normal, 0.35)
    free = free * (F(0.35) + F(0.65) * smooth(0.0, 0.7, hits.point[:, 1] + F(0.5) * normal[:, 1]))
    light = colour * (
        lit[:, None] * np.array([1.75, 1.62, 1.36], F)
        + (free * (F(0.5) + F(0.5) * normal[:, 1]))[:, None] * np.array([0.40, 0.48, 0.62], F)
        + (free * (F(0.5) - F(0.5) * normal[:, 1]))[:, None] * np.array([0.26, 0.25, 0.23], F)
    )
    slant = np.clip(-(normal * hits.ray).sum(1), 0, 1)
    back = (hits.ray + 2 * slant[:, None] * normal) @ pose.axes
    fresnel = F(0.045) + F(0.955) * (1 - slant) ** 5
    glint = smooth(0.990, 0.9995, back @ SUN) * (lit > 0) * F(6)
    weight = np.clip(fresnel * gloss, 0, 0.9) * (F(0.25) + F(0.75) * free)
    return light + (surroundings(back) + glint[:, None]) * weight[:, None]


def _land(p: Array) -> Array:
    """Reflectance (n, 3) of road, verge and meadow at points in the car's coordinates."""
    x, z = p[:, 0], p[:, 2]
    fine = F(0.5) * noise(x * 45, z * 45, 3) + F(0.5) * noise(x * 110, z * 110, 4)
    patch = fbm(x * F(0.5), z * F(0.22), 5, 8)
    asphalt = np.array([0.135, 0.132, 0.128], F) * ((F(0.70) + F(0.6) * fine) * (F(0.78) + F(0.44) * patch))[:, None]
    track = np.minimum(np.abs(np.abs(x) - F(0.75)), np.abs(np.abs(x - F(3.5)) - F(0.75)))
    asphalt = asphalt * (F(0.88) + F(0.14) * smooth(0.0, 0.5, track))[:, None]
    crack = np.abs(fbm(x * F(0.9), z * F(0.9), 5, 77) - F(0.5))
    asphalt = asphalt * (F(0.55) + F(0.45) * smooth(0.0, 0.004, crack + F(0.02) * smooth(0.45, 0.55, patch)))[:, None]
    worn = smooth(0.20, 0.42, fbm(x * 9, z * 9, 4, 15))
    dash = (z / F(6.0) % 1) < 0.5
    lines = np.maximum(smooth(0.075, 0.060, np.abs(x - F(1.80))) * dash, smooth(0.065, 0.05, np.abs(x + F(1.65))))
    lines = np.maximum(lines, smooth(0.065, 0.05, np.abs(x - F(5.2))))
    asphalt = mix(asphalt, (0.58, 0.57, 0.54), lines * (F(0.45) + F(0.5) * worn))
    blotch = fbm(x * F(0.16), z * F(0.16), 5, 9) * F(0.6) + fbm(x * F(2.3), z * F(2.3), 4, 17) * F(0.4)
    green = mix((0.055, 0.095, 0.016), (0.150, 0.170, 0.045), smooth(0.30, 0.70, blotch))
    green = green * (F(0.6) + F(0.8) * fine)[:, None]
    edge = x + F(2.15) + F(0.35) * (fbm(x * 2, z * 2, 3, 5) - F(0.5))
    gravel = np.array([0.27, 0.245, 0.20], F) * (F(0.6) + F(0.8) * fine)[:, None]
    return mix(mix(green, gravel, smooth(-0.45, -0.25, edge)), asphalt, smooth(-0.03, 0.05, edge))


def _backdrop(camera: Camera, car: Body, pose: Pose, trees: list[Tree], rng: np.random.Generator) -> Array:
    """Sky, hills and the ground with all shadows, (H, W, 3)."""
    rays = camera.rays()
    light = sky(rays, SUN, *CLOUDS)
    light = hills(light, rays, ((0.105, (0.33, 0.43, 0.55)), (0.066, (0.19, 0.28, 0.27))), 0.30, 42)
    flat = light.reshape(-1, 3)
    index, point, distance = ground(rays, camera)
    p = pose.inside(point)
    lit, free = np.ones(len(p), F), np.ones(len(p), F)
    for tree in trees:
        lit = lit * tree.shade(point, SUN)
    near = np.flatnonzero((np.abs(p[:, 0]) < 5) & (np.abs(p[:, 2]) < 6))
    up = np.broadcast_to(np.array([0, 1, 0], F), (len(near), 3))
    lit[near] *= car.sunlit(p[near], up, SUN @ pose.axes.T, rng)
    under = drum(p[near, 2], np.abs(p[near, 0]) * F(2.2), 2.05, 1.85, 0.3)
    free[near] = car.openness(p[near], up, 0.7) * (F(0.12) + F(0.88) * smooth(-0.55, 0.55, under))
    shine = _land(p) * (
        lit[:, None] * np.array([1.35, 1.24, 1.04], F) + free[:, None] * np.array([0.36, 0.43, 0.54], F)
    )
    air = 1 - np.exp(-F(HAZE) * np.minimum(distance, 600))
    flat[index] = mix(shine, (0.42, 0.53, 0.62), air)
    return flat.reshape(rays.shape)


def _growth(film: Film, camera: Camera, pose: Pose, trees: list[Tree], rng: np.random.Generator) -> None:
    """Grass on the verge, the trees, and the edge of a wood."""
    n = 42000
    place = np.stack([-2.45 - 9 * rng.random(n) ** 1.7, np.zeros(n), rng.uniform(-16, 30, n)], -1).astype(F)
    keep = fbm(place[:, 0] * F(0.8), place[:, 2] * F(0.8), 3, 71) + rng.uniform(-0.25, 0.25, n) > 0.40
    grass = Blades.grow(rng, pose.outside(place[keep]), (0.08, 0.34), 0.010)
    grass.draw(film, camera, Shade(SUN, unit([0, 0.2, -1]), 0.30))
    far = np.random.default_rng(5)
    for k in range(46):
        along, away = -0.62 + 1.24 * (k + far.uniform(-0.5, 0.5)) / 45, far.uniform(80, 120)
        tall, tone = far.uniform(6, 13), np.array([0.050, 0.084, 0.022]) * far.uniform(0.7, 1.2)
        spot = away * np.sin(along), -0.34 * tall, away * np.cos(along)
        Tree(spot, tall, 300 + k, tuple(tone), far.uniform(0.7, 1.3), False).draw(film, camera, SUN, HAZE * 1.5)
    for tree in trees:
        tree.draw(film, camera, SUN, HAZE)


def render(width: int, height: int, samples: int) -> tuple[Array, dict[str, Array]]:
    """Linear light (s·h, s·w, 3) of the car on its road and how much of each pixel is car."""
    w, h = width * samples, height * samples
    camera = Camera(w, h, (0.0, 1.45, 0.0), 1.28, -0.035)
    pose = Pose.turned(PLACE, TURN)
    trees = [Tree((-13.5, 0, 34.0), 10.0, 5, slim=0.95), Tree((11.5, 0, 46.0), 9.0, 6, (0.070, 0.105, 0.022), 1.05)]
    car, rng = body(), np.random.default_rng(23)
    light = _backdrop(camera, car, pose, trees, rng)
    film = Film(h, w)
    _growth(film, camera, pose, trees, rng)
    rays = camera.rays()
    ground = camera.position[1] / np.maximum(-rays[..., 1], F(1e-4)) * (rays @ camera.axes()[2])
    grown = (film.depth.reshape(h, w) < ground + F(0.4)).astype(F)[..., None]  # what is deeper lies in the ground
    light = light * (1 - grown) + film.image() * grown
    seen = draw(light, camera, car, pose, lambda hits: paint(hits, car, pose, rng))
    return light, {"automobile": seen}
