"""What every scene needs: a camera, noise, a sky with clouds, blur and the development of linear light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
F = np.float32


def unit(v: npt.ArrayLike) -> Array:
    """Scale vectors (..., 3) to length 1."""
    a = np.asarray(v, F)
    return a / np.maximum(np.linalg.norm(a, axis=-1, keepdims=True), F(1e-9))


def smooth(low: float, high: float, x: Array) -> Array:
    """The smoothstep from 0 at ``low`` to 1 at ``high``; ``low > high`` makes it fall."""
    t = np.clip((x - F(low)) / F(high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a: npt.ArrayLike, b: npt.ArrayLike, t: Array) -> Array:
    """Blend two colours (..., 3) by weights (...) in [0, 1]."""
    w = t[..., None]
    return np.asarray(a, F) * (1 - w) + np.asarray(b, F) * w


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; x right, y up, z into the picture when yaw and pitch are 0.

    Attributes:
        width: Columns of the (supersampled) picture.
        height: Rows of it.
        position: The pinhole.
        focal: Focal length in units of the longer side.
        pitch: Upward tilt in radians.
        yaw: Turn to the right in radians.
    """

    width: int
    height: int
    position: tuple[float, float, float]
    focal: float
    pitch: float = 0.0
    yaw: float = 0.0

    @property
    def scale(self) -> float:
        """Focal length in pixels."""
        return self.focal * max(self.width, self.height)

    def axes(self) -> Array:
        """(3, 3): right, up and forward as rows."""
        sy, cy, sp, cp = np.sin(self.yaw), np.cos(self.yaw), np.sin(self.pitch), np.cos(self.pitch)
        return np.array([[cy, 0, -sy], [-sy * sp, cp, -cy * sp], [sy * cp, sp, cy * cp]], F)

    def rays(self) -> Array:
        """(H, W, 3) unit directions through the pixel centres."""
        x = (np.arange(self.width, dtype=F) + F(0.5) - F(self.width / 2)) / F(self.scale)
        y = (F(self.height / 2) - np.arange(self.height, dtype=F) - F(0.5)) / F(self.scale)
        right, up, forward = self.axes()
        return unit(forward + x[None, :, None] * right + y[:, None, None] * up)

    def project(self, points: Array) -> tuple[Array, Array, Array]:
        """World points (..., 3) -> column, row (floats, in pixels) and depth along the view axis."""
        local = (points - np.asarray(self.position, F)) @ self.axes().T
        depth = np.maximum(local[..., 2], F(1e-3))
        column = local[..., 0] / depth * F(self.scale) + F(self.width / 2)
        row = F(self.height / 2) - local[..., 1] / depth * F(self.scale)
        return column, row, np.where(local[..., 2] > 1e-3, depth, F(np.inf))


