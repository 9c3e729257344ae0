"""A dimpled golf ball in the grass, close up. Lengths in centimetres."""

from __future__ import annotations

import numpy as np

from scenes.optics import Array, Camera, F, blur, fbm, mix, noise, smooth, unit
from scenes.raster import Blades, Film, Shade

RADIUS = 2.135
CENTRE = np.array([0.0, 2.75, 13.5], F)
SUN = unit([-0.62, 0.70, -0.42])
FOCUS = 12.2
APERTURE = 0.34


def dimples(count: int = 332, rounds: int = 60) -> Array:
    """(count, 3) unit vectors, spread by letting the points of a Fibonacci spiral repel one another."""
    k = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * k / count), np.pi * (1 + 5**0.5) * k
    p = np.stack([np.cos(turn) * np.sin(polar), np.cos(polar), np.sin(turn) * np.sin(polar)], -1)
    for _ in range(rounds):
        gap = p[:, None] - p[None]
        square = (gap**2).sum(-1) + np.eye(count)
        push = (gap / square[..., None] ** 2.5).sum(1)
        p = p + 0.10 * push / np.abs(push).max() / 4
        p /= np.linalg.norm(p, axis=1, keepdims=True)
    return p.astype(F)


def dented(normal: Array, radius: float = 0.097, slope: float = 0.46) -> tuple[Array, Array]:
    """Unit normals (n, 3) of a sphere -> normals with round dents, and the depth of the dent in [0, 1]."""
    centres = dimples()
    bent, depth = normal.copy(), np.zeros(len(normal), F)
    for start in range(0, len(normal), 40000):
        part = normal[start : start + 40000]
        cosine = part @ centres.T
        nearest = cosine.argmax(1)
        away = part - centres[nearest] * cosine[np.arange(len(part)), nearest][:, None]
        distance = np.linalg.norm(away, axis=1)
        inside = distance / F(radius)
        tilt = F(slope) * inside * smooth(1.06, 0.90, inside)
        bent[start : start + 40000] = unit(part - unit(away) * tilt[:, None])
        depth[start : start + 40000] = np.clip(1 - inside**2, 0, 1)
    return bent, depth


class UnderBall(Shade):
    """Grass with the ball's soft shadow on it, and patches shaded by other grass."""

    def shadow(self, point: Array) -> tuple[Array, Array]:
        """Sun and sky that reach points (..., 3)."""
        to = CENTRE - point
        along = to @ self.sun
        miss = np.sqrt(np.clip((to * to).sum(-1) - along**2, 0, None))
        edge = F(0.10) + F(0.05) * np.clip(along, 0, None)
        t = np.clip((miss - F(RADIUS) + edge) / (2 * edge), 0, 1)
        lit = np.where(along > 0, t * t * (3 - 2 * t), F(1))
        patch = noise(point[..., 0] * F(2.6) + point[..., 1], point[..., 2] * F(2.6), 5)
        lit = lit * (F(0.45) + F(0.55) * smooth(0.25, 0.6, patch))
        distance = np.sqrt((to * to).sum(-1)) / F(RADIUS)
        covered = np.clip(to[..., 1], 0, None) / np.maximum(distance * F(RADIUS), F(1e-3)) / distance**2
        return F(0.04) + F(0.96) * lit, 1 - F(0.6) * np.clip(covered, 0, 1)


