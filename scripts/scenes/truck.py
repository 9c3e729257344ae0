"""A rear-loading garbage truck in a street. Lengths in metres; its front looks to -z, its left side to +x."""

from __future__ import annotations

import numpy as np

from scenes.car import surroundings
from scenes.march import Body, Hits, Part, Pose, draw, parts_of
from scenes.optics import Array, Camera, F, fbm, ground, mix, noise, sky, smooth, unit
from scenes.raster import Film
from scenes.shapes import box, cut, drum, polygon
from scenes.solids import Point
from scenes.street import growth, land, stand

SUN = unit([0.26, 0.58, -0.76])
CLOUDS = (0.45, 1.2, 31)
PLACE, TURN = (0.35, 0.0, 12.0), 0.80
HAZE = 0.0016
WHEEL, AXLES = 0.50, (-2.72, 0.62, 1.72)
CAB = [(-3.80, 0.50), (-3.85, 1.30), (-3.81, 1.75), (-3.62, 2.88), (-3.45, 3.02), (-2.15, 3.02), (-2.10, 0.50)]
PANE = [(-3.57, 1.72), (-3.40, 2.66), (-2.52, 2.66), (-2.52, 1.86), (-2.95, 1.72)]
TAIL = [
    (1.90, 3.48), (2.70, 3.56), (3.36, 3.22), (3.62, 2.72), (3.22, 2.42), (3.14, 1.76), (3.86, 1.40),
    (3.94, 1.08), (3.55, 0.70), (2.70, 0.60), (1.90, 0.95),
]  # fmt: skip
BESIDE = (
    ("mirror", (1.26, 1.78, -3.86), (1.42, 2.50, -3.72), 0.03),
    ("frame", (1.10, 2.43, -3.82), (1.32, 2.48, -3.40), 0.01),
    ("tank", (0.55, 0.50, -1.85), (1.16, 1.00, -0.15), 0.10),
    ("beacon", (0.70, 3.00, -3.20), (1.00, 3.18, -2.95), 0.06),
)
"""Blocks of which there is one on either side: name, corners, rounding."""
WHITE, GREEN, DARK = (0.66, 0.67, 0.65), (0.030, 0.165, 0.060), (0.020, 0.021, 0.023)
TONES = {"tank": (0.33, 0.34, 0.35), "ram": (0.42, 0.43, 0.44), "beacon": (0.9, 0.3, 0.02), "bar": (0.55, 0.25, 0.02)}


def _cab(p: Array) -> Array:
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    bent = z - F(0.16) * (x / F(1.2)) ** 4  # the front is a little curved
    shell = cut(polygon(bent, y, CAB), x - F(1.20) + F(0.03) * np.clip(y - F(1.7), 0, 2), 0.10)
    arch = np.maximum(np.hypot(z - F(AXLES[0]), y - F(WHEEL)) - F(0.64), F(0.6) - x)
    return cut(shell, -arch, 0.02) * F(0.8)


def _hold(p: Array) -> Array:
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    rib = smooth(0.080, 0.055, np.abs((z + F(1.89)) / F(0.63) % 1 - F(0.5)) * F(0.63))
    rail = np.maximum(smooth(1.30, 1.27, y), smooth(3.20, 3.23, y))
    width = F(1.15) + F(0.09) * np.maximum(rib, rail)
    loaf = box(np.stack([x * F(0), y, z], -1), (-9, 1.05, -1.92), (9, 3.48, 1.92), 0.10)
    return cut(loaf, x - width + F(0.10) * smooth(3.1, 3.5, y), 0.05) * F(0.55)


def _tail(p: Array) -> Array:
    x, edge = np.abs(p[:, 0]), polygon(p[:, 2], p[:, 1], TAIL)
    width = F(1.13) + F(0.08) * smooth(-0.17, -0.13, edge)
    return cut(edge, x - width, 0.03) * F(0.6)


def _wheel(p: Array, axle: float) -> Array:
    x, y, z = np.abs(p[:, 0]) - F(0.98), p[:, 1] - F(WHEEL), p[:, 2] - F(axle)
    across = np.hypot(y, z)
    tyre = cut(drum(x, across, 0.20, WHEEL, 0.05), -drum(x - F(0.20), across, 0.07, 0.30, 0.02), 0.01)
    return np.minimum(tyre, drum(x - F(0.10), across, 0.10, 0.12, 0.02)) * F(0.85)