def hashed(ix: npt.NDArray[np.int64], iy: npt.NDArray[np.int64], seed: int) -> Array:
    """A fixed pseudo-random number in [0, 1) for every lattice point."""
    h = (ix.astype(np.uint32) * np.uint32(374761393)) + (iy.astype(np.uint32) * np.uint32(668265263))
    h += np.uint32((seed * 2654435761) & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(1274126177)
    h ^= h >> np.uint32(16)
    return (h >> np.uint32(8)).astype(F) * F(2**-24)


def noise(x: Array, y: Array, seed: int = 0) -> Array:
    """Value noise in [0, 1] with one feature per unit."""
    fx, fy = np.floor(x), np.floor(y)
    ix, iy = fx.astype(np.int64), fy.astype(np.int64)
    u, v = (x - fx).astype(F), (y - fy).astype(F)
    u, v = u * u * u * (u * (u * 6 - 15) + 10), v * v * v * (v * (v * 6 - 15) + 10)
    a, b = hashed(ix, iy, seed), hashed(ix + 1, iy, seed)
    c, d = hashed(ix, iy + 1, seed), hashed(ix + 1, iy + 1, seed)
    return (a + (b - a) * u) * (1 - v) + (c + (d - c) * u) * v


def fbm(x: Array, y: Array, octaves: int = 5, seed: int = 0) -> Array:
    """Octaves of noise, each half as strong and twice as fine, turned so that the lattice does not show; [0, 1]."""
    total, weight, norm = np.zeros(np.broadcast(x, y).shape, F), 0.5, 0.0
    for octave in range(octaves):
        total += F(weight) * noise(x, y, seed + octave)
        norm += weight
        x, y, weight = F(1.62) * x - F(1.18) * y + F(3.7), F(1.18) * x + F(1.62) * y + F(9.2), weight / 2
    return total / F(norm)


def sky(rays: Array, sun: Array, cover: float = 0.5, scale: float = 1.0, seed: int = 3) -> Array:
    """Linear radiance of a blue sky with cumulus: (H, W, 3) directions -> (H, W, 3).

    The clouds lie on a flat layer; their light is how much thinner the layer gets towards the sun.
    """
    up = np.clip(rays[..., 1], 0, 1)
    blue = mix((0.62, 0.75, 0.90), (0.09, 0.22, 0.55), up ** F(0.55))
    glow = np.clip(rays @ sun, 0, 1)
    blue = blue + (glow ** F(6))[..., None] * F(0.10) + (glow ** F(60))[..., None] * F(0.25)
    away = F(scale) / (up + F(0.34))
    x, y = rays[..., 0] * away, rays[..., 2] * away
    warp = fbm(x * F(1.3), y * F(1.3), 3, seed + 50)
    x, y = x + F(0.7) * warp, y - F(0.5) * warp
    towards = F(0.09)
    here = fbm(x, y, 7, seed)
    there = fbm(x + towards * sun[0], y + towards * sun[2] - towards, 5, seed)
    low = 0.62 - 0.25 * cover
    density = smooth(low, low + 0.13, here)
    light = np.clip(F(0.84) + F(3.2) * (here - there) - F(1.1) * (here - F(low + 0.10)), F(0.36), F(1.12))
    cloud = light[..., None] * np.array([0.98, 0.97, 0.96], F) + np.array([0.02, 0.04, 0.07], F)
    far = smooth(0.0, 0.16, up)  # near the horizon clouds melt into the haze
    return mix(blue, cloud, density * (F(0.25) + F(0.72) * far))


def box(image: Array, radius: float, axis: int) -> Array:
    """Mean over 2r + 1 pixels along one axis with repeated borders, r rounded."""
    r = round(radius)
    if r < 1:
        return image
    pad = [(r + 1, r) if a == axis else (0, 0) for a in range(image.ndim)]
    total = np.cumsum(np.pad(image, pad, mode="edge"), axis=axis, dtype=np.float64)
    n = image.shape[axis]
    after = np.take(total, range(2 * r + 1, 2 * r + 1 + n), axis=axis)
    return ((after - np.take(total, range(n), axis=axis)) / (2 * r + 1)).astype(F)


def blur(image: Array, radius: float) -> Array:
    """A round soft blur: three box blurs in each direction; ``radius`` is about two standard deviations."""
    for _ in range(3):
        image = box(box(image, radius / 2, 0), radius / 2, 1)
    return image


def reduce(image: Array, samples: int) -> Array:
    """Average ``samples`` x ``samples`` blocks: (s·h, s·w, ...) -> (h, w, ...)."""
    h, w = image.shape[0] // samples, image.shape[1] // samples
    return image.reshape(h, samples, w, samples, *image.shape[2:]).mean((1, 3), dtype=F)


def develop(light: Array, exposure: float = 1.0, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Linear light (h, w, 3) -> sRGB bytes, with a film-like shoulder, lens falloff and sensor grain."""
    h, w, _ = light.shape
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j].astype(F)
    light = light * F(exposure) * (1 - F(0.10) * (x * x + y * y))[..., None]
    soft = blur(light, max(h, w) / 40)
    light = F(0.975) * light + F(0.025) * soft  # a little veiling glare, as lenses have
    light = np.clip(light, 0, None)
    grey = (light @ np.array([0.2126, 0.7152, 0.0722], F))[..., None]
    light = np.clip(grey + F(1.06) * (light - grey), 0, None)  # a camera's "standard" picture style
    shoulder = light * (F(0.72) + light) / (F(0.74) + light * (F(0.52) + light * F(0.62)))
    # A small-kernel softening: optics and demosaicing never give pixel-sharp edges.
    soft = np.pad(shoulder, ((1, 1), (1, 1), (0, 0)), mode="edge")
    soft = soft[:-2] * F(0.12) + soft[1:-1] * F(0.76) + soft[2:] * F(0.12)
    soft = soft[:, :-2] * F(0.12) + soft[:, 1:-1] * F(0.76) + soft[:, 2:] * F(0.12)
    rng = np.random.default_rng(seed)
    grain = rng.normal(0, 1, (h, w, 1)).astype(F) * F(0.7) + rng.normal(0, 1, (h, w, 3)).astype(F) * F(0.5)
    soft = np.clip(soft + grain * F(0.010) * np.sqrt(soft + F(0.02)), 0, 1)
    srgb = np.where(soft <= 0.0031308, soft * 12.92, 1.055 * np.maximum(soft, 1e-8) ** (1 / 2.4) - 0.055)
    srgb = srgb + F(0.35) * (srgb - F(0.46)) * srgb * (1 - srgb) * 2  # the contrast curve of a camera's JPEG
    return np.asarray(np.rint(np.clip(srgb, 0, 1) * 255), np.uint8)


def hills(
    light: Array, rays: Array, layers: tuple[tuple[float, tuple[float, float, float]], ...], rough: float, seed: int
) -> Array:
    """Draw wooded hills in front of a sky, the farthest first: (H, W, 3) -> (H, W, 3).

    Args:
        light: What is behind them.
        rays: (H, W, 3) unit directions.
        layers: Height of each in sines of the angle above the horizon, and its colour.
        rough: Least part of that height.
        seed: Of the first crest; the others follow.
    """
    angle = np.arctan2(rays[..., 0], rays[..., 2])
    for layer, (rise, tone) in enumerate(layers):
        crest = F(rise) * (F(rough) + fbm(angle * F(3 + 3 * layer), angle * 0, 6, seed + layer))
        leaf = F(0.85) + F(0.3) * fbm(angle * 190, rays[..., 1] * 190, 3, 44)
        light = np.where((rays[..., 1] < crest)[..., None], np.asarray(tone, F) * leaf[..., None], light)
    return light


def ground(rays: Array, camera: Camera) -> tuple[npt.NDArray[np.intp], Array, Array]:
    """Where rays meet the plane y = 0: numbers of those rays, points (P, 3), distances (P,)."""
    index = np.flatnonzero(rays[..., 1].ravel() < -1e-3)
    down = rays.reshape(-1, 3)[index]
    distance = -F(camera.position[1]) / down[:, 1]
    return index, np.asarray(camera.position, F) + down * distance[:, None], distance
