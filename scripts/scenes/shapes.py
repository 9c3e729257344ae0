"""Signed distances of simple shapes, from which ships, cars and aeroplanes are put together."""

from __future__ import annotations

import numpy as np

from scenes.optics import Array, F
from scenes.solids import Point


def box(points: Array, low: Point, high: Point, rounding: float = 0.0) -> Array:
    """Distance of points (n, 3) to a box with rounded edges."""
    middle, half = (np.add(low, high) / 2).astype(F), (np.subtract(high, low) / 2).astype(F)
    apart = np.abs(points - middle) - half + F(rounding)
    out = np.maximum(apart, 0)
    return np.sqrt((out * out).sum(1)) + np.minimum(apart.max(1), 0) - F(rounding)


def polygon(u: Array, v: Array, corners: list[tuple[float, float]]) -> Array:
    """Signed distance of plane points (n,), (n,) to a polygon, negative inside."""
    nearest = np.full(u.shape, np.inf, F)
    inside = np.zeros(u.shape, bool)
    for (u0, v0), (u1, v1) in zip(corners, corners[1:] + corners[:1], strict=True):
        du, dv = u1 - u0, v1 - v0
        au, av = u - F(u0), v - F(v0)
        along = np.clip((au * F(du) + av * F(dv)) / F(du * du + dv * dv), 0, 1)
        nearest = np.minimum(nearest, (au - along * F(du)) ** 2 + (av - along * F(dv)) ** 2)
        if dv:
            inside ^= ((v0 <= v) != (v1 <= v)) & (au < av * F(du / dv))
    return np.sqrt(nearest) * np.where(inside, F(-1), F(1))


def drum(along: Array, across: Array, half: float, radius: float, rounding: float = 0.0) -> Array:
    """Distance to a cylinder, from the place along its axis and the distance to that axis."""
    a, b = np.abs(along) - F(half - rounding), across - F(radius - rounding)
    return np.hypot(np.maximum(a, 0), np.maximum(b, 0)) + np.minimum(np.maximum(a, b), 0) - F(rounding)


def joined(a: Array, b: Array, soft: float) -> Array:
    """Union of two distances with a fillet."""
    h = np.clip(F(soft) - np.abs(a - b), 0, None)
    return np.minimum(a, b) - h * h / F(4 * soft)


def cut(a: Array, b: Array, soft: float) -> Array:
    """Intersection of two distances with a rounded edge."""
    return -joined(-a, -b, soft)


class Turned:
    """A solid of revolution about an axis along z whose centre may wander in y, as tables over z.

    Args:
        z: (k,) places, rising.
        radius: (k,) radii.
        centre: (k,) heights of the centre line; 0 by default.
    """

    def __init__(self, z: Array, radius: Array, centre: Array | None = None) -> None:
        self.z, self.radius = z, radius
        self.centre = np.zeros_like(z) if centre is None else centre
        self.slope = np.clip(np.gradient(radius, z), -6, 6)
        self.drift = np.gradient(self.centre, z)

    def __call__(self, x: Array, y: Array, z: Array) -> Array:
        """Distance of points, (n,) each."""
        radius, centre = np.interp(z, self.z, self.radius), np.interp(z, self.z, self.centre)
        tilt = np.hypot(np.interp(z, self.z, self.slope), 1) + np.abs(np.interp(z, self.z, self.drift))
        d = (np.hypot(x, y - centre) - radius) / tilt
        return np.maximum(d, np.maximum(self.z[0] - z, z - self.z[-1])).astype(F)
