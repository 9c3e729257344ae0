"""Which photographs are audited, in which order, and which of the network's classes each one is of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from attnviz.audit.statistics.base import Whole
from attnviz.core.checks import is_whole
from attnviz.core.errors import UserError
from attnviz.images.folders import SPLITS, SUFFIXES, file_digest, fingerprint, list_images, readable

FEWEST = 10
"""Fewer photographs than this say nothing about a data set."""


@dataclass(frozen=True, eq=False)
class Photographs:
    """The photographs of an audit in the order of their names, which decides their numbers.

    Attributes:
        names: N relative paths, or made-up names of pictures in memory; each once.
        sources: N files or pictures.
        targets: (N,) int64, index of the network's class; −1 throughout where there are no classes.
        left_out: Why there are no classes, as a sentence; empty where there are.
    """

    names: tuple[str, ...]
    sources: tuple[Any, ...]
    targets: Whole
    left_out: str = ""

    def __len__(self) -> int:
        return len(self.names)

    @property
    def labelled(self) -> bool:
        """Whether the class of each photograph is known."""
        return bool((self.targets >= 0).all())

    @property
    def groups(self) -> Whole:
        """(N,) the class of each; 0 for all where there are none."""
        return np.maximum(self.targets, 0)

    @property
    def fingerprint(self) -> str:
        """sha256 of names and classes, and of the pixels of pictures in memory, which have no names of their own.

        Two audits with the same one are of the same photographs.
        """
        rows = zip(self.names, self.targets.tolist(), map(_pixels, self.sources), strict=True)
        text = "\n".join(f"{name}\t{target}{pixels}" for name, target, pixels in rows)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def content(self) -> str:
        """The ``fingerprint`` of the files themselves, as cards have it: of their names and bytes; in folders only."""
        digests = (file_digest(name, path.read_bytes()) for name, path in zip(self.names, self.sources, strict=True))
        return fingerprint(digests)

    def describe(self) -> dict[str, Any]:
        """What cards and results say about data in a folder."""
        return {"images": len(self), "fingerprint": self.content}


def _pixels(source: Any) -> str:
    """Which picture in memory this is; empty for files."""
    if isinstance(source, (str, Path)):
        return ""
    values = np.ascontiguousarray(source)
    return f"\t{values.shape}{values.dtype}{hashlib.sha256(values.tobytes()).hexdigest()}"


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())


def _by_name(labels: Sequence[str]) -> Mapping[str, int]:
    """Classes by name, ``"tench, Tinca tinca"`` under each of its two; names that two classes share are none."""
    table: dict[str, int] = {}
    shared = set()
    for index, label in enumerate(labels):
        for name in {_plain(label), *map(_plain, label.split(","))}:
            if table.setdefault(name, index) != index:
                shared.add(name)
    return {name: index for name, index in table.items() if name not in shared}


def match_classes(classes: Sequence[str], labels: Sequence[str]) -> tuple[list[int], str]:
    """Index of the network's class for each class of the data, by name.

    Args:
        classes: Of the data.
        labels: Of the network; synonyms are parted by commas, as in ImageNet.

    Returns:
        The indices, and why there are none: classes that the network lacks, or two that would be one.
    """
    table = _by_name(labels)
    indices = [table.get(_plain(name), -1) for name in readable(classes)]
    missing = [name for name, index in zip(classes, indices, strict=True) if index < 0]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        return [], f"the network has no class {', '.join(missing[:3])}{more}; tests that need classes are left out"
    if len(set(indices)) < len(indices):
        return [], "two folders are one class of the network; tests that need classes are left out"
    return indices, ""


def known_among(classes: Sequence[str], labels: Sequence[str]) -> list[str]:
    """Those of the classes of the data that a network knows by the same name, or by one of its synonyms."""
    names = {_plain(part) for label in labels for part in (label, *label.split(","))}
    return [name for name in classes if _plain(readable([name])[0]) in names]


def _split(root: Path, split: str) -> Path:
    """``root/<split>``, or what else that split is called where it holds folders; else ``root``."""
    others = next((names for names in SPLITS if split in names), ())
    for name in dict.fromkeys((split, *others)):  # the one that was asked for first
        inside = root / name
        if inside.is_dir() and (name == split or any(p.is_dir() for p in inside.iterdir())):
            return inside
    return root


def in_folder(root: str | Path, labels: Sequence[str], split: str = "val", fewest: int = FEWEST) -> Photographs:
    """Photographs of a folder: ``root/<split>`` where there is one, else ``root`` itself.

    Args:
        root: Holds a folder for each class, or photographs without classes.
        labels: Of the network.
        split: Name of the part of the data; ``test`` serves where there is no ``val``.
        fewest: How many photographs there must be.

    Raises:
        UserError: There is no such folder, it holds too few photographs, or both folders and loose photographs.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise UserError(f"--data must be a folder of photographs, got {str(root)!r}")
    folder = _split(folder, split)
    loose = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in SUFFIXES)
    inside = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")]
    if loose and inside:
        raise UserError(
            f"{folder} holds {len(inside)} folders and {len(loose)} loose photographs; give a folder of class folders, "
            "or one of photographs without classes"
        )
    if not inside:
        targets = np.full(len(loose), -1, np.int64)
        why = "the photographs have no classes; tests that need classes are left out"
        return _checked([p.name for p in loose], loose, targets, why, f"{folder} holds", fewest)
    if len(inside) == 1:
        files = sorted(p for p in inside[0].iterdir() if p.suffix.lower() in SUFFIXES)
        why = f"there is one class only, {inside[0].name}; tests that need classes are left out"
        names = [p.relative_to(folder).as_posix() for p in files]
        return _checked(names, files, np.full(len(files), -1, np.int64), why, f"{folder} holds", fewest)
    classes, pairs = list_images(folder)
    indices, why = match_classes(classes, labels)
    targets = np.array([indices[index] if indices else -1 for _, index in pairs], np.int64)
    names = [path.relative_to(folder).as_posix() for path, _ in pairs]
    return _checked(names, [path for path, _ in pairs], targets, why, f"{folder} holds", fewest)


