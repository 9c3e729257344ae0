"""Things too fine to trace - blades, leaves, cloth, lines - drawn as dense points into a depth buffer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.optics import Array, Camera, F, unit


class Film:
    """A supersampled picture with depth and the number of the object in each pixel.

    Args:
        height: Rows.
        width: Columns.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.light = np.zeros((height * width, 3), F)
        self.depth = np.full(height * width, np.inf, F)
        self.object = np.zeros(height * width, np.int8)

    def image(self) -> Array:
        """The light, (H, W, 3)."""
        return self.light.reshape(self.height, self.width, 3)

    def alpha(self) -> Array:
        """1 where anything was drawn, (H, W)."""
        return np.isfinite(self.depth).reshape(self.height, self.width).astype(F)

    def owner(self, number: int) -> Array:
        """1 where object ``number`` is in front, (H, W)."""
        return (self.object == number).reshape(self.height, self.width).astype(F)

    def splat(self, column: Array, row: Array, depth: Array, light: Array, number: int = 0) -> None:
        """Draw points, the nearest winning; arrays of one shape, ``light`` with 3 more."""
        x, y = np.floor(column).astype(np.int64).ravel(), np.floor(row).astype(np.int64).ravel()
        z = depth.ravel()
        keep = (x >= 0) & (x < self.width) & (y >= 0) & (y < self.height) & np.isfinite(z)
        index = (y * self.width + x)[keep]
        z, light = z[keep], np.broadcast_to(light, (*depth.shape, 3)).reshape(-1, 3)[keep]
        near = z < self.depth[index]
        index, z, light = index[near], z[near], light[near]
        order = np.argsort(-z, kind="stable")  # of repeated indices the last assignment stays: the nearest
        index = index[order]
        self.light[index], self.depth[index], self.object[index] = light[order], z[order], number


@dataclass(frozen=True)
class Blades:
    """Blades of grass: n tapered curves p(t) = root + height·(t·up + t²·lean).

    Attributes:
        root: (n, 3).
        height: (n,).
        lean: (n, 3) sideways reach at the tip, as a fraction of the height.
        width: (n,) at the root.
        colour: (n, 3) linear reflectance.
    """

    root: Array
    height: Array
    lean: Array
    width: Array
    colour: Array

    def take(self, index: Array) -> Blades:
        """A subset."""
        return Blades(*(a[index] for a in (self.root, self.height, self.lean, self.width, self.colour)))

    @staticmethod
    def grow(rng: np.random.Generator, root: Array, height: tuple[float, float], width: float) -> Blades:
        """Random blades on the given roots, green with some dry ones."""
        n = len(root)
        tall = rng.uniform(*height, n).astype(F)
        turn, reach = rng.uniform(0, 2 * np.pi, n), rng.gamma(2.0, 0.28, n).clip(0, 1.6)
        lean = np.stack([np.cos(turn) * reach, -0.22 * reach**2, np.sin(turn) * reach], -1).astype(F)
        green = np.array([0.074, 0.158, 0.024], F) * rng.uniform(0.55, 1.45, (n, 1)).astype(F)
        green = green * (1 + rng.normal(0, 0.10, (n, 3)).astype(F))
        yellow = rng.beta(1.2, 4.0, n).astype(F)[:, None]
        green = green * (1 - yellow) + np.array([0.20, 0.25, 0.050], F) * yellow
        dry = (rng.random(n) < 0.06)[:, None]
        colour = np.where(dry, np.array([0.34, 0.27, 0.11], F), np.clip(green, 0.01, 1)).astype(F)
        return Blades(root, tall, lean, (width * rng.uniform(0.55, 1.3, n)).astype(F), colour)

    def draw(self, film: Film, camera: Camera, shade: Shade) -> None:
        """Draw them in groups of like size, so that long blades do not set the sampling of short ones."""
        _, _, depth = camera.project(self.root)
        pixels = self.height * camera.scale / depth
        order = np.argsort(pixels, kind="stable")
        for start in range(0, len(order), 400):
            self.take(order[start : start + 400])._draw(film, camera, shade)

    def _draw(self, film: Film, camera: Camera, shade: Shade) -> None:
        _, _, depth = camera.project(self.root)
        length = float((self.height * (1 + np.linalg.norm(self.lean, axis=1)) * camera.scale / depth).max())
        steps = int(np.clip(length * 1.3, 4, 900))
        t = np.linspace(0, 1, steps, dtype=F)[None, :, None]
        up = np.array([0, 1, 0], F)
        point = self.root[:, None] + self.height[:, None, None] * (t * up + t * t * self.lean[:, None])
        column, row, z = camera.project(point)
        tangent = unit(up + 2 * t * self.lean[:, None])
        dx, dy = np.gradient(column, axis=1), np.gradient(row, axis=1)
        run = np.maximum(np.hypot(dx, dy), F(1e-6))
        half = self.width[:, None] * F(camera.scale) / z / 2 * (1 - t[..., 0] ** F(2.2)) ** F(0.8)
        light = shade(point, tangent, t[..., 0], self.colour[:, None])
        reach = int(np.ceil(min(float(half.max()), 60.0) / 0.75))
        for k in range(-reach, reach + 1):
            offset = F(0.75 * k)
            keep = np.abs(offset) <= half if k else np.ones_like(half, bool)
            across = offset / np.maximum(half, F(0.5))
            fold = 1 + F(0.20) * across - F(0.16) * (np.abs(across) < 0.16)  # blades are folded on a midrib
            film.splat(
                (column - dy / run * offset)[keep],
                (row + dx / run * offset)[keep],
                (z + F(1e-4) * np.abs(across))[keep],
                (light * fold[..., None])[keep],
            )


class Shade:
    """How blades are lit: sun through and on them, sky from above, dark between the roots.

    Args:
        sun: Direction to the sun.
        view: Direction from the lawn to the camera.
        roots: Light left at the root, in [0, 1].
    """

    def __init__(self, sun: Array, view: Array, roots: float = 0.10) -> None:
        self.sun, self.half, self.roots = sun, unit(sun + view), roots

    def shadow(self, point: Array) -> tuple[Array, Array]:
        """Sun and sky that reach points (..., 3): two factors in [0, 1]."""
        one = np.ones(point.shape[:-1], F)
        return one, one

    def __call__(self, point: Array, tangent: Array, t: Array, colour: Array) -> Array:
        """Radiance of points on blades at height fraction ``t``."""
        lit, open_sky = self.shadow(point)
        deep = F(self.roots) + (1 - F(self.roots)) * t ** F(1.3)
        along = tangent @ self.sun
        across = np.sqrt(np.clip(1 - along * along, 0, 1))  # Kajiya-Kay: a thin blade faces any way around its axis
        gloss = np.clip(1 - (tangent @ self.half) ** 2, 0, 1) ** F(28)
        sun = np.array([2.5, 2.3, 1.9], F) * (lit * deep * (F(0.25) + F(0.75) * across))[..., None]
        above = np.array([0.55, 0.72, 0.95], F) * (open_sky * deep * F(0.8))[..., None]
        shine = np.array([0.9, 0.95, 1.0], F) * (gloss * lit * deep * F(0.16))[..., None]
        return colour * (sun + above) + shine
