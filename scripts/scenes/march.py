"""Curved solids as signed distances: along a ray one steps as far as the nearest surface is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scenes.optics import Array, Camera, F, unit
from scenes.solids import Point

Index = npt.NDArray[np.int64]
CHUNK = 30000
"""Rays that are marched at a time, so that their numbers stay in the processor's cache."""


@dataclass(frozen=True)
class Part:
    """One solid.

    Attributes:
        name: What it is, for those who paint it.
        distance: (n, 3) -> (n,), at most the distance to the surface, negative inside.
        low: Lower corner of a box around it.
        high: Upper corner.
    """

    name: str
    distance: Callable[[Array], Array]
    low: Point
    high: Point


@dataclass(frozen=True)
class Pose:
    """Where a body stands: its x, y and z axes in the world as rows, and its origin."""

    axes: Array
    place: Array

    @staticmethod
    def turned(place: Point, yaw: float, pitch: float = 0.0, roll: float = 0.0) -> Pose:
        """Turned about z by ``roll``, then about x by ``pitch``, then about y by ``yaw``, all in radians."""
        (cy, cp, cr), (sy, sp, sr) = np.cos([yaw, pitch, roll]), np.sin([yaw, pitch, roll])
        about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
        about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
        about_z = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
        return Pose((about_z @ about_x @ about_y).astype(F), np.asarray(place, F))

    def inside(self, points: Array) -> Array:
        """World points (..., 3) in the body's coordinates."""
        return (points - self.place) @ self.axes.T

    def outside(self, points: Array) -> Array:
        """The body's points (..., 3) in the world."""
        return points @ self.axes + self.place


class Body:
    """Solids that are seen together.

    Args:
        parts: The solids.
        fine: How near a surface counts as touched, in the unit of their coordinates.
    """

    def __init__(self, parts: list[Part], fine: float) -> None:
        self.parts, self.fine = parts, fine
        self.low = np.min([p.low for p in parts], 0).astype(F)
        self.high = np.max([p.high for p in parts], 0).astype(F)

    def nearest(self, points: Array) -> tuple[Array, Index]:
        """Distance (n,) to the nearest part, or less, and its index."""
        best, which = np.full(len(points), np.inf, F), np.zeros(len(points), np.int64)
        margin = F(60 * self.fine)
        for number, part in enumerate(self.parts):
            low, high = np.asarray(part.low, F), np.asarray(part.high, F)
            apart = np.maximum(np.maximum(low - points, points - high), 0)
            d = np.sqrt((apart * apart).sum(1))
            close = np.flatnonzero((d < margin) & (d < best))
            d[close] = part.distance(points[close])
            closer = d < best
            best[closer], which[closer] = d[closer], number
        return best, which

    def trace(self, origin: Array, rays: Array, steps: int = 110) -> Array:
        """Distance along rays (n, 3) from origins (n, 3) to the first surface, infinite where there is none."""
        found = np.full(len(rays), np.inf, F)
        safe = np.where(np.abs(rays) < 1e-7, F(1e-7), rays)
        one, two = (self.low - origin) / safe, (self.high - origin) / safe
        begin = np.maximum(np.minimum(one, two).max(1), 0)
        end = np.maximum(one, two).min(1)
        candidates = np.flatnonzero(begin < end)
        for start in range(0, len(candidates), CHUNK):
            index = candidates[start : start + CHUNK]
            t, limit = begin[index] + F(1e-4), end[index]
            for _ in range(steps):
                d, _ = self.nearest(origin[index] + rays[index] * t[:, None])
                touched = d < self.fine
                found[index[touched]] = t[touched]
                t = t + F(0.92) * d
                on = ~touched & (t < limit)
                index, t, limit = index[on], t[on], limit[on]
                if not len(index):
                    break
        return found

    def normals(self, points: Array) -> Array:
        """Unit normals (n, 3) on the surface, from four points around each."""
        corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], F)
        total = np.zeros_like(points)
        for corner in corners:
            d, _ = self.nearest(points + corner * F(1.5 * self.fine))
            total += corner * d[:, None]
        return unit(total)

    def sunlit(self, points: Array, normals: Array, sun: Array, rng: np.random.Generator) -> Array:
        """Share of the sun's disc that points see, from one jittered ray each; (n,) of 0 or 1."""
        rays = unit(sun + rng.normal(0, 0.008, points.shape).astype(F))
        start = points + normals * F(4 * self.fine)
        return np.isinf(self.trace(start, rays, 60)).astype(F)

    def openness(self, points: Array, normals: Array, reach: float) -> Array:
        """How little of the hemisphere is closed within ``reach``, (n,) in [0, 1]."""
        closed, weight = np.zeros(len(points), F), 1.0
        for k in (0.12, 0.3, 0.6, 1.0):
            d, _ = self.nearest(points + normals * F(k * reach))
            closed += F(weight) * np.clip(1 - d / F(k * reach), 0, 1)
            weight *= 0.75
        return np.clip(1 - F(0.52) * closed, 0, 1)


@dataclass(frozen=True, eq=False)
class Hits:
    """Where rays meet a body, in the body's coordinates; n rays.

    Attributes:
        part: (n,) index of the part.
        point: (n, 3).
        normal: (n, 3), unit.
        ray: (n, 3), unit, away from the camera.
    """

    part: Index
    point: Array
    normal: Array
    ray: Array


def meet(body: Body, origin: Array, rays: Array) -> tuple[Index, Hits]:
    """Which rays (n, 3) from origins (n, 3), in the body's coordinates, meet it, and where."""
    t = body.trace(origin, rays)
    index = np.flatnonzero(np.isfinite(t))
    point = origin[index] + rays[index] * t[index, None]
    return index, Hits(body.nearest(point)[1], point, body.normals(point), rays[index])


def draw(light: Array, camera: Camera, body: Body, pose: Pose, paint: Callable[[Hits], Array]) -> Array:
    """Draw a body over a picture.

    Args:
        light: (H, W, 3), changed in place.
        camera: Its camera.
        body: What is drawn.
        pose: Where it stands.
        paint: Radiance (n, 3) of where rays meet it.

    Returns:
        (H, W), 1 where the body is seen.
    """
    seen = np.zeros(light.shape[0] * light.shape[1], F)
    rays = (camera.rays() @ pose.axes.T).reshape(-1, 3)
    origin = np.broadcast_to(pose.inside(np.asarray(camera.position, F)), rays.shape)
    index, hits = meet(body, origin, rays)
    light.reshape(-1, 3)[index] = paint(hits)
    seen[index] = 1
    return seen.reshape(light.shape[:2])


def parts_of(hits: Hits, body: Body) -> Iterator[tuple[str, Index]]:
    """The name of every part that was met, with the numbers of its rays."""
    for number in np.unique(hits.part):
        yield body.parts[number].name, np.flatnonzero(hits.part == number)