def given(
    images: Sequence[Any],
    labels: Sequence[str],
    of_each: Sequence[Any] | None = None,
    names: Sequence[str] | None = None,
) -> Photographs:
    """Photographs from Python: paths, Pillow images or arrays, as ``open_photograph`` takes them.

    Args:
        images: The photographs.
        labels: Of the network.
        of_each: Name or index of the class of each photograph; ``None`` without classes.
        names: What each is called; paths are called by themselves, and other pictures by numbers, without it.

    Raises:
        UserError: There are too few, one is something else, or ``of_each`` does not fit.
    """
    images = _listed("photographs are a folder or several pictures", images)
    for image in images:
        if not isinstance(image, (str, Path, Image.Image, np.ndarray)):
            raise UserError(f"a photograph is a path, a Pillow image or an array, got {type(image).__name__}")
    if names is None:
        names = [str(image) if isinstance(image, (str, Path)) else f"picture {i:07}" for i, image in enumerate(images)]
    if len(set(names)) < len(names):
        raise UserError("images name a photograph twice; each may be there once")
    targets, why = (
        np.full(len(names), -1, np.int64),
        "the photographs have no classes; tests that need classes are left out",
    )
    if of_each is not None:
        targets, why = _targets(_listed("labels are several names or numbers", of_each), labels, len(names))
    return _checked(list(names), images, targets, why, "images hold", FEWEST)


def _listed(what: str, values: Any) -> list[Any]:
    """What may be a generator, as a list."""
    try:
        return list(values)
    except TypeError as error:
        raise UserError(f"{what}, got {type(values).__name__}") from error


def _targets(of_each: list[Any], labels: Sequence[str], count: int) -> tuple[Whole, str]:
    if len(of_each) != count:
        raise UserError(f"labels must name the class of each of {count} photographs, got {len(of_each)}")
    if all(is_whole(item) for item in of_each):
        targets = np.array(of_each, np.int64)
        if targets.min(initial=0) < 0 or targets.max(initial=0) >= len(labels):
            raise UserError(f"labels must be in 0..{len(labels) - 1}, got {targets.min()}..{targets.max()}")
        return targets, ""
    if not all(isinstance(item, str) for item in of_each):
        raise UserError("labels must be names of classes, or whole numbers for all photographs")
    classes = sorted(set(of_each))
    indices, why = match_classes(classes, labels)
    if why:
        return np.full(count, -1, np.int64), why
    table = dict(zip(classes, indices, strict=True))
    return np.array([table[item] for item in of_each], np.int64), ""


def _checked(names: list[str], sources: list[Any], targets: Whole, why: str, where: str, fewest: int) -> Photographs:
    if len(names) < fewest:
        endings = ", ".join(sorted(SUFFIXES))
        raise UserError(f"{where} {len(names)} photographs ({endings}); it takes at least {fewest}")
    if (targets >= 0).any() and len(np.unique(targets)) < 2:
        targets, why = (
            np.full(len(names), -1, np.int64),
            "there is one class only; tests that need classes are left out",
        )
    order = sorted(range(len(names)), key=lambda number: names[number].split("/"))
    return Photographs(tuple(names[i] for i in order), tuple(sources[i] for i in order), targets[order], why)
