"""Sample pictures: scenes rendered for this project, and photographs that other packages carry in their wheels.

Those photographs are read from the installed package, which is not imported for it. Nothing is downloaded. Pictures are
read when they are asked for, so importing this module costs nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from attnviz.core.data_folders import data_folder
from attnviz.core.errors import UserError, nearest
from attnviz.images.own_samples import opened, spread_over

ASSETS = data_folder("assets")
IMAGENETTE = "Imagenette"
CIFAR10 = "CIFAR-10"
MNIST = "MNIST"
RENDERED = "rendered"
SCIKIT_IMAGE = "scikit-image"
SCIKIT_LEARN = "scikit-learn"
GRADIO = "gradio"
OWN = "own"


@dataclass(frozen=True)
class Sample:
    """One picture to try.

    Attributes:
        name: Its key, also the stem of a rendered picture's file.
        title: A short English title.
        description: What is to be seen, for people who cannot see it (alt text).
        source: ``"rendered"``, ``"own"``, or the package that carries it: a key of ``_LOADERS``.
        expected: The class of ``data`` that it shows, the larger one where it shows two; ``None`` where it shows
            a class of no data set.
        origin: What the source knows it by: a file's stem, a function of ``skimage.data``, or a file of a package.
        data: The data set to whose classes ``expected`` belongs.
    """

    name: str
    title: str
    description: str
    source: str
    expected: str | None
    origin: str
    data: str = IMAGENETTE

    def is_known(self, data: str) -> bool:
        """Whether it shows one of the classes of a data set."""
        return self.expected is not None and self.data == data


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "golf-ball",
        "Golf ball (rendered)",
        "A white dimpled golf ball lies in short grass in the sun; blurred lawn and trees behind it.",
        RENDERED,
        "golf ball",
        "golf-ball",
    ),
    Sample(
        "church",
        "Church (rendered)",
        "A white wooden chapel with a tall dark spire and a red door on a meadow, trees and clouds behind it.",
        RENDERED,
        "church",
        "church",
    ),
    Sample(
        "parachute",
        "Parachute (rendered)",
        "A round red, white and yellow parachute with a person hanging under it, in front of clouds.",
        RENDERED,
        "parachute",
        "parachute",
    ),
    Sample(
        "church-and-parachute",
        "Church and parachute (rendered)",
        "A stone chapel with a spire on the left; on the right a small blue, white and red parachute comes down.",
        RENDERED,
        "church",
        "church-and-parachute",
    ),
    Sample(
        "gas-pump",
        "Gas pump (rendered)",
        "An old red petrol pump with a round globe, number windows and a black hose stands on a kerb before a station.",
        RENDERED,
        "gas pump",
        "gas-pump",
    ),
    Sample(
        "garbage-truck",
        "Garbage truck (rendered)",
        "A white and green garbage truck with a ribbed box stands in a sunny street; bins, a hedge and houses behind.",
        RENDERED,
        "garbage truck",
        "garbage-truck",
    ),
    Sample(
        "aeroplane",
        "Aeroplane (rendered)",
        "A white and blue passenger jet climbs to the left, seen from below, in a blue sky with a few clouds.",
        RENDERED,
        "airplane",
        "aeroplane",
        CIFAR10,
    ),
    Sample(
        "ship",
        "Container ship (rendered)",
        "A dark blue ship loaded with coloured containers sails to the right on a calm sea under light clouds.",
        RENDERED,
        "ship",
        "ship",
        CIFAR10,
    ),
    Sample(
        "car",
        "Car (rendered)",
        "A small red car on a country road, seen from its front left; a meadow, trees and hills behind it.",
        RENDERED,
        "automobile",
        "car",
        CIFAR10,
    ),
    Sample(
        "cat",
        "Cat (photograph)",
        "The face of a tabby cat close up, looking past the camera.",
        SCIKIT_IMAGE,
        "cat",
        "chelsea",
        CIFAR10,
    ),
    Sample(
        "digit",
        "Digit (rendered)",
        "A white chalk 4 on a grey slate, turned clockwise by a third of a right angle.",
        RENDERED,
        "4-four",
        "digit",
        MNIST,
    ),
    Sample(
        "coffee",
        "Cup of coffee (photograph)",
        "A cup of espresso on a red saucer with a spoon, on a wooden table.",
        SCIKIT_IMAGE,
        None,
        "coffee",
    ),
    Sample(
        "astronaut",
        "Astronaut (photograph)",
        "A smiling astronaut in an orange suit before a flag and a model of a space shuttle.",
        SCIKIT_IMAGE,
        None,
        "astronaut",
    ),
    Sample(
        "rocket",
        "Rocket (photograph)",
        "A white rocket stands floodlit between lattice towers at dusk.",
        SCIKIT_IMAGE,
        None,
        "rocket",
    ),
    Sample(
        "motorcycle",
        "Motorcycle (photograph)",
        "A red motorcycle stands in a garage with shelves and boxes.",
        SCIKIT_IMAGE,
        None,
        "stereo_motorcycle",
    ),
    Sample(
        "temple",
        "Temple (photograph)",
        "A tall Chinese pavilion with green roofs and red walls stands above trees, a lake behind it.",
        SCIKIT_LEARN,
        None,
        "datasets/images/china.jpg",
    ),
    Sample(
        "dahlia",
        "Dahlia (photograph)",
        "An orange dahlia in full flower before dark leaves.",
        SCIKIT_LEARN,
        None,
        "datasets/images/flower.jpg",
    ),
    Sample(
        "cheetah",
        "Cheetah (photograph)",
        "The face of a cheetah looking straight into the camera.",
        GRADIO,
        None,
        "media_assets/images/cheetah1.jpg",
    ),
    Sample(
        "lion",
        "Lion (photograph)",
        "A lion with a dark mane lies on a rock and looks at the camera, a lioness behind him.",
        GRADIO,
        None,
        "media_assets/images/lion.jpg",
    ),
    Sample(
        "tower",
        "Tower (photograph)",
        "An iron lattice tower, lit in gold, seen from below against a blue evening sky.",
        GRADIO,
        None,
        "media_assets/images/tower.jpg",
    ),
)
"""All samples, in the order in which the app shows them; the first is what it opens with."""


_own: dict[str, tuple[Sample, Path]] = {}
"""Photographs of the folder that the app of this process was opened with."""


def use_own_samples(folder: Path | None) -> int:
    """Offer the photographs of a folder as samples of this process, in front of all others; ``None`` takes them away.

    Returns:
        How many photographs the folder holds, of which ``attnviz.images.own_samples.MOST`` are offered.

    Raises:
        UserError: The folder holds no photograph that can be opened.
    """
    files, count = ((), 0) if folder is None else spread_over(folder)
    _own.clear()
    for number, path in enumerate(files, 1):
        title = f"{path.parent.name}/{path.name}" if folder is not None and path.parent != folder else path.name
        sample = Sample(f"own-{number}", title[:80], title[:80], OWN, None, "", OWN)
        _own[sample.name] = (sample, path)
    return count


def sample_names() -> tuple[str, ...]:
    """Names of all samples, in order: those of somebody's own folder, then ours."""
    return (*_own, *(sample.name for sample in SAMPLES))


