"""A street of brick houses behind a hedge, in metres: it runs along z, its houses lie towards -x."""

from __future__ import annotations

import numpy as np

from scenes.march import Pose
from scenes.optics import Array, Camera, F, fbm, mix, noise, smooth
from scenes.raster import Film
from scenes.solids import Face, block, first_hit, polygon
from scenes.trees import Tree
from scenes.walls import reflectance

WOOD = (
    (-8.5, 9.6, 6.5), (-9.5, 22.5, 8.0), (-22, 10.5, 10), (-23, 24, 11), (-12, 40, 9), (-6.5, 52, 9), (3, 60, 9),
    (9, 70, 10),
)  # fmt: skip
"""Trees: place across and along the street, height."""
KERB = -1.85
"""Where the road ends and the pavement begins."""


def houses() -> list[Face]:
    """Houses with gables along the far side of the street."""
    faces = []
    for z0, z1, eaves in ((-1.5, 8.5, 4.6), (12.0, 21.0, 4.9), (25.0, 36.0, 4.4)):
        top, x0, x1 = eaves + 2.3, -19.0, -12.5
        faces += block((x0, 0, z0), (x1, eaves, z1), "brick", "-y +y -x")
        faces.append(polygon("brick", (x0, eaves, z0), (x1, eaves, z0), ((x0 + x1) / 2, top, z0)))
        a, b, over = z0 - 0.3, z1 + 0.3, (x1 + 0.4, eaves - 0.25)
        faces.append(polygon("roof", (*over, b), (*over, a), ((x0 + x1) / 2, top, a), ((x0 + x1) / 2, top, b)))
    return faces


def _wall(face: Face, p: Array) -> Array:
    """Reflectance (n, 3) of a house at points (n, 3)."""
    u, v = (p - face.corners[0]) @ face.axes[0], p[:, 1]
    if face.material == "roof":
        return reflectance("roof", u, (p - face.corners[0]) @ face.axes[1]) * np.array([2.2, 1.25, 0.95], F)
    row = np.floor(v / F(0.15))
    cell = u / F(0.45) + F(0.5) * (row % 2)
    tone = noise(np.floor(cell) * F(3.7), row * F(5.1), 8)
    joint = F(0.075) - np.abs(v / F(0.15) % 1 - F(0.5)) * F(0.15)
    brick = mix((0.26, 0.20, 0.16), mix((0.20, 0.100, 0.070), (0.31, 0.165, 0.115), tone), smooth(0.0, 0.02, joint))
    span = float(np.linalg.norm(face.corners[1] - face.corners[0]))
    pitch = span / max(round(span / 2.6), 1)
    du, dv = np.abs(u / F(pitch) % 1 - F(0.5)) * F(pitch), np.minimum(np.abs(v - F(1.55)), np.abs(v - F(3.75)))
    hole = np.maximum(du - F(0.55), dv - F(0.60))
    brick = mix(brick, (0.62, 0.61, 0.58), smooth(0.11, 0.09, hole))
    pane = smooth(0.0, -0.02, np.maximum(hole, F(0.035) - du))
    return mix(brick, mix((0.05, 0.06, 0.075), (0.20, 0.25, 0.32), noise(u * 2, v * 2, 7)), pane)


def stand(light: Array, far: Array, origin: Array, rays: Array, sun: Array, haze: float) -> None:
    """Draw the houses.

    Args:
        light: (n, 3) what is behind them, changed in place.
        far: (n,) how far away that is, changed in place.
        origin: (3,) the camera's place in the street.
        rays: (n, 3) its unit directions.
        sun: (3,) direction to the sun.
        haze: Light of the air per metre.
    """
    faces = houses()
    distance, which = first_hit(faces, origin, rays)
    for number, face in enumerate(faces):
        seen = np.flatnonzero((which == number) & (distance < far))
        t, normal = distance[seen], face.axes[2]
        facing = float(normal @ sun) * np.sign(float(normal @ (origin - face.corners[0])))
        shed = np.array([1.5, 1.4, 1.18], F) * F(max(facing, 0)) + np.array([0.24, 0.29, 0.36], F)
        shine = _wall(face, origin + rays[seen] * t[:, None]) * shed
        light[seen], far[seen] = mix(shine, (0.42, 0.53, 0.62), 1 - np.exp(-F(haze) * t)), t


def land(p: Array) -> Array:
    """Reflectance (n, 3) of road, kerb, pavement and gardens at points of the street."""
    x, z = p[:, 0], p[:, 2]
    fine = F(0.5) * noise(x * 45, z * 45, 3) + F(0.5) * noise(x * 110, z * 110, 4)
    patch = (F(0.7) + F(0.6) * fine) * (F(0.75) + F(0.5) * fbm(x * F(0.5), z * F(0.25), 5, 8))
    road = np.array([0.135, 0.132, 0.128], F) * patch[:, None]
    dash = smooth(0.075, 0.06, np.abs(x - F(2.15))) * (z / F(5.0) % 1 < 0.5)
    road = mix(road, (0.58, 0.57, 0.54), dash * F(0.8))
    slab = np.minimum(np.abs(x / F(0.6) % 1 - F(0.5)), np.abs(z / F(0.6) % 1 - F(0.5)))
    stone = noise(np.floor(x / F(0.6) + F(0.5)) * F(3.3), np.floor(z / F(0.6) + F(0.5)) * F(2.9), 5)
    paving = np.array([0.36, 0.35, 0.325], F) * ((F(0.8) + F(0.25) * stone) * (F(0.8) + F(0.4) * fine))[:, None]
    paving = paving * (F(0.55) + F(0.45) * smooth(0.01, 0.03, slab))[:, None]
    lawn = mix((0.050, 0.090, 0.018), (0.110, 0.150, 0.040), fbm(x * 2, z * 2, 4, 9))
    cover = mix(lawn * (F(0.6) + F(0.8) * fine)[:, None], paving, smooth(-4.62, -4.58, x))
    cover = mix(cover, (0.46, 0.45, 0.43), smooth(KERB - 0.20, KERB - 0.18, x))
    cover = mix(cover, (0.10, 0.10, 0.10), smooth(KERB - 0.03, KERB - 0.01, x))
    return mix(cover, road, smooth(KERB + 0.10, KERB + 0.12, x))


def growth(film: Film, camera: Camera, pose: Pose, sun: Array, haze: float) -> None:
    """A hedge along the pavement and trees between and behind the houses."""
    rng = np.random.default_rng(5)
    for k in range(40):
        spot = pose.outside(np.array([-5.3 + rng.uniform(-0.1, 0.1), -0.25, -5 + 1.05 * k], F))
        bush = Tree(tuple(spot.tolist()), rng.uniform(1.45, 1.65), 100 + k, slim=1.35, trunk=False)
        bush.draw(film, camera, sun, haze)
    for k, (x, z, tall) in enumerate(WOOD):
        spot = pose.outside(np.array([x, 0, z], F))
        Tree(tuple(spot.tolist()), tall, 300 + k, slim=0.95).draw(film, camera, sun, haze)