def _ram(p: Array) -> Array:
    """The cylinder that swings the tail open."""
    along, out = F(0.5) * (p[:, 2] - F(2.75)) + F(0.866) * (p[:, 1] - F(2.25)), np.abs(p[:, 0]) - F(1.24)
    across = np.hypot(F(0.866) * (p[:, 2] - F(2.75)) - F(0.5) * (p[:, 1] - F(2.25)), out)
    return np.minimum(drum(along + F(0.25), across, 0.45, 0.065, 0.01), drum(along, across, 0.85, 0.035, 0.01))


def _block(name: str, low: Point, high: Point, rounding: float = 0.03) -> Part:
    return Part(name, lambda p: box(p, low, high, rounding), low, high)


def body() -> Body:
    """Cab, box, loader, wheels and what hangs between them."""
    parts = [
        Part("cab", _cab, (-1.22, 0.48, -3.90), (1.22, 3.04, -2.08)),
        Part("hold", _hold, (-1.25, 1.04, -1.94), (1.25, 3.50, 1.94)),
        Part("tail", _tail, (-1.23, 0.58, 1.88), (1.23, 3.58, 3.96)),
        _block("bumper", (-1.21, 0.34, -3.95), (1.21, 0.72, -3.45), 0.06),
        _block("frame", (-0.50, 0.55, -3.30), (0.50, 1.06, 2.60)),
        _block("bar", (-0.90, 0.92, 3.88), (0.90, 1.06, 4.04)),
    ]
    for side in (-1, 1):
        for name, (x0, y0, z0), (x1, y1, z1), rounding in BESIDE:
            x0, x1 = sorted((side * x0, side * x1))
            parts.append(_block(name, (x0, y0, z0), (x1, y1, z1), rounding))
        low, high = sorted((side * 1.15, side * 1.32))
        parts.append(Part("ram", _ram, (low, 1.45, 2.25), (high, 3.05, 3.25)))
        low, high = sorted((side * 0.77, side * 1.19))
        for axle in AXLES:
            distance = lambda p, axle=axle: _wheel(p, axle)  # noqa: E731
            parts.append(Part("wheel", distance, (low, 0, axle - 0.51), (high, 1.01, axle + 0.51)))
    return Body(parts, 0.004)


def bins() -> Body:
    """Three bins on wheels: two behind the truck, one on the pavement."""
    parts = []
    for x, z in ((0.95, 4.75), (0.2, 4.9), (-2.75, -2.9)):

        def distance(p: Array, x: float = x, z: float = z) -> Array:
            taper = F(0.05) * np.clip(p[:, 1:2], 0, 1)
            q = np.abs(p[:, ::2] - np.array([x, z], F)) - taper
            tub = box(np.stack([q[:, 0], p[:, 1], q[:, 1]], -1), (-0.23, 0.05, -0.26), (0.23, 0.98, 0.26), 0.04)
            return np.minimum(tub, box(p, (x - 0.31, 0.98, z - 0.34), (x + 0.31, 1.06, z + 0.34), 0.03)) * F(0.9)

        parts.append(Part("bin", distance, (x - 0.32, 0.0, z - 0.35), (x + 0.32, 1.08, z + 0.35)))
    return Body(parts, 0.004)


def _cab_coat(p: Array, n: Array) -> tuple[Array, Array]:
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    ahead, beside = smooth(-0.45, -0.60, n[:, 2]), smooth(0.60, 0.75, np.abs(n[:, 0]))
    colour = mix(np.broadcast_to(np.array(WHITE, F), p.shape), GREEN, smooth(1.20, 1.18, y) * smooth(0.9, 0.92, y))
    colour = mix(colour, GREEN, smooth(2.86, 2.88, y))
    gloss = np.full(len(p), 1.0, F)
    door = np.maximum(np.abs(z + F(3.0)) - F(0.62), np.abs(y - F(1.85)) - F(0.95))
    colour = colour * (1 - F(0.75) * beside * smooth(0.016, 0.006, np.abs(door)))[:, None]
    handle = np.maximum(np.abs(z + F(2.60)) - F(0.10), np.abs(y - F(1.55)) - F(0.03))
    screen = np.maximum(x - F(1.06), np.abs(y - F(2.20)) - F(0.56))
    side = polygon(z, y, PANE)
    grille = np.maximum(x - F(0.72), np.abs(y - F(1.16)) - F(0.24))
    slat = F(0.4) + F(0.6) * smooth(0.3, 0.5, np.abs(y / F(0.095) % 1 - F(0.5)) * 2)
    colour = mix(colour, np.array([0.07, 0.07, 0.075], F) * slat[:, None], smooth(0.01, 0, grille) * ahead)
    black = np.maximum(smooth(0.06, 0.045, screen) * ahead, smooth(0.06, 0.045, side) * beside)
    colour = mix(colour, DARK, np.maximum(black, smooth(0.01, 0, handle) * beside))
    glass = np.maximum(smooth(0.008, -0.004, screen) * ahead, smooth(0.008, -0.004, side) * beside)
    inner = mix((0.030, 0.036, 0.040), (0.012, 0.012, 0.013), smooth(2.2, 2.7, y))
    colour, gloss = mix(colour, inner, glass), gloss + F(2.2) * glass
    dirt = smooth(1.6, 0.5, y) * smooth(0.30, 0.75, fbm(z * 2, y * F(1.2) + x * 2, 5, 12))
    return mix(mix(colour, (0.10, 0.09, 0.07), dirt * F(0.6)), DARK, smooth(0.58, 0.54, y)), gloss


