"""A round parachute against a summer sky, seen from below."""

from __future__ import annotations

from scenes.cloth import Parachute
from scenes.optics import Array, Camera, sky, unit
from scenes.raster import Film

SUN = unit([-0.55, 0.62, -0.56])


def render(width: int, height: int, samples: int) -> tuple[Array, dict[str, Array]]:
    """Linear light (s·h, s·w, 3) of the scene and how much of each pixel is parachute, person and lines."""
    w, h = width * samples, height * samples
    camera = Camera(w, h, (0.0, 1.7, 0.0), 1.46, 0.395)
    film = Film(h, w)
    colours = ((0.80, 0.10, 0.03), (0.80, 0.78, 0.72), (0.80, 0.10, 0.03), (0.83, 0.42, 0.03))
    Parachute((0.15, 6.6, 21.5), SUN, colours).draw(film, camera)
    seen = film.owner(1)[..., None]
    background = sky(camera.rays(), SUN, cover=0.70, scale=1.25, seed=14)
    return background * (1 - seen) + film.image() * seen, {"parachute": seen[..., 0]}
