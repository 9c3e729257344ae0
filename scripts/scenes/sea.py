"""A sea with waves up to the horizon: it mirrors the sky and what stands on it, and breaks into foam."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scenes.optics import Array, Camera, F, fbm, mix, noise, smooth, unit

WATER = np.array([0.010, 0.050, 0.066], F)
FOAM = np.array([0.80, 0.84, 0.86], F)
LENGTHS = ((31.0, 0.075), (13.0, 0.10), (6.1, 0.12), (2.7, 0.13), (1.2, 0.13), (0.5, 0.12), (0.21, 0.10))
"""Lengths of the waves in metres, each with its slope."""

Mirror = Callable[[Array, Array], Array]
"""Radiance (n, 3) that comes to points (n, 3) against directions (n, 3)."""


def _slopes(x: Array, z: Array, grain: Array) -> tuple[Array, Array, Array]:
    """Slopes of the water along x and z, and the mean slope of the waves finer than ``grain`` metres."""
    along, across, fine = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for number, (length, slope) in enumerate(LENGTHS):
        turn = 0.5 + 0.55 * number
        c, s = F(np.cos(turn) / length), F(np.sin(turn) / length)
        u, v = x * c + z * s, F(0.55) * (z * c - x * s)  # crests are longer than waves
        step = F(0.08)
        here = noise(u, v, 90 + number)
        kept = F(0.75 * slope) * smooth(1.2, 0.3, grain / F(length))
        du = (noise(u + step, v, 90 + number) - here) / step * kept
        dv = (noise(u, v + step, 90 + number) - here) / step * kept * F(0.55)
        along += du * c * F(length) - dv * s * F(length)
        across += du * s * F(length) + dv * c * F(length)
        fine += F(0.75 * slope) - kept
    return along, across, fine


def water(camera: Camera, rays: Array, sun: Array, mirror: Mirror, foam: Callable[[Array], Array]) -> Array:
    """Radiance (n, 3) of the sea along rays (n, 3) that go down.

    Args:
        camera: What it is seen with; the sea lies at height 0.
        rays: Unit directions.
        sun: Direction to the sun.
        mirror: What the water reflects.
        foam: How much foam there is at points (n, 3), in [0, 1], before it is torn into flakes.
    """
    distance = -F(camera.position[1]) / rays[:, 1]
    point = np.asarray(camera.position, F) + rays * distance[:, None]
    grain = distance**2 / F(camera.position[1] * camera.scale)
    near = np.minimum(distance, F(20000))
    along, across, fine = _slopes(point[:, 0], point[:, 2], grain)
    normal = unit(np.stack([-along, np.ones_like(along), -across], -1))
    slant = np.hypot((normal * rays).sum(1), F(0.10))  # waves that are turned away hide behind others
    back = rays - 2 * (normal * rays).sum(1, keepdims=True) * normal
    back[:, 1] = np.abs(back[:, 1]) + F(0.35) * np.minimum(fine, F(0.5)) + F(0.01)
    back = unit(back)
    fresnel = F(0.02) + F(0.98) * (1 - np.clip(slant + F(0.10) * fine + F(0.03), 0, 1)) ** 5
    depth = WATER * (F(0.75) + F(1.1) * np.clip(along * F(1.2) + F(0.45), 0, 1))[:, None]
    light = mix(depth, mirror(point, back), np.clip(fresnel, 0, 0.85))
    light = light + (smooth(0.975, 0.999, back @ sun) * F(2.5))[:, None]
    caps = smooth(0.68, 0.76, fbm(point[:, 0] * F(0.05), point[:, 2] * F(0.11), 5, 23)) * smooth(900, 250, distance)
    white = np.clip(foam(point) + F(0.12) * caps, 0, 1)
    flakes = fbm(point[:, 0] * F(0.45), point[:, 2] * F(0.45), 5, 31)
    light = mix(light, FOAM, smooth(0.0, 0.30, white - flakes * F(0.85)) * F(0.85))
    return mix(light, (0.56, 0.67, 0.78), 1 - np.exp(-near * F(0.00022)))