def coat(name: str, p: Array, n: Array) -> tuple[Array, Array]:
    """Colour (n, 3) and gloss (n,), 1 for clear lacquer, of points (n, 3) of a part with normals (n, 3)."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    if name == "cab":
        return _cab_coat(p, n)
    dirt = fbm(z * F(1.3), y * F(0.7) + x, 5, 12)
    flat = np.zeros(len(p), F)
    if name in ("hold", "tail"):
        colour = np.array(GREEN, F) * (F(0.72) + F(0.5) * dirt)[:, None]
        colour = mix(colour, (0.10, 0.09, 0.07), smooth(2.4, 0.9, y) * smooth(0.30, 0.70, dirt) * F(0.7))
        if name == "hold":
            return mix(colour, WHITE, smooth(0.02, 0, np.abs(y - F(1.15)) - F(0.06))), flat + F(0.6)
        edge = polygon(z, y, TAIL)
        colour = mix(colour, (0.035, 0.036, 0.036), smooth(-0.02, -0.005, edge) * (n[:, 2] > 0.2) * (y < 2.7))
        band = smooth(-0.15, -0.16, edge) * smooth(1.42, 1.40, y) * smooth(1.04, 1.06, y)
        stripes = mix((0.72, 0.72, 0.70), (0.50, 0.020, 0.015), ((z + y) / F(0.30) % 1 < 0.5).astype(F))
        return mix(colour, stripes, band * (np.abs(n[:, 0]) > 0.7)), flat + F(0.6)
    if name == "wheel":
        axle = np.asarray(AXLES, F)[np.abs(z[:, None] - np.asarray(AXLES, F)).argmin(1)]
        across, turn = np.hypot(y - F(WHEEL), z - axle), np.arctan2(y - F(WHEEL), z - axle)
        nut = np.hypot(across - F(0.165), (turn / F(np.pi / 5) % 1 - F(0.5)) * F(np.pi / 5) * across) < 0.022
        hole = np.hypot(across - F(0.24), (turn / F(np.pi / 4) % 1 - F(0.5)) * F(np.pi / 4) * across) < 0.038
        metal = smooth(0.305, 0.295, across)
        steel = np.where((nut | hole)[:, None], np.array(DARK, F), np.array([0.40, 0.41, 0.42], F))
        return mix(np.broadcast_to(np.array([0.026, 0.026, 0.027], F), p.shape), steel, metal), flat + F(0.15)
    if name == "bumper":
        colour = np.broadcast_to(np.array([0.16, 0.165, 0.17], F), p.shape)
        lamp = np.maximum(np.abs(x - F(0.92)) - F(0.19), np.abs(y - F(0.55)) - F(0.085))
        bulb = np.minimum(np.hypot(x - F(0.84), y - F(0.55)), np.hypot(x - F(1.01), y - F(0.55)))
        colour = mix(colour, mix((0.30, 0.31, 0.32), (1.1, 1.1, 1.05), smooth(0.08, 0.03, bulb)), smooth(0.01, 0, lamp))
        plate = smooth(0.01, 0, np.maximum(x - F(0.28), np.abs(y - F(0.50)) - F(0.065)))
        sign = (noise(np.floor(p[:, 0] / F(0.022)) * F(3.1), np.floor(y / F(0.03)) * F(2.3), 4) > 0.55) & (x < 0.24)
        white = mix((0.70, 0.70, 0.67), DARK, (sign & (np.abs(y - F(0.50)) < 0.04)).astype(F))
        return mix(colour, white, plate), flat + F(0.5)
    if name == "bin":
        lid = smooth(0.96, 0.98, y) * (p[:, 0] > 0.5)
        return mix((0.050, 0.055, 0.060), (0.55, 0.36, 0.02), lid), flat + F(0.3)
    return np.broadcast_to(np.array(TONES.get(name, DARK), F), p.shape), flat + F(0.5)


def paint(hits: Hits, solid: Body, pose: Pose, rng: np.random.Generator) -> Array:
    """Radiance (n, 3) where rays meet the truck or a bin."""
    sun, normal = SUN @ pose.axes.T, hits.normal
    colour, gloss = np.zeros_like(hits.point), np.zeros(len(hits.point), F)
    for name, own in parts_of(hits, solid):
        colour[own], gloss[own] = coat(name, hits.point[own], normal[own])
    lit = np.clip(normal @ sun, 0, 1) * solid.sunlit(hits.point, normal, sun, rng)
    free = solid.openness(hits.point, normal, 0.5)
    free = free * (F(0.35) + F(0.65) * smooth(0.0, 0.9, hits.point[:, 1] + F(0.5) * normal[:, 1]))
    up = F(0.5) + F(0.5) * normal[:, 1]
    light = colour * (
        lit[:, None] * np.array([1.75, 1.62, 1.36], F)
        + (free * up)[:, None] * np.array([0.40, 0.48, 0.62], F)
        + (free * (1 - up))[:, None] * np.array([0.26, 0.25, 0.23], F)
    )
    slant = np.clip(-(normal * hits.ray).sum(1), 0, 1)
    back = (hits.ray + 2 * slant[:, None] * normal) @ pose.axes
    weight = np.clip((F(0.045) + F(0.955) * (1 - slant) ** 5) * gloss, 0, 0.7) * (F(0.25) + F(0.75) * free)
    return light + surroundings(back) * weight[:, None]


def _backdrop(camera: Camera, pose: Pose, solids: list[Body], rng: np.random.Generator) -> tuple[Array, Array]:
    """Sky, houses and the ground with all shadows, (H, W, 3), and how far away they are, (H, W)."""
    rays = camera.rays()
    light, sun = sky(rays, SUN, *CLOUDS), SUN @ pose.axes.T
    flat, far = light.reshape(-1, 3), np.full(rays[..., 0].size, np.inf, F)
    index, point, far[index] = ground(rays, camera)
    p = pose.inside(point)
    lit, free = np.ones(len(p), F), np.ones(len(p), F)
    near = np.flatnonzero((np.abs(p[:, 0]) < 7) & (np.abs(p[:, 2]) < 9))
    up = np.broadcast_to(np.array([0, 1, 0], F), (len(near), 3))
    for solid in solids:
        lit[near] *= solid.sunlit(p[near], up, sun, rng)
        free[near] *= solid.openness(p[near], up, 0.8)
    under = box(p[near] * np.array([1, 0, 1], F), (-1.1, -1, -3.7), (1.1, 1, 3.6))
    free[near] *= F(0.15) + F(0.85) * smooth(-0.5, 0.6, under)
    shine = land(p) * (lit[:, None] * np.array([1.35, 1.24, 1.04], F) + free[:, None] * np.array([0.36, 0.43, 0.54], F))
    flat[index] = mix(shine, (0.42, 0.53, 0.62), 1 - np.exp(-F(HAZE) * np.minimum(far[index], 600)))
    stand(flat, far, pose.inside(np.asarray(camera.position, F)), rays.reshape(-1, 3) @ pose.axes.T, sun, HAZE)
    return light, far.reshape(rays.shape[:2])


def render(width: int, height: int, samples: int) -> tuple[Array, dict[str, Array]]:
    """Linear light (s·h, s·w, 3) of the truck in its street and how much of each pixel is truck."""
    w, h = width * samples, height * samples
    camera = Camera(w, h, (0.0, 1.65, 0.0), 1.17, 0.015)
    pose, rng = Pose.turned(PLACE, TURN), np.random.default_rng(23)
    truck, waste = body(), bins()
    light, far = _backdrop(camera, pose, [truck, waste], rng)
    film = Film(h, w)
    growth(film, camera, pose, SUN, HAZE)
    grown = (film.depth.reshape(h, w) < far * (camera.rays() @ camera.axes()[2]) + F(0.4)).astype(F)[..., None]
    light = light * (1 - grown) + film.image() * grown
    draw(light, camera, waste, pose, lambda hits: paint(hits, waste, pose, rng))
    return light, {"garbage truck": draw(light, camera, truck, pose, lambda hits: paint(hits, truck, pose, rng))}