def data_set_of(labels: Collection[str]) -> str | None:
    """The data set of the first sample that shows one of these classes; ``None`` if no sample does."""
    return next((sample.data for sample in SAMPLES if sample.expected in labels), None)


def find_sample(name: str) -> Sample:
    """The row of one sample; an unknown name raises ``UserError`` naming the nearest ones."""
    for sample in (*(sample for sample, _ in _own.values()), *SAMPLES):
        if sample.name == name:
            return sample
    raise UserError(f"unknown sample {name!r}; {nearest(name, sample_names())}")


def load_sample(name: str) -> Image.Image:
    """Read one sample.

    Args:
        name: A name out of ``sample_names()``.

    Returns:
        The whole picture, mode RGB.

    Raises:
        UserError: The name is unknown, or the picture is not installed.
    """
    sample = find_sample(name)
    return _LOADERS[sample.source](sample)


def sample_masks(name: str) -> dict[str, npt.NDArray[np.bool_]]:
    """Which pixels of a rendered sample show which object.

    Args:
        name: A name out of ``sample_names()``.

    Returns:
        Class -> (h, w) bool of the picture's size, True on the object; empty for photographs.

    Raises:
        UserError: The name is unknown, or the sample's files are not installed.
    """
    sample = find_sample(name)
    if sample.source != RENDERED:
        return {}
    _require(_picture(sample))
    masks = {}
    written = {sample.expected.replace(" ", "-"): sample.expected} if sample.expected else {}
    for path in sorted((ASSETS / "samples").glob(f"{sample.origin}.*.mask.png")):
        stem = path.name.removeprefix(f"{sample.origin}.").removesuffix(".mask.png")
        label = written.get(stem) or stem.replace("-", " ")
        with Image.open(path) as image:
            masks[label] = np.asarray(image.convert("L")) > 127
    return masks


def _picture(sample: Sample) -> Path:
    return ASSETS / "samples" / f"{sample.origin}.jpg"


def _require(path: Path) -> None:
    if not path.is_file():
        raise UserError(
            f"the sample picture {path.name} is not in {path.parent}; rendered samples come with the repository, "
            "not with the installed package: run from a checkout"
        )


def _rendered(sample: Sample) -> Image.Image:
    path = _picture(sample)
    _require(path)
    with Image.open(path) as image:
        return image.convert("RGB")


def _bundled(sample: Sample) -> Image.Image:
    """A photograph from scikit-image's wheel; only those are listed that it never has to download."""
    try:
        loaded = getattr(importlib.import_module("skimage.data"), sample.origin)()
    except Exception as error:  # without its files scikit-image asks for pooch or the network, in several ways
        raise UserError(
            f"the sample {sample.name!r} comes with scikit-image, which could not load it ({error}); "
            "install or update it: pip install scikit-image"
        ) from error
    pixels = loaded[0] if isinstance(loaded, tuple) else loaded  # a stereo pair: the left picture
    return Image.fromarray(np.ascontiguousarray(pixels[..., :3], dtype=np.uint8))


def _packaged(package: str, sample: Sample) -> Image.Image:
    """A photograph that lies as a file in an installed package, which is not imported."""
    found = importlib.util.find_spec(package)
    path = Path(found.origin).parent / sample.origin if found is not None and found.origin else None
    if path is None or not path.is_file():
        raise UserError(f"the sample {sample.name!r} comes with {sample.source}, which is not installed or lacks it")
    with Image.open(path) as image:
        return image.convert("RGB")


_LOADERS: Mapping[str, Callable[[Sample], Image.Image]] = {
    RENDERED: _rendered,
    SCIKIT_IMAGE: _bundled,
    SCIKIT_LEARN: partial(_packaged, "sklearn"),
    GRADIO: partial(_packaged, "gradio"),
    OWN: lambda sample: opened(_own[sample.name][1]),
}
