"""Photographs of a folder as samples, for an app that somebody opens on their own data."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from attnviz.core.errors import UserError
from attnviz.images import folders
from attnviz.images.channels import preview

SUFFIXES = folders.SUFFIXES | {".npy"}
MOST = 24
"""Photographs of a folder that are offered, spread evenly over it: each is a thumbnail in the page."""


def spread_over(folder: Path, most: int = MOST) -> tuple[tuple[Path, ...], int]:
    """Photographs of a folder and below it, spread evenly, that can be opened; and how many files there are.

    Raises:
        UserError: It is no folder, or holds no photograph that can be opened.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder of photographs")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    chosen = [files[i * len(files) // most] for i in range(most)] if len(files) > most else files
    good = tuple(path for path in chosen if _opens(path))
    if not good:
        raise UserError(f"{folder} holds no photograph that can be opened ({', '.join(sorted(SUFFIXES))})")
    return good, len(files)


def _opens(path: Path) -> bool:
    try:
        preview(path)
    except UserError:
        return False
    return True


def opened(path: Path) -> Image.Image:
    """One of them, mode RGB."""
    return preview(path)
