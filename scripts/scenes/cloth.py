"""A round parachute with a person under it, as points in a depth buffer. Lengths in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.optics import Array, Camera, F, mix, noise, smooth, unit
from scenes.raster import Film


def _turned(points: Array, lean: float, turn: float) -> Array:
    """Turn points (..., 3) about y and then lean them about z, both in radians."""
    c, s = np.cos(turn), np.sin(turn)
    points = points @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], F)
    c, s = np.cos(lean), np.sin(lean)
    return points @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], F)


@dataclass(frozen=True)
class Parachute:
    """Where a parachute hangs and what it looks like.

    Attributes:
        place: The point between the person's shoulders.
        sun: Direction to the sun.
        colours: Linear reflectances of the gores, used in turn.
        gores: Their number.
        radius: Of the canopy.
        lean: Tilt of the whole in radians.
        haze: How much of the light is air between it and the camera, in [0, 1].
    """

    place: tuple[float, float, float]
    sun: Array
    colours: tuple[tuple[float, float, float], ...]
    gores: int = 24
    radius: float = 3.6
    lean: float = 0.06
    haze: float = 0.06

    def _placed(self, points: Array) -> Array:
        return _turned(points, self.lean, 0.13) + np.asarray(self.place, F)

    def canopy(self, u: Array, v: Array) -> Array:
        """Points of the cloth: u in turns around the axis, v from the vent (0) to the skirt (1)."""
        polar = F(0.09) + v * F(1.60)
        seam = np.abs(np.sin(F(np.pi * self.gores) * u))  # 0 on a seam, 1 in the middle of a gore
        bulge = np.sqrt(seam) * smooth(0.0, 0.7, v)
        out = F(self.radius) * np.sin(polar) ** F(0.92) * (1 + F(0.05) * bulge)
        out = out * (1 - F(0.05) * smooth(0.85, 1.0, v))
        up = F(self.radius * 0.74) * np.cos(polar) + F(0.16 * self.radius) * bulge * smooth(0.80, 1.0, v)
        ripple = F(0.015 * self.radius) * (noise(u * 90, v * 7, 2) - F(0.5)) * v
        a = F(2 * np.pi) * u
        height = F(self.radius * 1.95)
        return self._placed(np.stack([np.cos(a) * (out + ripple), up + height, np.sin(a) * (out + ripple)], -1))

    def _draw_canopy(self, film: Film, camera: Camera, number: int) -> None:
        column, row, _ = camera.project(self.canopy(np.linspace(0, 1, 64, dtype=F), np.full(64, 0.95, F)))
        across = float(np.ptp(column)) * 1.15
        nu, nv = int(across * 5.2) + 64, int(across * 1.9) + 32
        u, v = np.meshgrid(np.arange(nu, dtype=F) / nu, np.linspace(0, 1, nv, dtype=F))
        p = self.canopy(u, v)
        du = np.roll(p, -1, 1) - np.roll(p, 1, 1)
        normal = unit(np.cross(du, np.gradient(p, axis=0)))
        centre = self._placed(np.array([0, self.radius * 1.7, 0], F))
        outward = (normal * (p - centre)).sum(-1, keepdims=True)
        normal = np.where(outward < 0, -normal, normal)
        ray = unit(p - np.asarray(camera.position, F))
        seen = (normal * ray).sum(-1) < 0  # the outside is seen; else the inside
        facing = normal @ self.sun
        gore = np.floor(u * self.gores).astype(np.int64)
        colour = np.asarray(self.colours, F)[gore % len(self.colours)]
        band = smooth(0.025, 0.015, np.abs(v - F(0.90))) + smooth(0.018, 0.010, np.abs(v - F(0.45)))
        colour = mix(colour, (0.75, 0.74, 0.70), F(0.6) * np.clip(band, 0, 1))
        colour = colour * (F(0.94) + F(0.12) * noise(u * 260, v * 9, 7))[..., None]
        lit = np.clip(facing, 0, None)
        # Nylon lets a good part of the light through: the inside glows where the sun falls on the outside.
        inside = F(0.50) * lit + F(0.10)
        through = F(0.16) * np.clip(-facing, 0, None)
        sun = np.where(seen, lit + through, inside)[..., None] * np.array([1.75, 1.66, 1.5], F)
        up = np.where(seen, F(0.55) + F(0.45) * normal[..., 1], F(0.42))
        light = colour * (sun + up[..., None] * np.array([0.34, 0.42, 0.55], F))
        glow = np.clip((normal * unit(self.sun - ray)).sum(-1), 0, 1) ** F(22) * F(0.16) * seen * (lit > 0)
        light = light + glow[..., None]
        seam = np.abs(np.sin(F(np.pi * self.gores) * u))
        stitched = smooth(0.10, 0.03, seam) * smooth(0, 0.15, v)
        light = light * (1 - F(0.38) * stitched - F(0.30) * smooth(0.982, 0.992, v))[..., None]
        self._splat(film, camera, p, light, number)

    def _splat(self, film: Film, camera: Camera, p: Array, light: Array, number: int) -> None:
        column, row, depth = camera.project(p)
        light = light * F(1 - self.haze) + np.array([0.45, 0.60, 0.80], F) * F(self.haze)
        film.splat(column, row, depth, light, number)

    def _line(self, film: Film, camera: Camera, a: Array, b: Array, tone: float, number: int) -> None:
        t = np.linspace(0, 1, int(max(film.width, film.height) * 1.2), dtype=F)[:, None]
        p = a * (1 - t) + b * t
        self._splat(film, camera, p, np.full(p.shape, tone, F), number)

    def _capsule(
        self,
        film: Film,
        camera: Camera,
        ends: tuple[tuple[float, float, float], tuple[float, float, float]],
        radii: tuple[float, float],
        colour: tuple[float, float, float],
        number: int,
    ) -> None:
        """A limb: a tapered tube with round ends."""
        a, b = self._placed(np.asarray(ends, F))
        pixels = camera.scale / float(camera.project(a)[2])
        n = int(np.clip(max(radii) * pixels * 14, 24, 900))
        m = int(np.clip((np.linalg.norm(b - a) + 2 * max(radii)) * pixels * 2.2, 24, 1200))
        turn, s = np.meshgrid(np.linspace(0, 2 * np.pi, n, dtype=F), np.linspace(-1, 2, m, dtype=F))
        axis = unit(b - a)
        side = unit(np.cross(axis, np.array([0.31, 0.2, 0.93], F)))
        other = np.cross(axis, side)
        cap = np.clip(s, -1, 0) + np.clip(s - 1, 0, 1)
        ring = np.sqrt(np.clip(1 - cap * cap, 0, 1))
        around = np.cos(turn)[..., None] * side + np.sin(turn)[..., None] * other
        normal = unit(around * ring[..., None] + axis * cap[..., None])
        t = np.clip(s, 0, 1)[..., None]
        p = a * (1 - t) + b * t + normal * (radii[0] * (1 - t) + radii[1] * t)
        lit = np.clip(normal @ self.sun, 0, None)[..., None]
        wrinkle = F(0.75) + F(0.5) * noise(turn * 3, s * 12, 3)[..., None]
        up = (F(0.55) + F(0.45) * normal[..., 1])[..., None]
        light = np.asarray(colour, F) * wrinkle * (lit * F(1.7) + up * np.array([0.36, 0.44, 0.58], F))
        self._splat(film, camera, p, light, number)

    def _person(self, film: Film, camera: Camera, number: int) -> None:
        suit, dark, skin = (0.10, 0.13, 0.09), (0.03, 0.03, 0.035), (0.46, 0.29, 0.21)
        parts = (
            (((0, -0.02, 0), (0, -0.48, 0)), (0.20, 0.16), suit),
            (((0, -0.02, 0.16), (0, -0.42, 0.15)), (0.15, 0.15), (0.05, 0.06, 0.04)),
            (((0, 0.24, -0.02), (0, 0.29, -0.02)), (0.115, 0.12), (0.50, 0.07, 0.05)),
            (((0, 0.17, -0.06), (0, 0.20, -0.06)), (0.085, 0.085), skin),
            (((-0.19, 0.02, 0), (-0.30, 0.36, -0.02)), (0.075, 0.06), suit),
            (((0.19, 0.02, 0), (0.30, 0.36, -0.02)), (0.075, 0.06), suit),
            (((-0.30, 0.36, -0.02), (-0.22, 0.64, -0.02)), (0.055, 0.045), suit),
            (((0.30, 0.36, -0.02), (0.22, 0.64, -0.02)), (0.055, 0.045), suit),
            (((-0.22, 0.68, -0.02), (-0.22, 0.72, -0.02)), (0.05, 0.05), skin),
            (((0.22, 0.68, -0.02), (0.22, 0.72, -0.02)), (0.05, 0.05), skin),
            (((-0.10, -0.52, 0), (-0.13, -0.93, -0.10)), (0.105, 0.08), suit),
            (((0.10, -0.52, 0), (0.15, -0.90, -0.16)), (0.105, 0.08), suit),
            (((-0.13, -0.93, -0.10), (-0.12, -1.33, 0.03)), (0.075, 0.06), suit),
            (((0.15, -0.90, -0.16), (0.13, -1.29, 0.0)), (0.075, 0.06), suit),
            (((-0.12, -1.38, 0.03), (-0.12, -1.42, -0.14)), (0.065, 0.05), dark),
            (((0.13, -1.34, 0.0), (0.14, -1.38, -0.17)), (0.065, 0.05), dark),
        )
        for ends, radii, colour in parts:
            self._capsule(film, camera, ends, radii, colour, number)

    def draw(self, film: Film, camera: Camera, number: int = 1) -> None:
        """Draw canopy, lines and person into ``film`` as object ``number``."""
        self._draw_canopy(film, camera, number)
        for k in range(self.gores):
            skirt = self.canopy(np.array([k / self.gores], F), np.array([1.0], F))[0]
            left = np.cos(2 * np.pi * k / self.gores) < 0
            riser = self._placed(np.array([-0.22 if left else 0.22, 0.95, 0], F))
            self._line(film, camera, skirt, riser, 0.50 if k % 3 else 0.30, number)
        for side in (-1, 1):
            for shift in (-0.03, 0.03):
                top = self._placed(np.array([side * 0.22 + shift, 0.95, 0], F))
                low = self._placed(np.array([side * 0.15 + shift, 0.05, 0], F))
                self._line(film, camera, top, low, 0.06, number)
        self._person(film, camera, number)
