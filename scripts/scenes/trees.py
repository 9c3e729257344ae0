"""Broad-leaved trees as clouds of leaves in a depth buffer. Lengths in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.optics import Array, Camera, F, noise, unit
from scenes.raster import Film


@dataclass(frozen=True)
class Tree:
    """One tree.

    Attributes:
        place: Foot of the trunk.
        height: To the top of the crown.
        seed: Of its shape.
        tone: Linear reflectance of the leaves.
        slim: Width of the crown against its height.
        trunk: Whether the trunk is seen; at the edge of a wood bushes hide it.
    """

    place: tuple[float, float, float]
    height: float
    seed: int
    tone: tuple[float, float, float] = (0.056, 0.096, 0.022)
    slim: float = 0.8
    trunk: bool = True

    @property
    def crown(self) -> tuple[Array, float]:
        """Centre and mean radius of the crown."""
        up = np.array([0, self.height * 0.56, 0], F)
        return np.asarray(self.place, F) + up, self.height * 0.40 * (0.5 + 0.5 * self.slim)

    def shade(self, points: Array, sun: Array) -> Array:
        """Sunlight left at points (..., 3) behind the crown, in [0, 1], with gaps between the leaves."""
        centre, radius = self.crown
        to = centre - points
        along = to @ sun
        miss = np.sqrt(np.clip((to * to).sum(-1) - along**2, 0, None)) / F(radius)
        ragged = noise(points[..., 0] * F(1.1), points[..., 2] * F(1.1), self.seed)
        inside = np.clip((F(1.0) + F(0.5) * (ragged - F(0.5)) - miss) * 6, 0, 1)
        return np.where(along > 0, 1 - F(0.88) * inside, F(1))

    def draw(self, film: Film, camera: Camera, sun: Array, haze: float) -> None:
        """Draw trunk and leaves; ``haze`` per metre mixes in the light of the air."""
        rng = np.random.default_rng(self.seed)
        foot = np.asarray(self.place, F)
        depth = float(camera.project(foot)[2])
        if not np.isfinite(depth):
            return
        pixel = depth / camera.scale
        air = 1 - np.exp(-haze * depth)
        centre = self.crown[0]
        half = np.array([0.40 * self.slim, 0.45, 0.40 * self.slim], F) * F(self.height)
        # Boughs: balls of leaves, most of them near the outside of the crown.
        boughs = 46
        middle = unit(rng.normal(0, 1, (boughs, 3))) * (rng.random((boughs, 1)) ** 0.45).astype(F) * F(0.80)
        middle[:, :] *= (1 - F(0.25) * np.clip(middle[:, 1:2], 0, 1)).astype(F)
        size = rng.uniform(0.16, 0.42, boughs).astype(F)
        leaf = max(0.010 * self.height, 1.1 * pixel)
        count = int(np.clip(9.0 * (self.height * 0.8) ** 2 * (1 + self.slim) / leaf**2, 3000, 120000))
        own = rng.integers(0, boughs, count)
        outward = unit(rng.normal(0, 1, (count, 3)))
        local = middle[own] + outward * (size[own] * rng.random(count).astype(F) ** 0.35)[:, None]
        point = centre + local * half
        normal = unit(F(0.75) * outward + F(0.55) * unit(local) + rng.normal(0, 0.62, (count, 3)).astype(F))
        # How far inside the crown, seen from the sun, sets how much light still arrives.
        buried = np.clip(F(0.95) - local @ sun - F(0.8) * (outward @ sun), 0, 2)
        lit = np.clip(normal @ sun, 0, 1) * np.exp(F(-1.3) * buried) * F(1.35) + F(0.07) * np.exp(-buried)
        above = (F(0.45) + F(0.55) * normal[:, 1]) * (F(0.25) + F(0.75) * np.clip((local**2).sum(1), 0, 1))
        tone = np.asarray(self.tone, F) * rng.uniform(0.55, 1.45, (count, 1)).astype(F)
        tone = tone * (1 + rng.normal(0, 0.12, (count, 3)).astype(F) + np.array([0.10, 0.02, 0], F) * lit[:, None])
        light = tone * (lit[:, None] * np.array([2.3, 2.15, 1.75], F) + above[:, None] * np.array([0.5, 0.65, 0.9], F))
        self._discs(film, camera, point, light, leaf / pixel / 2, air)

        if not self.trunk:
            return
        t = rng.random(9000).astype(F)
        turn = rng.uniform(0, 2 * np.pi, 9000).astype(F)
        ring = np.stack([np.cos(turn), 0 * turn, np.sin(turn)], -1)
        up = np.stack([0 * t, t * F(self.height * 0.5), 0 * t], -1)
        bark = foot + up + ring * (F(0.026 * self.height) * (F(1.25) - t))[:, None]
        lit = (np.clip(ring @ sun, 0, 1) * F(1.1) + F(0.35)) * (F(0.7) + F(0.6) * noise(turn * 5, t * 60, 4))
        self._discs(film, camera, bark, lit[:, None] * np.array([0.11, 0.085, 0.06], F), leaf / pixel / 2, air)

    @staticmethod
    def _discs(film: Film, camera: Camera, point: Array, light: Array, radius: float, air: float) -> None:
        column, row, depth = camera.project(point)
        light = light * F(1 - air) + np.array([0.38, 0.49, 0.60], F) * F(air)
        reach = int(np.ceil(radius - 0.3))
        for dy in range(-reach, reach + 1):
            for dx in range(-reach, reach + 1):
                if dx * dx + dy * dy <= max(radius, 0.5) ** 2:
                    film.splat(column + dx, row + dy, depth, light)
