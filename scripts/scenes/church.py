"""A chapel on a meadow, in white boards or in stone, alone or with a parachute. Lengths in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.cloth import Parachute
from scenes.optics import Array, Camera, F, blur, fbm, ground, hills, mix, noise, sky, smooth, unit
from scenes.raster import Blades, Film, Shade
from scenes.solids import Face, Opening, block, first_hit, openness, polygon, sunlit, window_of
from scenes.trees import Tree
from scenes.walls import surface

HAZE = 0.0016


@dataclass(frozen=True)
class View:
    """One picture of the chapel.

    Attributes:
        stone: Grey stone and slate rather than white boards.
        camera: Position, focal length, pitch and yaw.
        sun: Direction to the sun.
        trees: Around the chapel.
        clouds: Seed of the sky.
    """

    stone: bool
    camera: tuple[tuple[float, float, float], float, float, float]
    sun: Array
    trees: tuple[Tree, ...]
    clouds: int


def chapel(stone: bool) -> list[Face]:
    """Nave, tower, belfry, spire, cross and steps; the front looks to -z."""
    wall, trim = ("stone", "ashlar") if stone else ("board", "trim")
    windows = tuple(Opening("window", 2.4 + 3.4 * k, 1.5, 1.15, 3.3) for k in range(4))
    side = (Opening("window", 1.25, 1.7, 0.85, 2.6),)
    faces = [
        polygon(wall, (-4, 0, 15), (-4, 0, 0), (-4, 5.6, 0), (-4, 5.6, 15), openings=windows),
        polygon(wall, (4, 0, 0), (4, 0, 15), (4, 5.6, 15), (4, 5.6, 0), openings=windows),
        polygon(wall, (-4, 0, 0), (-1.7, 0, 0), (-1.7, 8.1, 0), (-4, 5.6, 0), openings=side),
        polygon(wall, (1.7, 0, 0), (4, 0, 0), (4, 5.6, 0), (1.7, 8.1, 0), openings=side),
        polygon(wall, (-4, 0, 15), (4, 0, 15), (4, 5.6, 15), (0, 9.95, 15), (-4, 5.6, 15)),
        polygon("roof", (-4.45, 5.16, 15.4), (-4.45, 5.16, -0.4), (0, 10.0, -0.4), (0, 10.0, 15.4)),
        polygon("roof", (4.45, 5.16, -0.4), (4.45, 5.16, 15.4), (0, 10.0, 15.4), (0, 10.0, -0.4)),
    ]
    for x in (-4.45, 4.40):  # fascia boards under the eaves
        faces += block((x, 4.96, -0.4), (x + 0.05, 5.16, 15.4), trim)
    for s in (-1, 1):  # rakes along the gable
        faces.append(polygon(trim, (s * 4.45, 4.9, -0.41), (0, 9.74, -0.41), (0, 10.0, -0.41), (s * 4.45, 5.16, -0.41)))
        faces += block((min(s * 4.06, s * 3.86), 0, -0.05), (max(s * 4.06, s * 3.86), 5.5, 0.2), trim)
    faces += block((-4.12, 0, -0.10), (4.12, 0.55, 15.1), "footing")
    front = (Opening("door", 1.8, 0.75, 1.75, 3.3), Opening("round", 1.8, 5.0, 1.35, 1.35))
    front += (Opening("window", 1.8, 7.6, 0.8, 2.1),)
    flank = (Opening("window", 1.7, 2.0, 0.75, 2.6),)
    x, z0, z1 = 1.8, -2.6, 0.8
    faces += [
        polygon(wall, (-x, 0, z0), (x, 0, z0), (x, 11, z0), (-x, 11, z0), openings=front),
        polygon(wall, (-x, 0, z1), (-x, 0, z0), (-x, 11, z0), (-x, 11, z1), openings=flank),
        polygon(wall, (x, 0, z0), (x, 0, z1), (x, 11, z1), (x, 11, z0), openings=flank),
        polygon(wall, (x, 8, z1), (-x, 8, z1), (-x, 11, z1), (x, 11, z1)),
    ]
    for cx in (-x, x):
        low = cx - 0.05 if cx < 0 else cx - 0.17
        faces += block((low, 0, z0 - 0.05), (low + 0.22, 10.9, z0 + 0.17), trim)
    faces += block((-x - 0.06, 0, z0 - 0.06), (x + 0.06, 0.6, z1), "footing")
    faces += block((-x - 0.28, 10.85, z0 - 0.28), (x + 0.28, 11.15, z1 + 0.28), trim)
    b, c0, c1 = 1.45, -2.25, 0.45
    bell = (Opening("louvre", 1.45, 0.55, 1.25, 2.35),)
    bell_side = (Opening("louvre", 1.35, 0.55, 1.25, 2.35),)
    faces += [
        polygon(wall, (-b, 11.1, c0), (b, 11.1, c0), (b, 14.4, c0), (-b, 14.4, c0), openings=bell),
        polygon(wall, (-b, 11.1, c1), (-b, 11.1, c0), (-b, 14.4, c0), (-b, 14.4, c1), openings=bell_side),
        polygon(wall, (b, 11.1, c0), (b, 11.1, c1), (b, 14.4, c1), (b, 14.4, c0), openings=bell_side),
        polygon(wall, (b, 11.1, c1), (-b, 11.1, c1), (-b, 14.4, c1), (b, 14.4, c1)),
    ]
    faces += block((-b - 0.22, 14.3, c0 - 0.22), (b + 0.22, 14.58, c1 + 0.22), trim)
    top, mid, eave = (0.0, 22.3, -0.9), -0.9, 14.58
    ring = [(1.62 * np.cos(a), eave, mid + 1.62 * np.sin(a)) for a in (np.arange(8) + 0.5) * np.pi / 4]
    faces += [polygon("spire", ring[k], ring[(k + 1) % 8], top) for k in range(8)]
    faces += block((-0.05, 22.1, mid - 0.05), (0.05, 24.0, mid + 0.05), "gilt")
    faces += block((-0.48, 23.15, mid - 0.05), (0.48, 23.26, mid + 0.05), "gilt")
    for k in range(4):
        faces += block((-1.75, 0, z0 - 0.4 - 0.33 * k), (1.75, 0.72 - 0.18 * k, z0), "footing", "-y +z")
    return faces


def _ground(points: Array, trees: tuple[Tree, ...], sun: Array) -> tuple[Array, Array]:
    """Reflectance of the meadow and of the gravel path at points (n, 3), and the sunlight trees leave."""
    x, z = points[:, 0], points[:, 2]
    patch = fbm(x * F(0.16), z * F(0.16), 5, 9)
    fine = fbm(x * F(2.3), z * F(2.3), 4, 17)
    green = mix((0.050, 0.092, 0.014), (0.135, 0.165, 0.040), smooth(0.30, 0.70, patch * F(0.6) + fine * F(0.4)))
    green = green * (F(0.55) + F(0.9) * fine)[:, None]
    bend = F(0.9) * np.sin((z + 3) * F(0.16)) * smooth(-3, -14, z)
    edge = np.abs(x - bend) - F(1.15) + F(0.5) * (noise(x * 2, z * 2, 3) - F(0.5))
    stones = F(0.75) + F(0.5) * noise(x * 14, z * 14, 5)
    gravel = np.array([0.36, 0.32, 0.26], F) * stones[:, None]
    colour = mix(green, gravel, smooth(0.22, -0.12, edge) * (z < -2.5))
    lit = np.ones(len(points), F)
    for tree in trees:
        lit = lit * tree.shade(points, sun)
    return colour, lit


def _backdrop(camera: Camera, view: View, faces: list[Face], rng: np.random.Generator) -> Array:
    """Sky, hills and the meadow with all shadows, (H, W, 3)."""
    rays = camera.rays()
    light = sky(rays, view.sun, cover=0.60, scale=1.15, seed=view.clouds)
    light = hills(light, rays, ((0.055, (0.34, 0.45, 0.58)), (0.036, (0.17, 0.27, 0.25))), 0.35, 40)
    flat = light.reshape(-1, 3)
    index, point, distance = ground(rays, camera)
    colour, lit = _ground(point, view.trees, view.sun)
    near = np.flatnonzero(distance < 90)
    lit[near] *= sunlit(faces, point[near] + np.array([0, 0.01, 0], F), view.sun, rng)
    close = np.flatnonzero((np.abs(point[:, 0]) < 7) & (point[:, 2] > -7) & (point[:, 2] < 19))
    open_sky = np.ones(len(point), F)
    up = np.broadcast_to(np.array([0, 1, 0], F), (len(close), 3))
    open_sky[close] = openness(faces, point[close] + F(0.01) * up, up, rng)
    shine = colour * (
        lit[:, None] * np.array([2.1, 1.95, 1.6], F) + open_sky[:, None] * np.array([0.38, 0.47, 0.62], F)
    )
    air = 1 - np.exp(-F(HAZE) * np.minimum(distance, 600))
    flat[index] = mix(shine, (0.42, 0.53, 0.62), air)
    return flat.reshape(rays.shape)


def _trace(film: Film, camera: Camera, view: View, faces: list[Face], rng: np.random.Generator) -> None:
    """Trace the chapel into ``film`` as object 2."""
    rows, columns = window_of(camera, faces)
    rays = camera.rays()[rows, columns]
    shape = rays.shape[:2]
    rays = rays.reshape(-1, 3)
    origin = np.asarray(camera.position, F)
    distance, which = first_hit(faces, origin, rays)
    hit = np.flatnonzero(which >= 0)
    rays, distance, which = rays[hit], distance[hit], which[hit]
    normal = np.stack([f.axes[2] for f in faces])[which]
    normal = np.where(((normal * rays).sum(1) > 0)[:, None], -normal, normal)
    point = origin + rays * distance[:, None]
    outside = point + normal * F(0.004)
    lit = sunlit(faces, outside, view.sun, rng) * (normal @ view.sun > 0)
    for tree in view.trees:
        lit = lit * tree.shade(point, view.sun)
    free = openness(faces, outside, normal, rng)
    light = np.zeros_like(point)
    place = np.divmod(hit, shape[1])
    for number in np.unique(which):
        own = np.flatnonzero(which == number)
        # A few rays a pixel are noisy: average them with their neighbours on the same face.
        y, x = place[0][own], place[1][own]
        part = np.zeros((np.ptp(y) + 1, np.ptp(x) + 1, 2), F)
        part[y - y.min(), x - x.min()] = np.stack([free[own], np.ones(len(own), F)], -1)
        part = blur(part, film.width / 160)[y - y.min(), x - x.min()]
        free[own] = part[:, 0] / np.maximum(part[:, 1], F(1e-3))
        light[own] = surface(faces[number], point[own], rays[own], normal[own], lit[own], free[own], view.sun)
    row, column = place
    depth = (point - origin) @ camera.axes()[2]
    film.splat((column + columns.start).astype(F), (row + rows.start).astype(F), depth, light, 2)


def _meadow(film: Film, camera: Camera, view: View, rng: np.random.Generator) -> None:
    """Long grass and flowers between the camera and the chapel."""
    right, _, forward = camera.axes()
    forward = unit(forward * np.array([1, 0, 1], F))
    n = 62000
    z = 2.4 * (30 / 2.4) ** rng.random(n)
    x = rng.uniform(-0.62, 0.62, n) * (z + 1)
    root = np.asarray(camera.position, F) * np.array([1, 0, 1], F) + (x[:, None] * right + z[:, None] * forward).astype(
        F
    )
    bend = 0.9 * np.sin((root[:, 2] + 3) * 0.16) * smooth(-3, -14, root[:, 2])
    free = (np.abs(root[:, 0] - bend) > 1.3) | (root[:, 2] < -60)
    free &= ~((np.abs(root[:, 0]) < 4.4) & (root[:, 2] > -4.6))
    tuft = fbm(root[:, 0] * F(0.8), root[:, 2] * F(0.8), 3, 71)
    free &= tuft + rng.uniform(-0.25, 0.25, n) > 0.42
    root = root[free]
    grass = Blades.grow(rng, root, (0.07, 0.30), 0.008)
    lit = np.ones(len(root), F)
    for tree in view.trees:
        lit = lit * tree.shade(root, view.sun)
    shade = Shade(view.sun, unit(-forward + np.array([0, 0.2, 0], F)), 0.30)
    grass.colour[:] *= (F(0.25) + F(0.75) * lit)[:, None]
    grass.draw(film, camera, shade)

    pick = np.flatnonzero((rng.random(len(root)) < 0.022) & (lit > 0.5))
    head = root[pick] + np.array([0, 0.24, 0], F)
    tint = np.where(rng.random((len(pick), 1)) < 0.6, np.array([0.95, 0.93, 0.88]), np.array([0.90, 0.66, 0.05]))
    column, row, depth = camera.project(head)
    size = 0.016 * camera.scale / depth
    for dy in range(-8, 9):
        for dx in range(-8, 9):
            keep = dx * dx + 2.2 * dy * dy <= size * size
            film.splat(column[keep] + dx, row[keep] + dy, depth[keep], tint[keep].astype(F) * F(1.25 - 0.03 * dy))


def _picture(
    view: View, width: int, height: int, samples: int, chute: Parachute | None
) -> tuple[Array, dict[str, Array]]:
    w, h = width * samples, height * samples
    position, focal, pitch, yaw = view.camera
    camera = Camera(w, h, position, focal, pitch, yaw)
    rng = np.random.default_rng(19)
    faces = chapel(view.stone)
    light = _backdrop(camera, view, faces, rng)
    film = Film(h, w)
    _trace(film, camera, view, faces, rng)
    far = np.random.default_rng(view.clouds)
    for k in range(64):  # the edge of a wood behind
        along, away = -1.0 + 2.0 * (k + far.uniform(-0.5, 0.5)) / 63, far.uniform(70, 105)
        place = np.asarray(position) + away * np.array([np.sin(yaw + along * 0.62), 0, np.cos(yaw + along * 0.62)])
        tone = np.array([0.050, 0.084, 0.022]) * far.uniform(0.65, 1.2) * far.uniform(0.88, 1.14, 3)
        tall = far.uniform(7, 17)
        Tree((place[0], -0.34 * tall, place[2]), tall, 300 + k, tuple(tone), far.uniform(0.7, 1.3), False).draw(
            film, camera, view.sun, HAZE * 1.5
        )
    for tree in view.trees:
        tree.draw(film, camera, view.sun, HAZE)
    _meadow(film, camera, view, rng)
    masks = {}
    if chute is not None:
        chute.draw(film, camera, 1)
        masks["parachute"] = film.owner(1)
    seen = film.alpha()[..., None]
    return light * (1 - seen) + film.image() * seen, {"church": film.owner(2), **masks}


def render(width: int, height: int, samples: int) -> tuple[Array, dict[str, Array]]:
    """Linear light (s·h, s·w, 3) of the white chapel and how much of each pixel is church."""
    trees = (
        Tree((10.5, 0, 10.0), 11.5, 5, slim=0.95),
        Tree((-12.5, 0, 17.0), 9.0, 6, (0.070, 0.105, 0.022), 1.05),
        Tree((15.5, 0, 3.0), 8.0, 8, (0.062, 0.092, 0.024), 1.1),
    )
    sun = unit([0.40, 0.58, -0.68])
    view = View(False, ((-15.5, 1.75, -27.0), 0.86, 0.245, 0.47), sun, trees, 18)
    return _picture(view, width, height, samples, None)


def render_with_parachute(width: int, height: int, samples: int) -> tuple[Array, dict[str, Array]]:
    """Linear light of the stone chapel beside which a parachute comes down, and how much of each is seen."""
    trees = (
        Tree((-10.0, 0, 7.0), 10.5, 25, slim=0.9),
        Tree((12.0, 0, 20.0), 9.0, 26, (0.070, 0.105, 0.022), 1.05),
    )
    sun = unit([0.62, 0.60, -0.52])
    view = View(True, ((17.0, 1.75, -28.0), 0.84, 0.25, -0.34), sun, trees, 14)
    colours = ((0.05, 0.16, 0.50), (0.80, 0.78, 0.72), (0.72, 0.06, 0.04), (0.80, 0.78, 0.72))
    chute = Parachute((14.3, 9.4, 8.0), sun, colours, lean=-0.08, haze=0.05)
    return _picture(view, width, height, samples, chute)
