"""A small ray tracer for flat faces: what is hit, what lies in shadow, how open the sky is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scenes.optics import Array, Camera, F, unit

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Opening:
    """A hole in a wall, in the wall's coordinates (metres from its lower left corner).

    Attributes:
        kind: "window", "door", "louvre" or "round".
        middle: Of the width, along the wall.
        sill: Height of the lower edge.
        width: Full width; the diameter of a round one.
        height: Full height with the arch.
    """

    kind: str
    middle: float
    sill: float
    width: float
    height: float

    def distance(self, u: Array, v: Array) -> Array:
        """Signed distance to the edge in metres, negative inside; the top is a slightly pointed arch."""
        x, half = np.abs(u - F(self.middle)), F(self.width / 2)
        if self.kind == "round":
            return np.hypot(x, v - F(self.sill + self.width / 2)) - half
        spring = F(self.sill + self.height) - half * F(1.32)
        radius = half * F(1.37)
        arch = np.hypot(x + (radius - half), v - spring) - radius
        return np.maximum(np.where(v > spring, arch, x - half), F(self.sill) - v)


@dataclass(frozen=True)
class Face:
    """A convex flat polygon.

    Attributes:
        corners: (k, 3); the first edge runs along the u axis.
        material: Its name.
        openings: Holes in it.
    """

    corners: Array
    material: str
    openings: tuple[Opening, ...] = ()

    @property
    def axes(self) -> tuple[Array, Array, Array]:
        """Unit u, v and normal."""
        u = unit(self.corners[1] - self.corners[0])
        n = unit(np.cross(u, self.corners[2] - self.corners[0]))
        return u, np.cross(n, u), n

    def hit(self, origin: Array, rays: Array) -> Array:
        """Distance along each ray (n, 3), infinite for a miss; ``origin`` is (3,) or (n, 3)."""
        _, _, n = self.axes
        slope = rays @ n
        t = (F(self.corners[0] @ n) - origin @ n) / np.where(np.abs(slope) < 1e-7, F(1e-7), slope)
        candidates = np.flatnonzero((t > 2e-3) & (t < 500))
        o = origin if origin.ndim == 1 else origin[candidates]
        p = o + rays[candidates] * t[candidates, None]
        inside = np.ones(len(p), bool)
        centre = self.corners.mean(0)
        for a, b in zip(self.corners, np.roll(self.corners, -1, 0), strict=True):
            edge = np.cross(n, b - a)
            edge = edge if (centre - a) @ edge > 0 else -edge
            inside &= (p - a) @ edge >= 0
        result = np.full(len(rays), np.inf, F)
        result[candidates[inside]] = t[candidates[inside]]
        return result


def block(low: Point, high: Point, material: str, skip: str = "") -> list[Face]:
    """The sides of a box; ``skip`` leaves out any of "-x +x -z +z -y +y"."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    sides = {
        "-z": [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)],
        "+z": [(x1, y0, z1), (x0, y0, z1), (x0, y1, z1), (x1, y1, z1)],
        "-x": [(x0, y0, z1), (x0, y0, z0), (x0, y1, z0), (x0, y1, z1)],
        "+x": [(x1, y0, z0), (x1, y0, z1), (x1, y1, z1), (x1, y1, z0)],
        "+y": [(x0, y1, z0), (x1, y1, z0), (x1, y1, z1), (x0, y1, z1)],
        "-y": [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)],
    }
    return [Face(np.array(c, F), material) for side, c in sides.items() if side not in skip]


def polygon(material: str, *corners: Point, openings: tuple[Opening, ...] = ()) -> Face:
    """A face from its corners."""
    return Face(np.array(corners, F), material, openings)


def first_hit(faces: list[Face], origin: Array, rays: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    """Distance to the nearest face along rays (n, 3) and its index, -1 for none."""
    best, which = np.full(len(rays), np.inf, F), np.full(len(rays), -1)
    for number, face in enumerate(faces):
        t = face.hit(origin, rays)
        closer = t < best
        best[closer], which[closer] = t[closer], number
    return best, which


def blocked(faces: list[Face], origin: Array, rays: Array) -> npt.NDArray[np.bool_]:
    """Whether anything lies along rays (n, 3) from origins (n, 3)."""
    result = np.zeros(len(rays), bool)
    for face in faces:
        free = np.flatnonzero(~result)
        result[free] = np.isfinite(face.hit(origin[free], rays[free]))
    return result


def sunlit(faces: list[Face], points: Array, sun: Array, rng: np.random.Generator) -> Array:
    """Share of the sun's disc that points see, from one jittered ray each; (n,) of 0 or 1."""
    rays = unit(sun + rng.normal(0, 0.008, points.shape).astype(F))
    return 1 - blocked(faces, points, rays).astype(F)


def openness(faces: list[Face], points: Array, normals: Array, rng: np.random.Generator, tries: int = 3) -> Array:
    """Share of the hemisphere above points that no face closes within 500 m, (n,) in [0, 1]."""
    free = np.zeros(len(points), F)
    for _ in range(tries):
        rays = unit(normals + unit(rng.normal(0, 1, points.shape)) * F(0.98))
        free += 1 - blocked(faces, points, rays).astype(F)
    return free / F(tries)


def window_of(camera: Camera, faces: list[Face]) -> tuple[slice, slice]:
    """Rows and columns of the picture that the faces can reach."""
    corners = np.concatenate([f.corners for f in faces])
    column, row, _ = camera.project(corners)
    top, bottom = int(max(row.min() - 2, 0)), int(min(row.max() + 3, camera.height))
    left, right = int(max(column.min() - 2, 0)), int(min(column.max() + 3, camera.width))
    return slice(top, bottom), slice(left, right)