def _ball(film: Film, camera: Camera) -> None:
    """Trace the ball into ``film`` as object 1."""
    rays = camera.rays()
    to = CENTRE - np.asarray(camera.position, F)
    along = rays @ to
    discriminant = along**2 - F(to @ to - RADIUS**2)
    hit = (discriminant > 0).ravel()
    rays, along = rays.reshape(-1, 3)[hit], along.ravel()[hit]
    distance = along - np.sqrt(discriminant.ravel()[hit])
    point = np.asarray(camera.position, F) + rays * distance[:, None]
    round_normal = (point - CENTRE) / F(RADIUS)
    tilt = np.array([[0.92, -0.38, 0.05], [0.36, 0.90, 0.25], [-0.14, -0.21, 0.97]], F)
    q, _ = np.linalg.qr(tilt)
    bent, depth = dented(round_normal @ q.astype(F))
    normal = bent @ q.T.astype(F)
    height = point[:, 1]

    facing = np.clip((normal @ SUN + F(0.03)) / F(1.03), 0, None) * smooth(-0.05, 0.12, round_normal @ SUN)
    # Blades between the sun and the lower part of the ball throw ragged shadows on it.
    ragged = noise(point[:, 0] * F(4.5) + height * F(1.2), height * F(0.5), 11)
    facing *= smooth(0.0, 0.5, height - F(0.75) - F(1.3) * ragged) * F(0.75) + F(0.25)
    open_sky = (F(0.5) + F(0.5) * normal[:, 1]) * smooth(0.2, 2.6, height)
    lawn = (F(0.5) - F(0.5) * normal[:, 1]) * smooth(-0.4, 2.4, height)
    hollow = 1 - F(0.24) * depth
    stain = F(0.97) + F(0.03) * fbm(round_normal[:, 0] * 6, round_normal[:, 1] * 6, 4, 31)
    white = np.array([0.80, 0.79, 0.76], F) * (stain * hollow)[:, None]
    light = white * (
        np.array([1.50, 1.42, 1.27], F) * facing[:, None]
        + np.array([0.20, 0.27, 0.40], F) * open_sky[:, None]
        + np.array([0.13, 0.17, 0.06], F) * lawn[:, None]
    )
    # A clear coat: Schlick's Fresnel term over the sky, and a tight highlight of the sun.
    cosine = np.clip(-(normal * rays).sum(1), 0, 1)
    fresnel = F(0.04) + F(0.96) * (1 - cosine) ** 5
    mirror = rays + 2 * cosine[:, None] * normal
    above = mix((0.10, 0.15, 0.05), (0.42, 0.56, 0.78), smooth(-0.1, 0.35, mirror[:, 1]))
    gloss = np.clip((normal * unit(SUN - rays)).sum(1), 0, 1)
    light = light + above * (np.clip(fresnel, 0, 0.5) * smooth(0.3, 2.0, height))[:, None]
    light = light + (gloss ** F(160) * F(1.6) * (facing > 0.05))[:, None] * np.array([1, 0.97, 0.9], F)

    index = np.flatnonzero(hit)
    depth_axis = (point - np.asarray(camera.position, F)) @ camera.axes()[2]
    film.splat((index % film.width).astype(F), (index // film.width).astype(F), depth_axis, light, 1)


def _distance(camera: Camera) -> Array:
    """The far lawn, a line of trees and the sky, sharp; it is blurred afterwards."""
    rays = camera.rays()
    down = rays[..., 1] < -0.002
    t = np.where(down, -camera.position[1] / np.minimum(rays[..., 1], F(-0.002)), F(0))
    x, z = rays[..., 0] * t, rays[..., 2] * t
    tone = fbm(x * F(0.045), z * F(0.02), 4, 4) + F(0.5) * noise(x * F(0.6), z * F(0.3), 8)
    far = smooth(20, 400, z)
    lawn = mix((0.055, 0.10, 0.012), (0.22, 0.32, 0.055), np.clip(tone - F(0.25), 0, 1))
    lawn = lawn * (F(0.35) + F(0.85) * far)[..., None]
    angle = rays[..., 0] / np.maximum(rays[..., 2], F(1e-3))
    crown = F(0.050) + F(0.16) * fbm(angle * F(3.2), angle * 0 + F(2.0), 5, 21) ** F(1.6)
    leaf = fbm(angle * 40, rays[..., 1] * 46, 5, 13)
    trees = mix((0.018, 0.045, 0.016), (0.20, 0.30, 0.075), smooth(0.42, 0.75, leaf))
    trees = trees + np.array([0.015, 0.025, 0.035], F)
    above = mix((0.72, 0.86, 1.02), (0.25, 0.46, 0.90), smooth(0.0, 0.5, rays[..., 1]))
    gaps = ((leaf > 0.70) & (rays[..., 1] > 0.05))[..., None]  # sky between leaves becomes round highlights
    trees = np.where(gaps, F(2.2) * above, trees)
    back = np.where((rays[..., 1] < crown)[..., None], trees, above * F(1.05))
    return np.where(down[..., None], lawn, back).astype(F)


def _over(light: Array, film: Film, radius: float, keep: list[Array]) -> Array:
    """Put a layer that is out of focus by ``radius`` pixels over what lies behind it."""
    layer = np.dstack([film.image(), film.alpha()])
    layer[..., :3] *= layer[..., 3:]
    layer = blur(layer, radius) if radius >= 1 else layer
    keep[:] = [k * (1 - layer[..., 3]) for k in keep]
    return layer[..., :3] + light * (1 - layer[..., 3:])


def render(width: int, height: int, samples: int) -> tuple[Array, dict[str, Array]]:
    """Linear light (s·h, s·w, 3) of the scene and how much of each pixel is ball."""
    w, h = width * samples, height * samples
    camera = Camera(w, h, (0.3, 5.4, 0.0), 1.12, -0.155, -0.02)
    rng = np.random.default_rng(7)
    z = np.concatenate([rng.uniform(4.5, 30, 15000), 30 * (100 / 30) ** rng.random(9000)])
    x = rng.uniform(-0.56, 0.56, len(z)) * (z + 4) + 0.3
    root = np.stack([x, np.zeros_like(x), z], -1).astype(F)
    grass = Blades.grow(rng, root, (0.7, 2.1), 0.20)
    flat = np.hypot(x, z - CENTRE[2]) < 1.5  # the ball has pressed these down
    grass.height[flat] *= 0.45
    shade = UnderBall(SUN, unit([0, 0.35, -1]))

    light = blur(_distance(camera), APERTURE * max(w, h) / FOCUS * 1.1)
    circle = APERTURE * max(w, h) * np.abs(1 / z - 1 / FOCUS)
    cuts = [np.inf, 60, 42, 32, 26, 22, 19, 17, 15.5, 14.3, 12.2, 11.2, 10.4, 9.6, 8.8, 8.0, 7.2, 6.4, 5.6, 4.4]
    own: list[Array] = []
    for far, near in zip(cuts, cuts[1:], strict=False):
        index = np.flatnonzero((z < far) & (z >= near))
        film = Film(h, w)
        if near <= CENTRE[2] < far:
            _ball(film, camera)
        grass.take(index).draw(film, camera, shade)
        if near <= CENTRE[2] < far:
            own = [film.owner(1)]
        has_ball = near <= CENTRE[2] < far  # what is in focus stays sharp; what comes later hides parts of the ball
        light = _over(light, film, 0.0 if has_ball else float(np.median(circle[index])), [] if has_ball else own)
    return light, {"golf ball": own[0]}
