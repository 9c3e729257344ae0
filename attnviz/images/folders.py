"""Folders of photographs: one folder a class, or photographs without classes. No picture is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from attnviz.core.errors import UserError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".pfm"}
)
"""Endings of what ``attnviz.images.decode`` opens."""
SPLITS = (("train",), ("val", "test", "validation"))

IMAGENETTE = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
"""Readable names of Imagenette's folders (WordNet ids)."""


def split_folder(root: Path, split: str) -> Path:
    """The folder of a split (``"train"`` or ``"val"``; ``test`` serves where there is no ``val``).

    Raises:
        UserError: There is no such folder.
    """
    names = next((names for names in SPLITS if split in names), (split,))
    for name in names:
        if (root / name).is_dir():
            return root / name
    raise UserError(f"{root} must hold a folder {' or '.join(names)} with one folder per class; it does not")


def list_images(folder: Path) -> tuple[tuple[str, ...], list[tuple[Path, int]]]:
    """Class folders in alphabetical order, and every image file with the index of its class.

    Raises:
        UserError: Fewer than two classes, or a class without images.
    """
    classes = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(classes) < 2:
        raise UserError(f"{folder} must hold at least two class folders, got {len(classes)}")
    files: list[tuple[Path, int]] = []
    for index, name in enumerate(classes):
        images = sorted(p for p in (folder / name).iterdir() if p.suffix.lower() in SUFFIXES)
        if not images:
            raise UserError(f"class folder {name} in {folder} holds no images ({', '.join(sorted(SUFFIXES))})")
        files += [(p, index) for p in images]
    return tuple(classes), files


def file_digest(name: str, content: bytes) -> bytes:
    """SHA-256 of a file of a set under its name in the set."""
    return hashlib.sha256(name.encode() + b"\0" + content).digest()


def fingerprint(digests: Iterable[bytes]) -> str:
    """SHA-256 over the digests of all files of a set, hexadecimal: two sets with the same one are the same data."""
    return hashlib.sha256(b"".join(digests)).hexdigest()


def readable(classes: Sequence[str]) -> tuple[str, ...]:
    """Names that people read, for folders that are named by WordNet ids."""
    return tuple(IMAGENETTE.get(name, name) for name in classes)
